import MixSchedule
import Testing

@Suite struct LayoutTests {
    @Test func equalBlocksCoverTheBufferInOrder() {
        for count in [0, 1, 5, 16, 17, 100, 1023] {
            for blocks in [1, 2, 3, 7, 64] {
                for alignment in [1, 4, 16] {
                    let layout = Layout.equal(count: count, blocks: blocks, alignment: alignment)
                    var end = 0
                    var sizes: [Int] = []
                    for block in 0..<blocks {
                        let range = layout.range(ofBlock: block)
                        #expect(range.lowerBound == end)
                        #expect(range.lowerBound % alignment == 0 || range.lowerBound == count)
                        end = range.upperBound
                        sizes.append((range.count + alignment - 1) / alignment)
                    }
                    #expect(end == count)
                    #expect(sizes.max()! - sizes.min()! <= 1)
                }
            }
        }
    }

    @Test func piecesCoverTheirBlocks() {
        let layouts: [Layout] = [
            .equal(count: 103, blocks: 6, alignment: 4), .uniform(blocks: 6, count: 7),
            .counts([3, 0, 12, 1, 0, 9]),
            .counts([3, 0, 12, 1, 0, 9], displacements: [50, 0, 7, 40, 0, 20]),
        ]
        for layout in layouts {
            for block in 0..<6 {
                for pieces in 1...5 {
                    let slice = Slice(.input, rank: 0, block: block)
                    var end = layout.range(of: slice).lowerBound
                    for piece in 0..<pieces {
                        let range = layout.range(of: slice.piece(piece, of: pieces))
                        #expect(range.lowerBound == end)
                        end = range.upperBound
                    }
                    #expect(end == layout.range(of: slice).upperBound)
                }
            }
        }
    }

    @Test func runsOfBlocks() {
        let layout = Layout.counts([3, 0, 12, 1])
        #expect(layout.range(of: Slice(.output, rank: 0, block: 1, blockCount: 3)) == 3..<16)
        #expect(layout.range(of: Slice(.output, rank: 0, block: 4, blockCount: 0)).isEmpty)
        #expect(layout.elementCount == 16)
        #expect(Layout.uniform(blocks: 4, count: 3).range(ofBlock: 2) == 6..<9)
        #expect(Layout.equal(count: 0, blocks: 0).elementCount == 0)
    }
}
