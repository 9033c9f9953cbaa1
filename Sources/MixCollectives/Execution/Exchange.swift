internal import CMixKernels
internal import CMixSystem
internal import MixSchedule

// The fast path: one hand-over.
//
// In an exchange every rank publishes a header, with its data behind it, in memory that it alone writes; the
// others wait for that header and read. Two slots in turn make a second hand-over needless: a rank that enters
// exchange k has seen every header of k−1, so that every rank has finished reading k−2, whose slot k uses again.
// Data of a few bytes travel in the header's own cache line.
//
// Every operation begins with an exchange; small ones are nothing else. What each one does is defined by the
// direct schedules of MixSchedule, with the published copy in the place of the peer's mapped input.
extension Communicator {
    /// The largest number of bytes that one exchange publishes.
    static let exchangeLimit = Int(MIX_SLOT_BYTES)

    /// A run of elements of every block that an operation has: all of it, or a part of a long one.
    struct Extent {
        var first: Int
        var count: Int
    }

    /// What all ranks must agree on, and the number of the exchange.
    @inline(__always)
    func headerWord(_ call: Call, path: UInt8) -> UInt64 {
        (sequence & 0xffff_ffff) | UInt64(call.operation.code) << 32 | UInt64(call.type.rawValue) << 40
            | UInt64(call.reduction.rawValue) << 48 | UInt64(call.exchangesInPlace ? path | Self.inPlaceBit : path)
            << 56
    }

    /// In the path: the blocks of all-to-all change places.
    private static let inPlaceBit: UInt8 = 0x80

    /// Starts an exchange: the slot that it uses is free when this returns.
    @inline(__always)
    func begin() throws(CollectiveError) -> Int {
        if lastMeeting != sequence { try meetStragglers() }
        sequence &+= 1
        exchangeOperation = operationNumber
        return Int(sequence & 1)
    }

    /// Waits for the headers of the last exchange that this rank did not need for its own sake, and looks at them
    /// all the same: two ranks that both took themselves for a broadcast's root find out here.
    @inline(never)
    private func meetStragglers() throws(CollectiveError) {
        let slot = Int(sequence & 1)
        let ours = own.header(slot).pointee
        for peer in 0..<size where peer != rank {
            let word = headerWord(peer, slot)
            try wait(for: peer) { mix_load_acquire_u64(word) & 0xffff_ffff == sequence & 0xffff_ffff }
            let theirs = members[peer].header(slot).pointee
            guard theirs.word == ours.word, theirs.count == ours.count, theirs.root == ours.root else {
                throw mismatch(peer, slot: slot)
            }
        }
        lastMeeting = sequence
    }

    /// Publishes this rank's header; its data are in place.
    @inline(__always)
    func publish(_ word: UInt64, _ call: Call, slot: Int) {
        let header = own.header(slot)
        header.pointee.count = UInt64(call.count)
        header.pointee.root = UInt32(truncatingIfNeeded: call.root)
        if isOversubscribed { mix_announce_processor(own.root) }
        mix_publish_u64(UnsafeMutableRawPointer(header).assumingMemoryBound(to: UInt64.self), word)
        wakeSleepers()
    }

    /// Waits until `peer` has published its header, and checks that it came for the same thing.
    @inline(__always)
    func meet(_ peer: Int, _ word: UInt64, _ call: Call, slot: Int) throws(CollectiveError) {
        let header = members[peer].header(slot)
        if mix_spin_until_equal(headerWord(peer, slot), word, patience(for: peer)) == 0 {
            let address = headerWord(peer, slot)
            let low = word & 0xffff_ffff
            try waitPatiently(for: peer) { mix_load_acquire_u64(address) & 0xffff_ffff == low }
            if address.pointee != word { throw mismatch(peer, slot: slot) }
        }
        if header.pointee.count != UInt64(call.count) || header.pointee.root != UInt32(truncatingIfNeeded: call.root) {
            throw mismatch(peer, slot: slot)
        }
    }

