internal import CMixKernels
internal import CMixSystem
internal import MixSchedule

// Operations of a communicator whose ranks are on several nodes: by the schedule of an algorithm, whose messages
// between nodes take the links, and whose other steps take the node's shared memory.
extension Communicator {
    func runAcrossNodes(_ call: Call, _ network: Network) throws(CollectiveError) {
        try network.local.throwIfFailed()
        do throws(CollectiveError) {
            try runBetweenNodes(call, network)
        } catch {
            throw telling(error)
        }
    }

    /// What to throw for an error: what this node's ranks found out among themselves concerns the other nodes too.
    func telling(_ error: CollectiveError) -> CollectiveError {
        guard let network, let failure = network.local.failure else { return error }
        return network.fail(failure)
    }

    private func runBetweenNodes(_ call: Call, _ network: Network) throws(CollectiveError) {
        switch way(of: call.operation, bytes: call.count * call.type.size, between: network) {
        case .messages(let inParts) where call.operation == .allReduce:
            try runSmallAllReduce(call, network, inParts: inParts)
        case .messages where call.inPlace:
            try withSeparateInput(call) { call throws(CollectiveError) in try runSmallAllToAll(call, network) }
        case .messages: try runSmallAllToAll(call, network)
        case .schedule(let name, let pieces): try runSchedule(name, pieces: pieces, call, network)
        case .exchange: preconditionFailure("ranks of several nodes share no memory")
        }
    }

