extension Verifier {
    /// One call of an operation: who has which buffers, and what should be in them at the end.
    struct Setting {
        let operation: Operation
        let root: Int
        let inPlace: Bool
        let mappedMemory: MappedMemory
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

        /// Whether a rank's input and output are the same memory: a rank without output keeps its input.
        func isInPlace(rank: Int) -> Bool { inPlace && hasOutput(rank: rank) }

        /// The elements that an output element should be made of, one of each rank or just one.
        func expected(rank: Int, block: Int, offset: Int) -> [VerificationError.Contribution] {
            sources(of: block, rank: rank).map { source, block in
                VerificationError.Contribution(
                    rank: source,
                    element: layouts[source].input.range(ofBlock: block).lowerBound + offset)
            }
        }

        /// Checks that the layouts have the blocks that the operation needs, in sizes that fit each other.
        func checkLayouts() throws(VerificationError) {
            guard operation != .sendReceive else {
                throw VerificationError(.malformed("send-receive is not a collective"))
            }
            for rank in 0..<rankCount where hasOutput(rank: rank) {
                let output = layouts[rank].output
                switch operation {
                case .reduceScatter, .scatter:
                    try require(output.blockCount == 1, "the output of rank \(rank) is one block")
                case .allGather, .gather, .allToAll, .allToAllV:
                    try require(
                        output.blockCount == rankCount,
                        "the output of rank \(rank) has a block for each rank")
                default: break
                }
                for block in 0..<output.blockCount {
                    let count = output.range(ofBlock: block).count
                    for (source, input) in sources(of: block, rank: rank) {
                        try require(
                            input < layouts[source].input.blockCount
                                && layouts[source].input.range(ofBlock: input).count == count,
                            "output block \(block) of rank \(rank) is as large as input block \(input) of rank \(source)"
                        )
                    }
                }
            }
        }

        /// Which input blocks an output block is made of.
        private func sources(of block: Int, rank: Int) -> [(source: Int, block: Int)] {
            switch operation {
            case .allReduce, .reduce: (0..<rankCount).map { ($0, block) }
            case .reduceScatter: (0..<rankCount).map { ($0, rank) }
            case .allGather, .gather: [(block, 0)]
            case .allToAll, .allToAllV: [(block, rank)]
            case .broadcast: [(root, block)]
            case .scatter: [(root, rank)]
            case .barrier, .sendReceive: []
            }
        }

        private func require(_ condition: Bool, _ reason: String) throws(VerificationError) {
            guard condition else {
                throw VerificationError(.malformed("layouts do not fit: it must be that \(reason)"))
            }
        }
    }
}
