import Foundation
import MixCollectives

/// One all-to-all-v: who sends how much to whom, where it lies, and what must arrive.
struct BlocksCase: Sendable, CustomStringConvertible {
    /// Elements from rank (first index) to rank (second index).
    var counts: [[Int]]
    var type = DataType.float32
    var inPlace = false
    /// Which ranks have memory from `allocate`.
    var shared: [Bool]
    /// Decides on content, order and gaps.
    var seed: UInt64

    var description: String {
        "all-to-all-v of \(type.name)\(inPlace ? " in place" : ""), seed \(seed), shared memory at \(shared), counts \(counts)"
    }

    /// Random counts up to `limit`, some of them zero, some ranks small and some large.
    static func random(_ generator: inout Generator, ranks: Int, limit: Int) -> BlocksCase {
        let inPlace = generator.below(3) == 0
        let scales = (0..<ranks).map { _ in [0, 3, 40, limit][generator.below(4)] }
        var counts = scales.map { scale in
            (0..<ranks).map { _ in generator.below(4) == 0 ? 0 : generator.below(scale + 1) }
        }
        if inPlace {
            for one in 0..<ranks {
                for other in 0..<one { counts[one][other] = counts[other][one] }
            }
        }
        let everywhere = generator.below(3)
        return BlocksCase(
            counts: counts, type: generator.pick(DataType.allCases), inPlace: inPlace,
            shared: (0..<ranks).map { _ in everywhere < 2 ? everywhere == 0 : generator.below(2) == 0 },
            seed: generator.next())
    }

    func run(on communicator: Communicator) throws {
        let element = self.type.element
        try perform(element, communicator)
    }

    private func perform<Element: TestElement>(_: Element.Type, _ communicator: Communicator) throws {
        let rank = communicator.rank
        let width = MemoryLayout<Element>.stride
        let isShared = shared[rank]
        let (sent, inputs) = layout(counts[rank], UInt64(2 * rank))
        let (received, outputs) = inPlace ? (sent, inputs) : layout(counts.map { $0[rank] }, UInt64(2 * rank + 1))
        let input = try GuardedMemory(bytes: inputs * width, shared: isShared, of: communicator)
        let output = inPlace ? input : try GuardedMemory(bytes: outputs * width, shared: isShared, of: communicator)
        for peer in counts.indices {
            fill(input.start + sent.displacements[peer] * width, from: rank, to: peer, bytes: sent.counts[peer] * width)
        }

        var target = output.buffer(of: Element.self)
        if inPlace {
            try communicator.allToAllV(&target, sent)
        } else {
            try communicator.allToAllV(input.buffer(of: Element.self), sent, into: &target, received)
        }

        // What should be there now, gaps included.
        let expected = try GuardedMemory(bytes: output.bytes, shared: false, of: communicator)
        for peer in counts.indices {
            fill(
                expected.start + received.displacements[peer] * width, from: peer, to: rank,
                bytes: received.counts[peer] * width)
        }
        if memcmp(expected.start, output.start, output.bytes) != 0 {
            let byte = (0..<output.bytes).first { memcmp(expected.start + $0, output.start + $0, 1) != 0 }!
            throw Wrong("\(self): wrong from element \(byte / width) on; blocks \(received)")
        }
        guard input.isIntact, output.isIntact else { throw Wrong("\(self): memory outside the buffers was written") }
        guard !inPlace else { return }
        for peer in counts.indices {
            let block = input.start + sent.displacements[peer] * width
            fill(expected.start, from: rank, to: peer, bytes: min(expected.bytes, sent.counts[peer] * width))
            guard memcmp(block, expected.start, min(expected.bytes, sent.counts[peer] * width)) == 0 else {
                throw Wrong("\(self): the input was changed")
            }
        }
    }

    /// Blocks in random order with gaps between some, and the elements that they need.
    private func layout(_ counts: [Int], _ salt: UInt64) -> (Blocks, Int) {
        var generator = Generator(seed: seed &+ salt)
        var displacements = counts
        var next = 0
        for peer in counts.indices.shuffled(using: &generator) {
            next += generator.below(3)
            displacements[peer] = next
            next += counts[peer]
        }
        return (Blocks(counts: counts, displacements: displacements), next)
    }

    // MARK: Content

    private static let noise: [UInt8] = {
        var generator = Generator(seed: 1)
        return (0..<4093).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }()

    private func fill(_ memory: UnsafeMutableRawPointer, from source: Int, to destination: Int, bytes: Int) {
        var start = Int(mix(seed ^ UInt64(source * 64 + destination)) % 4093)
        var at = 0
        while at < bytes {
            let length = min(bytes - at, 4093 - start)
            Self.noise.withUnsafeBytes { (memory + at).copyMemory(from: $0.baseAddress! + start, byteCount: length) }
            at += length
            start = 0
        }
    }
}
