/// EPLB by its definition, step by step and with the maps between experts and replicas that its authors describe: what
/// `ExpertPlacement.balanced` is compared with.
struct EPLBDefinition {
    /// [replica slot]: the expert.
    private(set) var phy2log: [Int]
    /// [replica slot]: which of its expert's replicas.
    private(set) var phyrank: [Int]
    /// [expert][rank]: the slot, or −1.
    private(set) var log2phy: [[Int]] = []
    /// [expert]: how many replicas.
    private(set) var logcnt: [Int]

    /// One layer.
    init(_ weights: [Float], replicas: Int, groups: Int, nodes: Int, devices: Int) {
        let (groups, nodes) = groups % nodes == 0 ? (groups, nodes) : (1, 1)
        let groupSize = weights.count / groups
        let (slotsPerNode, slotsPerDevice) = (replicas / nodes, replicas / devices)
        phy2log = Array(repeating: -1, count: replicas)
        phyrank = phy2log
        logcnt = Array(repeating: 0, count: weights.count)

        // Groups to nodes.
        let sums = (0..<groups).map { group in
            (0..<groupSize).reduce(Float(0)) { $0 + weights[group * groupSize + $1] }
        }
        for (node, members) in Self.packs(of: sums, count: nodes).enumerated() {
            let experts = members.flatMap { group in (0..<groupSize).map { group * groupSize + $0 } }
            // Every expert once, then each further replica to the expert whose replicas bear most.
            var made = experts.map { (expert: $0, rank: 0) }
            for expert in experts { logcnt[expert] = 1 }
            for _ in experts.count..<max(experts.count, slotsPerNode) {
                let loads = experts.map { weights[$0] / Float(logcnt[$0]) }
                let expert = experts[loads.firstIndex(of: loads.max() ?? 0) ?? 0]
                made.append((expert, logcnt[expert]))
                logcnt[expert] += 1
            }
            // Replicas to the node's devices.
            let loads = made.map { weights[$0.expert] / Float(logcnt[$0.expert]) }
            for (device, members) in Self.packs(of: loads, count: devices / nodes).enumerated() {
                for (position, replica) in members.enumerated() {
                    let slot = node * slotsPerNode + device * slotsPerDevice + position
                    (phy2log[slot], phyrank[slot]) = made[replica]
                }
            }
        }
        log2phy = Array(repeating: Array(repeating: -1, count: logcnt.max() ?? 0), count: weights.count)
        for slot in 0..<replicas { log2phy[phy2log[slot]][phyrank[slot]] = slot }
    }

    /// The items of each pack, in the order of their coming: the heaviest item first, into the lightest pack with room.
    private static func packs(of weights: [Float], count: Int) -> [[Int]] {
        let room = weights.count / count
        guard room > 1 else { return weights.indices.map { [$0] } }
        var packs = Array(repeating: (sum: Float(0), items: [Int]()), count: count)
        for item in weights.indices.sorted(by: { weights[$0] > weights[$1] || weights[$0] == weights[$1] && $0 < $1 }) {
            let open = packs.indices.filter { packs[$0].items.count < room }
            guard let lightest = open.min(by: { packs[$0].sum < packs[$1].sum }) else { break }
            packs[lightest].sum += weights[item]
            packs[lightest].items.append(item)
        }
        return packs.map(\.items)
    }
}
