internal import CMixKernels
internal import CMixSystem
internal import MixSchedule

// Which way an operation goes: one exchange when it is small, its direct schedule when it is large and all
// memory is mapped, a series of exchanges when it is large and some memory is not, or the algorithm that the
// caller forced.
extension Communicator {
    /// What all ranks must agree on beyond the call itself.
    enum Path {
        static let exchange: UInt8 = 0
        static let large: UInt8 = 1
        /// Forced algorithms follow, in the order of `Algorithm.all(for:)`.
        static let forced: UInt8 = 2
        /// All of the input is published, for other nodes too.
        static let whole: UInt8 = 0x7f
    }

    @usableFromInline func run(_ call: Call) throws(CollectiveError) {
        try checkArguments(call)
        try enter(call.operation)
        defer { inUse = false }
        if size == 1 { return runAlone(call) }
        if let network {
            defer { network.wires.forgetForeignMemory() }
            return try runAcrossNodes(call, network)
        }
        if !forced.isEmpty, let algorithm = forced[call.operation] { return try runForced(algorithm, call) }
        if call.operation == .allToAllV { return try runAllToAllV(call) }
        if publishedBytes(call) <= exchangeLimit(call.operation, inPlace: call.inPlace) {
            return try exchange(call, Extent(first: 0, count: call.count))
        }
        try runLarge(call)
    }

    /// Checks that this rank may start an operation, and counts it.
    @inline(__always)
    func enter(_ operation: Operation) throws(CollectiveError) {
        if node.forkWitness.pointee != 1 || inUse || isClosed { try refuse(operation) }
        self.operation = operation
        operationNumber &+= 1
        if operation != .sendReceive { collectiveNumber &+= 1 }
        try throwIfFailed()
        inUse = true
    }

    @inline(never)
    private func refuse(_ operation: Operation) throws(CollectiveError) {
        if node.forkWitness.pointee != 1 {
            var error = forked
            (error.operation, error.sequence) = (operation, operationNumber &+ 1)
            throw error
        }
        if isClosed { throw refusal(.closed, operation, "this communicator was closed") }
        throw refusal(
            .concurrentUse, operation,
            "another thread is in \(self.operation.rawValue); one thread at a time uses a communicator "
                + "(split one off for each thread)")
    }

    /// What a forked child is told, who shares this rank's memory files with the parent.
    var forked: CollectiveError {
        CollectiveError(
            .forked,
            "this process was forked from the rank that joined; only that one may use its communicator "
                + "(start ranks by a launcher, or let the child join a job of its own)",
            rank: rank, host: host)
    }

    @inline(__always)
    private func checkArguments(_ call: Call) throws(CollectiveError) {
        if call.root < 0 || call.root >= size { try checkRank(call.operation, call.root, "root") }
        switch call.operation {
        case .allReduce, .reduceScatter, .reduce:
            guard call.type.isReducible else {
                throw refusal(
                    .unsupported, call.operation,
                    "\(call.type.name) is a payload type and can't be reduced; convert it first")
            }
        default: break
        }
    }

    /// Bytes that one exchange of all of it would publish.
    @inline(__always)
    func publishedBytes(_ call: Call) -> Int {
        let block = call.count * call.type.size
        switch call.operation {
        case .reduceScatter, .allToAll, .scatter: return block * size
        default: return block
        }
    }

    /// Up to how many published bytes an operation is one exchange here.
    @inline(__always)
    func exchangeLimit(_ operation: Operation, inPlace: Bool) -> Int {
        Thresholds.exchangeBytes(operation, ranks: size, inPlace: inPlace, oversubscribed: isOversubscribed)
    }

