internal import CMixSystem
internal import MixSchedule

// What all fused collectives begin and end with.
extension Communicator {
    /// Fails the communicator on all ranks, which would wait for this one, and returns what to throw.
    func failEverywhere(_ error: CollectiveError) -> CollectiveError { network?.fail(error) ?? fail(error) }

    /// Runs what peers wait for: where this rank has no memory for it, they are told.
    func tellingAll(_ body: () throws(CollectiveError) -> Void) throws(CollectiveError) {
        do throws(CollectiveError) {
            try body()
        } catch {
            throw error.code == .outOfMemory ? failEverywhere(error) : error
        }
    }

    /// Scratch memory for rows, whose number differs from step to step: some more now saves the next time.
    func rowScratch(_ bytes: Int) throws(CollectiveError) -> UnsafeMutableRawPointer? {
        if let scratch, scratch.bytes >= bytes { return scratch.address }
        return try scratchMemory(Swift.max(1, bytes + bytes / 4))
    }

    /// Runs an executor, which may have been on shared memory when it failed.
    func runToEnd<Work: StepWork>(_ executor: inout Executor<Work>) throws(CollectiveError) {
        do throws(CollectiveError) { try executor.run() } catch { throw telling(error) }
    }

    /// The schedule of a fused operation on the grid, and the algorithm's index.
    func compiledFused(
        _ operation: Operation, _ name: String, pieces: Int, _ grid: FusedGrid
    ) -> (schedule: CompiledSchedule, index: Int) {
        let algorithms = Algorithm.all(for: operation)
        let index = algorithms.firstIndex { $0.name == name }!
        let key = CompiledSchedule.Key(
            operation: operation.code, algorithm: UInt8(index), pieces: UInt8(pieces), root: 0, isOfGrid: true,
            part: chosenPart)
        if let known = schedules[key] { return (known, index) }
        let whole = algorithms[index].build(Algorithm.Request(rank: rank, topology: grid.topology, pieces: pieces))
        let schedule = CompiledSchedule(chosenPart.map { whole.only($0, grid.topology) } ?? whole)
        schedules[key] = schedule
        return (schedule, index)
    }

    /// Meets the ranks of this machine, checks that this node's lanes say the same `note`, and learns where they have
    /// their input, output and scratch memory.
    func meetLanes(
        _ call: Call, index: Int, pieces: Int, scratch: UnsafeMutableRawPointer?, note: UInt64,
        _ grid: FusedGrid
    ) throws(CollectiveError) -> MappedMemory {
        let memory = MappedMemory(addresses: addresses)
        for buffer in [Buffer.input, .output, .scratch] {
            for other in 0..<size { memory.set(buffer, of: other, nil) }
        }
        let local = network?.local ?? self
        if grid.laneCount > 1 || local.size > 1 {
            local.operation = call.operation
            local.operationNumber = operationNumber
            do throws(CollectiveError) {
                try local.throwIfFailed()
                try local.publishLane(
                    call, index: index, pieces: pieces, scratch: scratch, note: note, memory, grid.mates, self)
            } catch {
                if let network { throw network.fail(error) }
                throw error
            }
        }
        memory.set(.input, of: rank, call.input.map { UnsafeMutableRawPointer(mutating: $0) })
        memory.set(.output, of: rank, call.output)
        memory.set(.scratch, of: rank, scratch)
        return memory
    }

    private func publishLane(
        _ call: Call, index: Int, pieces: Int, scratch: UnsafeMutableRawPointer?, note: UInt64, _ memory: MappedMemory,
        _ mates: [Int], _ whole: Communicator
    ) throws(CollectiveError) {
        let slot = try begin()
        var agreed = call
        agreed.root = pieces
        let word = headerWord(agreed, path: Path.forced + UInt8(index))
        let payload = UnsafeMutableRawPointer(own.header(slot)) + Self.payloadOffset
        func store(_ address: UnsafeRawPointer?, _ buffer: Buffer) {
            payload.storeBytes(of: Int64(heapOffset(address, 1)), toByteOffset: 8 * buffer.rawValue, as: Int64.self)
        }
        store(call.input, .input)
        store(UnsafeRawPointer(call.output), .output)
        store(UnsafeRawPointer(scratch), .scratch)
        payload.storeBytes(of: note, toByteOffset: 24, as: UInt64.self)
        publish(word, agreed, slot: slot)
        try meetAll(word, agreed, slot: slot)
        for mate in mates {
            let lane = whole.network.map { $0.topology.lane(of: mate) } ?? mate
            let header = UnsafeRawPointer(members[lane].header(slot)) + Self.payloadOffset
            let theirs = header.load(fromByteOffset: 24, as: UInt64.self)
            guard theirs == note else {
                throw fail(
                    CollectiveError(
                        .mismatch,
                        "rank \(mate) \(call.operation == .fusedCombine ? "combines the rows of another dispatch" : "routes other tokens, or otherwise,") "
                            + "than rank \(whole.rank); lanes of a node must do the same", rank: mate,
                        host: whole.host(of: mate), operation: call.operation,
                        sequence: operationNumber))
            }
            for buffer in [Buffer.input, .output, .scratch] {
                let offset = header.load(fromByteOffset: buffer.rawValue * 8, as: Int64.self)
                memory.set(buffer, of: mate, offset < 0 ? nil : members[lane].heapBase + Int(offset))
            }
        }
    }
}
