import MixCollectives
import MixSchedule

/// One collective with everything that can differ, and what must come of it.
struct CollectiveCase: Sendable, CustomStringConvertible {
    /// Which ranks have memory from `allocate`.
    enum Placement: Sendable, Hashable, CaseIterable {
        case plain, shared, firstPlain, lastShared

        func isShared(_ rank: Int, of size: Int) -> Bool {
            switch self {
            case .plain: false
            case .shared: true
            case .firstPlain: rank != 0
            case .lastShared: rank == size - 1
            }
        }
    }

    var operation: Operation
    var type = DataType.float32
    var reduction = Reduction.sum
    /// Elements of the smaller buffer: of all of an all-reduce, of one block of a gather.
    var count: Int
    var root = 0
    var inPlace = false
    var placement = Placement.plain
    /// Elements by which buffers are moved off their alignment.
    var shift = 0
    var seed = 0
    var values = Pattern.Values.any

    var description: String {
        "\(operation.rawValue) of \(count) × \(type.name) (\(reduction.name)), root \(root), \(placement) memory"
            + (inPlace ? ", in place" : "") + (shift > 0 ? ", shifted by \(shift)" : "") + ", seed \(seed)"
    }

    /// The operations that one case can be about: all but those that have tests of their own.
    static let operations: [Operation] = [
        .allReduce, .reduceScatter, .allGather, .allToAll, .broadcast, .reduce, .gather, .scatter,
    ]

    /// In place and out of place, as far as the operation has both; a broadcast has one form only.
    static func forms(of operation: Operation) -> [Bool] {
        switch operation {
        case .gather, .scatter: [false]
        case .broadcast: [true]
        default: [false, true]
        }
    }

    /// Runs it on this rank, and throws what is wrong with the outcome; returns a hash of the result.
    @discardableResult
    func run(on communicator: Communicator) throws -> UInt64 {
        // Through a variable: the compiler opens no existential in an expression that begins with "type".
        let element = self.type.element
        return try perform(element, communicator)
    }

    private func perform<Element: TestElement>(_: Element.Type, _ communicator: Communicator) throws -> UInt64 {
        let (rank, size) = (communicator.rank, communicator.size)
        let width = MemoryLayout<Element>.stride
        let pattern = Pattern.of(type, reduction, ranks: size, seed: seed, values)
        let isShared = placement.isShared(rank, of: size)
        func memory(_ count: Int) throws -> GuardedMemory {
            try GuardedMemory(
                bytes: count * width, shared: isShared, shift: shift * width, of: communicator)
        }
        let (inputs, outputs) = counts(rank, size)
        let output = try memory(inPlace ? max(inputs, outputs) : outputs)
        let input = inPlace ? output : try memory(inputs)
        // In place the contribution to an all-gather is a block of the output.
        let place = inPlace && operation == .allGather ? rank * count * width : 0
        pattern.fill(input.start + place, pattern.tables[rank], from: 0, count: inputs)

        try call(communicator, input.buffer(of: Element.self), output.buffer(of: Element.self))

        try verify(rank, size, input, output, pattern)
        let result =
            inPlace && operation == .reduceScatter
            ? UnsafeRawBufferPointer(start: output.start + rank * count * width, count: count * width)
            : UnsafeRawBufferPointer(start: output.start, count: output.bytes)
        return result.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// Elements of input and output on one rank.
    private func counts(_ rank: Int, _ size: Int) -> (Int, Int) {
        switch operation {
        case .reduceScatter: (count * size, count)
        case .allGather: (count, count * size)
        case .allToAll: (count * size, count * size)
        case .gather: (count, rank == root ? count * size : 0)
        case .scatter: (rank == root ? count * size : 0, count)
        default: (count, count)
        }
    }

    private func call<Element: TestElement>(
        _ communicator: Communicator, _ input: UnsafeMutableBufferPointer<Element>,
        _ out: UnsafeMutableBufferPointer<Element>
    ) throws {
        var output = out
        switch (operation, inPlace) {
        case (.allReduce, false): try communicator.allReduce(input, into: &output, reduction)
        case (.allReduce, true): try communicator.allReduce(&output, reduction)
        case (.reduceScatter, false): try communicator.reduceScatter(input, into: &output, reduction)
        case (.reduceScatter, true): try communicator.reduceScatter(&output, reduction)
        case (.allGather, false): try communicator.allGather(input, into: &output)
        case (.allGather, true): try communicator.allGather(&output)
        case (.allToAll, false): try communicator.allToAll(input, into: &output)
        case (.allToAll, true): try communicator.allToAll(&output)
        case (.reduce, false): try communicator.reduce(input, into: &output, reduction, root: root)
        case (.reduce, true): try communicator.reduce(&output, reduction, root: root)
        case (.broadcast, _): try communicator.broadcast(&output, root: root)
        case (.gather, _): try communicator.gather(input, into: &output, root: root)
        case (.scatter, _): try communicator.scatter(input, into: &output, root: root)
        default: throw Wrong("\(operation.rawValue) is no case of this test")
        }
    }

    // MARK: What must come of it

    private func verify(
        _ rank: Int, _ size: Int, _ input: GuardedMemory, _ output: GuardedMemory, _ pattern: Pattern
    ) throws {
        func expect(_ table: [UInt8], from first: Int = 0, at start: Int = 0, count: Int, _ what: String) throws {
            let memory = output.start + start * pattern.width
            guard let index = pattern.difference(memory, table, from: first, count: count) else { return }
            let got = UnsafeRawBufferPointer(start: memory + index * pattern.width, count: pattern.width)
            let entry = (first + index) % Pattern.period * pattern.width
            throw Wrong(
                "\(self): \(what) is wrong from element \(start + index) on: \(Array(got)) and not "
                    + "\(Array(table[entry..<entry + pattern.width]))")
        }

        switch operation {
        case .allReduce:
            try expect(pattern.reduced, count: count, "the result")
        case .reduceScatter:
            try expect(
                pattern.reduced, from: rank * count, at: inPlace ? rank * count : 0, count: count, "this rank's block")
        case .allGather:
            for peer in 0..<size {
                try expect(pattern.tables[peer], at: peer * count, count: count, "rank \(peer)'s block")
            }
        case .allToAll:
            for peer in 0..<size {
                try expect(
                    pattern.tables[peer], from: rank * count, at: peer * count, count: count, "rank \(peer)'s block")
            }
        case .broadcast:
            try expect(pattern.tables[root], count: count, "the root's data")
        case .reduce where rank == root:
            try expect(pattern.reduced, count: count, "the result")
        case .gather where rank == root:
            for peer in 0..<size {
                try expect(pattern.tables[peer], at: peer * count, count: count, "rank \(peer)'s block")
            }
        case .scatter:
            try expect(pattern.tables[root], from: rank * count, count: count, "this rank's block")
        case .reduce where inPlace:
            try expect(pattern.tables[rank], count: count, "the contribution")
        default:
            guard output.isUntouched else { throw Wrong("\(self): the output was written, but this is not the root") }
        }

        guard output.isIntact, input.isIntact else { throw Wrong("\(self): memory outside the buffers was written") }
        if !inPlace {
            let inputs = counts(rank, size).0
            guard pattern.difference(input.start, pattern.tables[rank], from: 0, count: inputs) == nil else {
                throw Wrong("\(self): the input was changed")
            }
        }
    }
}
