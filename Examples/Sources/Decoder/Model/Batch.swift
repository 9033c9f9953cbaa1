/// New tokens of some sequences, for one step: a prompt, or a part of it, or the token chosen last.
public struct Batch: Sendable {
    /// The tokens of one sequence.
    public struct Part: Sendable, Hashable {
        /// Where its keys and values are, from 0.
        public let slot: Int
        /// Its tokens among all.
        public let tokens: Range<Int>
    }

    /// All tokens, sequence by sequence.
    public private(set) var tokens: [Int] = []
    /// The sequences.
    public private(set) var parts: [Part] = []

    /// No tokens.
    public init() {}

    /// The tokens of one sequence.
    public init(slot: Int, tokens: some Collection<Int>) { append(slot: slot, tokens: tokens) }

    /// Adds tokens of another sequence, at least one.
    public mutating func append(slot: Int, tokens new: some Collection<Int>) {
        precondition(!new.isEmpty && !parts.contains { $0.slot == slot }, "slot \(slot) twice, or without tokens")
        parts.append(Part(slot: slot, tokens: tokens.count..<tokens.count + new.count))
        tokens.append(contentsOf: new)
    }

    /// Makes it empty, and keeps its room.
    public mutating func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacity: true)
    }
}
