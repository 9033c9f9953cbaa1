/// The collective operations, by the names under which a command line knows them.
///
/// With `n` ranks, where "block" is what one rank contributes to or gets from another:
public enum Operation: String, Sendable, Hashable, CaseIterable {
    /// Every output is the reduction of all inputs.
    case allReduce = "all-reduce"
    /// Inputs of n blocks; the output of rank r is the reduction of all blocks r.
    case reduceScatter = "reduce-scatter"
    /// Inputs of one block; every output is all of them in rank order.
    case allGather = "all-gather"
    /// Block q of the input of rank r becomes block r of the output of rank q.
    case allToAll = "all-to-all"
    /// All-to-all with blocks of any size.
    case allToAllV = "all-to-all-v"
    /// Every output is the root's input.
    case broadcast
    /// The root's output is the reduction of all inputs.
    case reduce
    /// Inputs of one block; the root's output is all of them in rank order.
    case gather
    /// The output of rank r is block r of the root's input.
    case scatter
    /// No rank leaves before every rank has entered. No data.
    case barrier
    /// From one rank to one other: has no algorithms.
    case sendReceive = "send-receive"
    /// On n nodes of m lanes, blocks per node and lane: every lane of node d gets, as block s, the reduction over the lanes
    /// of node s of their block d.
    case fusedAllReduceAllToAll = "fused-all-reduce-all-to-all"
    /// Block d of what all lanes of node s hold becomes block s of all lanes of node d.
    case fusedDispatch = "fused-dispatch"
    /// Every lane of node s gets the reduction over all ranks of their blocks s.
    case fusedCombine = "fused-combine"

    /// Whether input and output may be the same memory.
    ///
    /// For all-gather the input is then block r of the output of rank r, for reduce-scatter the output is block r of the
    /// input, and for the others that allow it the two coincide.
    public var allowsInPlace: Bool {
        switch self {
        case .allReduce, .reduceScatter, .allGather, .broadcast, .reduce: true
        default: false
        }
    }

    /// Whether it is made for a grid of nodes and lanes, and fuses what happens inside a node with what happens between.
    public var isFused: Bool {
        switch self {
        case .fusedAllReduceAllToAll, .fusedDispatch, .fusedCombine: true
        default: false
        }
    }

    /// Whether one rank, the root, has a part of its own.
    public var hasRoot: Bool {
        switch self {
        case .broadcast, .reduce, .gather, .scatter: true
        default: false
        }
    }
}