    /// Where the data of `member`'s part of this exchange lie.
    @inline(__always)
    func published(_ member: Int, bytes: Int, slot: Int) -> UnsafeMutableRawPointer {
        bytes <= Int(MIX_INLINE_BYTES)
            ? UnsafeMutableRawPointer(members[member].header(slot)) + Self.payloadOffset : members[member].slot(slot)
    }

    static let payloadOffset = MemoryLayout<mix_header>.size - Int(MIX_INLINE_BYTES)

    /// Runs an operation, or a part of it, as one exchange.
    ///
    /// Publishes `extent.count` elements of the input, or of each of its blocks; at most ``exchangeLimit`` bytes.
    @inline(__always)
    func exchange(_ call: Call, _ extent: Extent) throws(CollectiveError) {
        let slot = try begin()
        let word = headerWord(call, path: 0)
        let width = call.type.size
        let stride = call.count * width
        let offset = extent.first * width
        let length = extent.count * width

        switch call.operation {
        case .allReduce:
            let data = published(rank, bytes: length, slot: slot)
            copy(call.input, offset, to: data, 0, length)
            publish(word, call, slot: slot)
            try meetAll(word, call, slot: slot)
            gatherSources(bytes: length, slot: slot, block: 0, own: call.input.map { $0 + offset })
            combine(call, extent.count, into: call.output.map { $0 + offset })

        case .reduce:
            if rank != call.root { copy(call.input, offset, to: published(rank, bytes: length, slot: slot), 0, length) }
            publish(word, call, slot: slot)
            guard rank == call.root else { return }
            try meetAll(word, call, slot: slot)
            gatherSources(bytes: length, slot: slot, block: 0, own: call.input.map { $0 + offset })
            combine(call, extent.count, into: call.output.map { $0 + offset })

        case .reduceScatter:
            let total = length * size
            let data = published(rank, bytes: total, slot: slot)
            for peer in 0..<size where peer != rank {
                copy(call.input, peer * stride + offset, to: data, peer * length, length)
            }
            publish(word, call, slot: slot)
            try meetAll(word, call, slot: slot)
            gatherSources(
                bytes: total, slot: slot, block: rank * length, own: call.input.map { $0 + rank * stride + offset })
            combine(call, extent.count, into: call.output.map { $0 + offset })

        case .allGather:
            copy(call.input, offset, to: published(rank, bytes: length, slot: slot), 0, length)
            publish(word, call, slot: slot)
            if !call.inPlace { copy(call.input, offset, to: call.output, rank * stride + offset, length) }
            if isOversubscribed { try meetNeighbours(word, call, slot: slot) }
            for peer in 0..<size where peer != rank {
                try meet(peer, word, call, slot: slot)
                copy(published(peer, bytes: length, slot: slot), 0, to: call.output, peer * stride + offset, length)
            }
            lastMeeting = sequence

        case .gather:
            if rank != call.root { copy(call.input, offset, to: published(rank, bytes: length, slot: slot), 0, length) }
            publish(word, call, slot: slot)
            guard rank == call.root else { return }
            copy(call.input, offset, to: call.output, rank * stride + offset, length)
            for peer in 0..<size where peer != rank {
                try meet(peer, word, call, slot: slot)
                copy(published(peer, bytes: length, slot: slot), 0, to: call.output, peer * stride + offset, length)
            }
            lastMeeting = sequence

        case .allToAll:
            let total = length * size
            let data = published(rank, bytes: total, slot: slot)
            for peer in 0..<size where peer != rank {
                copy(call.input, peer * stride + offset, to: data, peer * length, length)
            }
            publish(word, call, slot: slot)
            if !call.inPlace {
                copy(call.input, rank * stride + offset, to: call.output, rank * stride + offset, length)
            }
            if isOversubscribed { try meetNeighbours(word, call, slot: slot) }
            for peer in 0..<size where peer != rank {
                try meet(peer, word, call, slot: slot)
                copy(
                    published(peer, bytes: total, slot: slot), rank * length, to: call.output, peer * stride + offset,
                    length)
            }
            lastMeeting = sequence

        case .scatter:
            let total = length * size
            if rank == call.root {
                let data = published(rank, bytes: total, slot: slot)
                for peer in 0..<size where peer != rank {
                    copy(call.input, peer * stride + offset, to: data, peer * length, length)
                }
                publish(word, call, slot: slot)
                copy(call.input, rank * stride + offset, to: call.output, offset, length)
            } else {
                publish(word, call, slot: slot)
                try meet(call.root, word, call, slot: slot)
                copy(published(call.root, bytes: total, slot: slot), rank * length, to: call.output, offset, length)
            }

        case .broadcast:
            if rank == call.root {
                copy(call.input, offset, to: published(rank, bytes: length, slot: slot), 0, length)
                publish(word, call, slot: slot)
            } else {
                publish(word, call, slot: slot)
                try meet(call.root, word, call, slot: slot)
                copy(published(call.root, bytes: length, slot: slot), 0, to: call.output, offset, length)
            }

        case .barrier:
            publish(word, call, slot: slot)
            try meetAll(word, call, slot: slot)

        case .allToAllV, .sendReceive, .fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine:
            preconditionFailure("\(call.operation.rawValue) has a path of its own")
        }
    }

