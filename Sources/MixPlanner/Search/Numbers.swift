/// A number with so many digits after the point, at most six.
package func decimal(_ number: Double, digits: Int = 2) -> String {
    guard number.isFinite, abs(number) < 1e15 else { return "\(number)" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = Int((abs(number) * scale).rounded())
    let (whole, part) = rounded.quotientAndRemainder(dividingBy: Int(scale))
    let sign = number < 0 && rounded > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(whole)" }
    let fraction = "\(part)"
    return "\(sign)\(whole)." + String(repeating: "0", count: digits - fraction.count) + fraction
}

/// Bytes in GB of 10⁹.
package func gigabytes(_ bytes: Double) -> String { "\(decimal(bytes / 1e9, digits: 1)) GB" }

/// Seconds in the unit that leaves one to three digits before the point.
package func duration(_ seconds: Double) -> String {
    switch abs(seconds) {
    case ..<1e-6: "\(decimal(seconds * 1e9, digits: 0)) ns"
    case ..<1e-3: "\(decimal(seconds * 1e6, digits: 1)) µs"
    case ..<1: "\(decimal(seconds * 1e3, digits: 2)) ms"
    default: "\(decimal(seconds)) s"
    }
}
