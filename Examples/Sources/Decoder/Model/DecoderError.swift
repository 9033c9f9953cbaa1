public import MixCollectives
public import MixMoE

/// Why a model can't be made, or a step of it can't be done.
public enum DecoderError: Error, Sendable {
    /// The decoder does not know how to do this.
    case unsupported(String)
    /// The strategy does not fit the model.
    case strategy(String)
    /// A sequence would have more tokens than the cache has room for.
    case contextFull(tokens: Int, capacity: Int)
    /// There is no such slot for a sequence.
    case noSuchSlot(Int, slots: Int)
    /// The vocabulary has no such token.
    case unknownToken(Int, vocabulary: Int)
    /// A token's logits are NaN or infinite.
    case notFinite
    /// The weights of the ranks of this machine and what else they hold don't fit into its memory.
    case memory(needed: Int, available: Int, details: String)
    /// A checkpoint can't be read, or a layer failed.
    case layer(MoEError)
    /// A collective failed.
    case communication(CollectiveError)
}

extension DecoderError: CustomStringConvertible {
    /// What is wrong, and what would help.
    public var description: String {
        switch self {
        case .unsupported(let what): "not supported: \(what)"
        case .strategy(let why): "invalid strategy: \(why)"
        case .contextFull(let tokens, let capacity):
            "prompt and answer have \(tokens) tokens, and the cache of keys and values has room for \(capacity); "
                + "make the context larger, or ask for fewer"
        case .noSuchSlot(let slot, let slots): "slot \(slot) of \(slots): there is no such sequence"
        case .unknownToken(let token, let vocabulary):
            "token \(token): the vocabulary has \(vocabulary), numbered 0 to \(vocabulary - 1)"
        case .notFinite:
            "logits are not finite: the checkpoint has weights that are NaN, infinite or too large, or its settings make no sense"
        case .memory(let needed, let available, let details):
            "too little memory: the ranks of this machine will need \(inGigabytes(needed)), and "
                + "\(inGigabytes(available)) are free (\(details))"
        case .layer(let error): error.description
        case .communication(let error): error.description
        }
    }
}

/// `1.25 GB`
func inGigabytes(_ bytes: Int) -> String {
    let hundredths = (bytes + 5_000_000) / 10_000_000
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction / 10)\(fraction % 10) GB"
}
