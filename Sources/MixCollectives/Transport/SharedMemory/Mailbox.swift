/// Messages that have arrived before anybody asked for them: receives may ask in another order than sends came.
struct Mailbox {
    struct Letter {
        var tag: UInt32
        var type: UInt8
        var bytes: [UInt8]
    }

    private var letters: [[Letter]]

    init(size: Int) { letters = Array(repeating: [], count: size) }

    mutating func keep(_ letter: Letter, from source: Int) { letters[source].append(letter) }

    /// Takes the oldest message of that tag out.
    mutating func take(_ tag: UInt32, from source: Int) -> Letter? {
        guard let index = letters[source].firstIndex(where: { $0.tag == tag }) else { return nil }
        return letters[source].remove(at: index)
    }
}
