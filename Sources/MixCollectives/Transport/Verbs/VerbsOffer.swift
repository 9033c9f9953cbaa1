/// A rank's end of the RDMA network, or why it has none.
struct VerbsOffer {
    let endpoint: VerbsEndpoint?
    /// What others are told.
    let introduction: Introduction.RDMA

    /// Opens the device that `MIX_RDMA_DEVICE` and `MIX_RDMA_GID_INDEX` ask for, else the best there is.
    init(_ job: Job, _ wish: TransportWish, _ environment: Environment) {
        guard wish == .auto || wish == .verbs else {
            endpoint = nil
            introduction = .absent(reason: "MIX_TRANSPORT=\(wish.rawValue)")
            return
        }
        let (device, index) = (environment["MIX_RDMA_DEVICE"], environment["MIX_RDMA_GID_INDEX"])
        let isForced = device != nil || index != nil
        do throws(CollectiveError) {
            if let index, Int(index) == nil {
                throw CollectiveError(.invalidArgument, "MIX_RDMA_GID_INDEX=\(index) is no number")
            }
            let choice = try VerbsChoice.make(device: device, gidIndex: index.flatMap { Int($0) })
            let endpoint = try VerbsEndpoint(choice, rank: job.rank, peers: job.worldSize - 1)
            self.endpoint = endpoint
            introduction = .available(
                address: endpoint.address, kind: choice.kind, device: choice.device.name + " " + choice.gid.address,
                isForced: isForced)
        } catch {
            endpoint = nil
            let reason = VerbsDevice.reasonForAbsence ?? error.message
            introduction = isForced ? .refused(reason: reason) : .absent(reason: reason)
        }
    }
}

extension VerbsChoice {
    /// What both ends of a connection must have in common.
    var kind: String { gid.type == "IB" ? "InfiniBand" : "\(gid.type) over \(gid.isIPv4 ? "IPv4" : "IPv6")" }

    /// For who wants to know what was chosen.
    var summary: String { "\(device.name) port \(device.port), \(gid)" }
}
