import MixCollectives

@testable import MixMoE

extension ExpertElement {
    static func make(_ value: Float) -> Self {
        Self.self == Float.self ? value as! Self : BFloat16(value) as! Self
    }

    var double: Double { (self as? Float).map(Double.init) ?? Double(Float(self as! BFloat16)) }

    /// The greatest error that is allowed, relative to the greatest result.
    static var tolerance: Double { Self.self == Float.self ? 1e-5 : 1e-2 }
}

/// max|a − b| / max|b|; infinity where one of them is NaN.
func relativeError(_ a: [Double], _ b: [Double]) -> Double {
    guard a.allSatisfy(\.isFinite), b.allSatisfy(\.isFinite) else { return .infinity }
    let most = b.map(\.magnitude).max() ?? 0
    let difference = zip(a, b).map { ($0 - $1).magnitude }.max() ?? 0
    return most == 0 ? difference : difference / most
}
