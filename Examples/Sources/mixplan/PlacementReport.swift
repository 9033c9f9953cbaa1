import MixPlanner

/// What `mixplan place --json` writes; the first three keys as EPLB names them.
struct PlacementReport: Encodable {
    struct Traffic: Encodable {
        var method: String
        var remoteBytes, busiestPeerBytes, paddedBytes, imbalance: Double

        enum CodingKeys: String, CodingKey {
            case method, imbalance
            case remoteBytes = "remote_bytes"
            case busiestPeerBytes = "busiest_peer_bytes"
            case paddedBytes = "padded_bytes"
        }
    }

    /// The expert of every place, [layer][place].
    var phy2log: [[Int]]
    /// The places of every expert in the order of its replicas, [layer][expert][replica], filled up with −1.
    var log2phy: [[[Int]]]
    /// How many places each expert has, [layer][expert].
    var logcnt: [[Int]]
    var method: String
    /// The node that each request goes to.
    var nodeOfRequest: [Int]
    /// What crosses under each method, if there is a trace.
    var traffic: [Traffic]

    enum CodingKeys: String, CodingKey {
        case phy2log, log2phy, logcnt, method, traffic
        case nodeOfRequest = "node_of_request"
    }

    init(
        _ method: String, _ chosen: (placement: ExpertPlacement, nodeOfRequest: [Int]),
        _ traffic: [(method: PlaceCommand.Method, traffic: PlacementTraffic)]
    ) {
        let placement = chosen.placement
        phy2log = placement.expertOfPlace
        logcnt = placement.replicasOfExpert
        let most = logcnt.joined().max() ?? 0
        log2phy = placement.placesOfExpert.map { layer in
            layer.map { $0 + Array(repeating: -1, count: most - $0.count) }
        }
        self.method = method
        nodeOfRequest = chosen.nodeOfRequest
        self.traffic = traffic.map {
            Traffic(
                method: $0.method.rawValue, remoteBytes: $0.traffic.remoteBytes,
                busiestPeerBytes: $0.traffic.busiestPeerBytes, paddedBytes: $0.traffic.paddedBytes,
                imbalance: $0.traffic.imbalance)
        }
    }
}