    /// All-reduce of an extent in two exchanges: each rank reduces one part of it, then all gather the parts. Reads
    /// each byte twice instead of once per rank.
    ///
    /// - Parameter between: what a rank does with its part, so many elements, before the others get it.
    func exchangeInTwo(
        _ call: Call, _ extent: Extent,
        between: (UnsafeMutableRawPointer, Int) throws(CollectiveError) -> Void = { _, _ throws(CollectiveError) in }
    ) throws(CollectiveError) {
        let width = call.type.size
        let offset = extent.first * width
        let parts = Layout.equal(count: extent.count, blocks: size, alignment: Swift.max(1, 64 / width))
        func bytes(of part: Int) -> Range<Int> {
            let range = parts.range(ofBlock: part)
            return range.lowerBound * width..<range.upperBound * width
        }

        var slot = try begin()
        var word = headerWord(call, path: 0)
        copy(call.input, offset, to: own.slot(slot), 0, extent.count * width)
        publish(word, call, slot: slot)
        try meetAll(word, call, slot: slot)
        let mine = bytes(of: rank)
        for peer in 0..<size {
            sources[peer] =
                peer == rank
                ? call.input.map { $0 + offset + mine.lowerBound }
                : UnsafeRawPointer(members[peer].slot(slot) + mine.lowerBound)
        }
        combine(call, mine.count / width, into: call.output.map { $0 + offset + mine.lowerBound })
        try between(call.output! + offset + mine.lowerBound, mine.count / width)

        slot = try begin()
        word = headerWord(call, path: 1)
        copy(UnsafeRawPointer(call.output), offset + mine.lowerBound, to: own.slot(slot), 0, mine.count)
        publish(word, call, slot: slot)
        try meetAll(word, call, slot: slot)
        for peer in 0..<size where peer != rank {
            let part = bytes(of: peer)
            copy(members[peer].slot(slot), 0, to: call.output, offset + part.lowerBound, part.count)
        }
    }

    /// Publishes all of the input, and returns once all others' lies in the slot that it returns.
    func exchangeWholeInput(_ call: Call, bytes: Int) throws(CollectiveError) -> Int {
        guard size > 1 else { return 0 }
        let slot = try begin()
        let word = headerWord(call, path: Path.whole)
        copy(call.input, 0, to: own.slot(slot), 0, bytes)
        publish(word, call, slot: slot)
        try meetAll(word, call, slot: slot)
        return slot
    }

    @inline(__always)
    func meetAll(_ word: UInt64, _ call: Call, slot: Int) throws(CollectiveError) {
        if isOversubscribed { try meetNeighbours(word, call, slot: slot) }
        for peer in 0..<size where peer != rank { try meet(peer, word, call, slot: slot) }
        lastMeeting = sequence
    }