    /// A world of one: what is sent is received.
    private func runAlone(_ call: Call) {
        let bytes = call.count * call.type.size
        switch call.operation {
        case .allToAllV:
            guard let sent = call.sent, let received = call.received, !call.inPlace else { return }
            let width = call.type.size
            copy(
                call.input, sent.displacements[0] * width, to: call.output, received.displacements[0] * width,
                Swift.min(sent.counts[0], received.counts[0]) * width)
        case .barrier, .sendReceive: break
        default:
            if let output = call.output, call.input != UnsafeRawPointer(output) {
                copy(call.input, 0, to: output, 0, bytes)
            }
        }
    }

    // MARK: Large operations

    /// One exchange tells everybody what is mapped where; then either schedule or series.
    private func runLarge(_ call: Call) throws(CollectiveError) {
        let memory = try announce(call, path: Path.large, scratchBytes: 0)
        guard memory.isComplete else { return try runSeries(call) }
        if call.exchangesInPlace { return try swapBlocks(call, memory) }
        try execute(compiled(nil, index: .max, call), call, memory)
    }

    private func runForced(_ algorithm: Algorithm, _ call: Call) throws(CollectiveError) {
        // The direct way of blocks of any size is the one with the tables: a rank does not know its peers' layouts.
        if call.operation == .allToAllV, algorithm.needsMappedMemory { return try runAllToAllV(call) }
        let index = Algorithm.all(for: call.operation).firstIndex { $0.name == algorithm.name }!
        let schedule = compiled(algorithm, index: UInt8(index), call)
        let layouts = layouts(schedule, call)
        let scratch = (0..<schedule.scratchBlocks).reduce(0) {
            Swift.max($0, layouts.scratch.range(ofBlock: $1).upperBound)
        }
        let memory = try announce(call, path: Path.forced + UInt8(index), scratchBytes: scratch * call.type.size)
        if algorithm.needsMappedMemory, !memory.isComplete {
            throw CollectiveError(
                .unsupported,
                "algorithm \"\(algorithm.name)\" needs memory from allocate() on every rank",
                rank: rank, host: host, operation: call.operation, sequence: operationNumber)
        }
        if call.exchangesInPlace {
            if algorithm.needsMappedMemory { return try swapBlocks(call, memory) }
            throw CollectiveError(
                .unsupported,
                "algorithm \"\(algorithm.name)\" does not work in place: a block would be overwritten before it is sent",
                rank: rank, host: host, operation: call.operation, sequence: operationNumber)
        }
        try execute(schedule, call, memory)
    }

    /// Publishes where this rank's buffers lie in its heap, and learns where all others' do.
    func exchangeAddresses(
        _ call: Call, path: UInt8, scratch: UnsafeMutableRawPointer?
    ) throws(CollectiveError) -> MappedMemory {
        let slot = try begin()
        let word = headerWord(call, path: path)
        let offsets = UnsafeMutableRawPointer(own.header(slot)) + Self.payloadOffset
        let (inputBytes, outputBytes) = bufferBytes(call)
        offsets.storeBytes(of: Int64(heapOffset(call.input, inputBytes)), toByteOffset: 0, as: Int64.self)
        offsets.storeBytes(
            of: Int64(heapOffset(UnsafeRawPointer(call.output), outputBytes)), toByteOffset: 8, as: Int64.self)
        offsets.storeBytes(of: Int64(heapOffset(UnsafeRawPointer(scratch), 1)), toByteOffset: 16, as: Int64.self)
        publish(word, call, slot: slot)
        try meetAll(word, call, slot: slot)

        let memory = MappedMemory(addresses: addresses)
        for peer in 0..<size {
            let header = UnsafeRawPointer(members[peer].header(slot)) + Self.payloadOffset
            for buffer in [Buffer.input, .output, .scratch] {
                let offset = header.load(fromByteOffset: buffer.rawValue * 8, as: Int64.self)
                memory.set(buffer, of: peer, offset < 0 ? nil : members[peer].heapBase + Int(offset))
            }
        }
        return memory
    }

