internal import CMixSystem
internal import Glibc

extension TCPLink {
    /// The message whose bytes come next.
    struct Incoming: BitwiseCopyable {
        enum Place: BitwiseCopyable {
            /// Nobody asked for it: its bytes stay in the kernel.
            case parked
            /// In the memory of the first receive that waits on its channel.
            case posted
            /// In memory of its own, the last of its channel's early messages.
            case early
        }
        var header: FrameHeader
        var place = Place.parked
        var target: UnsafeMutableRawPointer?
        var arrived = 0
        var left: Int { Int(header.bytes) - arrived }
    }

    func receive(
        _ address: UnsafeMutableRawPointer?, _ bytes: Int, channel index: Int, signature: UInt64
    ) -> LinkTicket {
        let channel = channel(index)
        let receive = TCPChannel.Receive(address: address, bytes: bytes, signature: signature)
        let ticket = LinkTicket(channel: index, isSend: false, number: channel.receivesPosted, bytes: bytes)
        channel.receivesPosted += 1
        do throws(LinkError) {
            if !channel.early.isEmpty {
                try takeEarly(receive, channel)
                return ticket
            }
            if let incoming, incoming.place == .parked, incoming.header.channel == index,
                incoming.header.number == ticket.number
            {
                try check(incoming.header, receive)
                self.incoming!.place = .posted
                self.incoming!.target = address
            }
            wait(for: receive, channel)
        } catch {
            failure = failure ?? error
        }
        return ticket
    }

    private func wait(for receive: TCPChannel.Receive, _ channel: TCPChannel) {
        channel.receives.append(receive)
        receivesWaiting += 1
        isRelieving = false
    }

    /// Gives a message that came early to its receive; what has not come yet goes there directly.
    private func takeEarly(_ receive: TCPChannel.Receive, _ channel: TCPChannel) throws(LinkError) {
        let early = channel.early[0]
        try check(early.header, receive)
        let isUnderWay = incoming.map { $0.place == .early && $0.target == early.storage } ?? false
        let arrived = isUnderWay ? incoming!.arrived : receive.bytes
        if arrived > 0 { receive.address!.copyMemory(from: early.storage, byteCount: arrived) }
        counters.bytesCopied += UInt64(arrived)
        earlyBytes -= receive.bytes
        earlyMemory.giveBack(early.storage)
        channel.early.removeFirst()
        if isUnderWay {
            incoming!.place = .posted
            incoming!.target = receive.address
            wait(for: receive, channel)
        } else {
            channel.receivesCompleted += 1
        }
    }

    /// Reads what is there as long as somebody waits for something. Returns whether anything came.
    @discardableResult
    func read() throws(LinkError) -> Bool {
        var budget = Self.turnBytes
        var hasCome = false
        while receivesWaiting > 0 || isRelieving {
            if incoming == nil && staged.count >= FrameHeader.bytes { try begin() }
            if incoming != nil {
                if incoming!.place == .parked { try keepEarly() }
                takeStaged()
                if incoming!.left == 0 {
                    finishIncoming()
                    continue
                }
            }
            guard budget > 0 else { return hasCome }
            let (received, wanted) = try fill()
            budget -= received
            guard received > 0 else { return hasCome }
            hasCome = true
            // Less than asked for: the kernel has no more. What came is looked at once more all the same.
            if received < wanted { budget = 0 }
        }
        return hasCome
    }

    /// A header has come.
    private func begin() throws(LinkError) {
        let header = staging.loadUnaligned(fromByteOffset: staged.lowerBound, as: FrameHeader.self)
        staged = staged.lowerBound + FrameHeader.bytes..<staged.upperBound
        guard header.channel < Self.greatestChannel, header.bytes <= UInt64(Int.max) else { throw garbled() }
        let channel = channel(Int(header.channel))
        guard header.number == channel.begun else { throw garbled() }
        channel.begun += 1
        latestChannel = Int(header.channel)
        var message = Incoming(header: header)
        if !channel.receives.isEmpty {
            let receive = channel.receives[0]
            try check(header, receive)
            message.place = .posted
            message.target = receive.address
        }
        incoming = message
    }

