import CMixKernels
import Foundation
import Testing

/// One call of mix_reduce, made with one instruction set and with generic, on memory that shows what was
/// written where nothing should be.
struct ReductionCase: CustomStringConvertible {
    var type: mix_type
    var reduction: mix_reduction
    var count: Int
    var sourceCount: Int
    var destinationCount: Int
    var divisor: UInt32
    var stream: Bool
    /// The source that destination 0 is.
    var inPlace: Int?
    /// Offsets from an aligned address, in bytes.
    var sourceOffsets: [Int]
    var destinationOffsets: [Int]

    var description: String {
        """
        \(name(type)) \(name(reduction)) of \(count) from \(sourceCount) to \(destinationCount), \
        divisor \(divisor), stream \(stream), in place \(String(describing: inPlace)), \
        offsets \(sourceOffsets) \(destinationOffsets), MIX_TEST_SEED=\(seed)
        """
    }
}

final class ReductionComparison {
    static let maximumCount = 1027
    static let maximumOffset = 128
    private static let guarded = 64
    private static let capacity = guarded + maximumOffset + 8 * maximumCount + guarded

    private var sources: [UnsafeMutableRawPointer]
    private var actual: [UnsafeMutableRawPointer]
    private var expected: [UnsafeMutableRawPointer]

    init(sources sourceCount: Int = 9, destinations: Int = 3) {
        func allocate(_ count: Int) -> [UnsafeMutableRawPointer] {
            (0..<count).map { _ in .allocate(byteCount: Self.capacity, alignment: 64) }
        }
        sources = allocate(sourceCount)
        actual = allocate(destinations)
        expected = allocate(destinations)
    }

    deinit { for pointer in sources + actual + expected { pointer.deallocate() } }

    /// Random bits, or for floats also numbers of like size, which are not all infinite when multiplied.
    func fill(_ type: mix_type, wild: Bool, using generator: inout SeededGenerator) {
        for source in sources {
            for word in stride(from: 0, to: Self.capacity - 7, by: 8) {
                var bits = generator.next()
                if !wild {
                    switch type {
                    case MIX_TYPE_F32: bits = bits & 0x83ff_ffff_83ff_ffff | 0x3c00_0000_3c00_0000
                    case MIX_TYPE_F64: bits = bits & 0x803f_ffff_ffff_ffff | 0x3fc0_0000_0000_0000
                    case MIX_TYPE_F16: bits = bits & 0x8fff_8fff_8fff_8fff | 0x3000_3000_3000_3000
                    case MIX_TYPE_BF16: bits = bits & 0x83ff_83ff_83ff_83ff | 0x3c00_3c00_3c00_3c00
                    default: break
                    }
                }
                source.storeBytes(of: bits, toByteOffset: word, as: UInt64.self)
            }
        }
    }

    /// Elements for `source`, at the offset 0.
    func fill(_ source: Int, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes {
            (sources[source] + Self.guarded).copyMemory(
                from: $0.baseAddress!, byteCount: $0.count)
        }
    }

    /// Whether `isa` wrote what generic did.
    func agree(_ isa: mix_isa, _ test: ReductionCase) -> Bool {
        run(isa, test, actual)
        run(MIX_ISA_GENERIC, test, expected)
        let size = mix_type_size(test.type)
        let bytes = test.count * size
        for d in 0..<test.destinationCount {
            let start = Self.guarded + test.destinationOffsets[d]
            if memcmp(actual[d], expected[d], start + bytes + Self.guarded) == 0 { continue }
            // Payloads of NaN may differ; nothing else may.
            for element in 0..<test.count {
                let a = actual[d] + start + element * size
                let b = expected[d] + start + element * size
                if isNaN(a, test.type) && isNaN(b, test.type) {
                    a.copyMemory(from: b, byteCount: size)
                }
            }
            if memcmp(actual[d], expected[d], start + bytes + Self.guarded) != 0 { return false }
        }
        return true
    }

