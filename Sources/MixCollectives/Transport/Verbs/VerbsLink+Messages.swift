internal import CMixSystem
internal import Glibc

/// What the packets are about: messages and who waits for which.
extension VerbsLink {
    /// How long a large send waits for its announcement before it asks: ranks that agree never come that far.
    private static let patience: Int64 = 100_000_000

    func send(_ address: UnsafeRawPointer?, _ bytes: Int, channel: Int, signature: UInt64) -> LinkTicket {
        while sends.count <= channel { sends.append(MessageQueue()) }
        hasWork = true
        let isSmall = bytes <= VerbsPacket.payloadBytes
        let packet = VerbsPacket(
            kind: VerbsPacket.Kind.message, channel: UInt32(channel), number: sends[channel].next, bytes: UInt64(bytes),
            signature: signature)
        let isSent = isSmall && sendsAtOnce(packet, payload: address)
        if isSent, let number = sends[channel].appendComplete() {
            return LinkTicket(channel: channel, isSend: true, number: number)
        }
        var send = VerbsSend(address: address, bytes: bytes, signature: signature)
        if !isSmall { send.patience = mix_now() + Self.patience }
        let name = VerbsMessageName(channel: channel, number: sends[channel].append(send))
        if isSent {
            completeSend(name)
        } else if isSmall {
            _ = outbox.append(VerbsNote(packet: packet, payload: address, name: name))
        } else {
            unannounced += 1
            if !invitations.isEmpty, let invitation = invitations.removeValue(forKey: name) { accept(invitation, name) }
        }
        return LinkTicket(channel: channel, isSend: true, number: name.number)
    }

    func receive(_ address: UnsafeMutableRawPointer?, _ bytes: Int, channel: Int, signature: UInt64) -> LinkTicket {
        while receives.count <= channel { receives.append(MessageQueue()) }
        hasWork = true
        var receive = VerbsReceive(address: address, bytes: bytes, signature: signature)
        let isSmall = bytes <= VerbsPacket.payloadBytes
        if !isSmall, let address { receive.registration = registration(address, bytes) }
        let number = receives[channel].append(receive)
        let name = VerbsMessageName(channel: channel, number: number)
        if !intents.isEmpty, let intent = intents.removeValue(forKey: name) {
            _ = agrees(name, bytes: Int(intent.bytes), signature: intent.signature)
        }
        if !early.isEmpty, let message = early.removeValue(forKey: name) {
            earlyBytes -= message.bytes.count + VerbsPacket.headBytes
            if agrees(name, bytes: message.bytes.count, signature: message.signature) {
                message.bytes.withUnsafeBytes { fill(name, $0.count, from: $0.baseAddress) }
            }
        } else if !isSmall, let address, let registration = receive.registration {
            // Tags are used again in turn; so many receives at once that they would meet are refused.
            guard tagged[Int(nextTag) % Self.tags].number == .max else {
                fail("more than \(Self.tags) messages are expected from rank \(peer) at once", ENOBUFS)
                return LinkTicket(channel: channel, isSend: false, number: number)
            }
            registration.uses += 1
            tagged[Int(nextTag) % Self.tags] = name
            var packet = VerbsPacket(
                kind: VerbsPacket.Kind.announcement, channel: UInt32(channel), number: number, bytes: UInt64(bytes),
                signature: signature)
            packet.address = UInt64(UInt(bitPattern: address))
            packet.key = registration.remoteKey
            packet.tag = nextTag
            nextTag = (nextTag + 1) % UInt32(Self.tags)
            _ = outbox.append(VerbsNote(packet: packet, payload: nil, name: name))
        }
        return LinkTicket(channel: channel, isSend: false, number: number)
    }

    func moved(_ ticket: LinkTicket) -> Int {
        if ticket.isSend {
            return sends[ticket.channel].contains(ticket.number) ? sends[ticket.channel][ticket.number].moved : .max
        }
        return receives[ticket.channel].contains(ticket.number) ? receives[ticket.channel][ticket.number].moved : .max
    }

    func isComplete(_ ticket: LinkTicket) -> Bool {
        if ticket.isSend {
            return !sends[ticket.channel].contains(ticket.number) || sends[ticket.channel][ticket.number].isComplete
        }
        return !receives[ticket.channel].contains(ticket.number) || receives[ticket.channel][ticket.number].isComplete
    }

    // MARK: Sends

    private func packet(_ kind: UInt32, _ name: VerbsMessageName, _ send: VerbsSend) -> VerbsPacket {
        VerbsPacket(
            kind: kind, channel: UInt32(name.channel), number: name.number, bytes: UInt64(send.bytes),
            signature: send.signature)
    }

    private func registration(_ address: UnsafeRawPointer, _ bytes: Int) -> Registration? {
        do throws(CollectiveError) {
            return try endpoint.registration(address, bytes)
        } catch {
            fail(error.message, error.errno ?? EIO)
            return nil
        }
    }

    /// The peer has said where it wants this message.
    private func accept(_ invitation: VerbsPacket, _ name: VerbsMessageName) {
        let send = sends[name.channel][name.number]
        guard send.posted == 0, let address = send.address, send.bytes > VerbsPacket.payloadBytes else { return }
        guard Int(invitation.bytes) == send.bytes, invitation.signature == send.signature else {
            // The peer shall hear of it too, and not from a silence.
            ask(name)
            sendLast()
            failure =
                failure
                ?? .unexpected(
                    signature: invitation.signature, bytes: Int(invitation.bytes), expectedSignature: send.signature,
                    expectedBytes: send.bytes)
            return
        }
        guard let registration = registration(address, send.bytes) else { return }
        registration.uses += 1
        unannounced -= 1
        sends[name.channel][name.number].registration = registration
        sends[name.channel][name.number].target = invitation.address
        sends[name.channel][name.number].key = invitation.key
        sends[name.channel][name.number].tag = invitation.tag
        sends[name.channel][name.number].patience = nil
        announced.append(name)
    }

