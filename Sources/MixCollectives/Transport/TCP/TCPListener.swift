internal import CMixSystem
internal import Glibc

/// Where this rank waits for the links of higher ranks: any port of one interface.
struct TCPListener: ~Copyable {
    let interface: NetworkInterface
    let address: NetworkAddress
    let socket: Int32

    /// Listens on the interface that `MIX_INTERFACE` or the way to the rendezvous chooses.
    init(_ job: Job) throws(CollectiveError) {
        var rendezvous: NetworkAddress?
        if case .tcp(let address) = try RendezvousPlace(job.rendezvous) { rendezvous = address }
        try self.init(.chosen(Environment(Environment.current)["MIX_INTERFACE"], near: rendezvous))
    }

    init(_ interface: NetworkInterface) throws(CollectiveError) {
        var port: Int32 = 0
        let listener = mix_tcp_listen(interface.address, 0, &port)
        guard listener >= 0 else { throw .system("listening on \(interface)", -listener) }
        self.interface = interface
        address = NetworkAddress(host: interface.address, port: Int(port))
        socket = listener
    }

    deinit { mix_close(socket) }
}