    /// Takes a message that nobody asked for out of the way of those behind it.
    private func keepEarly() throws(LinkError) {
        let bytes = Int(incoming!.header.bytes)
        guard bytes <= Self.greatestEarlyBytes - earlyBytes, let storage = earlyMemory.take(bytes) else {
            throw .lost(
                reason: "rank \(peer) sent \(bytes) bytes that this rank did not ask for and has no room for",
                errno: ENOMEM)
        }
        earlyBytes += bytes
        incoming!.place = .early
        incoming!.target = storage
        channels[Int(incoming!.header.channel)].early.append(
            TCPChannel.Early(header: incoming!.header, storage: storage))
    }

    /// Moves what came into the staging buffer on to the message under way.
    private func takeStaged() {
        let count = Swift.min(staged.count, incoming!.left)
        guard count > 0 else { return }
        (incoming!.target! + incoming!.arrived).copyMemory(from: staging + staged.lowerBound, byteCount: count)
        incoming!.arrived += count
        counters.bytesCopied += UInt64(count)
        staged = staged.lowerBound + count..<staged.upperBound
    }

    private func finishIncoming() {
        let message = incoming!
        incoming = nil
        let channel = channels[Int(message.header.channel)]
        counters.bytesReceived += message.header.bytes
        counters.arrivals += 1
        guard message.place == .posted else { return }
        channel.receives.removeFirst()
        channel.receivesCompleted += 1
        receivesWaiting -= 1
    }

    /// One read: into the message under way, and what follows it into the staging buffer.
    private func fill() throws(LinkError) -> (received: Int, wanted: Int) {
        if staged.lowerBound > 0 {
            memmove(staging, staging + staged.lowerBound, staged.count)
            staged = 0..<staged.count
        }
        let left = incoming?.left ?? 0
        let direct = Swift.min(left, Self.turnBytes)
        let ahead = direct == left ? readAhead - staged.count : 0
        var used = 0
        if direct > 0 {
            parts[0] = mix_part(address: incoming!.target! + incoming!.arrived, bytes: direct)
            used = 1
        }
        if ahead > 0 {
            parts[used] = mix_part(address: staging + staged.upperBound, bytes: ahead)
            used += 1
        }
        let received = mix_tcp_read(socket, parts, Int32(used))
        counters.doorbells += 1
        if received == -Int(EAGAIN) {
            try checkSilence(mix_now())
            return (0, direct + ahead)
        }
        guard received != 0 else { throw ended() }
        guard received > 0 else { throw lost(Int32(-received)) }
        let arrived = Swift.min(received, direct)
        if arrived > 0 { incoming!.arrived += arrived }
        staged = 0..<staged.count + received - arrived
        return (received, direct + ahead)
    }

    /// How much to read behind the message under way: many small messages at once, but of a large one only its header,
    /// so that its payload is not copied.
    private var readAhead: Int {
        let isUnderWay = incoming != nil
        guard !channels.isEmpty else { return FrameHeader.bytes }
        let channel = channels[latestChannel]
        let next = isUnderWay && incoming!.place == .posted ? 1 : 0
        guard channel.receives.count > next else { return isUnderWay ? FrameHeader.bytes : Self.stagingBytes }
        return channel.receives[next].bytes > Self.stagingBytes / 2 ? FrameHeader.bytes : Self.stagingBytes
    }

    // MARK: Trouble

    private func check(_ header: FrameHeader, _ receive: TCPChannel.Receive) throws(LinkError) {
        guard header.signature == receive.signature, header.bytes == receive.bytes else {
            throw .unexpected(
                signature: header.signature, bytes: Int(header.bytes), expectedSignature: receive.signature,
                expectedBytes: receive.bytes)
        }
    }

    private func ended() -> LinkError {
        var reason = "rank \(peer) closed the connection: its process ended, or it closed its communicator"
        if let incoming { reason += ", in the middle of a message of \(incoming.header.bytes) bytes" }
        return .lost(reason: reason, errno: ECONNRESET)
    }

    private func garbled() -> LinkError {
        .lost(
            reason: "what rank \(peer) sent makes no sense: another version, or the stream was tampered with",
            errno: EPROTO)
    }
}