    private func ask(_ name: VerbsMessageName) {
        let send = sends[name.channel][name.number]
        sends[name.channel][name.number].patience = nil
        _ = outbox.append(VerbsNote(packet: packet(VerbsPacket.Kind.intent, name, send), payload: nil, name: name))
    }

    /// A receiver that expects a small message announces nothing; tell it what there is instead.
    func noteLateSends() {
        // The time costs more than all else here.
        looksForLateSends &+= 1
        guard looksForLateSends % 32 == 0 else { return }
        let now = mix_now()
        for channel in sends.indices {
            // The first of a channel is enough: the rest wait for it in the peer's program too.
            let first = sends[channel].first
            guard sends[channel].contains(first), let patience = sends[channel][first].patience, patience < now else {
                continue
            }
            ask(VerbsMessageName(channel: channel, number: first))
        }
    }

    func completeSend(_ name: VerbsMessageName) {
        sends[name.channel][name.number].complete()
        sends[name.channel].removeFirst { $0.isComplete }
    }

    func pieceIsThere(_ piece: VerbsPiece) {
        let name = piece.name
        sends[name.channel][name.number].moved += piece.bytes
        let send = sends[name.channel][name.number]
        guard send.moved == send.bytes else { return }
        send.registration?.uses -= 1
        completeSend(name)
    }

    // MARK: Receives

    private func agrees(_ name: VerbsMessageName, bytes: Int, signature: UInt64) -> Bool {
        let (expected, expectedSignature) = (
            receives[name.channel][name.number].bytes, receives[name.channel][name.number].signature
        )
        if expected == bytes, expectedSignature == signature { return true }
        failure =
            failure
            ?? .unexpected(
                signature: signature, bytes: bytes, expectedSignature: expectedSignature, expectedBytes: expected)
        return false
    }

    private func fill(_ name: VerbsMessageName, _ bytes: Int, from payload: UnsafeRawPointer?) {
        if bytes > 0, let payload {
            receives[name.channel][name.number].address?.copyMemory(from: payload, byteCount: bytes)
        }
        completeReceive(name)
    }

    private func completeReceive(_ name: VerbsMessageName) {
        // Mostly the first.
        if name.number == receives[name.channel].first {
            receives[name.channel].removeFirst()
        } else {
            receives[name.channel][name.number].complete()
        }
        receives[name.channel].removeFirst { $0.isComplete }
    }

    /// A piece of an announced message is there. Returns its bytes.
    func arrived(tag: UInt32) -> Int {
        let name = tagged[Int(tag) % Self.tags]
        guard name.channel < receives.count, receives[name.channel].contains(name.number) else {
            fail("rank \(peer) wrote what nobody expects", EPROTO)
            return 0
        }
        let receive = receives[name.channel][name.number]
        let bytes = Swift.min(Self.pieceBytes, receive.bytes - receive.moved)
        receives[name.channel][name.number].moved += bytes
        if receive.moved + bytes == receive.bytes {
            receive.registration?.uses -= 1
            tagged[Int(tag) % Self.tags].number = .max
            completeReceive(name)
        }
        return bytes
    }

    /// Takes a packet out of the ring. Returns how many bytes it copied.
    func take(_ packet: VerbsPacket, payload: UnsafeRawPointer) -> Int {
        let name = VerbsMessageName(channel: Int(packet.channel), number: packet.number)
        let isWhole = packet.kind != VerbsPacket.Kind.message || packet.bytes <= VerbsPacket.payloadBytes
        guard isWhole, packet.channel < 1 << 20 else {
            fail("rank \(peer) sent a packet that is none", EPROTO)
            return 0
        }
        let isExpected = name.channel < receives.count && receives[name.channel].contains(name.number)
        switch packet.kind {
        case VerbsPacket.Kind.announcement:
            // Where this rank sent a small message, it has gone already, and the peer finds out by itself.
            if name.channel >= sends.count || name.number >= sends[name.channel].next {
                invitations[name] = packet
            } else if sends[name.channel].contains(name.number) {
                accept(packet, name)
            }
            return 0
        case VerbsPacket.Kind.message where isExpected:
            guard agrees(name, bytes: Int(packet.bytes), signature: packet.signature) else { return 0 }
            fill(name, Int(packet.bytes), from: payload)
            return Int(packet.bytes)
        case VerbsPacket.Kind.message:
            let bytes = Array(UnsafeRawBufferPointer(start: payload, count: Int(packet.bytes)))
            early[name] = VerbsEarlyMessage(signature: packet.signature, bytes: bytes)
            earlyBytes += bytes.count + VerbsPacket.headBytes
            return bytes.count
        case VerbsPacket.Kind.intent:
            if isExpected {
                _ = agrees(name, bytes: Int(packet.bytes), signature: packet.signature)
            } else if name.channel >= receives.count || name.number >= receives[name.channel].next {
                intents[name] = packet
            }
            return 0
        default:
            fail("rank \(peer) sent a packet that is none", EPROTO)
            return 0
        }
    }
}
