/// The device, port and address that a rank uses, and why.
struct VerbsChoice {
    var device: VerbsDevice
    var gid: VerbsGID
    var reason: String

    /// `MIX_RDMA_DEVICE` (`NAME` or `NAME:PORT`) and `MIX_RDMA_GID_INDEX`, else the first active port with an address
    /// and the best of its addresses.
    static func make(device name: String? = nil, gidIndex: Int? = nil) throws(CollectiveError) -> VerbsChoice {
        if let reason = VerbsDevice.reasonForAbsence { throw CollectiveError(.unsupported, "no RDMA: \(reason)") }
        let all = VerbsDevice.all()
        let named = all.filter { device in
            guard let name else { return true }
            return name == device.name || name == "\(device.name):\(device.port)"
        }
        guard !named.isEmpty else {
            throw CollectiveError(
                .invalidArgument,
                "no RDMA device \(name ?? ""); there are \(all.map { $0.name }.joined(separator: ", "))")
        }
        guard let device = named.first(where: { $0.isActive && !$0.gids.isEmpty }) else {
            let states = named.map { "\($0.name) port \($0.port) is \($0.state), \($0.gids.count) GIDs" }
            throw CollectiveError(.unsupported, "no RDMA port is active: \(states.joined(separator: "; "))")
        }
        let best = device.gids.max { ($0.preference, -$0.index) < ($1.preference, -$1.index) }
        let chosen = gidIndex.map { index in device.gids.first { $0.index == index } } ?? best
        guard let gid = chosen else {
            throw CollectiveError(
                .invalidArgument, "\(device.name) port \(device.port) has no GID \(gidIndex ?? 0); it has\n\(device)")
        }
        let why = [
            name == nil ? "first active port" : "device asked for", gidIndex == nil ? "best GID" : "GID asked for",
        ]
        return VerbsChoice(device: device, gid: gid, reason: why.joined(separator: ", "))
    }
}

extension VerbsChoice: CustomStringConvertible {
    var description: String { "\(device.name) port \(device.port), \(gid), MTU \(device.mtu) (\(reason))" }
}
