/// Changes bytes at random, mostly in ways that a reader of JSON and lengths may stumble over.
struct Mutation {
    var generator: Generator

    private static let words: [[UInt8]] = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "\\u0000", "null", "true", "-1", "-0", "00", "1e9",
        "1.5", "0", "1",
        "4", "8", "9223372036854775807", "9223372036854775808", "18446744073709551616", "4294967296", " ", "\n",
        "dtype", "shape",
        "data_offsets", "__metadata__", "F32", "BF16", "F8_E4M3", "F4", "weight_map", "weight_block_size",
        "quantization_config", "../",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "\u{e9}", "w",
    ].map { Array($0.utf8) }

    /// The bytes with one to four changes, at most `limit` of them.
    mutating func change(_ original: [UInt8], limit: Int) -> [UInt8] {
        var bytes = original
        for _ in 0...generator.below(4) { changeOnce(&bytes) }
        return bytes.count > limit ? Array(bytes.prefix(limit)) : bytes
    }

    private mutating func changeOnce(_ bytes: inout [UInt8]) {
        let place = generator.below(bytes.count + 1)
        let length = min(1 + generator.below(generator.below(4) == 0 ? 64 : 8), bytes.count - place)
        switch generator.below(8) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(generator.below(8))
        case 1 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
        case 2: bytes.removeSubrange(place..<place + length)
        case 3: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: place)
        case 4: bytes.removeLast(min(bytes.count, generator.below(32)))
        case 5: bytes.replaceSubrange(place..<place + length, with: generator.pick(Self.words))
        case 6:
            // A digit for a digit keeps the form and changes what it says.
            let digits = bytes.indices.filter { bytes[$0] >= 0x30 && bytes[$0] <= 0x39 }
            if !digits.isEmpty { bytes[generator.pick(digits)] = UInt8(0x30 + generator.below(10)) }
        default: bytes.insert(contentsOf: generator.pick(Self.words), at: place)
        }
    }
}
