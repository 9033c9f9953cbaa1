extension ExpertPlacement {
    /// The placement of DeepSeek's load balancer EPLB, place by place.
    ///
    /// Groups of experts are packed onto nodes; inside each node every further place goes to the expert with the largest weight
    /// per replica; and the replicas are packed onto the node's devices. Where groups are no multiple of nodes, all devices
    /// count as one node and all experts as one group.
    ///
    /// - Parameters:
    ///   - weights: loads [layer][expert], rounded to float32 as there.
    ///   - shape: devices and places.
    /// - Source: the algorithm of DeepSeek's EPLB.
    public static func balanced(weights: [[Double]], shape: Shape) throws(PlannerError) -> ExpertPlacement {
        let experts = weights.first?.count ?? 0
        guard experts > 0, weights.allSatisfy({ $0.count == experts && $0.allSatisfy { $0 >= 0 && $0.isFinite } })
        else {
            throw .invalidValue(
                file: "placement", key: "weights", value: "\(weights.count) layers",
                expected: "at least one layer, all of equally many numbers of 0 or more")
        }
        var used = shape
        if shape.nodes > 1, shape.groups % shape.nodes != 0 { (used.groups, used.nodes) = (1, 1) }
        try used.validate(experts: experts)
        let layers = weights.map { balanced($0.map { Float($0) }, used) }
        return ExpertPlacement(
            shape: shape, experts: experts, expertOfPlace: layers.map { $0.map(\.expert) },
            replicaOfPlace: layers.map { $0.map(\.replica) })
    }

    private static func balanced(_ weights: [Float], _ shape: Shape) -> [Replica] {
        let size = weights.count / shape.groups
        let groupsPerNode = shape.groups / shape.nodes
        let groupWeights = (0..<shape.groups).map { weights[$0 * size..<($0 + 1) * size].reduce(0, +) }
        let packing = BalancedPacking(groupWeights, packs: shape.nodes)

        // Experts in the order of nodes.
        var ordered = Array(repeating: 0, count: weights.count)
        for expert in weights.indices {
            let group = expert / size
            ordered[(packing.pack[group] * groupsPerNode + packing.place[group]) * size + expert % size] = expert
        }
        let perNode = weights.count / shape.nodes
        return (0..<shape.nodes).flatMap { node in
            let own = Array(ordered[node * perNode..<(node + 1) * perNode])
            return onNode(own.map { weights[$0] }, shape).map { (own[$0.expert], $0.replica) }
        }
    }

    /// The replicas of the places of one node, with experts by index.
    private static func onNode(_ weights: [Float], _ shape: Shape) -> [Replica] {
        var replicas = weights.indices.map { Replica(expert: $0, replica: 0) }
        var counts = Array(repeating: 1, count: weights.count)
        func load(_ expert: Int) -> Float { weights[expert] / Float(counts[expert]) }
        while replicas.count < shape.replicasPerNode {
            var heaviest = 0
            for expert in weights.indices where load(expert) > load(heaviest) { heaviest = expert }
            replicas.append((heaviest, counts[heaviest]))
            counts[heaviest] += 1
        }
        let packing = BalancedPacking(replicas.map { load($0.expert) }, packs: shape.devices / shape.nodes)
        var places = replicas
        for (index, replica) in replicas.enumerated() {
            places[packing.pack[index] * shape.replicasPerDevice + packing.place[index]] = replica
        }
        return places
    }

    /// An expert, and which of its replicas, from 0 in the order in which they were made.
    private typealias Replica = (expert: Int, replica: Int)
}
