import ArgumentParser

/// What is counted: everything that a communicator does on its small-message path.
enum SmallOperation: String, CaseIterable, ExpressibleByArgument {
    case allReduce = "all-reduce"
    case reduceScatter = "reduce-scatter"
    case allGather = "all-gather"
    case allToAll = "all-to-all"
    case allToAllV = "all-to-all-v"
    case broadcast
    case reduce
    case gather
    case scatter
    case barrier
    case sendReceive = "send-receive"
    case dispatchCombine = "dispatch-combine"
}
