internal import CMixKernels
internal import CMixSystem
internal import MixSchedule

// Operations of a communicator whose ranks are on several nodes: by the schedule of an algorithm, whose messages
// between nodes take the links, and whose other steps take the node's shared memory.
extension Communicator {
    /// Up to so many bytes an all-reduce sends all of it at once instead of in parts that take turns.
    private static let smallAllReduceBytes = 16 << 10

    func runAcrossNodes(_ call: Call, _ network: Network) throws(CollectiveError) {
        try network.local.throwIfFailed()
        do throws(CollectiveError) {
            try runSchedule(call, network)
        } catch {
            // What this node's ranks found out among themselves concerns the other nodes too.
            if let failure = network.local.failure { throw network.fail(failure) }
            throw error
        }
    }

    private func runSchedule(_ call: Call, _ network: Network) throws(CollectiveError) {
        if call.operation == .allReduce, forced[.allReduce] == nil, network.topology.ranksPerNode != nil,
            call.count * call.type.size <= Self.smallAllReduceBytes
        {
            return try runSmallAllReduce(call, network)
        }
        let algorithms = Algorithm.all(for: call.operation)
        let name = forced[call.operation]?.name ?? defaultAlgorithm(call.operation, network)
        let index = algorithms.firstIndex { $0.name == name }!
        let algorithm = algorithms[index]
        guard !algorithm.needsMappedMemory || algorithm.usesTopology else {
            throw CollectiveError(
                .unsupported,
                "algorithm \"\(name)\" works inside a node, and this communicator has ranks on "
                    + "\(network.topology.nodeCount)", rank: rank, host: host, operation: call.operation)
        }
        let schedule = compiled(algorithm, index: UInt8(index), pieces: pieces(call, algorithm, network), call)
        if algorithm.needsMappedMemory {
            try withMappedBuffers(call) { call throws(CollectiveError) in
                try execute(schedule, index: index, call, network)
            }
        } else if call.exchangesInPlace {
            try withSeparateInput(call) { call throws(CollectiveError) in
                try execute(schedule, index: index, call, network)
            }
        } else {
            try execute(schedule, index: index, call, network)
        }
    }

    private func defaultAlgorithm(_ operation: Operation, _ network: Network) -> String {
        switch operation {
        case .allReduce: network.topology.ranksPerNode == nil ? "hierarchical-ring" : "hierarchical"
        case .reduceScatter, .allGather: "ring"
        case .allToAll, .allToAllV: "pairwise"
        case .broadcast, .reduce: "tree"
        case .gather, .scatter: "linear"
        case .barrier: "dissemination"
        case .fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine, .sendReceive:
            preconditionFailure("\(operation.rawValue) has a path of its own")
        }
    }

    /// Into how many pieces an operation is cut, so that node and wire work at the same time.
    private func pieces(_ call: Call, _ algorithm: Algorithm, _ network: Network) -> UInt8 {
        guard algorithm.needsMappedMemory, network.topology.ranksPerNode != 1 else { return 1 }
        let perLane = call.count * call.type.size / (network.topology.ranksPerNode ?? 1)
        return UInt8(Swift.max(1, Swift.min(4, perLane >> 19)))
    }

    private func execute(
        _ schedule: CompiledSchedule, index: Int, _ call: Call, _ network: Network
    ) throws(CollectiveError) {
        let layouts = layouts(schedule, call)
        let scratchBlocks = (0..<schedule.scratchBlocks).reduce(0) {
            Swift.max($0, layouts.scratch.range(ofBlock: $1).upperBound)
        }
        let scratch = try scratchMemory(scratchBlocks * call.type.size)
        let memory = try enterNode(call, network, path: Path.forced + UInt8(index), scratch: scratch)
        let signature = MessageSignature(call, algorithm: UInt8(index), number: operationNumber).rawValue
        let work = BufferWork(self, schedule, layouts, call, memory: memory, streaming: false)
        var executor = Executor(self, schedule, call.operation, work, root: call.root, signature: signature)
        try executor.run()
    }

    /// Meets the ranks of this node, and learns where their buffers lie.
    private func enterNode(
        _ call: Call, _ network: Network, path: UInt8, scratch: UnsafeMutableRawPointer?
    ) throws(CollectiveError) -> MappedMemory {
        let local = network.local
        local.operation = call.operation
        local.operationNumber = operationNumber
        let near = try local.exchangeAddresses(call, path: path, scratch: scratch)
        let memory = MappedMemory(addresses: addresses)
        for (lane, mate) in network.topology.nodes[network.topology.node(of: rank)].enumerated() {
            for buffer in [Buffer.input, .output, .scratch] {
                memory.set(buffer, of: mate, near.addresses[lane * 3 + buffer.rawValue])
            }
        }
        memory.set(.input, of: rank, call.input.map { UnsafeMutableRawPointer(mutating: $0) })
        memory.set(.output, of: rank, call.output)
        memory.set(.scratch, of: rank, scratch)
        return memory
    }

