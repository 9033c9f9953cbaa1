import MixCollectives

/// A fused operation with its buffers, ready to be called again and again.
protocol FusedExercise {
    /// What must happen before each call, and is not timed.
    func prepare() throws(CollectiveError)
    /// The operation, once.
    func call() throws(CollectiveError)
    /// Wrong elements of the last call's result on this rank, against a reference in float64.
    func countWrong() -> Int
}