    /// Publishes this rank's buffers, learns the others', and finds out whether all that an operation needs is mapped.
    private func announce(_ call: Call, path: UInt8, scratchBytes: Int) throws(CollectiveError) -> MappedMemory {
        let scratch = try scratchMemory(scratchBytes)
        var memory = try exchangeAddresses(call, path: path, scratch: scratch)
        memory.isComplete = everyBufferIsMapped(call, memory)
        // The own ones are here wherever they lie.
        memory.set(.input, of: rank, call.input.map { UnsafeMutableRawPointer(mutating: $0) })
        memory.set(.output, of: rank, call.output)
        memory.set(.scratch, of: rank, scratch)
        return memory
    }

    /// Whether the memory that the direct algorithm reads and writes is mapped, on all ranks that it concerns.
    private func everyBufferIsMapped(_ call: Call, _ memory: MappedMemory) -> Bool {
        let ranks = 0..<size
        switch call.operation {
        case .allReduce:
            return ranks.allSatisfy { memory.isMapped(.input, of: $0) && memory.isMapped(.output, of: $0) }
        case .allToAll where call.exchangesInPlace:
            return ranks.allSatisfy { memory.isMapped(.output, of: $0) }
        case .reduceScatter, .allGather, .allToAll, .reduce, .gather:
            return ranks.allSatisfy { memory.isMapped(.input, of: $0) }
        case .broadcast, .scatter:
            return memory.isMapped(.input, of: call.root)
        case .barrier: return true
        case .allToAllV, .sendReceive, .fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine: return false
        }
    }

    /// Bytes of the caller's input and output.
    func bufferBytes(_ call: Call) -> (Int, Int) {
        let block = call.count * call.type.size
        switch call.operation {
        case .allReduce, .broadcast, .reduce: return (block, block)
        case .reduceScatter, .scatter: return (block * size, block)
        case .allGather, .gather: return (block, block * size)
        case .allToAll: return (block * size, block * size)
        case .allToAllV, .barrier, .sendReceive, .fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine: return (0, 0)
        }
    }

    func compiled(_ algorithm: Algorithm?, index: UInt8, pieces: UInt8 = 1, _ call: Call) -> CompiledSchedule {
        let key = CompiledSchedule.Key(
            operation: call.operation.code, algorithm: index, pieces: pieces, root: call.root)
        if let known = schedules[key] { return known }
        let algorithm = algorithm ?? Algorithm.named("direct", for: call.operation)!
        let schedule = CompiledSchedule(
            algorithm.build(
                Algorithm.Request(
                    rank: rank, topology: network?.topology ?? Topology(nodeCount: 1, ranksPerNode: size),
                    root: call.root, pieces: Int(pieces))))
        schedules[key] = schedule
        return schedule
    }

    func layouts(_ schedule: CompiledSchedule, _ call: Call) -> Layouts {
        let alignment = Swift.max(1, 64 / call.type.size)
        switch call.operation {
        case .allReduce, .broadcast, .reduce:
            return Layouts(
                input: .equal(count: call.count, blocks: schedule.inputBlocks, alignment: alignment),
                output: .equal(count: call.count, blocks: schedule.outputBlocks, alignment: alignment))
        case .allToAllV:
            let (sent, received) = (call.sent!, call.received!)
            func list(_ values: UnsafePointer<Int>) -> [Int] { (0..<size).map { values[$0] } }
            return Layouts(
                input: .counts(list(sent.counts), displacements: list(sent.displacements), alignment: alignment),
                output: .counts(
                    list(received.counts), displacements: list(received.displacements), alignment: alignment))
        default:
            return Layouts(
                input: .uniform(blocks: schedule.inputBlocks, count: call.count, alignment: alignment),
                output: .uniform(blocks: schedule.outputBlocks, count: call.count, alignment: alignment))
        }
    }

