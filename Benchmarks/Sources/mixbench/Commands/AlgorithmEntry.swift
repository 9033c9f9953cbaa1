import MixSchedule

/// One line of `mixbench list`.
struct AlgorithmEntry {
    var name: String
    var summary: String
    var needsMappedMemory: Bool

    /// The algorithms that the library has for `operation`.
    static func all(for operation: Operation) -> [AlgorithmEntry] { [] }
}
