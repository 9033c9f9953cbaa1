internal import CMixKernels
internal import CMixSystem
internal import MixSchedule

// All-to-all with blocks of any size. No rank knows the others' sizes, so each publishes a table of its blocks and
// says in its header where they are: behind the table, or in its mapped buffer, or still to come in pieces.
extension Communicator {
    /// Where a rank's blocks are.
    private enum Placement {
        /// In the header's own line: 2 bytes per rank for the sizes, then the blocks.
        static let inline: UInt32 = 0
        /// In the slot: a table entry per rank, then the blocks.
        static let slot: UInt32 = 1
        /// In the sender's buffer.
        static let mapped: UInt32 = 2
        /// In the sender's buffer, which is not mapped: all ranks exchange pieces, as many as the largest block needs.
        static let series: UInt32 = 3
    }

    /// An entry of the table: a block's bytes, and where they lie in the slot or heap.
    private struct Entry: BitwiseCopyable {
        var bytes: Int
        var location: Int
    }

    func runAllToAllV(_ call: Call) throws(CollectiveError) {
        guard let sent = call.sent, let received = call.received else { return }
        let width = call.type.size
        let slot = try begin()
        let word = headerWord(call, path: 0)
        own.header(slot).pointee.flags = placeBlocks(call, sent, width, slot: slot)
        publish(word, call, slot: slot)
        if !call.inPlace {
            copy(
                call.input, sent.displacements[rank] * width, to: call.output, received.displacements[rank] * width,
                sent.counts[rank] * width)
        }
        try meetAll(word, call, slot: slot)

        var anyMapped = false
        var anySeries = false
        for peer in 0..<size {
            let placement = placement(of: peer, slot)
            anyMapped = anyMapped || placement == Placement.mapped
            anySeries = anySeries || placement == Placement.series
            // The own block is nobody else's business, and may be too large for an entry beside small ones.
            guard peer != rank else { continue }
            let bytes = entry(of: peer, for: rank, slot).bytes
            guard bytes == received.counts[peer] * width else {
                throw wrongBlock(peer, bytes, received.counts[peer] * width)
            }
        }
        if anySeries { return try runSeriesOfBlocks(call, sent, received, width, slot: slot) }
        for distance in 1..<size {
            let peer = (rank + distance) % size
            let destination = call.output.map { $0 + received.displacements[peer] * width }
            if call.inPlace, anyMapped {
                exchangeInPlace(peer, destination, slot: slot)
            } else {
                take(from: peer, to: destination, slot: slot)
            }
        }
        if anyMapped { try finishTogether() }
    }

    // MARK: Publishing

    private func placeBlocks(_ call: Call, _ sent: BlockTable, _ width: Int, slot: Int) -> UInt32 {
        var total = 0
        for peer in 0..<size where peer != rank { total += sent.counts[peer] * width }
        if 2 * size + total <= Int(MIX_INLINE_BYTES) {
            let payload = UnsafeMutableRawPointer(own.header(slot)) + Self.payloadOffset
            var next = 2 * size
            for peer in 0..<size {
                let bytes = sent.counts[peer] * width
                payload.storeBytes(of: UInt16(truncatingIfNeeded: bytes), toByteOffset: 2 * peer, as: UInt16.self)
                guard peer != rank else { continue }
                copy(call.input, sent.displacements[peer] * width, to: payload, next, bytes)
                next += bytes
            }
            return Placement.inline
        }
        let table = own.slot(slot)
        let stride = MemoryLayout<Entry>.stride
        let small = size * stride + total <= exchangeLimit(.allToAllV, inPlace: call.inPlace)
        var placement = small ? Placement.slot : Placement.mapped
        var next = size * stride
        for peer in 0..<size {
            let bytes = sent.counts[peer] * width
            var entry = Entry(bytes: bytes, location: next)
            if small {
                if peer != rank {
                    copy(call.input, sent.displacements[peer] * width, to: table, next, bytes)
                    next += bytes
                }
            } else {
                entry.location = heapOffset(call.input.map { $0 + sent.displacements[peer] * width }, bytes)
                if entry.location < 0, bytes > 0 { placement = Placement.series }
            }
            table.storeBytes(of: entry, toByteOffset: peer * stride, as: Entry.self)
        }
        return placement
    }

    // MARK: Reading

    @inline(__always)
    private func placement(of peer: Int, _ slot: Int) -> UInt32 { members[peer].header(slot).pointee.flags }

