/// The messages of one channel and direction that are not complete yet, by number: a ring that grows.
struct MessageQueue<Message> {
    /// The first one's number; all before it are complete.
    private(set) var first: UInt64 = 0
    /// The number of the next message.
    private(set) var next: UInt64 = 0
    /// By number, modulo their count, which is a power of two.
    private var slots: [Message?] = Array(repeating: nil, count: 8)

    var isEmpty: Bool { first == next }

    mutating func append(_ message: Message) -> UInt64 {
        if Int(next - first) == slots.count { grow() }
        slots[slot(next)] = message
        next += 1
        return next - 1
    }

    func contains(_ number: UInt64) -> Bool { number >= first && number < next }

    subscript(number: UInt64) -> Message {
        get { slots[slot(number)]! }
        _modify { yield &slots[slot(number)]! }
    }

    /// The number of a message that is complete at once; nil when others are before it.
    mutating func appendComplete() -> UInt64? {
        guard isEmpty else { return nil }
        first += 1
        next += 1
        return first - 1
    }

    mutating func removeFirst() {
        slots[slot(first)] = nil
        first += 1
    }

    /// Drops messages from the front.
    mutating func removeFirst(while isComplete: (borrowing Message) -> Bool) {
        while !isEmpty, isComplete(self[first]) { removeFirst() }
    }

    private func slot(_ number: UInt64) -> Int { Int(truncatingIfNeeded: number) & (slots.count - 1) }

    private mutating func grow() {
        let messages = (first..<next).map { self[$0] }
        slots = Array(repeating: nil, count: 2 * slots.count)
        for (index, message) in messages.enumerated() { slots[slot(first + UInt64(index))] = message }
    }
}
