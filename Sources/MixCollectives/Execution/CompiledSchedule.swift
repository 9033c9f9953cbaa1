internal import MixSchedule

/// A schedule in the form that the executor reads: instructions and slices in flat memory, nothing to count
/// references of. Made once for each way that an operation is called, and kept.
final class CompiledSchedule {
    /// One step. What its numbers mean depends on its kind.
    struct Instruction: BitwiseCopyable {
        enum Kind: UInt8 {
            case send, receive, receiveReduce, copy, reduce, signal, await, wait

            /// Whether the processor does it, in this thread.
            var isWork: Bool { self == .copy || self == .reduce }
        }

        var kind: Kind
        /// The peer, or of `wait` the stream.
        var peer = 0
        /// Signals of `await`, steps of `wait`.
        var count = 0
        /// Where its slices begin: of `receiveReduce` the destination and the operand, of `copy` source and destination,
        /// of `reduce` the sources and then the destinations.
        var slices = 0
        var sourceCount = 0
        var destinationCount = 0
    }

    /// What a compiled schedule was made from, besides the communicator.
    struct Key: Hashable {
        var operation: UInt8
        /// Index in `Algorithm.all(for:)`.
        var algorithm: UInt8
        var pieces: UInt8
        var root: Int
        /// Whether it is made for the grid of fused collectives.
        var isOfGrid = false
        /// The only level that it has steps of; nil: it is whole.
        var part: SchedulePart?
    }

    let inputBlocks: Int
    let outputBlocks: Int
    let scratchBlocks: Int
    let streamCount: Int
    /// Whether no step combines all ranks' contributions at once. That is the same for all ranks of an algorithm, those
    /// included that only send, and receive what others reduced.
    let reducesInParts: Bool
    /// What a person reads of each stream.
    let names: [String]
    /// The name of each stream's channel, and where its instructions begin; one entry more at the end.
    private let channels: [Int]
    private let starts: UnsafeMutablePointer<Int>
    private let instructions: UnsafeMutablePointer<Instruction>
    private let slices: UnsafeMutablePointer<Slice>

    init(_ schedule: Schedule) {
        var instructions: [Instruction] = []
        var slices: [Slice] = []
        var starts = [0]
        var reducesInParts = true
        for stream in schedule.streams {
            for step in stream.steps {
                var instruction = Instruction(kind: .signal, slices: slices.count)
                switch step {
                case .send(let slice, let peer):
                    instruction.kind = .send
                    instruction.peer = peer
                    slices.append(slice)
                case .receive(let slice, let peer):
                    instruction.kind = .receive
                    instruction.peer = peer
                    slices.append(slice)
                case .receiveReduce(let slice, let operand, let peer):
                    instruction.kind = .receiveReduce
                    instruction.peer = peer
                    slices += [slice, operand]
                case .copy(let source, let destination):
                    instruction.kind = .copy
                    slices += [source, destination]
                case .reduce(let sources, let destinations):
                    instruction.kind = .reduce
                    instruction.sourceCount = sources.count
                    instruction.destinationCount = destinations.count
                    slices += sources + destinations
                    if sources.count == schedule.rankCount { reducesInParts = false }
                case .signal:
                    break
                case .await(let peer, let count):
                    instruction.kind = .await
                    instruction.peer = peer
                    instruction.count = count
                case .wait(let stream, let count):
                    instruction.kind = .wait
                    instruction.peer = stream
                    instruction.count = count
                }
                instructions.append(instruction)
            }
            starts.append(instructions.count)
        }
        inputBlocks = schedule.inputBlocks
        outputBlocks = schedule.outputBlocks
        scratchBlocks = schedule.scratchBlocks
        streamCount = schedule.streams.count
        self.reducesInParts = reducesInParts
        names = schedule.streams.map(\.name)
        channels = schedule.streams.map(\.channel)
        self.starts = Self.copy(starts)
        self.instructions = Self.copy(instructions)
        self.slices = Self.copy(slices)
    }

    deinit {
        starts.deallocate()
        instructions.deallocate()
        slices.deallocate()
    }

    func stepCount(_ stream: Int) -> Int { starts[stream + 1] - starts[stream] }
    func instruction(_ stream: Int, _ step: Int) -> UnsafePointer<Instruction> {
        UnsafePointer(instructions + starts[stream] + step)
    }
    func slice(_ index: Int) -> UnsafePointer<Slice> { UnsafePointer(slices + index) }
    func channel(_ stream: Int) -> Int { channels[stream] }

    private static func copy<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
        memory.initialize(from: elements, count: elements.count)
        return memory
    }
}
