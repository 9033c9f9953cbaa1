internal import CMixSystem
internal import Glibc

/// One address of one of this machine's interfaces.
struct NetworkInterface: Hashable, CustomStringConvertible {
    var name: String
    var address: String
    var isUp: Bool
    var isLoopback: Bool

    var description: String { "\(name) (\(address))" }
    private var isLinkLocal: Bool { address.hasPrefix("fe80:") }

    static func all() -> [NetworkInterface] {
        var found: [NetworkInterface] = []
        while true {
            var name = [CChar](repeating: 0, count: 64)
            var address = [CChar](repeating: 0, count: 128)
            var (isUp, isLoopback): (Int32, Int32) = (0, 0)
            guard
                mix_tcp_interface(
                    Int32(found.count), &name, name.count, &address, address.count, &isUp, &isLoopback) == 0
            else { return found }
            found.append(
                NetworkInterface(
                    name: String(fromCharacters: name), address: String(fromCharacters: address), isUp: isUp != 0,
                    isLoopback: isLoopback != 0))
        }
    }

    /// The one that links use: what `MIX_INTERFACE` asks for, by name or by how its address begins; else the one from
    /// which packets leave for rank 0; where rank 0 is this machine, the first to the outside; loopback where the
    /// rendezvous is there or nothing else is.
    static func chosen(
        _ wish: String?, near rendezvous: NetworkAddress?, among interfaces: [NetworkInterface] = all()
    ) throws(CollectiveError) -> NetworkInterface {
        let usable = interfaces.filter { $0.isUp }
        if let wish {
            let named = usable.filter { $0.name == wish }
            let fitting = named.isEmpty ? usable.filter { $0.address.hasPrefix(wish) } : named
            guard let interface = fitting.first(where: { !$0.isLinkLocal }) ?? fitting.first else {
                throw CollectiveError(
                    .invalidJob,
                    "MIX_INTERFACE=\(wish) is neither the name nor the beginning of an address of an interface that is up; "
                        + "there are \(usable.map(\.description).joined(separator: ", "))")
            }
            return interface
        }
        if let rendezvous, case .success(let addresses) = rendezvous.resolved() {
            for address in addresses {
                var local = [CChar](repeating: 0, count: 128)
                guard mix_tcp_route(address.host, &local, local.count) == 0 else { continue }
                let text = String(fromCharacters: local)
                guard let interface = usable.first(where: { $0.address == text }) else { continue }
                if !interface.isLoopback || rendezvous.isLoopback { return interface }
            }
        }
        let outward = usable.filter { !$0.isLoopback && !$0.isLinkLocal }
        guard let interface = outward.first ?? usable.first(where: { $0.isLoopback }) else {
            throw CollectiveError(
                .system, "no network interface of this machine is up, not even the loopback", errno: ENETDOWN)
        }
        return interface
    }
}