    /// An all-reduce of little data: inside the node first; then each lane sends the node's result to its counterparts and
    /// combines all nodes' in their order, so that every rank computes the same without a step back into the node.
    private func runSmallAllReduce(_ call: Call, _ network: Network) throws(CollectiveError) {
        let bytes = call.count * call.type.size
        let topology = network.topology
        let lane = topology.lane(of: rank)
        let myNode = topology.node(of: rank)
        let parts = try staging(8, Swift.max(64, bytes) * topology.nodeCount)
        let stride = Swift.max(64, bytes)
        let mine = parts + myNode * stride
        var inside = call
        inside.output = mine
        if call.reduction == .average { inside.reduction = .sum }
        try insideNode(inside, network)

        // The 64 bits differ from a schedule's, so that a rank that goes another way is found out.
        let signature = MessageSignature(call, algorithm: 31, number: operationNumber).rawValue
        for (node, ranks) in topology.nodes.enumerated() where node != myNode {
            pending[2 * node] = network.receive(
                parts + node * stride, bytes, from: ranks[lane], channel: 0, signature: signature)
            pending[2 * node + 1] = network.send(mine, bytes, to: ranks[lane], channel: 0, signature: signature)
        }
        for (node, ranks) in topology.nodes.enumerated() where node != myNode {
            let peer = ranks[lane]
            try network.wait(for: peer, call.operation, operationNumber, isNeeded: { $0 == peer }) {
                network.isComplete(pending[2 * node]!, peer) && network.isComplete(pending[2 * node + 1]!, peer)
            }
        }
        guard call.count > 0 else { return }
        for node in 0..<topology.nodeCount { sources[node] = UnsafeRawPointer(parts + node * stride) }
        destinations[0] = call.output
        _ = mix_reduce(
            call.type.kernelType, call.reduction.kernelReduction, sources, topology.nodeCount, destinations, 1,
            call.count,
            UInt32(size), 0)
    }

    private func insideNode(_ call: Call, _ network: Network) throws(CollectiveError) {
        let local = network.local
        guard local.size > 1 else {
            copy(call.input, 0, to: call.output, 0, call.count * call.type.size)
            return
        }
        local.operation = call.operation
        local.operationNumber = operationNumber
        try local.exchange(call, Extent(first: 0, count: call.count))
    }

    // MARK: Memory

    /// Runs `body` on buffers that this node's ranks have mapped: the caller's own, or copies.
    private func withMappedBuffers(
        _ call: Call, _ body: (Call) throws(CollectiveError) -> Void
    ) throws(CollectiveError) {
        let bytes = call.count * call.type.size
        var mapped = call
        let inPlace = call.input == UnsafeRawPointer(call.output)
        let isOutputMapped = heapOffset(UnsafeRawPointer(call.output), bytes) >= 0
        if !isOutputMapped { mapped.output = try staging(8, bytes) }
        if inPlace {
            mapped.input = UnsafeRawPointer(mapped.output)
            if !isOutputMapped { copy(call.input, 0, to: mapped.output, 0, bytes) }
        } else if heapOffset(call.input, bytes) < 0 {
            let copied = try staging(9, bytes)
            copy(call.input, 0, to: copied, 0, bytes)
            mapped.input = UnsafeRawPointer(copied)
        }
        try body(mapped)
        if !isOutputMapped { copy(UnsafeRawPointer(mapped.output), 0, to: call.output, 0, bytes) }
    }

    /// Runs `body` with a copy of the input, so that what arrives does not overwrite what is still to be sent.
    private func withSeparateInput(
        _ call: Call, _ body: (Call) throws(CollectiveError) -> Void
    ) throws(CollectiveError) {
        var elements = call.count * size
        if let sent = call.sent {
            elements = (0..<size).reduce(0) { Swift.max($0, sent.displacements[$1] + sent.counts[$1]) }
        }
        let bytes = elements * call.type.size
        let copied = try staging(9, bytes)
        copy(call.input, 0, to: copied, 0, bytes)
        var separate = call
        separate.input = UnsafeRawPointer(copied)
        separate.inPlace = false
        try body(separate)
    }

    /// Working memory of at least so many bytes, that peers may read and a network card write.
    func staging(_ index: Int, _ bytes: Int) throws(CollectiveError) -> UnsafeMutableRawPointer {
        if let staging = stagings[index], staging.bytes >= bytes { return staging.address }
        if let staging = stagings[index] { node.heap.release(staging.address, bytes: staging.bytes) }
        stagings[index] = nil
        let address = try node.heap.allocate(bytes: Swift.max(bytes, 1))
        stagings[index] = (address, bytes)
        return address
    }
}
