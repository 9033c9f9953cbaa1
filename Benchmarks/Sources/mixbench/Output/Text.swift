// Numbers and columns, without Foundation.

/// Which end of a column text starts from.
enum Alignment { case left, right }

/// `text` with spaces up to `width`; longer text is kept whole.
func pad(_ text: String, _ width: Int, _ alignment: Alignment = .right) -> String {
    let spaces = String(repeating: " ", count: max(0, width - text.count))
    return alignment == .right ? spaces + text : text + spaces
}

/// `value` with `digits` decimals, rounded to nearest.
func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = (abs(value) * Double(scale)).rounded()
    guard scaled < 0x1p63 else { return "\(value)" }
    let whole = Int(scaled) / scale
    let fraction = String(Int(scaled) % scale)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(whole) }
    return sign + "\(whole)." + String(repeating: "0", count: digits - fraction.count) + fraction
}

/// Microseconds in a column, with as many decimals as make sense.
func microseconds(_ seconds: Double) -> String {
    let value = seconds * 1e6
    return fixed(value, value < 1000 ? 2 : value < 100_000 ? 1 : 0)
}

/// `text` in so many bytes, cut or with zeros behind it: for what ranks gather of each other.
func fixedText(_ text: String, bytes: Int) -> [UInt8] {
    let units = Array(text.utf8.prefix(bytes))
    return units + [UInt8](repeating: 0, count: bytes - units.count)
}

/// The text before the zeros.
func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
