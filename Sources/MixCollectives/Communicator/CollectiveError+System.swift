internal import CMixSystem
internal import MixSchedule

extension CollectiveError {
    /// The operating system refused `what`.
    static func system(_ what: String, _ errno: Int32) -> CollectiveError {
        CollectiveError(.system, "\(what): \(String(cString: mix_error_text(errno)))", errno: errno)
    }
}
