internal import CMixSystem
internal import Glibc

extension TCPLink {
    /// How long neither end may read before this one suspects that both only send.
    private static let patience: Int64 = 2_000_000

    func send(_ address: UnsafeRawPointer?, _ bytes: Int, channel index: Int, signature: UInt64) -> LinkTicket {
        let channel = channel(index)
        let number = channel.sendsPosted
        channel.sendsPosted += 1
        counters.workRequests += 1
        outgoing.append(
            Outgoing(
                header: FrameHeader(
                    channel: UInt64(index), signature: signature, bytes: UInt64(bytes), number: number),
                address: address))
        return LinkTicket(channel: index, isSend: true, number: number, bytes: bytes)
    }

    func sendNow() {
        // Trouble shows again when the link is advanced.
        if failure == nil { do throws(LinkError) { try write() } catch { _ = error } }
    }

    /// Writes what the kernel takes, several messages per call.
    func write() throws(LinkError) {
        var budget = Self.turnBytes
        while !outgoing.isEmpty && budget > 0 {
            let (count, bytes) = gather(atMost: budget)
            let written = mix_tcp_write(socket, parts, Int32(count))
            counters.doorbells += 1
            guard written > 0 else {
                if written == -Int(EAGAIN) { return try stall() }
                throw lost(Int32(-written))
            }
            stalledSince = 0
            budget -= written
            finish(written)
            if written < bytes { break }
        }
        if outgoing.isEmpty { isRelieving = false }
    }

    /// Fills `parts` with headers and payloads of the messages at the queue's head.
    private func gather(atMost limit: Int) -> (parts: Int, bytes: Int) {
        var (used, bytes, index) = (0, 0, 0)
        func add(_ address: UnsafeRawPointer, _ count: Int) {
            let count = Swift.min(count, limit - bytes)
            parts[used] = mix_part(address: UnsafeMutableRawPointer(mutating: address), bytes: count)
            used += 1
            bytes += count
        }
        while index < outgoing.count && used + 2 <= Self.partCount && bytes < limit {
            // The queue does not change before the kernel has read the header there.
            let message = outgoing.pointer(index)
            let sent = message.pointee.sent
            if sent < FrameHeader.bytes {
                add(UnsafeRawPointer(message).advanced(by: sent), FrameHeader.bytes - sent)
            }
            let payloadSent = Swift.max(0, sent - FrameHeader.bytes)
            let payload = Int(message.pointee.header.bytes)
            if let address = message.pointee.address, payload > payloadSent, bytes < limit {
                add(address + payloadSent, payload - payloadSent)
            }
            index += 1
        }
        return (used, bytes)
    }

    private func finish(_ written: Int) {
        var left = written
        while left > 0 {
            let message = outgoing[0]
            let step = Swift.min(left, message.total - message.sent)
            left -= step
            guard message.sent + step == message.total else {
                outgoing[0].sent += step
                break
            }
            channels[Int(message.header.channel)].sendsCompleted += 1
            counters.bytesSent += message.header.bytes
            counters.completions += 1
            outgoing.removeFirst()
        }
    }

    /// The kernel takes no more: the peer does not read, or not fast enough.
    private func stall() throws(LinkError) {
        let now = mix_now()
        // While this end reads there is no doubt.
        if stalledSince == 0 || receivesWaiting > 0 { stalledSince = now }
        if now - stalledSince > Self.patience { isRelieving = true }
        try checkSilence(now)
    }
}
