internal import CMixProducts

/// What every thread needs for itself while it multiplies.
struct ProductMemory {
    /// Rows that are multiplied with a panel at once: their sums should stay in the second-level cache.
    static let mostRows = 256
    private static let sumBytes = mostRows * Int(MIX_PANEL) * MemoryLayout<Float>.stride
    private static let bytes = sumBytes + Int(MIX_SCRATCH_BYTES)

    private let base: UnsafeMutableRawPointer

    init(_ scratch: inout Scratch, threads: Int) { base = scratch.room(threads * Self.bytes) }

    /// [``mostRows``, 64].
    func sums(of member: Int) -> UnsafeMutablePointer<Float> {
        (base + member * Self.bytes).assumingMemoryBound(to: Float.self)
    }

    func scratch(of member: Int) -> UnsafeMutableRawPointer { base + member * Self.bytes + Self.sumBytes }
}
