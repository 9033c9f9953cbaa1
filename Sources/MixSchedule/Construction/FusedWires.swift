/// The streams of a rank towards other nodes: two each way, which take turns, so that the next transfer is under way
/// before anybody has looked at the end of the last.
struct FusedWires {
    private let sending: [Int]
    private let receiving: [Int]
    private var sends = 0
    private var receives = 0

    init(_ draft: inout ScheduleDraft) {
        sending = (0..<2).map { draft.addStream("between nodes: send \($0)", channel: $0) }
        receiving = (0..<2).map { draft.addStream("between nodes: receive \($0)", channel: $0) }
    }

    @discardableResult
    mutating func send(
        _ slice: Slice, to rank: Int, after causes: [ScheduleDraft.Completion?] = [], _ draft: inout ScheduleDraft
    ) -> ScheduleDraft.Completion {
        defer { sends += 1 }
        return draft.append(.send(slice, to: rank), to: sending[sends % 2], after: causes)
    }

    mutating func receive(
        _ slice: Slice, from rank: Int, after causes: [ScheduleDraft.Completion?] = [], _ draft: inout ScheduleDraft
    ) -> ScheduleDraft.Completion {
        defer { receives += 1 }
        return draft.append(.receive(slice, from: rank), to: receiving[receives % 2], after: causes)
    }
}
