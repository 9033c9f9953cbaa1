internal import CMixKernels

/// How elements of different ranks are combined.
///
/// Contributions are combined in rank order, so that a result has the same bits on every rank and in
/// every run. 16-bit floats are accumulated in float32; integers wrap.
public enum Reduction: UInt8, Sendable, Hashable, CaseIterable {
    case sum, product, min, max
    /// The sum divided by the number of ranks; integers truncate towards zero.
    case average

    /// The name used on command lines.
    public var name: String {
        switch self {
        case .sum: "sum"
        case .product: "product"
        case .min: "min"
        case .max: "max"
        case .average: "average"
        }
    }

    /// The reduction with this name, if there is one.
    public init?(name: String) {
        guard let match = Reduction.allCases.first(where: { $0.name == name }) else { return nil }
        self = match
    }

    var kernelReduction: mix_reduction { mix_reduction(UInt32(rawValue)) }
}
