/// How bytes get from one rank to another, and why that way.
public struct Route: Sendable, Hashable, CustomStringConvertible {
    /// What carries the bytes.
    public enum Transport: String, Sendable, Hashable, CaseIterable {
        /// Both ranks have the memory mapped.
        case sharedMemory = "shm"
        /// A TCP connection.
        case tcp
        /// RDMA: the card writes into the other rank's memory.
        case verbs
    }

    /// What carries the bytes.
    public var transport: Transport
    /// Why this transport and no other, in a few words.
    public var reason: String
    /// This rank's end: the network interface, or the RDMA device with its port and GID; empty for shared memory.
    public var device: String

    init(_ transport: Transport, because reason: String, device: String = "") {
        self.transport = transport
        self.reason = reason
        self.device = device
    }

    /// "verbs through rxe0 port 1, … (both have RoCE v2 over IPv4)".
    public var description: String {
        transport.rawValue + (device.isEmpty ? "" : " through \(device)") + " (\(reason))"
    }
}

extension Communicator {
    /// How this rank reaches `rank` of this communicator.
    public func route(to rank: Int) -> Route {
        precondition(rank >= 0 && rank < size, "rank \(rank) outside 0 ..< \(size)")
        guard let network, !network.isLocal(rank) else { return Route(.sharedMemory, because: "on the same node") }
        return network.wires.routes[network.worldRanks[rank]]
    }
}
