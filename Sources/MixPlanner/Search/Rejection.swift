/// Why a strategy is not a plan.
public enum Rejection: Sendable, Hashable {
    /// Query heads are not a multiple of attention's d_TP.
    case heads(Int, tensor: Int)
    /// Neither are heads of keys and values a multiple of d_TP, nor the other way round.
    case keyValueHeads(Int, tensor: Int)
    /// Experts, with redundant ones, are not a multiple of d_EP.
    case experts(Int, expert: Int)
    /// The width of experts, shared experts or dense layers is not a multiple of d_TP.
    case width(Int, of: String, tensor: Int)
    /// A part of that width is not a multiple of a block of quantised weights.
    case quantizationBlock(width: Int, of: String, tensor: Int, block: Int)
    /// There are fewer layers than stages.
    case layers(Int, pipeline: Int)
    /// A tensor parallel group would lie on several nodes, which is not tried unless it is allowed or asked for.
    case crossesNodes(tensor: Int, ranksPerNode: Int)
    /// Groups of so many ranks lie differently on nodes.
    case nodes(ranks: Int, ranksPerNode: Int)
    /// A rank needs more bytes than it may use, without any request or with one.
    case memory(needed: Double, available: Double, weights: Double)
    /// Requests come faster than they can be answered.
    case overload(rate: Double, capacity: Double)
}

extension Rejection: CustomStringConvertible {
    /// The reason, with numbers.
    public var description: String {
        switch self {
        case .heads(let heads, let tensor): "\(heads) heads are no multiple of TP=\(tensor)"
        case .keyValueHeads(let heads, let tensor):
            "\(heads) heads of keys and values are neither a multiple nor a divisor of TP=\(tensor)"
        case .experts(let experts, let expert): "\(experts) experts are no multiple of EP=\(expert)"
        case .width(let width, let name, let tensor): "width \(width) of \(name) is no multiple of TP=\(tensor)"
        case .quantizationBlock(let width, let name, let tensor, let block):
            "width \(width) of \(name) over TP=\(tensor) gives \(width / tensor), no multiple of the quantisation block of \(block)"
        case .layers(let layers, let pipeline): "\(layers) layers are fewer than PP=\(pipeline) stages"
        case .crossesNodes(let tensor, let ranksPerNode):
            "TP=\(tensor) would cross nodes of \(ranksPerNode) ranks"
        case .nodes(let ranks, let ranksPerNode):
            "groups of \(ranks) ranks lie differently on nodes of \(ranksPerNode)"
        case .memory(let needed, let available, let weights):
            "a rank needs \(gigabytes(needed)) (\(gigabytes(weights)) of weights) and may use \(gigabytes(available))"
        case .overload(let rate, let capacity):
            "\(decimal(rate)) requests/s come and \(decimal(capacity)) can be answered"
        }
    }
}
