internal import CMixSystem
internal import MixSchedule

// Point-to-point in a communicator of several nodes: shared memory to ranks of this node, a link to all others.
extension Communicator {
    /// What precedes a message to another node.
    private struct Envelope: BitwiseCopyable {
        var tag: UInt32
        var type: UInt32
        var bytes: Int
    }

    private static let messageChannel = 6
    private static let envelopeSignature: UInt64 = 0x656e_7665_6c6f_7065
    private static let contentsSignature: UInt64 = 0x636f_6e74_656e_7473

    func sendMessage(
        _ input: UnsafeRawPointer?, _ count: Int, _ type: DataType, to destination: Int, tag: UInt32, _ network: Network
    ) throws(CollectiveError) {
        if network.isLocal(destination) {
            return try network.local.sendMessage(
                input, count, type, to: network.topology.lane(of: destination), tag: tag)
        }
        let envelope = try staging(9, MemoryLayout<Envelope>.size)
        let bytes = count * type.size
        envelope.storeBytes(of: Envelope(tag: tag, type: UInt32(type.rawValue), bytes: bytes), as: Envelope.self)
        let first = network.send(
            UnsafeRawPointer(envelope), MemoryLayout<Envelope>.size, to: destination, channel: Self.messageChannel,
            signature: Self.envelopeSignature)
        let second = network.send(
            input, bytes, to: destination, channel: Self.messageChannel, signature: Self.contentsSignature)
        try wait(destination, network) {
            network.isComplete(first, destination) && network.isComplete(second, destination)
        }
    }

    func receiveMessage(
        _ output: UnsafeMutableRawPointer?, _ capacity: Int, _ type: DataType, from source: Int, tag: UInt32,
        _ network: Network
    ) throws(CollectiveError) -> Int {
        if network.isLocal(source) {
            return try network.local.receiveMessage(
                output, capacity, type, from: network.topology.lane(of: source), tag: tag)
        }
        if let letter = mailbox.take(tag, from: source) {
            let count = try accept(letter.bytes.count, letter.type, capacity, type, source, tag)
            letter.bytes.withUnsafeBytes { copy($0.baseAddress, 0, to: output, 0, $0.count) }
            return count
        }
        while true {
            let place = try staging(9, MemoryLayout<Envelope>.size)
            try take(place, MemoryLayout<Envelope>.size, from: source, Self.envelopeSignature, network)
            let envelope = UnsafeRawPointer(place).load(as: Envelope.self)
            let sentType = UInt8(truncatingIfNeeded: envelope.type)
            if envelope.tag == tag {
                let count = try accept(envelope.bytes, sentType, capacity, type, source, tag)
                try take(output, envelope.bytes, from: source, Self.contentsSignature, network)
                return count
            }
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: envelope.bytes, alignment: 64)
            defer { bytes.deallocate() }
            try take(bytes.baseAddress, envelope.bytes, from: source, Self.contentsSignature, network)
            mailbox.keep(Mailbox.Letter(tag: envelope.tag, type: sentType, bytes: Array(bytes)), from: source)
        }
    }

    private func take(
        _ address: UnsafeMutableRawPointer?, _ bytes: Int, from source: Int, _ signature: UInt64, _ network: Network
    ) throws(CollectiveError) {
        let ticket = network.receive(address, bytes, from: source, channel: Self.messageChannel, signature: signature)
        try wait(source, network) { network.isComplete(ticket, source) }
    }

    private func wait(_ peer: Int, _ network: Network, until ready: () -> Bool) throws(CollectiveError) {
        try network.wait(for: peer, .sendReceive, operationNumber, isNeeded: { $0 == peer }, until: ready)
    }
}
