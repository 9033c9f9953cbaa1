internal import CMixSystem
internal import MixSchedule

// Point-to-point: one channel per direction, messages in order, matched by tag at the receiver.
extension Communicator {
    func sendMessage(
        _ input: UnsafeRawPointer?, _ count: Int, _ type: DataType, to destination: Int, tag: UInt32
    ) throws(CollectiveError) {
        try checkPeer(destination, "destination")
        try enter(.sendReceive)
        defer { inUse = false }
        if let network {
            defer { network.wires.forgetForeignMemory() }
            return try sendMessage(input, count, type, to: destination, tag: tag, network)
        }
        let channel = channel(to: destination, number: Member.pointToPointChannel)
        let bytes = count * type.size
        let location = bytes >= Channel.mappedThreshold ? heapOffset(input, bytes) : -1
        try wait(for: destination) { channel.room >= Channel.frameBytes }
        channel.write(Channel.Frame(bytes: bytes, location: location, tag: UInt64(tag), type: UInt64(type.rawValue)))
        wake(destination)
        if location >= 0 {
            // The receiver reads this rank's memory itself; it is the caller's again after that.
            let end = channel.producedCount
            return try wait(for: destination) { channel.hasConsumed(end) }
        }
        var written = 0
        while written < bytes {
            try wait(for: destination) { channel.room > 0 }
            written += channel.write(input! + written, bytes - written)
            wake(destination)
        }
    }

    func receiveMessage(
        _ output: UnsafeMutableRawPointer?, _ capacity: Int, _ type: DataType, from source: Int, tag: UInt32
    ) throws(CollectiveError) -> Int {
        try checkPeer(source, "source")
        try enter(.sendReceive)
        defer { inUse = false }
        if let network {
            defer { network.wires.forgetForeignMemory() }
            return try receiveMessage(output, capacity, type, from: source, tag: tag, network)
        }
        if let letter = mailbox.take(tag, from: source) {
            let count = try accept(letter.bytes.count, letter.type, capacity, type, source, tag)
            letter.bytes.withUnsafeBytes { copy($0.baseAddress, 0, to: output, 0, $0.count) }
            return count
        }
        let channel = channel(from: source, number: Member.pointToPointChannel)
        while true {
            try wait(for: source) { channel.available >= Channel.frameBytes }
            let frame = channel.peek()
            if frame.tag == UInt64(tag) {
                let count = try accept(frame.bytes, UInt8(truncatingIfNeeded: frame.type), capacity, type, source, tag)
                try read(frame, channel, into: output, from: source)
                return count
            }
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: frame.bytes, alignment: 64)
            defer { bytes.deallocate() }
            try read(frame, channel, into: bytes.baseAddress, from: source)
            mailbox.keep(
                Mailbox.Letter(
                    tag: UInt32(truncatingIfNeeded: frame.tag), type: UInt8(truncatingIfNeeded: frame.type),
                    bytes: Array(bytes)),
                from: source)
        }
    }

    /// Takes the message at the channel's front.
    private func read(
        _ frame: Channel.Frame, _ channel: Channel, into output: UnsafeMutableRawPointer?, from source: Int
    ) throws(CollectiveError) {
        if frame.location >= 0 {
            copy(members[source].heapBase + frame.location, 0, to: output, 0, frame.bytes)
            // A sender that gave up meanwhile may have changed what was read.
            try throwIfFailed()
        }
        channel.dropFrame()
        wake(source)
        guard frame.location < 0 else { return }
        var got = 0
        while got < frame.bytes {
            try wait(for: source) { channel.available > 0 }
            let start = got
            got += channel.read(frame.bytes - got) { bytes, offset, count in
                copy(bytes, 0, to: output, start + offset, count)
            }
            wake(source)
        }
    }

    /// Checks a message against what the receiver asked for, and returns its number of elements.
    func accept(
        _ bytes: Int, _ sentType: UInt8, _ capacity: Int, _ type: DataType, _ source: Int, _ tag: UInt32
    ) throws(CollectiveError) -> Int {
        guard sentType == type.rawValue, bytes <= capacity * type.size else {
            let theirs = DataType(rawValue: sentType) ?? .uint8
            throw fail(
                CollectiveError(
                    .mismatch,
                    "rank \(source) sent \(bytes / theirs.size) × \(theirs.name) with tag \(tag), rank \(rank) has room for "
                        + "\(capacity) × \(type.name)",
                    rank: source, host: host(of: source), operation: .sendReceive, sequence: operationNumber))
        }
        return bytes / type.size
    }

    private func checkPeer(_ peer: Int, _ what: String) throws(CollectiveError) {
        try checkRank(.sendReceive, peer, what)
        guard peer != rank else {
            throw refusal(.invalidArgument, .sendReceive, "\(what) \(peer) is this rank itself")
        }
    }
}
