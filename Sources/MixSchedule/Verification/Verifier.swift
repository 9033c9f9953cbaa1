/// Proves that the schedules of all ranks together do what an operation should, by running them on symbolic values.
///
/// For every element of every buffer, under the layouts given, it proves that
/// 1. each output element has exactly the contributions that it should have, each exactly once, and that an all-reduce
///    combines them in the same order on all ranks, a fused operation on all lanes of a node, so that results are bit-identical;
/// 2. no step waits for ever, even if every send waits for its receive, and in whatever order events happen;
/// 3. no two accesses to an element, one of them a write, can happen at the same time, be it by streams of one rank, by
///    peers through mapped memory, or by a caller who has not entered yet or has left already; sends may be buffered;
/// 4. nothing undefined is read, nothing is written that is not this operation's to write, and no memory of a peer is
///    touched that is not mapped;
/// 5. no rank can leave a barrier before all have entered.
///
/// Since schedules do not depend on sizes, a few elements per block show what many would: by default there are as many as
/// the pieces need to be told apart. What is not proved: that an executor does what ``Step`` says, and that layouts that
/// were not given (other counts in an all-to-all-v, say) would work.
///
/// With s streams in total the proof takes time in proportion to steps · s / 64 + elements moved, and memory in proportion
/// to s² + elements in all buffers. Logarithmic and two-level algorithms are provable at thousands of ranks; a ring, with
/// 4n² steps, at hundreds.
public struct Verifier: Sendable {
    /// What the schedules should do.
    public var operation: Operation
    /// The root, where the operation has one.
    public var root: Int
    /// Whether input and output are the same memory: see ``Operation/allowsInPlace``.
    public var inPlace: Bool
    /// Whose memory a step may touch.
    public var mappedMemory: MappedMemory
    /// The nodes and lanes of a fused operation; nil for one node.
    public var topology: Topology?

    /// A verifier for one way to call an operation.
    public init(
        _ operation: Operation, root: Int = 0, inPlace: Bool = false,
        mappedMemory: MappedMemory = .ofAll, topology: Topology? = nil
    ) {
        precondition(
            !inPlace || operation.allowsInPlace, "\(operation.rawValue) has no in-place form")
        self.operation = operation
        self.root = root
        self.inPlace = inPlace
        self.mappedMemory = mappedMemory
        self.topology = topology
    }

    /// Verifies the schedules of all ranks.
    ///
    /// - Parameters:
    ///   - schedules: in rank order.
    ///   - layouts: the layouts of each rank's buffers, which must fit the operation; nil for blocks of equal size, with as
    ///     many elements as it takes to tell pieces apart.
    /// - Throws: the first fault found, with its place.
    public func verify(
        _ schedules: [Schedule], layouts: [Layouts]? = nil
    ) throws(VerificationError) {
        let layouts = layouts ?? Verifier.smallestLayouts(for: schedules)
        guard layouts.count == schedules.count else {
            throw VerificationError(
                .malformed("\(layouts.count) layouts for \(schedules.count) schedules"))
        }
        guard !operation.hasRoot || schedules.indices.contains(root) else {
            throw VerificationError(.malformed("there is no root \(root)"))
        }
        let topology = topology ?? Topology(nodeCount: 1, ranksPerNode: max(1, schedules.count))
        guard topology.rankCount == schedules.count || schedules.isEmpty else {
            throw VerificationError(.malformed("\(schedules.count) schedules for \(topology.rankCount) ranks on nodes"))
        }
        guard !operation.isFused || topology.ranksPerNode != nil else {
            throw VerificationError(.malformed("a fused operation has nodes of equal size"))
        }
        let setting = Setting(
            operation: operation, root: root, inPlace: inPlace, mappedMemory: mappedMemory, topology: topology,
            layouts: layouts, scratchBlocks: schedules.map(\.scratchBlocks))
        try setting.checkLayouts()
        var interleaving = try Interleaving(schedules)
        var run = SymbolicRun(setting, interleaving)
        try interleaving.run { (state, event) throws(VerificationError) in
            try run.perform(event, in: state)
        }
        try run.checkEnd(interleaving)
    }

    /// Blocks of equal size with the fewest elements that let every piece of every slice have its own.
    public static func smallestLayouts(for schedules: [Schedule]) -> [Layouts] {
        var size = 1
        for schedule in schedules {
            for stream in schedule.streams {
                for step in stream.steps {
                    for slice in step.slices where size % slice.pieces != 0 {
                        size = leastCommonMultiple(size, slice.pieces)
                    }
                }
            }
        }
        return schedules.map {
            Layouts(
                input: .uniform(blocks: $0.inputBlocks, count: size),
                output: .uniform(blocks: $0.outputBlocks, count: size),
                scratch: .uniform(blocks: $0.scratchBlocks, count: size))
        }
    }

    private static func leastCommonMultiple(_ first: Int, _ second: Int) -> Int {
        var (a, b) = (first, max(second, 1))
        while b != 0 { (a, b) = (b, a % b) }
        return first / a * max(second, 1)
    }
}

extension Step {
    /// The slices that a step reads or writes.
    var slices: [Slice] {
        switch self {
        case .send(let slice, _), .receive(let slice, _): [slice]
        case .receiveReduce(let into, let with, _): [into, with]
        case .copy(let source, let destination): [source, destination]
        case .reduce(let sources, let destinations): sources + destinations
        case .signal, .await, .wait: []
        }
    }
}
