import ArgumentParser

/// A number of bytes as command lines give it: `8`, `4K`, `1.5M`, `2G` (powers of 1024).
struct ByteSize: Hashable, Sendable {
    var bytes: Int

    init(_ bytes: Int) { self.bytes = bytes }

    init?(_ text: String) {
        var digits = text[...]
        var unit = 1.0
        if let last = digits.last, let exponent = ["k": 1, "m": 2, "g": 3, "t": 4][last.lowercased()] {
            digits.removeLast()
            for _ in 0..<exponent { unit *= 1024 }
        }
        guard digits.first?.isNumber == true, let value = Double(digits) else { return nil }
        guard value * unit < 0x1p62 else { return nil }
        bytes = Int(value * unit)
    }
}

extension ByteSize: CustomStringConvertible {
    /// In the largest unit that leaves a whole number.
    var description: String {
        for (shift, unit) in [(40, "T"), (30, "G"), (20, "M"), (10, "K")] where bytes >= 1 << shift {
            if bytes & (1 << shift - 1) == 0 { return "\(bytes >> shift)\(unit)" }
        }
        return String(bytes)
    }
}

extension ByteSize: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
    var defaultValueDescription: String { description }
}
