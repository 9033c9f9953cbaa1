/// The grid of n nodes × m lanes as one rank of a fused collective sees it, and the streams that all of them share.
///
/// Data for or from a node is cut into one part per lane. What crosses between nodes waits in scratch memory, in four
/// regions of n·m blocks each: `part` holds what this lane reduced or packed for a node, `full` all lanes' parts of it,
/// `arrival` what came from a node, and `sum` what will be this node's.
package struct FusedGrid {
    package enum Region: Int, CaseIterable { case part, full, arrival, sum }

    package let topology: Topology
    package let rank: Int
    package let node: Int
    package let lane: Int
    package let nodeCount: Int
    package let laneCount: Int
    /// The ranks of this node by lane.
    package let mates: [Int]

    package init(rank: Int, topology: Topology) {
        guard let laneCount = topology.ranksPerNode else {
            preconditionFailure("a fused collective has lanes: all nodes have equally many ranks")
        }
        self.topology = topology
        self.rank = rank
        node = topology.node(of: rank)
        lane = topology.lane(of: rank)
        nodeCount = topology.nodeCount
        self.laneCount = laneCount
        mates = topology.nodes[node]
    }

    package var blockCount: Int { nodeCount * laneCount }
    package var scratchBlocks: Int { Region.allCases.count * blockCount }

    /// The other ranks of the node with their lanes, beginning with the next lane up.
    package var others: [(lane: Int, rank: Int)] {
        (1..<laneCount).map { (lane + $0) % laneCount }.map { ($0, mates[$0]) }
    }

    /// The node to send to in a round from 1, and the one to receive from.
    package func destination(round: Int) -> Int { (node + round) % nodeCount }
    package func source(round: Int) -> Int { (node - round + nodeCount) % nodeCount }

    /// The rank of this lane on another node.
    package func counterpart(on node: Int) -> Int { topology.nodes[node][lane] }

    // MARK: Slices

    /// A lane's part of the data for or from a node, in the memory of `rank` (this one unless given).
    package func part(_ buffer: Buffer, _ node: Int, lane: Int, of rank: Int? = nil) -> Slice {
        Slice(buffer, rank: rank ?? self.rank, block: node * laneCount + lane)
    }

    /// All lanes' parts of the data for or from a node.
    package func whole(_ buffer: Buffer, _ node: Int) -> Slice {
        Slice(buffer, rank: rank, block: node * laneCount, blockCount: laneCount)
    }

    package func part(_ region: Region, _ node: Int, lane: Int, of rank: Int? = nil) -> Slice {
        part(.scratch, region.rawValue * nodeCount + node, lane: lane, of: rank)
    }

    package func whole(_ region: Region, _ node: Int) -> Slice {
        whole(.scratch, region.rawValue * nodeCount + node)
    }

    /// The region, node and lanes of a scratch block.
    package func place(ofScratch slice: Slice) -> (region: Region, node: Int, lane: Int) {
        let (line, lane) = slice.block.quotientAndRemainder(dividingBy: laneCount)
        let (region, node) = line.quotientAndRemainder(dividingBy: nodeCount)
        return (Region(rawValue: region)!, node, lane)
    }
}