    private func execute(
        _ schedule: CompiledSchedule, _ call: Call, _ memory: MappedMemory
    ) throws(CollectiveError) {
        let (inputBytes, outputBytes) = bufferBytes(call)
        let work = BufferWork(
            self, schedule, layouts(schedule, call), call, memory: memory,
            streaming: Thresholds.streams(
                call.operation, bytes: Swift.max(inputBytes, outputBytes),
                inPlace: call.input == UnsafeRawPointer(call.output)))
        var executor = Executor(self, schedule, call.operation, work, root: call.root)
        try executor.run()
    }

    // MARK: Series of exchanges

    /// Memory that is not mapped goes through the slots, piece by piece; the slots stay in the cache.
    private func runSeries(_ call: Call) throws(CollectiveError) {
        let blocks = Swift.max(1, publishedBytes(call) / Swift.max(1, call.count * call.type.size))
        let elements = Thresholds.seriesBytes / call.type.size / blocks
        // At least a line per block, for very many ranks.
        let step = Swift.max(elements & ~63, 64 / call.type.size)
        var first = 0
        while first < call.count {
            let count = Swift.min(step, call.count - first)
            if call.operation == .allReduce, size > 2 {
                try exchangeInTwo(call, Extent(first: first, count: count))
            } else {
                try exchange(call, Extent(first: first, count: count))
            }
            first += count
        }
    }

    // MARK: Exchange of blocks in place

    /// All-to-all in place on mapped memory: of every pair of blocks that change places, one rank swaps the first
    /// half and the other one the second.
    private func swapBlocks(_ call: Call, _ memory: MappedMemory) throws(CollectiveError) {
        let block = call.count * call.type.size
        for distance in 1..<size {
            let peer = (rank + distance) % size
            let mine = memory.base(.output, of: rank) + peer * block
            let theirs = memory.base(.output, of: peer) + rank * block
            swapHalf(mine, theirs, block, first: rank < peer)
        }
        try finishTogether()
    }

    func swapHalf(_ mine: UnsafeMutableRawPointer, _ theirs: UnsafeMutableRawPointer, _ bytes: Int, first: Bool) {
        let half = bytes / 2 & ~63
        let range = first ? 0..<half : half..<bytes
        mix_swap(mine + range.lowerBound, theirs + range.lowerBound, range.count)
    }

    /// Returns when every rank has come here: none needs another's memory any more.
    func finishTogether() throws(CollectiveError) {
        mix_publish_u64(own.progress, sequence << 16 | 2)
        wakeSleepers()
        let target = sequence << 16 | 2
        for peer in 0..<size where peer != rank {
            let progress = members[peer].progress
            try wait(for: peer) { mix_load_acquire_u64(progress) >= target }
        }
    }

    // MARK: Memory

    /// Where in this rank's heap `bytes` at `address` lie, or −1.
    @inline(__always)
    func heapOffset(_ address: UnsafeRawPointer?, _ bytes: Int) -> Int {
        guard let address else { return -1 }
        let offset = address - UnsafeRawPointer(own.heapBase)
        return offset >= 0 && offset <= own.heapCapacity - bytes ? offset : -1
    }

    @inline(__always)
    func heapOffset(_ address: UnsafeMutableRawPointer, _ bytes: Int) -> Int {
        heapOffset(UnsafeRawPointer(address), bytes)
    }

    func scratchMemory(_ bytes: Int) throws(CollectiveError) -> UnsafeMutableRawPointer? {
        if bytes == 0 { return scratch?.address }
        if let scratch, scratch.bytes >= bytes { return scratch.address }
        if let scratch { node.heap.release(scratch.address, bytes: scratch.bytes) }
        scratch = nil
        let address = try node.heap.allocate(bytes: bytes)
        scratch = (address, bytes)
        return address
    }

    // MARK: Channels

    func channel(to peer: Int, number: Int) -> Channel { Channel(own.channel(number, to: peer)) }
    func channel(from peer: Int, number: Int) -> Channel { Channel(members[peer].channel(number, to: rank)) }
}
