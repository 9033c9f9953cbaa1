@testable import MixMoE

extension StoredMatrix {
    /// Every weight, read one by one.
    var values: [Float] {
        (0..<rows).flatMap { row in (0..<columns).map { column in Float(value(row, column)) } }
    }
}