    private func runSchedule(
        _ name: String, pieces: Int, _ call: Call, _ network: Network
    ) throws(CollectiveError) {
        let algorithms = Algorithm.all(for: call.operation)
        let index = algorithms.firstIndex { $0.name == name }!
        let algorithm = algorithms[index]
        guard !algorithm.needsMappedMemory || algorithm.usesTopology else {
            throw CollectiveError(
                .unsupported,
                "algorithm \"\(name)\" works inside a node, and this communicator has ranks on "
                    + "\(network.topology.nodeCount)", rank: rank, host: host, operation: call.operation)
        }
        let schedule = compiled(algorithm, index: UInt8(index), pieces: UInt8(pieces), call)
        if algorithm.needsMappedMemory, !call.exchangesInPlace {
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

    private func execute(
        _ schedule: CompiledSchedule, index: Int, _ call: Call, _ network: Network
    ) throws(CollectiveError) {
        let layouts = layouts(schedule, call)
        let scratchBlocks = (0..<schedule.scratchBlocks).reduce(0) {
            Swift.max($0, layouts.scratch.range(ofBlock: $1).upperBound)
        }
        let scratch = try scratchMemory(scratchBlocks * call.type.size)
        let memory = try enterNode(call, network, path: Path.forced + UInt8(index), scratch: scratch)
        let signature = MessageSignature(call, algorithm: UInt8(index), number: collectiveNumber).rawValue
        let work = BufferWork(self, schedule, layouts, call, memory: memory, streaming: false)
        var executor = Executor(self, schedule, call.operation, work, root: call.root, signature: signature)
        try executor.run()
    }

    /// Meets the ranks of this node, and learns where their buffers lie.
    private func enterNode(
        _ call: Call, _ network: Network, path: UInt8, scratch: UnsafeMutableRawPointer?
    ) throws(CollectiveError) -> MappedMemory {
        enterLocal(call, network)
        let near = try network.local.exchangeAddresses(call, path: path, scratch: scratch)
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

    /// An all-reduce of little data: inside the node first; then each lane exchanges with its counterparts the node's result,
    /// or its part of it if it's worth a second hand-over inside the node, and combines all nodes' in their order.
    private func runSmallAllReduce(_ call: Call, _ network: Network, inParts: Bool) throws(CollectiveError) {
        guard network.local.size > 1 else {
            return try combineNodes(call, network, call.input, call.count, into: call.output)
        }
        var inside = call
        if call.reduction == .average { inside.reduction = .sum }
        guard inParts else {
            try insideNode(inside, network)
            return try combineNodes(call, network, UnsafeRawPointer(call.output), call.count, into: call.output)
        }
        enterLocal(call, network)
        try network.local.exchangeInTwo(inside, Extent(first: 0, count: call.count)) {
            part, count throws(CollectiveError) in
            try combineNodes(call, network, UnsafeRawPointer(part), count, into: part)
        }
    }

    /// Exchanges `count` elements with the ranks of the same lane, and combines theirs with `mine` in the order of the nodes.
    private func combineNodes(
        _ call: Call, _ network: Network, _ mine: UnsafeRawPointer?, _ count: Int,
        into output: UnsafeMutableRawPointer?
    ) throws(CollectiveError) {
        let topology = network.topology
        let lane = topology.lane(of: rank)
        let myNode = topology.node(of: rank)
        let bytes = count * call.type.size
        let stride = SharedHeap.roundedUp(Swift.max(1, bytes), 64)
        let parts = try staging(8, stride * topology.nodeCount)
        // The 64 bits differ from a schedule's, so that a rank that goes another way is found out.
        let signature = MessageSignature(call, algorithm: 31, number: collectiveNumber).rawValue
        for (node, ranks) in topology.nodes.enumerated() where node != myNode {
            pending[2 * node] = network.receive(
                parts + node * stride, bytes, from: ranks[lane], channel: 0, signature: signature)
            pending[2 * node + 1] = network.send(
                mine, bytes, to: ranks[lane], channel: 0, signature: signature, atOnce: true)
        }
        for (node, ranks) in topology.nodes.enumerated() where node != myNode {
            try waitForMessages(node, with: ranks[lane], call, network)
        }
        guard count > 0 else { return }
        for node in 0..<topology.nodeCount {
            sources[node] = node == myNode ? mine : UnsafeRawPointer(parts + node * stride)
        }
        destinations[0] = output
        _ = mix_reduce(
            call.type.kernelType, call.reduction.kernelReduction, sources, topology.nodeCount, destinations, 1, count,
            UInt32(size), 0)
    }

    /// An all-to-all of little data: one exchange inside the node; then each rank sends to its counterpart on every other
    /// node what its whole node has for that rank, in one message.
    private func runSmallAllToAll(_ call: Call, _ network: Network) throws(CollectiveError) {
        let (local, topology) = (network.local, network.topology)
        let (lane, myNode) = (topology.lane(of: rank), topology.node(of: rank))
        let block = call.count * call.type.size
        let bytes = local.size * block
        enterLocal(call, network)
        let slot = try local.exchangeWholeInput(call, bytes: size * block)
        /// What a rank of this node has for `destination`.
        func sent(_ mate: Int, _ destination: Int) -> UnsafeRawPointer? {
            let published = mate == lane ? call.input : UnsafeRawPointer(local.members[mate].slot(slot))
            return published.map { $0 + destination * block }
        }
        // A rank without mates sends from its input.
        let parts = try staging(8, local.size > 1 ? Swift.max(1, bytes) * topology.nodeCount : 1)
        let signature = MessageSignature(call, algorithm: 31, number: collectiveNumber).rawValue
        for distance in 1..<topology.nodeCount {
            let node = (myNode + distance) % topology.nodeCount
            let peer = topology.nodes[node][lane]
            var part = sent(lane, peer)
            if local.size > 1 {
                part = UnsafeRawPointer(parts + node * bytes)
                for mate in 0..<local.size { copy(sent(mate, peer), 0, to: parts + node * bytes, mate * block, block) }
            }
            pending[2 * node] = network.receive(
                call.output.map { $0 + topology.nodes[node][0] * block }, bytes, from: peer, channel: 0,
                signature: signature)
            pending[2 * node + 1] = network.send(part, bytes, to: peer, channel: 0, signature: signature, atOnce: true)
        }
        for (mate, source) in topology.nodes[myNode].enumerated() {
            copy(sent(mate, rank), 0, to: call.output, source * block, block)
        }
        for (node, ranks) in topology.nodes.enumerated() where node != myNode {
            try waitForMessages(node, with: ranks[lane], call, network)
        }
    }

    /// Waits for the two messages that `pending` has for a node.
    private func waitForMessages(
        _ node: Int, with peer: Int, _ call: Call, _ network: Network
    ) throws(CollectiveError) {
        let (receive, send) = (pending[2 * node]!, pending[2 * node + 1]!)
        try network.wait(for: peer, call.operation, operationNumber, isNeeded: { $0 == peer }) {
            network.isComplete(receive, peer) && network.isComplete(send, peer)
        }
    }

    /// What the node's ranks say of themselves if something goes wrong.
    private func enterLocal(_ call: Call, _ network: Network) {
        network.local.operation = call.operation
        network.local.operationNumber = operationNumber
    }

    private func insideNode(_ call: Call, _ network: Network) throws(CollectiveError) {
        let local = network.local
        guard local.size > 1 else {
            copy(call.input, 0, to: call.output, 0, call.count * call.type.size)
            return
        }
        enterLocal(call, network)
        try local.exchange(call, Extent(first: 0, count: call.count))
    }

    // MARK: Memory

    /// Runs `body` on buffers that this node's ranks have mapped, as far as they read them: the caller's own, or copies.
    private func withMappedBuffers(
        _ call: Call, _ body: (Call) throws(CollectiveError) -> Void
    ) throws(CollectiveError) {
        guard network!.local.size > 1 else { return try body(call) }
        let (inputBytes, outputBytes) = bufferBytes(call)
        var mapped = call
        let isOutputRead = call.operation == .allReduce || call.operation == .allGather
        let copiesOutput = isOutputRead && heapOffset(UnsafeRawPointer(call.output), outputBytes) < 0
        if copiesOutput { mapped.output = try staging(8, outputBytes) }
        let isSame = isOutputRead && call.input == UnsafeRawPointer(call.output)
        if isSame { mapped.input = UnsafeRawPointer(mapped.output) }
        if isSame ? copiesOutput : heapOffset(call.input, inputBytes) < 0 {
            if !isSame { mapped.input = UnsafeRawPointer(try staging(9, inputBytes)) }
            copy(call.input, 0, to: UnsafeMutableRawPointer(mutating: mapped.input), 0, inputBytes)
        }
        try body(mapped)
        if copiesOutput { copy(UnsafeRawPointer(mapped.output), 0, to: call.output, 0, outputBytes) }
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
