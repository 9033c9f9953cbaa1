import MixCollectives
import MixSchedule
import Testing

@testable import mixbench

@Suite struct ShapeTests {
    @Test func wholeBufferIsRoundedUp() {
        #expect(Shape(.allReduce, bytes: 10, elementSize: 4, ranks: 3).bytes == 12)
        #expect(Shape(.allToAll, bytes: 8, elementSize: 4, ranks: 3).bytes == 12)
        let gather = Shape(.allGather, bytes: 1000, elementSize: 4, ranks: 4)
        #expect((gather.bytes, gather.blockCount, gather.inputCount, gather.outputCount) == (1008, 63, 63, 252))
        let scatter = Shape(.reduceScatter, bytes: 1000, elementSize: 4, ranks: 4)
        #expect((scatter.inputCount, scatter.outputCount) == (252, 63))
    }

    /// All-to-all-v: sizes of the peers' benchmarks, and counts that every pair of ranks agrees on.
    @Test(arguments: [1, 2, 3, 4, 7])
    func unevenBlocks(ranks: Int) {
        let unit = ranks * (ranks + 1) / 2
        let shape = Shape(.allToAllV, bytes: 1000, elementSize: 1, ranks: ranks)
        #expect(shape.bytes == 1000 / unit * unit)
        #expect(Shape(.allToAllV, bytes: 1, elementSize: 1, ranks: ranks).bytes == unit)
        for rank in 0..<ranks {
            let blocks = shape.blocks(of: rank)
            #expect(blocks.counts.reduce(0, +) == shape.count)
            for peer in 0..<ranks { #expect(blocks.counts[peer] == shape.blocks(of: peer).counts[rank]) }
        }
    }

    @Test func busFactors() {
        #expect(Operation.allReduce.busFactor(ranks: 4) == 1.5)
        #expect(Operation.allReduce.busFactor(ranks: 1) == 0)
        for operation in [Operation.reduceScatter, .allGather, .allToAll, .allToAllV, .gather, .scatter] {
            #expect(operation.busFactor(ranks: 4) == 0.75)
        }
        for operation in [Operation.broadcast, .reduce, .sendReceive] { #expect(operation.busFactor(ranks: 4) == 1) }
        #expect(Measurement.algorithmBandwidth(bytes: 2_000_000, seconds: 1e-3) == 2)
    }
}
