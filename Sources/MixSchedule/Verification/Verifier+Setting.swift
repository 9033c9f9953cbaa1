extension Verifier {
    /// One call of an operation: who has which buffers, and what should be in them at the end.
    struct Setting {
        let operation: Operation
        let root: Int
        let inPlace: Bool
        let mappedMemory: MappedMemory
        let topology: Topology
        let layouts: [Layouts]
        let scratchBlocks: [Int]

        var rankCount: Int { layouts.count }

        func hasInput(rank: Int) -> Bool {
            switch operation {
            case .barrier: false
            case .broadcast, .scatter: rank == root
            default: true
            }
        }

        func hasOutput(rank: Int) -> Bool {
            switch operation {
            case .barrier: false
            case .gather, .reduce: rank == root
            default: true
            }
        }

        /// The rank whose results this rank's must equal bit for bit, if there is one.
        func twin(of rank: Int) -> Int? {
            guard operation == .allReduce || operation.isFused else { return nil }
            let first = operation.isFused ? topology.nodes[topology.node(of: rank)][0] : 0
            return first == rank ? nil : first
        }

        /// The rank whose input a rank's is a copy of: lanes dispatch what all of their node hold.
        func original(of rank: Int) -> Int {
            operation == .fusedDispatch ? topology.nodes[topology.node(of: rank)][0] : rank
        }

        /// Whether a rank's input and output are the same memory: a rank without output keeps its input.
        func isInPlace(rank: Int) -> Bool { inPlace && hasOutput(rank: rank) }

        /// The elements that an output element should be made of, one of each rank or just one.
        func expected(rank: Int, block: Int, offset: Int) -> [VerificationError.Contribution] {
            let origin = origin(of: block, rank: rank)
            let sources =
                switch operation {
                case .fusedAllReduceAllToAll: topology.nodes[topology.node(of: origin.rank)]
                case .fusedCombine: Array(0..<rankCount)
                default: isReduction ? Array(0..<rankCount) : [origin.rank]
                }
            return sources.map { source in
                let range = layouts[source].input.range(ofBlock: origin.block)
                return VerificationError.Contribution(
                    rank: source, element: range.lowerBound + offset)
            }
        }

        /// Checks that the layouts have the blocks that the operation needs, in sizes that fit each other.
        func checkLayouts() throws(VerificationError) {
            guard operation != .sendReceive else {
                throw VerificationError(.malformed("send-receive is not a collective"))
            }
            if isReduction {
                for rank in 1..<max(rankCount, 1) where !areAlike(rank, 0) {
                    throw misfit("the inputs of rank \(rank) and rank 0 are cut alike")
                }
            }
            if operation.isFused {
                for node in topology.nodes {
                    for rank in node.dropFirst() where !areAlike(rank, node[0]) {
                        throw misfit("the inputs of rank \(rank) and rank \(node[0]), of one node, are cut alike")
                    }
                }
            }
            for rank in 0..<rankCount where hasOutput(rank: rank) {
                let output = layouts[rank].output
                switch operation {
                case .reduceScatter, .scatter:
                    guard output.blockCount == 1 else {
                        throw misfit("the output of rank \(rank) is one block")
                    }
                case .allGather, .gather, .allToAll, .allToAllV:
                    guard output.blockCount == rankCount else {
                        throw misfit("the output of rank \(rank) has a block for each rank")
                    }
                case .fusedAllReduceAllToAll, .fusedDispatch:
                    guard output.blockCount == rankCount else {
                        throw misfit("the output of rank \(rank) has a block for each node and lane")
                    }
                case .fusedCombine:
                    guard output.blockCount == laneCount else {
                        throw misfit("the output of rank \(rank) has a block for each lane")
                    }
                default: break
                }
                for block in 0..<output.blockCount {
                    let origin = origin(of: block, rank: rank)
                    let input = layouts[origin.rank].input
                    guard origin.block < input.blockCount,
                        input.range(ofBlock: origin.block).count
                            == output.range(ofBlock: block).count
                    else {
                        throw misfit(
                            "output block \(block) of rank \(rank) is as large as input block \(origin.block) of rank \(origin.rank)"
                        )
                    }
                }
            }
        }

        private var isReduction: Bool {
            switch operation {
            case .allReduce, .reduce, .reduceScatter: true
            default: false
            }
        }

        /// The input block that an output block is made of; in a reduction, of every rank and not just of this one.
        private func origin(of block: Int, rank: Int) -> (rank: Int, block: Int) {
            switch operation {
            case .allReduce, .reduce, .barrier, .sendReceive: (0, block)
            case .reduceScatter: (0, rank)
            case .allGather, .gather: (block, 0)
            case .allToAll, .allToAllV: (block, rank)
            case .broadcast: (root, block)
            case .scatter: (root, rank)
            case .fusedAllReduceAllToAll, .fusedDispatch:
                (topology.nodes[block / laneCount][0], topology.node(of: rank) * laneCount + block % laneCount)
            case .fusedCombine: (0, topology.node(of: rank) * laneCount + block)
            }
        }

        private var laneCount: Int { topology.ranksPerNode ?? 1 }

        private func areAlike(_ rank: Int, _ other: Int) -> Bool {
            let one = layouts[rank].input
            let two = layouts[other].input
            return one == two
                || one.blockCount == two.blockCount
                    && (0..<one.blockCount).allSatisfy {
                        one.range(ofBlock: $0).count == two.range(ofBlock: $0).count
                    }
        }

        private func misfit(_ reason: String) -> VerificationError {
            VerificationError(.malformed("layouts do not fit: it must be that \(reason)"))
        }
    }
}
