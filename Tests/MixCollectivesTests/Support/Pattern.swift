import Foundation
import MixCollectives
import Synchronization

/// The bytes of what ranks hold, and of what a reduction makes of it: element i of rank r is entry i mod 251 of r's
/// table. A prime period, so that a block which lands in a wrong place shows.
struct Pattern: Sendable {
    /// Which values: `exact` ones reduce to the same bits in any order.
    enum Values: Sendable, Hashable { case any, exact }

    static let period = 251

    /// One per rank, 251 elements each.
    let tables: [[UInt8]]
    let reduced: [UInt8]
    let width: Int

    /// Fills `count` elements with what `table` has from element `first` on.
    func fill(_ destination: UnsafeMutableRawPointer, _ table: [UInt8], from first: Int, count: Int) {
        Self.runs(from: first, count: count) { at, start, length in
            table.withUnsafeBytes {
                (destination + at * width).copyMemory(from: $0.baseAddress! + start * width, byteCount: length * width)
            }
        }
    }

    /// The first of `count` elements that is not what `table` has from element `first` on.
    func difference(_ memory: UnsafeRawPointer, _ table: [UInt8], from first: Int, count: Int) -> Int? {
        var found: Int?
        Self.runs(from: first, count: count) { at, start, length in
            table.withUnsafeBytes { table in
                let (one, other) = (memory + at * width, table.baseAddress! + start * width)
                guard found == nil, memcmp(one, other, length * width) != 0 else { return }
                found = at + (0..<length).first { memcmp(one + $0 * width, other + $0 * width, width) != 0 }!
            }
        }
        return found
    }

    private static func runs(from first: Int, count: Int, _ body: (_ at: Int, _ start: Int, _ length: Int) -> Void) {
        var at = 0
        while at < count {
            let start = (first + at) % period
            let length = min(count - at, period - start)
            body(at, start, length)
            at += length
        }
    }

    // MARK: Making

    private struct Key: Hashable {
        var type: DataType
        var reduction: Reduction
        var ranks: Int
        var seed: Int
        var values: Values
    }

    /// Patterns made before: every rank and every case would make the same few again.
    private static let known = Mutex<[Key: Pattern]>([:])

    static func of(_ type: DataType, _ reduction: Reduction, ranks: Int, seed: Int, _ values: Values) -> Pattern {
        let key = Key(type: type, reduction: reduction, ranks: ranks, seed: seed, values: values)
        return known.withLock { known in
            if let pattern = known[key] { return pattern }
            let pattern = make(type.element, key)
            known[key] = pattern
            return pattern
        }
    }

    private static func make<Element: TestElement>(_: Element.Type, _ key: Key) -> Pattern {
        let tables = (0..<key.ranks).map { rank in
            (0..<period).map { index in
                let bits = mix(UInt64(index + period * (rank + 64 * key.seed) + 1))
                return key.values == .any ? Element.any(bits) : Element.exact(bits, key.reduction)
            }
        }
        let reduced = (0..<period).map { index in Element.reduced(tables.map { $0[index] }, key.reduction) }
        return Pattern(
            tables: tables.map(bytes), reduced: bytes(reduced), width: MemoryLayout<Element>.stride)
    }

    private static func bytes<Element>(_ elements: [Element]) -> [UInt8] {
        elements.withUnsafeBytes { Array($0) }
    }
}
