/// Why the schedules of a collective are wrong, and where.
public struct VerificationError: Error, Sendable, Hashable {
    /// One element of one rank's input.
    public struct Contribution: Sendable, Hashable {
        /// The rank whose input it is.
        public var rank: Int
        /// Its index in that input.
        public var element: Int

        init(rank: Int, element: Int) {
            self.rank = rank
            self.element = element
        }
    }

    /// What can be wrong. Elements are counted from the start of the buffer in question.
    public enum Fault: Sendable, Hashable {
        /// A step names something that does not exist, or schedules or layouts do not fit each other.
        case malformed(String)
        /// Two streams of a rank send to, or receive from, the same rank on the same channel: which message each gets is open.
        case ambiguousChannel(peer: Int, channel: Int)
        /// Two streams of a rank signal: what a count of signals means is open.
        case ambiguousSignals
        /// A message has another number of elements than its receive.
        case sizeMismatch(sent: Int, expected: Int, sender: StepPlace)
        /// These steps are begun and never complete.
        case blocked([StepPlace])
        /// An element is read that nothing has been written to.
        case undefinedRead(element: Int)
        /// Two accesses to the same element, not both of them reads, of which neither is sure to come first. The other is
        /// nil where it is the caller's own: before the rank enters, or after it leaves.
        case race(with: StepPlace?, element: Int)
        /// A write to memory that the operation only reads, or does not have on that rank.
        case forbiddenWrite(element: Int)
        /// A destination of the step overlaps another slice of it without being the same.
        case overlap(Slice)
        /// An output element lacks contributions, or has some that it should not have, or has some more than once. At most
        /// a few of each are listed; both empty: never written.
        case wrongResult(missing: [Contribution], surplus: [Contribution], rank: Int, element: Int)
        /// An output element combines the right contributions, in another order than on rank 0: results would differ in bits.
        case orderDiffers(rank: Int, element: Int)
        /// A rank can leave a barrier before another has entered.
        case notSynchronised(rank: Int, with: Int)
    }

    /// What is wrong.
    public var fault: Fault
    /// The step at which it shows, if it shows at one.
    public var place: StepPlace?
    /// The slice that the step was about to touch, if any.
    public var slice: Slice?

    init(_ fault: Fault, at place: StepPlace? = nil, slice: Slice? = nil) {
        self.fault = fault
        self.place = place
        self.slice = slice
    }
}

extension VerificationError: CustomStringConvertible {
    /// One sentence with all that is known.
    public var description: String {
        let position = place.map { "\($0): " } ?? ""
        let subject = slice.map { " (\($0))" } ?? ""
        return position + explanation + subject
    }

    private var explanation: String {
        switch fault {
        case .malformed(let reason): reason
        case .ambiguousChannel(let peer, let channel):
            "two streams exchange messages with rank \(peer) on channel \(channel) in the same direction"
        case .ambiguousSignals: "two streams signal"
        case .sizeMismatch(let sent, let expected, let sender):
            "\(sent) elements sent by \(sender) arrive where \(expected) are expected"
        case .blocked(let places):
            "\(places.count) streams wait for ever, at: "
                + places.prefix(8).map(\.description).joined(separator: "; ")
        case .undefinedRead(let element): "reads element \(element), which was never written"
        case .race(let other, let element):
            "races for element \(element) with \(other?.description ?? "the caller")"
        case .forbiddenWrite(let element):
            "writes element \(element) of memory that is not to be written"
        case .overlap(let other): "overlaps \(other), which the same step uses"
        case .wrongResult(let missing, let surplus, let rank, let element):
            "output element \(element) of rank \(rank) lacks \(list(missing)), has \(list(surplus)) too often"
        case .orderDiffers(let rank, let element):
            "output element \(element) of rank \(rank) is combined in another order than on rank 0"
        case .notSynchronised(let rank, let other):
            "rank \(rank) can leave the barrier before rank \(other) has entered"
        }
    }

    private func list(_ contributions: [Contribution]) -> String {
        let names = contributions.map { "element \($0.element) of rank \($0.rank)" }
        return names.isEmpty ? "nothing" : names.joined(separator: ", ")
    }
}
