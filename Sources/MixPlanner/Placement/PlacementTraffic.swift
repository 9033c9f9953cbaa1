/// What crosses between nodes under a placement, for the requests of a trace while they decode.
///
/// Every choice is a row of its own: a trace does not say which choices are of the same token. A row goes to a replica on
/// its request's node if there is one, else to all replicas alike.
public struct PlacementTraffic: Sendable, Hashable {
    /// Bytes to other nodes, over all layers.
    public var remoteBytes: Double
    /// Over all layers, the bytes from one node to one other of the pair that has most in each: what an all-to-all waits for.
    public var busiestPeerBytes: Double
    /// What an all-to-all sends that pads all pairs of nodes to the busiest, over all layers.
    public var paddedBytes: Double
    /// The busiest device's rows over the mean, the mean of all layers.
    public var imbalance: Double

    /// Counts.
    ///
    /// - Parameters:
    ///   - placement: where experts are.
    ///   - trace: what experts the requests chose.
    ///   - nodeOfRequest: where each request of the trace runs.
    ///   - rowBytes: bytes per row: hidden elements times bytes per element.
    /// - Complexity: O(layers · (requests + nodes²) · experts).
    public init(_ placement: ExpertPlacement, _ trace: ExpertTrace, nodeOfRequest: [Int], rowBytes: Double) {
        let shape = placement.shape
        var (remote, busiest, padded, uneven) = (0.0, 0.0, 0.0, 0.0)
        for layer in 0..<trace.layers {
            var uses = Array(repeating: Array(repeating: 0.0, count: trace.experts), count: shape.nodes)
            for (request, node) in zip(trace.requests, nodeOfRequest) {
                for (expert, count) in request.decode[layer].enumerated() { uses[node][expert] += count }
            }
            var pairs = Array(repeating: Array(repeating: 0.0, count: shape.nodes), count: shape.nodes)
            var devices = Array(repeating: 0.0, count: shape.devices)
            let places = placement.placesOfExpert[layer]
            for node in uses.indices {
                for (expert, rows) in uses[node].enumerated() where rows > 0 {
                    let near = places[expert].filter { placement.node(of: $0) == node }
                    let targets = near.isEmpty ? places[expert] : near
                    for place in targets {
                        pairs[node][placement.node(of: place)] += rows / Double(targets.count)
                        devices[place / shape.replicasPerDevice] += rows / Double(targets.count)
                    }
                }
            }
            var most = 0.0
            for node in pairs.indices {
                for other in pairs.indices where other != node {
                    remote += pairs[node][other]
                    most = max(most, pairs[node][other])
                }
            }
            busiest += most
            padded += most * Double(shape.nodes * (shape.nodes - 1))
            let total = devices.reduce(0, +)
            uneven += total > 0 ? (devices.max() ?? 0) * Double(shape.devices) / total : 1
        }
        remoteBytes = remote * rowBytes
        busiestPeerBytes = busiest * rowBytes
        paddedBytes = padded * rowBytes
        imbalance = uneven / Double(max(1, trace.layers))
    }
}
