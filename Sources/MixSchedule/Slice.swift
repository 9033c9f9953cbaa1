/// A part of a buffer of some rank, named by block and not by bytes.
///
/// A slice says nothing about sizes: a ``Layout`` turns it into a range of elements when the schedule runs, so that one
/// schedule serves every message size and every element type.
public struct Slice: Sendable, Hashable, BitwiseCopyable {
    /// The buffer that the slice is a part of.
    public var buffer: Buffer
    /// Whose memory it is: the schedule's own rank, or another rank whose memory is mapped into this one's process.
    public var rank: Int
    /// The index of the first block, in the layout of that buffer of that rank.
    public var block: Int
    /// How many consecutive blocks. Zero makes an empty slice: a message without content.
    public var blockCount: Int
    /// Which of the `pieces` nearly equal parts of these blocks together is meant, from 0.
    public var piece: Int
    /// Into how many parts the blocks are cut, so that a transfer can be pipelined.
    public var pieces: Int

    /// Makes a slice of one block, a run of blocks, or a piece of either.
    public init(
        _ buffer: Buffer, rank: Int, block: Int, blockCount: Int = 1, piece: Int = 0,
        pieces: Int = 1
    ) {
        self.buffer = buffer
        self.rank = rank
        self.block = block
        self.blockCount = blockCount
        self.piece = piece
        self.pieces = pieces
    }

    /// A slice of no elements, for messages that only synchronise.
    public static func empty(rank: Int) -> Slice {
        Slice(.input, rank: rank, block: 0, blockCount: 0)
    }

    /// The `piece`-th of `pieces` nearly equal parts of this slice, which must not be a piece itself.
    public func piece(_ piece: Int, of pieces: Int) -> Slice {
        precondition(self.pieces == 1, "a piece cannot be cut again")
        var result = self
        result.piece = piece
        result.pieces = pieces
        return result
    }
}

extension Slice: CustomStringConvertible {
    /// For example `output[3..<5] of rank 2, piece 1 of 4`.
    public var description: String {
        let blocks = blockCount == 1 ? "\(block)" : "\(block)..<\(block + blockCount)"
        let part = pieces == 1 ? "" : ", piece \(piece) of \(pieces)"
        return "\(buffer)[\(blocks)] of rank \(rank)\(part)"
    }
}
