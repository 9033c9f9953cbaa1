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
        return ExpertPlacement(
            shape: shape, experts: experts, expertOfPlace: weights.map { balanced($0.map { Float($0) }, used) })
    }

    private static func balanced(_ weights: [Float], _ shape: Shape) -> [Int] {
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
        return (0..<shape.nodes).flatMap { node -> [Int] in
            let own = Array(ordered[node * perNode..<(node + 1) * perNode])
            return onNode(own.map { weights[$0] }, shape).map { own[$0] }
        }
    }

    /// The experts, by index, of the places of one node.
    private static func onNode(_ weights: [Float], _ shape: Shape) -> [Int] {
        var experts = Array(weights.indices)
        var counts = Array(repeating: Float(1), count: weights.count)
        while experts.count < shape.replicasPerNode {
            var heaviest = 0
            for expert in weights.indices
            where weights[expert] / counts[expert] > weights[heaviest] / counts[heaviest] { heaviest = expert }
            experts.append(heaviest)
            counts[heaviest] += 1
        }
        let packing = BalancedPacking(experts.map { weights[$0] / counts[$0] }, packs: shape.devices / shape.nodes)
        var places = experts
        for (index, expert) in experts.enumerated() {
            places[packing.pack[index] * shape.replicasPerDevice + packing.place[index]] = expert
        }
        return places
    }
}
