import Foundation

/// With so many digits behind the point.
func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

/// In a unit that suits it: `812 B`, `1.25 MB`.
func inBytes(_ bytes: Double) -> String {
    for (unit, size) in [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] where bytes >= size {
        return "\(fixed(bytes / size, 2)) \(unit)"
    }
    return "\(fixed(bytes, 0)) B"
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
    var milliseconds: Double { self / .milliseconds(1) }
}
