/// What a rank says of itself at the rendezvous of several machines.
struct Introduction {
    var node: String
    var host: String
    /// Where it listens for TCP links.
    var address: NetworkAddress
    var transport: TransportWish
    var tuning: TuningWish
    var rdma: RDMA
    /// Random and new with every job: no proof of an earlier one fits this one.
    var nonce: [UInt8]

    enum RDMA {
        /// `kind`: what both ends must have in common. `isForced`: the device or its GID was asked for.
        case available(address: [UInt8], kind: String, device: String, isForced: Bool)
        case absent(reason: String)
        /// What was asked for is not there.
        case refused(reason: String)
    }

    private static let longestText = 400

    var bytes: [UInt8] {
        func text(_ text: String) -> [UInt8] { Array(text.utf8.prefix(Self.longestText)) }
        var parts = [
            text(node), text(host), text(address.description), text(transport.rawValue), nonce, text(tuning.text),
        ]
        switch rdma {
        case .available(let address, let kind, let device, let isForced):
            parts += [text(isForced ? "forced" : "available"), address, text(kind), text(device)]
        case .absent(let reason): parts += [text("absent"), text(reason)]
        case .refused(let reason): parts += [text("refused"), text(reason)]
        }
        return Rendezvous.encoded(parts)
    }

    init(
        node: String, host: String, address: NetworkAddress, transport: TransportWish, tuning: TuningWish, rdma: RDMA,
        nonce: [UInt8]
    ) {
        self.node = node
        self.host = host
        self.address = address
        self.transport = transport
        self.tuning = tuning
        self.rdma = rdma
        self.nonce = nonce
    }

    /// Nil when it makes no sense.
    init?(_ bytes: [UInt8]) {
        guard let parts = Rendezvous.decoded(bytes), parts.count >= 8 else { return nil }
        func text(_ index: Int) -> String { String(decoding: parts[index], as: UTF8.self) }
        guard let address = NetworkAddress(text(2)), let transport = TransportWish(rawValue: text(3)),
            let tuning = TuningWish(text: text(5))
        else { return nil }
        let rdma: RDMA
        switch (text(6), parts.count) {
        case ("available", 10), ("forced", 10):
            rdma = .available(address: parts[7], kind: text(8), device: text(9), isForced: text(6) == "forced")
        case ("absent", 8): rdma = .absent(reason: text(7))
        case ("refused", 8): rdma = .refused(reason: text(7))
        default: return nil
        }
        self.init(
            node: text(0), host: text(1), address: address, transport: transport, tuning: tuning, rdma: rdma,
            nonce: parts[4])
    }
}
