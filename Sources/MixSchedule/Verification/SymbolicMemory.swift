/// The buffers of all ranks with symbolic values, element by element, and who touched each element last.
///
/// Every access is checked against those before it: a read must know the last write, and a write must know the last write
/// and all reads since then (Flanagan and Freund, "FastTrack: efficient and precise dynamic race detection", 2009).
struct SymbolicMemory {
    private struct Element {
        var value = Expressions.undefined
        var isProtected = false
        var hasOtherReaders = false
        var writer: Clocks.Epoch
        var reader: Clocks.Epoch
    }

    /// Where the buffers of each rank begin, by `Buffer.rawValue`.
    private let starts: [[Int]]
    /// The elements of each rank, all buffers.
    private let extents: [Range<Int>]
    private var elements: [Element] = []
    /// Reads beside the last one, where several are not ordered among themselves.
    private var otherReaders: [Int: [Clocks.Epoch]] = [:]

    /// Makes the memory at the moment at which ranks enter.
    init(_ setting: Verifier.Setting, clocks: Clocks, expressions: Expressions) {
        var starts: [[Int]] = []
        var extents: [Range<Int>] = []
        for (rank, layouts) in setting.layouts.enumerated() {
            let first = elements.count
            let inputCount = layouts.input.elementCount
            let outputCount = layouts.output.elementCount
            let entry = clocks.entry(of: rank)
            var input = first
            var output = first + inputCount
            var count = inputCount + outputCount
            if setting.isInPlace(rank: rank) {
                let own = Slice(.input, rank: rank, block: rank)
                switch setting.operation {
                case .allGather:
                    output = first
                    input = first + layouts.output.range(of: own).lowerBound
                case .reduceScatter:
                    output = first + layouts.input.range(of: own).lowerBound
                default: output = first
                }
                count = max(inputCount, outputCount)
            }
            let scratch = first + count
            let fresh = Element(writer: entry, reader: entry)
            elements += Array(repeating: fresh, count: count + layouts.scratch.elementCount)
            if setting.hasInput(rank: rank) {
                for index in 0..<inputCount {
                    elements[input + index].value = expressions.leaf(rank: setting.original(of: rank), element: index)
                }
            }
            if !setting.isInPlace(rank: rank) {
                for index in 0..<inputCount { elements[input + index].isProtected = true }
            }
            if !setting.hasOutput(rank: rank) {
                for index in 0..<outputCount { elements[output + index].isProtected = true }
            }
            starts.append([input, output, scratch])
            extents.append(first..<elements.count)
        }
        self.starts = starts
        self.extents = extents
    }

    func start(of buffer: Buffer, rank: Int) -> Int { starts[rank][buffer.rawValue] }

    func value(at location: Int) -> Int32 { elements[location].value }

    /// Reads an element in the present step of a stream.
    mutating func read(
        _ location: Int, by stream: Int, at time: UInt32, _ clocks: Clocks
    ) throws(Conflict) -> Int32 {
        let element = elements[location]
        guard element.value != Expressions.undefined else { throw .undefined }
        guard clocks.knows(stream, element.writer) else { throw .race(element.writer) }
        if !clocks.knows(stream, element.reader) {
            otherReaders[location, default: []].append(element.reader)
            elements[location].hasOtherReaders = true
        }
        elements[location].reader = Clocks.Epoch(slot: Int32(stream), time: time)
        return element.value
    }

    /// Writes an element in the present step of a stream.
    mutating func write(
        _ value: Int32, to location: Int, by stream: Int, at time: UInt32, _ clocks: Clocks
    ) throws(Conflict) {
        let element = elements[location]
        guard !element.isProtected else { throw .protected }
        guard clocks.knows(stream, element.writer) else { throw .race(element.writer) }
        guard clocks.knows(stream, element.reader) else { throw .race(element.reader) }
        if element.hasOtherReaders {
            for reader in otherReaders.removeValue(forKey: location) ?? []
            where !clocks.knows(stream, reader) { throw .race(reader) }
            elements[location].hasOtherReaders = false
        }
        elements[location].value = value
        elements[location].writer = Clocks.Epoch(slot: Int32(stream), time: time)
    }

    /// An access to the memory of a rank that its caller, who knows what `clock` knows, could collide with after it left.
    func unfinishedAccess(rank: Int, clock: [Clocks.Word]) -> (access: Clocks.Epoch, location: Int)? {
        for location in extents[rank] {
            let element = elements[location]
            if !Clocks.covers(clock, element.writer) { return (element.writer, location) }
            if !Clocks.covers(clock, element.reader) { return (element.reader, location) }
            guard element.hasOtherReaders else { continue }
            for reader in otherReaders[location] ?? [] where !Clocks.covers(clock, reader) {
                return (reader, location)
            }
        }
        return nil
    }

    /// Why an access must not be.
    enum Conflict: Error {
        case undefined
        case protected
        case race(Clocks.Epoch)
    }
}
