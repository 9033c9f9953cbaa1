/// What links between nodes did, counted on this rank: it holds on every wire, however fast.
///
/// Shared memory inside a node is not in it.
public struct LinkCounters: Sendable, Hashable, BitwiseCopyable {
    /// Bytes of messages given to the wire, without what the transport adds to them.
    public var bytesSent: UInt64 = 0
    /// Bytes of messages that came from the wire.
    public var bytesReceived: UInt64 = 0
    /// Bytes of messages that this rank's processor copied on the way, beside copies of the kernel's.
    public var bytesCopied: UInt64 = 0
    /// Verbs: how often writes were given to the card, as many at a time as were linked. TCP: system calls that read or
    /// write.
    public var doorbells: UInt64 = 0
    /// Verbs: writes, those that carry only the transport's own packets included. TCP: messages sent.
    public var workRequests: UInt64 = 0
    /// Verbs: completions of this rank's own writes that were polled. TCP: messages that the kernel took.
    public var completions: UInt64 = 0
    /// Verbs: completions polled that say that the peer's write is there. TCP: messages that came.
    public var arrivals: UInt64 = 0

    /// Nothing counted yet.
    public init() {}

    /// What was counted between `earlier` and `later`.
    public static func - (later: LinkCounters, earlier: LinkCounters) -> LinkCounters {
        combine(later, earlier) { $0 &- $1 }
    }

    /// What both counted together.
    public static func + (one: LinkCounters, other: LinkCounters) -> LinkCounters {
        combine(one, other) { $0 &+ $1 }
    }

    private static func combine(
        _ one: LinkCounters, _ other: LinkCounters, _ operation: (UInt64, UInt64) -> UInt64
    ) -> LinkCounters {
        var result = LinkCounters()
        for field in [
            \LinkCounters.bytesSent, \.bytesReceived, \.bytesCopied, \.doorbells, \.workRequests, \.completions,
            \.arrivals,
        ] {
            result[keyPath: field] = operation(one[keyPath: field], other[keyPath: field])
        }
        return result
    }
}