    private func run(_ isa: mix_isa, _ test: ReductionCase, _ memory: [UnsafeMutableRawPointer]) {
        let bytes = test.count * mix_type_size(test.type)
        var from: [UnsafeRawPointer?] = []
        for s in 0..<test.sourceCount {
            from.append(UnsafeRawPointer(sources[s] + Self.guarded + test.sourceOffsets[s]))
        }
        var to: [UnsafeMutableRawPointer?] = []
        for d in 0..<test.destinationCount {
            let start = Self.guarded + test.destinationOffsets[d]
            memset(memory[d], 0xa5, start + bytes + Self.guarded)
            to.append(memory[d] + start)
        }
        if let inPlace = test.inPlace {
            memcpy(to[0]!, from[inPlace]!, bytes)
            from[inPlace] = UnsafeRawPointer(to[0]!)
        }
        _ = mix_isa_select(isa)
        let status = mix_reduce(
            test.type, test.reduction, from, from.count, to, to.count, test.count, test.divisor,
            test.stream ? 1 : 0)
        if status != 0 { Issue.record("mix_reduce answers \(status): \(test)") }
    }

    /// Every type and reduction at many shapes; whatever a shape leaves open is drawn.
    static func everyShape(_ isa: mix_isa) {
        let before = mix_isa_current()
        defer { _ = mix_isa_select(before) }
        var generator = SeededGenerator(seed: seed ^ UInt64(isa.rawValue))
        let comparison = ReductionComparison()
        let counts = Array(0...70) + [127, 1000, maximumCount]
        for type in reducibleTypes {
            for reduction in reductions {
                for sourceCount in [1, 2, 3, 4, 5, 6, 7, 8, 9] {
                    comparison.fill(type, wild: sourceCount % 2 == 1, using: &generator)
                    for destinationCount in 1...3 {
                        for count in counts {
                            let test = draw(
                                type, reduction, count, sourceCount, destinationCount, &generator)
                            guard comparison.agree(isa, test) else {
                                Issue.record("\(name(isa)) differs from generic: \(test)")
                                return
                            }
                        }
                    }
                }
            }
        }
    }

    private static func draw(
        _ type: mix_type, _ reduction: mix_reduction, _ count: Int, _ sourceCount: Int,
        _ destinationCount: Int, _ generator: inout SeededGenerator
    ) -> ReductionCase {
        let choice = generator.next()
        let size = mix_type_size(type)
        // Aligned, off by one element, by any number of elements, by a byte or more.
        func offset() -> Int {
            let drawn = Int(truncatingIfNeeded: generator.next() & 0xffff)
            return switch choice & 3 {
            case 0: 0
            case 1: drawn % 2 * size
            case 2: drawn % (maximumOffset / size) * size
            default: drawn % maximumOffset
            }
        }
        var destinations = (0..<destinationCount).map { _ in offset() }
        if choice & 4 != 0 {
            // Only destinations that are aligned alike can be streamed to.
            destinations = destinations.map { _ in destinations[0] }
        }
        return ReductionCase(
            type: type, reduction: reduction, count: count, sourceCount: sourceCount,
            destinationCount: destinationCount, divisor: UInt32(1 + (choice >> 8) % 9),
            stream: choice & 8 != 0,
            inPlace: choice & 16 != 0 ? Int((choice >> 16) % UInt64(sourceCount)) : nil,
            sourceOffsets: (0..<sourceCount).map { _ in offset() },
            destinationOffsets: destinations)
    }

    /// Every pair of special values, and a third of them drawn.
    static func specialValues(_ isa: mix_isa) {
        let before = mix_isa_current()
        defer { _ = mix_isa_select(before) }
        var generator = SeededGenerator(seed: seed ^ UInt64(isa.rawValue))
        let comparison = ReductionComparison()
        for type in floatTypes {
            let special = specialBits(type)
            let first = special.flatMap { bits in special.map { _ in bits } }
            let second = special.flatMap { _ in special }
            let third = first.map { _ in special.randomElement(using: &generator)! }
            precondition(first.count <= maximumCount)
            for (source, bits) in [first, second, third].enumerated() {
                comparison.fill(source, bytes(of: bits, type))
            }
            for reduction in reductions {
                for sourceCount in 1...3 {
                    let test = ReductionCase(
                        type: type, reduction: reduction, count: first.count,
                        sourceCount: sourceCount, destinationCount: 1, divisor: 3, stream: false,
                        inPlace: nil, sourceOffsets: [0, 0, 0], destinationOffsets: [0])
                    if !comparison.agree(isa, test) {
                        Issue.record("\(name(isa)) differs from generic in special values: \(test)")
                    }
                }
            }
        }
    }
}