    /// Waits for the ranks that share this rank's processor. They come first: while one of them has not run, looking
    /// for ranks elsewhere only keeps it from running.
    @inline(__always)
    private func meetNeighbours(_ word: UInt64, _ call: Call, slot: Int) throws(CollectiveError) {
        let mine = mix_current_processor()
        for peer in 0..<size where peer != rank && mix_processor_of(members[peer].root) == mine {
            try meet(peer, word, call, slot: slot)
        }
    }

    /// Lines up the ranks' contributions for the kernel, in rank order: that makes every rank's result the same.
    @inline(__always)
    private func gatherSources(bytes: Int, slot: Int, block: Int, own: UnsafeRawPointer?) {
        for peer in 0..<size {
            sources[peer] = peer == rank ? own : UnsafeRawPointer(published(peer, bytes: bytes, slot: slot) + block)
        }
    }

    @inline(__always)
    private func combine(_ call: Call, _ count: Int, into output: UnsafeMutableRawPointer?) {
        guard count > 0 else { return }
        destinations[0] = output
        _ = mix_reduce(
            call.type.kernelType, call.reduction.kernelReduction, sources, size, destinations, 1, count, UInt32(size), 0
        )
    }

    @inline(__always)
    func copy(
        _ source: UnsafeRawPointer?, _ sourceOffset: Int, to destination: UnsafeMutableRawPointer?,
        _ destinationOffset: Int, _ bytes: Int
    ) {
        guard bytes > 0, let source, let destination else { return }
        (destination + destinationOffset).copyMemory(from: source + sourceOffset, byteCount: bytes)
    }

    /// How long a rank that found a mismatch lets others come, before it says who is at fault.
    private static let mismatchNanoseconds: Int64 = 200_000_000

    @inline(never)
    private func mismatch(_ peer: Int, slot: Int) -> CollectiveError {
        let header = own.header(slot).pointee
        let ours = Self.describe(header)
        let theirs = Self.describe(members[peer].header(slot).pointee)
        // Whoever is alone with what it called is the likelier culprit; that shows when all have come.
        let patience = mix_now() + Self.mismatchNanoseconds
        while mix_failure_state(own.failure) == 0, mix_now() < patience,
            (0..<size).contains(where: {
                mix_load_acquire_u64(headerWord($0, slot)) & 0xffff_ffff != header.word & 0xffff_ffff
            })
        {
            mix_yield()
        }
        let guilty = agreeing(with: peer, slot: slot) > agreeing(with: rank, slot: slot) ? rank : peer
        return fail(
            CollectiveError(
                .mismatch,
                "rank \(label(peer)) on \(host(of: peer)) called \(theirs), rank \(label(rank)) on \(host) called \(ours); "
                    + "all ranks must call the same",
                rank: label(guilty), host: host(of: guilty),
                operation: Operation(code: UInt8(truncatingIfNeeded: header.word >> 32)),
                sequence: exchangeOperation))
    }

    /// How many ranks have come for what `member` came for.
    private func agreeing(with member: Int, slot: Int) -> Int {
        let header = members[member].header(slot).pointee
        return (0..<size).filter {
            let other = members[$0].header(slot).pointee
            return other.word == header.word && other.count == header.count && other.root == header.root
        }.count
    }

    static func describe(_ header: mix_header) -> String {
        let (word, count, root) = (header.word, header.count, header.root)
        guard
            let operation = Operation(code: UInt8(truncatingIfNeeded: word >> 32)),
            let type = DataType(rawValue: UInt8(truncatingIfNeeded: word >> 40)),
            let reduction = Reduction(rawValue: UInt8(truncatingIfNeeded: word >> 48))
        else { return "something unknown" }
        var text = operation.rawValue
        if operation != .barrier && operation != .allToAllV { text += " of \(count) × \(type.name)" }
        if operation == .allToAllV { text += " of \(type.name)" }
        switch operation {
        case .allReduce, .reduceScatter, .reduce: text += " (\(reduction.name))"
        default: break
        }
        if operation.hasRoot { text += " with root \(root)" }
        var path = UInt8(truncatingIfNeeded: word >> 56)
        if path & inPlaceBit != 0 { text += " in place" }
        path &= ~inPlaceBit
        if path > 1 { text += " by algorithm \(path - 2)" }
        return text
    }
}
