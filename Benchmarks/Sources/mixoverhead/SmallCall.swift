import MixCollectives

/// One small operation on ordinary memory, ready to be called again and again.
struct SmallCall {
    let operation: SmallOperation
    let world: Communicator
    /// One rank's whole buffer, and one block of it.
    let whole: UnsafeMutableBufferPointer<Float>
    let block: UnsafeMutableBufferPointer<Float>
    var result: UnsafeMutableBufferPointer<Float>
    var resultBlock: UnsafeMutableBufferPointer<Float>
    let blocks: Blocks
    let experts: ExpertCall

    init(_ operation: SmallOperation, bytes: Int, world: Communicator) {
        self.operation = operation
        self.world = world
        let blockCount = (bytes / MemoryLayout<Float>.size + world.size - 1) / world.size
        whole = .allocate(capacity: blockCount * world.size)
        result = .allocate(capacity: blockCount * world.size)
        whole.initialize(repeating: 0)
        result.initialize(repeating: 0)
        block = UnsafeMutableBufferPointer(rebasing: whole[..<blockCount])
        resultBlock = UnsafeMutableBufferPointer(rebasing: result[..<blockCount])
        blocks = Blocks(counts: Array(repeating: blockCount, count: world.size))
        experts = ExpertCall(bytes: operation == .dispatchCombine ? bytes : 0, world: world)
    }

    func deallocate() {
        experts.deallocate()
        whole.deallocate()
        result.deallocate()
    }

    mutating func run() throws(CollectiveError) {
        switch operation {
        case .allReduce: try world.allReduce(whole, into: &result)
        case .reduceScatter: try world.reduceScatter(whole, into: &resultBlock)
        case .allGather: try world.allGather(block, into: &result)
        case .allToAll: try world.allToAll(whole, into: &result)
        case .allToAllV: try world.allToAllV(whole, blocks, into: &result, blocks)
        case .broadcast: try world.broadcast(&result, root: 0)
        case .reduce: try world.reduce(whole, into: &result, root: 0)
        case .gather: try world.gather(block, into: &result, root: 0)
        case .scatter: try world.scatter(whole, into: &resultBlock, root: 0)
        case .barrier: try world.barrier()
        case .dispatchCombine: try experts.run()
        case .sendReceive:
            // To the next rank and from the one before; even ranks send first.
            let next = (world.rank + 1) % world.size
            let previous = (world.rank + world.size - 1) % world.size
            if world.rank.isMultiple(of: 2) {
                try world.send(whole, to: next)
                try world.receive(&result, from: previous)
            } else {
                try world.receive(&result, from: previous)
                try world.send(whole, to: next)
            }
        }
    }
}
