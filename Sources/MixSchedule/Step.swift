/// One thing that one rank does in a collective.
///
/// `∘` stands for the reduction (sum, maximum…). It is taken to be commutative and associative in mathematics but not in
/// floating point, so the order of operands given here is binding: it is what makes results bit-identical on all ranks
/// and from run to run.
///
/// **Messages.** The messages from one rank to another on one channel (``Stream/channel``) arrive in the order in which
/// they are sent, and each receive takes the next one. A send and its receive must be of the same number of elements. A
/// send may complete before its receive starts, or not until it is served: no schedule may rely on either.
///
/// **Aliases.** Slices of one step are either the same memory or do not overlap. A copy onto itself, as it occurs when
/// an operation runs in place, does nothing.
public enum Step: Sendable, Hashable {
    /// Sends a slice of this rank's own memory to another rank. Complete when the slice may be overwritten.
    case send(Slice, to: Int)

    /// Receives the next message from another rank into a slice of this rank's own memory. Complete when it is there.
    case receive(Slice, from: Int)

    /// Receives the next message from another rank and combines it: `into = with ∘ arriving`, both this rank's own.
    ///
    /// `with` may be `into` itself, or an input that is read where it lies, which saves the copy that would otherwise
    /// have to come first.
    case receiveReduce(into: Slice, with: Slice, from: Int)

    /// Copies between two slices of equal size. Either may be mapped memory of a peer.
    case copy(from: Slice, to: Slice)

    /// Combines all sources in the order given, `((s₀ ∘ s₁) ∘ s₂) ∘ …`, rounds once at the end, and writes the result to
    /// every destination. Any slice may be mapped memory of a peer, and a destination may be one of the sources.
    case reduce(from: [Slice], to: [Slice])

    /// Adds one to this rank's event counter, which starts each collective at zero, visibly to the ranks that map its
    /// memory (release). Only one stream of a schedule signals: otherwise counts would be ambiguous.
    case signal

    /// Waits until `rank` has executed at least so many of its ``signal`` steps in this collective (acquire).
    case await(rank: Int, signals: Int)

    /// Waits until the stream of that index of this same schedule has completed its first `steps` steps.
    case wait(stream: Int, steps: Int)
}
