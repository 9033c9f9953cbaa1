/// How far a stream of a schedule has come.
struct StreamProgress: BitwiseCopyable {
    var step = 0
    var message: Message?
    /// When the step under way began, while that is recorded.
    var started: Int64 = 0

    /// The message of the step under way, once its frame was written or read.
    struct Message: BitwiseCopyable {
        var bytes: Int
        var moved = 0
        /// Whether the receiver reads the sender's own memory, so that nothing travels through the channel.
        var isMapped = false
        /// The channel's count at which the receiver is done with mapped bytes.
        var end: UInt64 = 0
        /// The message's name on the link that it takes, when it goes to another node.
        var ticket: LinkTicket?
    }
}
