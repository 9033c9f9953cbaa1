extension ExpertPlacement {
    /// Experts near the requests that use them: groups of requests go to nodes, and every expert to the node that uses it most and
    /// has room, the heaviest uses first. Further places go to the largest uses that are not served yet.
    ///
    /// Inside a node, experts are packed onto devices by load.
    ///
    /// - Parameters:
    ///   - trace: what experts the requests chose.
    ///   - nodeOfRequest: the node that each request of the trace goes to.
    ///   - shape: devices and places.
    /// - Source: "Scaling Multi-Node Mixture-of-Experts Inference Using Expert Activation Patterns" (arXiv 2604.23150).
    public static func clustered(
        _ trace: ExpertTrace, nodeOfRequest: [Int], shape: Shape
    ) throws(PlannerError) -> ExpertPlacement {
        try shape.validate(experts: trace.experts)
        guard nodeOfRequest.count == trace.requests.count, nodeOfRequest.allSatisfy({ (0..<shape.nodes).contains($0) })
        else {
            throw .invalidValue(
                file: "placement", key: "nodeOfRequest", value: "\(nodeOfRequest.count) nodes",
                expected: "one of \(shape.nodes) nodes for each of \(trace.requests.count) requests")
        }
        let layers = (0..<trace.layers).map { layer -> [Int] in
            var uses = Array(repeating: Array(repeating: 0.0, count: trace.experts), count: shape.nodes)
            for (request, node) in zip(trace.requests, nodeOfRequest) {
                for (expert, count) in request.decode[layer].enumerated() { uses[node][expert] += count }
            }
            return place(uses, shape)
        }
        return ExpertPlacement(shape: shape, experts: trace.experts, expertOfPlace: layers)
    }

    private static func place(_ uses: [[Double]], _ shape: Shape) -> [Int] {
        let experts = uses[0].count
        let pairs = uses.indices.flatMap { node in (0..<experts).map { (node: node, expert: $0) } }
            .sorted { one, two in
                let (use, other) = (uses[one.node][one.expert], uses[two.node][two.expert])
                return (other, one.expert, one.node) < (use, two.expert, two.node)
            }
        var held = Array(repeating: [Int](), count: shape.nodes)
        var copies = Array(repeating: 0, count: experts)
        // Every expert once. Room for those that are still without a place is kept, as there are places enough.
        for (node, expert) in pairs where copies[expert] == 0 && held[node].count < shape.replicasPerNode {
            held[node].append(expert)
            copies[expert] += 1
        }
        for (node, expert) in pairs where held[node].count < shape.replicasPerNode && !held[node].contains(expert) {
            held[node].append(expert)
            copies[expert] += 1
        }
        // A node with more places than experts holds some twice.
        for node in held.indices {
            var next = 0
            while held[node].count < shape.replicasPerNode {
                held[node].append(held[node][next])
                next += 1
            }
        }
        return held.flatMap { experts in
            let loads = experts.map { expert in
                Float(uses.reduce(0) { $0 + $1[expert] }) / Float(max(1, copies[expert]))
            }
            let packing = BalancedPacking(loads, packs: shape.devices / shape.nodes)
            var places = experts
            for (index, expert) in experts.enumerated() {
                places[packing.pack[index] * shape.replicasPerDevice + packing.place[index]] = expert
            }
            return places
        }
    }

    /// A node for every request of a trace: groups of similar requests, the largest first, each to the node that has fewest; groups
    /// that are larger than a node's share are spread over several.
    ///
    /// - Parameters:
    ///   - trace: what experts the requests chose.
    ///   - clusters: how many groups, at least as many as nodes for all nodes to have any.
    ///   - nodes: how many nodes there are.
    public static func nodes(for trace: ExpertTrace, clusters: Int, nodes: Int) -> [Int] {
        let groups = RequestGroups(trace, count: clusters)
        let share = (trace.requests.count + nodes - 1) / nodes
        var counts = Array(repeating: 0, count: nodes)
        var nodeOfRequest = Array(repeating: 0, count: trace.requests.count)
        let members = groups.centers.indices.map { group in
            groups.groupOfRequest.indices.filter { groups.groupOfRequest[$0] == group }
        }.sorted { ($1.count, $0.first ?? 0) < ($0.count, $1.first ?? 0) }
        for group in members {
            var node = counts.indices.min { counts[$0] < counts[$1] } ?? 0
            for request in group {
                if counts[node] >= share { node = counts.indices.min { counts[$0] < counts[$1] } ?? 0 }
                nodeOfRequest[request] = node
                counts[node] += 1
            }
        }
        return nodeOfRequest
    }
}
