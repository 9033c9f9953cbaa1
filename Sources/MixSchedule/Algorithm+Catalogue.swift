extension Algorithm {
    static let byOperation = Dictionary(grouping: catalogue, by: \.operation)

    /// Every algorithm of the library. A new one is a builder of its own and an entry here.
    static let catalogue: [Algorithm] = [
        Algorithm(
            name: "ring", operation: .allReduce,
            summary: "Least data sent, 2(n−1) rounds: large messages."
        ) {
            .ringAllReduce(rank: $0.rank, rankCount: $0.rankCount, pieces: $0.pieces)
        },
        Algorithm(
            name: "double-tree", operation: .allReduce,
            summary: "Logarithmic rounds at nearly full bandwidth: medium messages, many ranks."
        ) {
            .doubleBinaryTreeAllReduce(rank: $0.rank, rankCount: $0.rankCount, pieces: $0.pieces)
        },
        Algorithm(
            name: "halving-doubling", operation: .allReduce,
            summary:
                "Logarithmic rounds and, for powers of two, least data sent: small to medium messages."
        ) {
            .recursiveHalvingDoublingAllReduce(rank: $0.rank, rankCount: $0.rankCount)
        },
        Algorithm(
            name: "direct", operation: .allReduce,
            summary: "Each rank reduces one block out of all inputs into all outputs.",
            needsMappedMemory: true
        ) {
            .directAllReduce(rank: $0.rank, rankCount: $0.rankCount)
        },
        Algorithm(
            name: "hierarchical", operation: .allReduce,
            summary: "Mapped memory inside nodes, a ring per lane between them.",
            needsMappedMemory: true, usesTopology: true
        ) {
            .hierarchicalAllReduce(rank: $0.rank, topology: $0.topology, pieces: $0.pieces)
        },
        Algorithm(
            name: "hierarchical-ring", operation: .allReduce,
            summary: "Rings inside nodes, a ring per lane between them.",
            usesTopology: true
        ) {
            .hierarchicalAllReduce(
                rank: $0.rank, topology: $0.topology, pieces: $0.pieces, insideNode: .messages)
        },
        Algorithm(
            name: "ring", operation: .reduceScatter,
            summary: "Least data sent, n−1 rounds."
        ) {
            .ringReduceScatter(rank: $0.rank, rankCount: $0.rankCount, pieces: $0.pieces)
        },
        Algorithm(
            name: "direct", operation: .reduceScatter,
            summary: "Each rank reduces its block out of all inputs.",
            needsMappedMemory: true
        ) {
            .directReduceScatter(rank: $0.rank, rankCount: $0.rankCount)
        },
        Algorithm(
            name: "hierarchical", operation: .reduceScatter,
            summary: "Mapped memory inside nodes, a ring per lane between them.",
            needsMappedMemory: true, usesTopology: true
        ) {
            .hierarchicalReduceScatter(rank: $0.rank, topology: $0.topology, pieces: $0.pieces)
        },
        Algorithm(
            name: "ring", operation: .allGather,
            summary: "Least data sent, n−1 rounds."
        ) {
            .ringAllGather(rank: $0.rank, rankCount: $0.rankCount, pieces: $0.pieces)
        },
        Algorithm(
            name: "direct", operation: .allGather,
            summary: "Each rank copies every input.",
            needsMappedMemory: true
        ) {
            .directAllGather(rank: $0.rank, rankCount: $0.rankCount)
        },
        Algorithm(
            name: "hierarchical", operation: .allGather,
            summary: "A ring per lane between nodes, mapped memory inside them.",
            needsMappedMemory: true, usesTopology: true
        ) {
            .hierarchicalAllGather(rank: $0.rank, topology: $0.topology, pieces: $0.pieces)
        },
        Algorithm(
            name: "pairwise", operation: .allToAll,
            summary: "Least data sent, n−1 rounds, one peer at a time each way."
        ) {
            .pairwiseAllToAll(rank: $0.rank, rankCount: $0.rankCount)
        },
        Algorithm(
            name: "direct", operation: .allToAll,
            summary: "Each rank copies its block of every input.",
            needsMappedMemory: true
        ) {
            .directAllToAll(rank: $0.rank, rankCount: $0.rankCount)
        },
        Algorithm(
            name: "hierarchical", operation: .allToAll,
            summary: "Mapped memory inside nodes, messages from rank to rank between them.",
            needsMappedMemory: true, usesTopology: true
        ) {
            .hierarchicalAllToAll(rank: $0.rank, topology: $0.topology)
        },
        Algorithm(
            name: "pairwise", operation: .allToAllV,
            summary: "Least data sent, n−1 rounds, one peer at a time each way."
        ) {
            .pairwiseAllToAll(rank: $0.rank, rankCount: $0.rankCount)
        },
        Algorithm(
            name: "direct", operation: .allToAllV,
            summary: "Each rank copies its block of every input.",
            needsMappedMemory: true
        ) {
            .directAllToAll(rank: $0.rank, rankCount: $0.rankCount)
        },
        Algorithm(
            name: "tree", operation: .broadcast,
            summary: "A binomial tree: logarithmic rounds."
        ) {
            .treeBroadcast(rank: $0.rank, rankCount: $0.rankCount, root: $0.root, pieces: $0.pieces)
        },
        Algorithm(
            name: "direct", operation: .broadcast,
            summary: "Each rank copies the root’s input.",
            needsMappedMemory: true
        ) {
            .directBroadcast(rank: $0.rank, rankCount: $0.rankCount, root: $0.root)
        },
        Algorithm(
            name: "tree", operation: .reduce,
            summary: "A binomial tree: logarithmic rounds."
        ) {
            .treeReduce(rank: $0.rank, rankCount: $0.rankCount, root: $0.root, pieces: $0.pieces)
        },
        Algorithm(
            name: "direct", operation: .reduce,
            summary: "The root reduces all inputs.",
            needsMappedMemory: true
        ) {
            .directReduce(rank: $0.rank, rankCount: $0.rankCount, root: $0.root)
        },
        Algorithm(
            name: "linear", operation: .gather,
            summary: "Every rank sends to the root."
        ) {
            .linearGather(rank: $0.rank, rankCount: $0.rankCount, root: $0.root)
        },
        Algorithm(
            name: "direct", operation: .gather,
            summary: "The root copies all inputs.",
            needsMappedMemory: true
        ) {
            .directGather(rank: $0.rank, rankCount: $0.rankCount, root: $0.root)
        },
        Algorithm(
            name: "linear", operation: .scatter,
            summary: "The root sends to every rank."
        ) {
            .linearScatter(rank: $0.rank, rankCount: $0.rankCount, root: $0.root)
        },
        Algorithm(
            name: "direct", operation: .scatter,
            summary: "Each rank copies its block of the root’s input.",
            needsMappedMemory: true
        ) {
            .directScatter(rank: $0.rank, rankCount: $0.rankCount, root: $0.root)
        },
        Algorithm(
            name: "dissemination", operation: .barrier,
            summary: "Logarithmic rounds of empty messages."
        ) {
            .disseminationBarrier(rank: $0.rank, rankCount: $0.rankCount)
        },
        Algorithm(
            name: "direct", operation: .barrier,
            summary: "Event counters in mapped memory.",
            needsMappedMemory: true
        ) {
            .directBarrier(rank: $0.rank, rankCount: $0.rankCount)
        },
        Algorithm(
            name: "fused", operation: .fusedAllReduceAllToAll,
            summary: "Reduce-scatter, all-to-all and all-gather side by side.",
            needsMappedMemory: true, usesTopology: true, needsEqualNodes: true
        ) {
            .fusedAllReduceAllToAll(rank: $0.rank, topology: $0.topology, pieces: $0.pieces)
        },
        Algorithm(
            name: "sequential", operation: .fusedAllReduceAllToAll,
            summary: "Reduce-scatter, all-to-all and all-gather, one after the other.",
            needsMappedMemory: true, usesTopology: true, needsEqualNodes: true
        ) {
            .fusedAllReduceAllToAll(rank: $0.rank, topology: $0.topology, overlaps: false)
        },
        Algorithm(
            name: "unfused", operation: .fusedAllReduceAllToAll,
            summary: "All-reduce inside the node, then every lane sends whole rows between nodes.",
            needsMappedMemory: true, usesTopology: true, needsEqualNodes: true
        ) {
            .unfusedAllReduceAllToAll(rank: $0.rank, topology: $0.topology)
        },
        Algorithm(
            name: "fused", operation: .fusedDispatch,
            summary: "All-to-all of parts and all-gather side by side.",
            needsMappedMemory: true, usesTopology: true, needsEqualNodes: true
        ) {
            .fusedDispatch(rank: $0.rank, topology: $0.topology, pieces: $0.pieces)
        },
        Algorithm(
            name: "sequential", operation: .fusedDispatch,
            summary: "All-to-all of parts and all-gather, one after the other.",
            needsMappedMemory: true, usesTopology: true, needsEqualNodes: true
        ) {
            .fusedDispatch(rank: $0.rank, topology: $0.topology, overlaps: false)
        },
        Algorithm(
            name: "unfused", operation: .fusedDispatch,
            summary: "Every lane sends whole rows between nodes.",
            usesTopology: true, needsEqualNodes: true
        ) {
            .unfusedDispatch(rank: $0.rank, topology: $0.topology)
        },
        Algorithm(
            name: "fused", operation: .fusedCombine,
            summary: "Reduce-scatter, all-to-all of parts, sum and all-gather side by side.",
            needsMappedMemory: true, usesTopology: true, needsEqualNodes: true
        ) {
            .fusedCombine(rank: $0.rank, topology: $0.topology, pieces: $0.pieces)
        },
        Algorithm(
            name: "sequential", operation: .fusedCombine,
            summary: "Reduce-scatter, all-to-all of parts, sum and all-gather, one after the other.",
            needsMappedMemory: true, usesTopology: true, needsEqualNodes: true
        ) {
            .fusedCombine(rank: $0.rank, topology: $0.topology, overlaps: false)
        },
        Algorithm(
            name: "unfused", operation: .fusedCombine,
            summary: "All-reduce inside the node, then every lane sends whole rows between nodes.",
            needsMappedMemory: true, usesTopology: true, needsEqualNodes: true
        ) {
            .unfusedCombine(rank: $0.rank, topology: $0.topology)
        },
        Algorithm(
            name: "direct", operation: .fusedAllReduceAllToAll,
            summary: "Every lane reduces and sends whole blocks by itself: little data.",
            needsMappedMemory: true, usesTopology: true, needsEqualNodes: true
        ) {
            .directAllReduceAllToAll(rank: $0.rank, topology: $0.topology)
        },
    ]
}
