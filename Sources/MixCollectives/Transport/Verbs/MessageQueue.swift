/// The messages of one channel and direction that are not complete yet, by number.
struct MessageQueue<Message> {
    /// The first one's number; all before it are complete.
    private(set) var first: UInt64 = 0
    private var messages: [Message] = []
    private var head = 0

    /// The number of the next message.
    var next: UInt64 { first + UInt64(messages.count - head) }

    mutating func append(_ message: Message) -> UInt64 {
        messages.append(message)
        return next - 1
    }

    func contains(_ number: UInt64) -> Bool { number >= first && number < next }

    subscript(number: UInt64) -> Message {
        get { messages[head + Int(number - first)] }
        _modify { yield &messages[head + Int(number - first)] }
    }

    /// The number of a message that is complete at once; nil when others are before it.
    mutating func appendComplete() -> UInt64? {
        guard head == messages.count else { return nil }
        first += 1
        return first - 1
    }

    mutating func removeFirst() {
        var isRemoved = false
        removeFirst { _ in
            defer { isRemoved = true }
            return !isRemoved
        }
    }

    /// Drops messages from the front.
    mutating func removeFirst(while isComplete: (borrowing Message) -> Bool) {
        while head < messages.count, isComplete(messages[head]) {
            head += 1
            first += 1
        }
        if head == messages.count {
            messages.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 256, head * 2 > messages.count {
            messages.removeFirst(head)
            head = 0
        }
    }
}
