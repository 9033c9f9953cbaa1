/// How a node's tokens are cut: into pieces that follow each other on the wire, and these, where lanes share tokens, into
/// one cell per lane.
struct TokenCells {
    let tokens: Int
    let pieces: Int
    /// 1 where lanes share columns.
    let lanes: Int
    private let leastTokens: Int
    private let length: Int

    init(tokens: Int, pieces: Int, lanes: Int, leastTokens: Int) {
        self.tokens = tokens
        self.pieces = pieces
        self.lanes = lanes
        self.leastTokens = leastTokens
        length = Swift.max((tokens + pieces - 1) / pieces, leastTokens)
    }

    /// How another node cuts its tokens by the same rule.
    func counterpart(tokens: Int) -> TokenCells {
        TokenCells(tokens: tokens, pieces: pieces, lanes: lanes, leastTokens: leastTokens)
    }

    var count: Int { pieces * lanes }

    /// How many pieces have tokens; at least one. Those behind them are empty.
    var usedPieces: Int { Swift.max(1, (tokens + length - 1) / length) }

    /// The first token of a cell, or the end where `cell` is ``count``.
    func start(_ cell: Int) -> Int {
        let (piece, lane) = cell.quotientAndRemainder(dividingBy: lanes)
        let first = Swift.min(tokens, piece * length)
        let end = Swift.min(tokens, first + length)
        return first + lane * (end - first) / lanes
    }

    /// The cells of a piece that a lane has, or all lanes together.
    func cells(piece: Int, lane: Int?) -> Range<Int> {
        guard lanes > 1, let lane else { return piece * lanes..<(piece + 1) * lanes }
        return piece * lanes + lane..<piece * lanes + lane + 1
    }
}
