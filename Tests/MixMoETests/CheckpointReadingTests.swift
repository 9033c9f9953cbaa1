import Foundation
import Testing

@testable import MixMoE

/// A rank reads its own shard and nothing else, and what it copied does not stay in its memory.
@Suite struct CheckpointReadingTests {
    /// Six matrices [1024, 2048] in bfloat16, 4 MiB each.
    private let folder: TemporaryFolder
    private let path: String
    private let rows = 1024
    private let columns = 2048

    init() throws {
        var draft = CheckpointDraft()
        for matrix in 0..<6 {
            draft.add(
                "w\(matrix)", "BF16", [rows, columns], Array(repeating: UInt8(matrix), count: rows * columns * 2))
        }
        folder = try TemporaryFolder()
        path = folder.path + "/model.safetensors"
        try draft.write(to: folder)
    }

    /// The pages that hold rows of a matrix.
    private func pages(_ matrix: Int, rows range: Range<Int>, start: Int) -> ClosedRange<Int> {
        let base = start + matrix * rows * columns * 2
        return (base + range.lowerBound * columns * 2) / PageUse.page...(base + range.upperBound * columns * 2 - 1)
            / PageUse.page
    }

    /// Reads from every row of a matrix whose rows fill pages; the number of weights.
    @discardableResult
    private func touch(_ matrix: StoredMatrix) -> Int {
        for row in 0..<matrix.rows { #expect(matrix.value(row, 0) == matrix.value(row, matrix.columns - 1)) }
        return matrix.rows * matrix.columns
    }

    @Test func onlyTheShardIsReadFromStorage() throws {
        try PageUse.forget(path)
        let checkpoint = try Checkpoint(at: folder.path)
        let matrix = try checkpoint.matrix(named: "w2", expecting: [rows, columns])
        let start = try checkpoint.tensor(named: "w0").range.lowerBound
        #expect(try PageUse.cached(path).allSatisfy { $0 <= start / PageUse.page })
        #expect(checkpoint.bytesRead == 0)

        let shard = matrix.rows(256..<512)
        let bytes = checkpoint.read(shard) { Array(UnsafeRawBufferPointer(start: $0.base, count: $0.byteCount)) }
        #expect(bytes == Array(repeating: 2, count: 256 * columns * 2))
        #expect(checkpoint.bytesRead == 256 * columns * 2)
        let expected = Array(0...start / PageUse.page) + Array(pages(2, rows: 256..<512, start: start))
        #expect(try PageUse.cached(path) == expected)
    }

    @Test func whatWasCopiedLeavesTheProcess() throws {
        let checkpoint = try Checkpoint(at: folder.path)
        let piece = 4 << 20
        // The system may map what it holds in one huge page whole, at either end.
        let slack = 2 << 20
        var reached = 0
        for name in checkpoint.tensorNames {
            let matrix = try checkpoint.matrix(named: name, expecting: [rows, columns])
            var copied = 0
            try checkpoint.readInPieces(matrix, ofAtMost: piece) { part, place throws in
                #expect(place.rows.lowerBound * columns == copied)
                copied += touch(part)
                reached = max(reached, try PageUse.mapped(path))
            }
            #expect(copied == rows * columns)
        }
        #expect(checkpoint.bytesRead == 6 * rows * columns * 2)
        #expect(reached >= piece && reached <= piece + 2 * slack)
        #expect(try PageUse.mapped(path) <= slack)

        // What is used in place stays.
        let matrix = try checkpoint.matrix(named: "w1", expecting: [rows, columns])
        checkpoint.willRead(matrix)
        touch(matrix)
        #expect(try PageUse.mapped(path) >= matrix.byteCount)
        checkpoint.didRead(matrix)
        #expect(try PageUse.mapped(path) <= slack)
        // And can be read again.
        #expect(matrix.value(3, 1) == matrix.value(4, 1) as Double)
    }

    /// A column shard's rows are far enough apart to fetch each by itself.
    @Test func columnsAreReadWithoutTheirNeighbours() throws {
        var draft = CheckpointDraft()
        let width = 16 * PageUse.page
        draft.add("pad", "U8", [0], [])
        draft.add("w", "F32", [8, width / 4], Array(repeating: 0, count: 8 * width))
        let folder = try TemporaryFolder()
        try draft.write(to: folder)
        let path = folder.path + "/model.safetensors"
        try PageUse.forget(path)
        let checkpoint = try Checkpoint(at: folder.path)
        let start = try checkpoint.tensor(named: "w").range.lowerBound
        let half = try checkpoint.matrix(named: "w", expecting: [8, width / 4]).columns(width / 8..<width / 4)
        checkpoint.read(half) { #expect($0.values.allSatisfy { $0 == 0 }) }
        #expect(checkpoint.bytesRead == 4 * width)
        // A run of eight pages that does not begin at a page touches nine.
        #expect(try PageUse.cached(path).count <= start / PageUse.page + 1 + 8 * 9)
    }

    @Test func scalesOfAShardAreCounted() throws {
        let checkpoint = try Checkpoint(at: Fixtures.path("qwen3_moe_fp8"))
        let name = "model.layers.0.mlp.experts.0.down_proj.weight"
        let matrix = try checkpoint.matrix(named: name, expecting: [192, 96])
        for (view, scales) in [
            (matrix, 2), (matrix.rows(0..<128), 1), (matrix.rows(127..<129), 2),
            (matrix.rows(130..<192).columns(3..<5), 1),
            (matrix.rows(5..<5), 0),
        ] {
            let before = checkpoint.bytesRead
            checkpoint.read(view) { #expect($0.values == view.values) }
            #expect(checkpoint.bytesRead - before == view.rows * view.columns + 2 * scales)
        }
    }

    @Test func piecesCoverAMatrixOnce() throws {
        let seed = UInt64.random(in: 0..<1 << 32)
        print("pieces: seed \(seed)")
        var generator = Generator(seed: seed)
        let storage = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
        defer { storage.deallocate() }
        for _ in 0..<500 {
            let (rows, columns) = (1 + generator.below(700), 1 + generator.below(700))
            let isTransposed = generator.below(2) == 1
            let matrix = StoredMatrix(
                base: storage, type: .bfloat16, rows: rows, columns: columns, rowStride: isTransposed ? 2 : columns + 3,
                columnStride: isTransposed ? 2 * rows + 1 : 1)
            let bytes = 1 + generator.below(1 << 20)
            let pieces = matrix.pieces(ofAtMost: bytes)
            var next = 0
            for piece in pieces {
                let (cut, whole) = isTransposed ? (piece.columns, piece.rows) : (piece.rows, piece.columns)
                #expect(cut.lowerBound == next && next.isMultiple(of: 128), "seed \(seed)")
                #expect(whole == 0..<(isTransposed ? rows : columns), "seed \(seed)")
                #expect(cut.count <= 128 || cut.count * whole.count * 2 <= bytes, "seed \(seed)")
                next = cut.upperBound
            }
            #expect(next == (isTransposed ? columns : rows), "seed \(seed)")
        }
    }
}
