import Foundation

/// How one case came out on all ranks.
struct Verdict: CustomStringConvertible {
    let name: String
    /// The largest difference over the largest value.
    let error: Float
    let tolerance: Float
    let expertsAreEqual: Bool
    /// Router, dispatch, experts, combine: the slowest rank of each.
    let microseconds: [Double]

    var isRight: Bool { error <= tolerance && expertsAreEqual }

    var description: String {
        let stages = zip(["router", "dispatch", "experts", "combine"], microseconds)
            .map { "\($0) \(String(format: "%.1f", $1))" }.joined(separator: ", ")
        return "\(name): max relative error \(String(format: "%.2e", error)), experts equal: "
            + "\(expertsAreEqual ? "yes" : "no")\n    \(stages) µs"
    }
}
