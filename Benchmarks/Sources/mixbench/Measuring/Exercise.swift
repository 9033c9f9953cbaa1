import MixCollectives
import MixSchedule

/// One operation with its buffers, ready to be called again and again.
struct Exercise<Element: BenchmarkElement> {
    let world: Communicator
    let shape: Shape
    let reduction: Reduction
    let root: Int
    let place: Place
    let blocks: Blocks
    let input: UnsafeMutableBufferPointer<Element>
    var output: UnsafeMutableBufferPointer<Element>
    /// Behind the output, to see writes beyond its end.
    let guardZone: UnsafeMutableRawBufferPointer

    var operation: Operation { shape.operation }

    /// In place the whole buffer is `output`, and `input` is the same memory.
    init(_ sweep: Sweep, _ shape: Shape, _ place: Place, world: Communicator, workspace: Workspace) {
        self.world = world
        self.shape = shape
        self.place = place
        reduction = sweep.reduction
        root = sweep.root
        blocks = shape.blocks(of: world.rank)
        let first = workspace.first
        let second = place == .inPlace ? first : workspace.second
        let outputCount = place == .inPlace ? shape.count : shape.outputCount
        input = UnsafeMutableBufferPointer(
            start: first.bindMemory(to: Element.self, capacity: shape.count),
            count: place == .inPlace ? shape.count : shape.inputCount)
        output = UnsafeMutableBufferPointer(
            start: second.bindMemory(to: Element.self, capacity: shape.count), count: outputCount)
        guardZone = UnsafeMutableRawBufferPointer(
            start: second + outputCount * MemoryLayout<Element>.stride, count: Workspace.guardBytes)
    }

    /// The operation, once.
    @inline(__always)
    mutating func call() throws(CollectiveError) {
        switch (operation, place) {
        case (.allReduce, .outOfPlace): try world.allReduce(input, into: &output, reduction)
        case (.allReduce, .inPlace): try world.allReduce(&output, reduction)
        case (.reduceScatter, .outOfPlace): try world.reduceScatter(input, into: &output, reduction)
        case (.reduceScatter, .inPlace): try world.reduceScatter(&output, reduction)
        case (.allGather, .outOfPlace): try world.allGather(input, into: &output)
        case (.allGather, .inPlace): try world.allGather(&output)
        case (.allToAll, .outOfPlace): try world.allToAll(input, into: &output)
        case (.allToAll, .inPlace): try world.allToAll(&output)
        case (.allToAllV, .outOfPlace): try world.allToAllV(input, blocks, into: &output, blocks)
        case (.allToAllV, .inPlace): try world.allToAllV(&output, blocks)
        case (.broadcast, _): try world.broadcast(&output, root: root)
        case (.reduce, .outOfPlace): try world.reduce(input, into: &output, reduction, root: root)
        case (.reduce, .inPlace): try world.reduce(&output, reduction, root: root)
        case (.gather, _): try world.gather(input, into: &output, root: root)
        case (.scatter, _): try world.scatter(input, into: &output, root: root)
        case (.barrier, _): try world.barrier()
        case (.sendReceive, _): try sendAndReceive()
        case (.fusedAllReduceAllToAll, _), (.fusedDispatch, _), (.fusedCombine, _):
            preconditionFailure("has an exercise of its own")
        }
    }

    /// A ring: to the next rank, from the one before. Even ranks send first, because `send` may wait for its receiver.
    private mutating func sendAndReceive() throws(CollectiveError) {
        let next = (world.rank + 1) % world.size
        let previous = (world.rank + world.size - 1) % world.size
        if world.rank.isMultiple(of: 2) {
            try world.send(input, to: next)
            try world.receive(&output, from: previous)
        } else {
            try world.receive(&output, from: previous)
            try world.send(input, to: next)
        }
    }
}