    @inline(__always)
    private func entry(of peer: Int, for destination: Int, _ slot: Int) -> Entry {
        if placement(of: peer, slot) == Placement.inline {
            let payload = UnsafeRawPointer(members[peer].header(slot)) + Self.payloadOffset
            var location = 2 * size
            for before in 0..<destination where before != peer {
                location += Int(payload.load(fromByteOffset: 2 * before, as: UInt16.self))
            }
            return Entry(bytes: Int(payload.load(fromByteOffset: 2 * destination, as: UInt16.self)), location: location)
        }
        return UnsafeRawPointer(members[peer].slot(slot))
            .load(fromByteOffset: destination * MemoryLayout<Entry>.stride, as: Entry.self)
    }

    /// Address of the block that `peer` has for `destination`.
    @inline(__always)
    private func block(of peer: Int, for destination: Int, _ slot: Int) -> (UnsafeMutableRawPointer, bytes: Int) {
        let entry = entry(of: peer, for: destination, slot)
        let base =
            switch placement(of: peer, slot) {
            case Placement.inline: UnsafeMutableRawPointer(members[peer].header(slot)) + Self.payloadOffset
            case Placement.slot: members[peer].slot(slot)
            default: members[peer].heapBase
            }
        return (base + entry.location, entry.bytes)
    }

    private func take(from peer: Int, to destination: UnsafeMutableRawPointer?, slot: Int) {
        let (source, bytes) = block(of: peer, for: rank, slot)
        guard bytes > 0, let destination else { return }
        mix_copy(destination, source, bytes, Thresholds.streams(.allToAllV, bytes: bytes, inPlace: false) ? 1 : 0)
    }

    /// Changes the two blocks of a pair of ranks. What is in a slot is a copy; what is mapped must be read by the
    /// peer before it is overwritten, so that one side does both, or each side one half.
    private func exchangeInPlace(_ peer: Int, _ destination: UnsafeMutableRawPointer?, slot: Int) {
        let (theirs, bytes) = block(of: peer, for: rank, slot)
        guard bytes > 0, let destination else { return }
        let mineIsMapped = placement(of: rank, slot) == Placement.mapped
        let theirsIsMapped = placement(of: peer, slot) == Placement.mapped
        switch (mineIsMapped, theirsIsMapped) {
        case (true, true):
            swapHalf(destination, theirs, bytes, first: rank < peer)
        case (false, true):
            mix_copy(destination, theirs, bytes, 0)
            mix_copy(theirs, block(of: rank, for: peer, slot).0, bytes, 0)
        case (true, false):
            break
        case (false, false):
            mix_copy(destination, theirs, bytes, 0)
        }
    }

    private func runSeriesOfBlocks(
        _ call: Call, _ sent: BlockTable, _ received: BlockTable, _ width: Int, slot: Int
    ) throws(CollectiveError) {
        // Every rank comes to the same number of rounds, because every rank sees every table.
        var largest = 0
        for source in 0..<size {
            for destination in 0..<size where destination != source {
                largest = Swift.max(largest, entry(of: source, for: destination, slot).bytes)
            }
        }
        let piece = Swift.max(Thresholds.seriesBytes / size & ~63, 64)
        var first = 0
        while first < largest {
            let slot = try begin()
            let word = headerWord(call, path: 1)
            for peer in 0..<size where peer != rank {
                let bytes = Swift.max(0, Swift.min(piece, sent.counts[peer] * width - first))
                copy(call.input, sent.displacements[peer] * width + first, to: own.slot(slot), peer * piece, bytes)
            }
            publish(word, call, slot: slot)
            try meetAll(word, call, slot: slot)
            for peer in 0..<size where peer != rank {
                let bytes = Swift.max(0, Swift.min(piece, received.counts[peer] * width - first))
                copy(
                    members[peer].slot(slot), rank * piece, to: call.output,
                    received.displacements[peer] * width + first, bytes)
            }
            first += piece
        }
    }

    private func wrongBlock(_ peer: Int, _ bytes: Int, _ expected: Int) -> CollectiveError {
        fail(
            CollectiveError(
                .mismatch, "rank \(peer) sends \(bytes) bytes to rank \(rank), which expects \(expected)", rank: peer,
                host: host(of: peer), operation: .allToAllV, sequence: operationNumber))
    }
}
