/// Where the blocks of one buffer lie: turns a ``Slice`` into a range of elements. Every query takes constant time.
public struct Layout: Sendable, Hashable {
    private enum Shape: Hashable {
        case equal(units: Int)
        case uniform(size: Int)
        case counts([Int], displacements: [Int])
    }

    private let shape: Shape
    /// How many blocks there are.
    public let blockCount: Int
    /// The length of the buffer in elements: the end of the block that ends last.
    public let elementCount: Int
    /// Blocks and pieces begin at multiples of so many elements, counted from the start of the buffer and of the block,
    /// as far as the layout has a choice.
    public let alignment: Int

    /// A buffer of `count` elements cut into blocks that differ by at most one unit of `alignment` elements.
    ///
    /// Every block begins at a multiple of `alignment`. Where there are fewer units than blocks the blocks left over are
    /// empty, and the last that is not empty may be short.
    public static func equal(count: Int, blocks: Int, alignment: Int = 1) -> Layout {
        precondition(count >= 0 && blocks >= 0 && alignment >= 1)
        precondition(blocks > 0 || count == 0, "elements need a block to lie in")
        return Layout(
            shape: .equal(units: (count + alignment - 1) / alignment), blockCount: blocks,
            elementCount: count, alignment: alignment)
    }

    /// Blocks of `count` elements each, back to back: what all-gather and reduce-scatter have per rank.
    ///
    /// `alignment` matters for pieces only.
    public static func uniform(blocks: Int, count: Int, alignment: Int = 1) -> Layout {
        precondition(count >= 0 && blocks >= 0 && alignment >= 1)
        return Layout(
            shape: .uniform(size: count), blockCount: blocks, elementCount: blocks * count,
            alignment: alignment)
    }

    /// Block `i` has `counts[i]` elements and begins at `displacements[i]`; without displacements, blocks lie back to back.
    ///
    /// `alignment` matters for pieces only. A run of several blocks must lie back to back and in order.
    public static func counts(
        _ counts: [Int], displacements: [Int]? = nil, alignment: Int = 1
    ) -> Layout {
        precondition(counts.allSatisfy { $0 >= 0 } && alignment >= 1)
        var next = 0
        let starts =
            displacements
            ?? counts.map { count in
                defer { next += count }
                return next
            }
        precondition(starts.count == counts.count && starts.allSatisfy { $0 >= 0 })
        return Layout(
            shape: .counts(counts, displacements: starts), blockCount: counts.count,
            elementCount: zip(starts, counts).map { $0 + $1 }.max() ?? 0, alignment: alignment)
    }

    /// The elements of one block.
    public func range(ofBlock block: Int) -> Range<Int> {
        start(of: block)..<end(of: block)
    }

    /// The elements of a slice, counted from the start of its buffer. The slice's rank and buffer are not looked at.
    ///
    /// Pieces depend on the number of elements and on ``alignment`` only. Sender and receiver of a message therefore cut
    /// alike wherever the block lies in either's buffer, if their layouts have the same alignment.
    public func range(of slice: Slice) -> Range<Int> {
        guard slice.blockCount > 0 else { return 0..<0 }
        let whole = start(of: slice.block)..<end(of: slice.block + slice.blockCount - 1)
        guard slice.pieces > 1 else { return whole }
        let units = (whole.count + alignment - 1) / alignment
        func cut(_ piece: Int) -> Int {
            whole.lowerBound
                + min(whole.count, alignment * Layout.share(piece, of: slice.pieces, units: units))
        }
        return cut(slice.piece)..<cut(slice.piece + 1)
    }

    private func start(of block: Int) -> Int {
        precondition(
            0 <= block && block < blockCount, "there is no block \(block) among \(blockCount)")
        return switch shape {
        case .equal(let units):
            min(elementCount, alignment * Layout.share(block, of: blockCount, units: units))
        case .uniform(let size): block * size
        case .counts(_, let displacements): displacements[block]
        }
    }

    private func end(of block: Int) -> Int {
        switch shape {
        case .equal(let units):
            min(elementCount, alignment * Layout.share(block + 1, of: blockCount, units: units))
        case .uniform(let size): (block + 1) * size
        case .counts(let counts, let displacements): displacements[block] + counts[block]
        }
    }

    /// Where the `index`-th of `parts` nearly equal parts of so many units begins. Early parts are the larger ones.
    private static func share(_ index: Int, of parts: Int, units: Int) -> Int {
        (index * units + parts - 1) / parts
    }
}
