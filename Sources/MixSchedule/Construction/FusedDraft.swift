/// A fused collective of one rank under construction: what all of them have in common.
///
/// Two streams each way towards other nodes take turns, so that the next transfer is under way before anybody has looked at
/// the end of the last.
struct FusedDraft {
    typealias Completion = ScheduleDraft.Completion

    /// One piece for the node that is `round` places up, while as much comes from the one as far down.
    struct Transfer {
        let round: Int
        let piece: Int
        let up: Int
        let down: Int
    }

    let grid: FusedGrid
    private let pieces: Int
    /// Between nodes, in their order: round by round, piece by piece.
    let transfers: [Transfer]
    private var draft: ScheduleDraft
    private let sending: [Int]
    private let receiving: [Int]
    private var exchanges = 0

    init(rank: Int, topology: Topology, pieces: Int = 1) {
        let grid = FusedGrid(rank: rank, topology: topology)
        self.grid = grid
        self.pieces = pieces
        transfers = (1..<grid.nodeCount).flatMap { round in
            (0..<pieces).map { piece in
                Transfer(
                    round: round, piece: piece, up: grid.destination(round: round), down: grid.source(round: round))
            }
        }
        var draft = ScheduleDraft(rank: rank, rankCount: topology.rankCount)
        sending = (0..<2).map { draft.addStream("between nodes: send \($0)", channel: $0) }
        receiving = (0..<2).map { draft.addStream("between nodes: receive \($0)", channel: $0) }
        self.draft = draft
    }

    mutating func addStream(_ name: String) -> Int { draft.addStream(name) }

    @discardableResult
    mutating func append(_ step: Step, to stream: Int, after causes: [Completion?] = []) -> Completion {
        draft.append(step, to: stream, after: causes)
    }

    /// The moment at which all that a stream has is complete.
    func end(of stream: Int) -> Completion { Completion(stream: stream, steps: draft.streams[stream].steps.count) }

    func finished(outputBlocks: Int? = nil) -> Schedule {
        draft.finished(
            inputBlocks: grid.blockCount, outputBlocks: outputBlocks ?? grid.blockCount,
            scratchBlocks: grid.scratchBlocks)
    }

    // MARK: Slices

    /// A piece of this lane's part of the data for or from a node.
    func part(_ buffer: Buffer, _ node: Int, _ piece: Int = 0) -> Slice {
        grid.part(buffer, node, lane: grid.lane).piece(piece, of: pieces)
    }

    func part(_ region: FusedGrid.Region, _ node: Int, _ piece: Int = 0) -> Slice {
        grid.part(region, node, lane: grid.lane).piece(piece, of: pieces)
    }

    /// A piece of all lanes' parts.
    func whole(_ buffer: Buffer, _ node: Int, _ piece: Int = 0) -> Slice {
        grid.whole(buffer, node).piece(piece, of: pieces)
    }

    func whole(_ region: FusedGrid.Region, _ node: Int, _ piece: Int = 0) -> Slice {
        grid.whole(region, node).piece(piece, of: pieces)
    }

    // MARK: Steps

    /// Appends one transfer each way; complete when the other node's has arrived.
    mutating func exchange(
        _ transfer: Transfer, _ sent: Slice, after cause: Completion?, into received: Slice,
        receivingAfter opening: Completion? = nil
    ) -> Completion {
        defer { exchanges += 1 }
        append(.send(sent, to: grid.counterpart(on: transfer.up)), to: sending[exchanges % 2], after: [cause])
        return append(
            .receive(received, from: grid.counterpart(on: transfer.down)), to: receiving[exchanges % 2],
            after: [opening])
    }

    /// Appends the reduction of a slice of all of the node's lanes.
    @discardableResult
    mutating func reduce(_ slice: Slice, into target: Slice, in stream: Int) -> Completion {
        append(.reduce(from: grid.mates.map { slice.of(rank: $0) }, to: [target]), to: stream)
    }

    /// Appends copies of what the other lanes have for their parts as this one has `source` for its own, each once that
    /// lane has signalled so often.
    mutating func gather(_ source: Slice, into target: Slice, signals: Int, in stream: Int) {
        for (lane, mate) in grid.others {
            append(.await(rank: mate, signals: signals), to: stream)
            append(
                .copy(
                    from: source.of(rank: mate, up: lane - grid.lane),
                    to: target.of(rank: grid.rank, up: lane - grid.lane)), to: stream)
        }
    }

    /// Appends what begins a collective that reads its mates' memory: nobody's is read before it has come.
    mutating func enter(publishing: Int, reading: Int) {
        guard grid.laneCount > 1 else { return }
        append(.signal, to: publishing)
        awaitMates(signals: 1, in: reading)
    }

    /// Appends what ends it: nobody goes before all have read.
    mutating func leave(signals: Int, publishing: Int, reading: Int) {
        append(.signal, to: publishing, after: [end(of: reading)])
        awaitMates(signals: signals, in: reading)
    }

    mutating func awaitMates(signals: Int, in stream: Int) {
        draft.awaitAll(grid.others.map(\.rank), signals: signals, in: stream)
    }
}

extension Slice {
    /// The same slice of another rank's memory, some blocks up.
    fileprivate func of(rank: Int, up blocks: Int = 0) -> Slice {
        var result = self
        result.rank = rank
        result.block += blocks
        return result
    }
}
