/// Text in a field of fixed size, behind which zeros follow: how ranks send each other names and messages.
extension InlineArray where Element == UInt8 {
    /// As much of the text as leaves room for one zero.
    init(text: String) {
        self.init(repeating: 0)
        for (index, byte) in text.utf8.prefix(count - 1).enumerated() { self[index] = byte }
    }

    /// The bytes before the first zero.
    var text: String {
        var units: [UInt8] = []
        for index in 0..<count {
            if self[index] == 0 { break }
            units.append(self[index])
        }
        return String(decoding: units, as: UTF8.self)
    }
}
