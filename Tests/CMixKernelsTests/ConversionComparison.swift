import CMixKernels
import Foundation
import Testing

/// Float32 of random bits, of all magnitudes that the narrow formats tell apart, and halfway between
/// neighbours there (with 16, 13 or 20 bits to be rounded away) and next to halfway.
func floatsToRound(_ generator: inout SeededGenerator) -> [Float] {
    var bits: [UInt32] = specialBits(MIX_TYPE_F32).map { UInt32($0) }
    for _ in 0..<2_000 {
        let drawn = UInt32(truncatingIfNeeded: generator.next())
        bits.append(drawn)
        let sign = drawn & 0x8000_0000
        let exponent = (UInt32(90) + (drawn >> 8) % 70) << 23
        let mantissa = UInt32(truncatingIfNeeded: generator.next()) & 0x7f_ffff
        for dropped in [UInt32(13), 16, 20, 21, 22] {
            let kept = (mantissa >> dropped) << dropped
            let half = sign | exponent | kept | 1 << (dropped - 1)
            bits += [half, half - 1, half + 1]
        }
    }
    // Around each largest number, and each least.
    let limits: [Float] = [
        65504, 65519, 65520, 448, 464, 480, 0x1p-24, 0x1p-25, 0x1p-14, 0x1p-9, 0x1p-10,
    ]
    for value in limits {
        bits += [value.bitPattern, value.nextUp.bitPattern, value.nextDown.bitPattern]
    }
    return bits.map { Float(bitPattern: $0) }
}

/// Both ways for one narrow format.
struct Conversion<Narrow: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
    let title: String
    let widen: @Sendable (UnsafeMutablePointer<Float>?, UnsafePointer<Narrow>?, Int) -> Void
    let narrow: @Sendable (UnsafeMutablePointer<Narrow>?, UnsafePointer<Float>?, Int) -> Void

    func widened(_ source: [Narrow]) -> [Float] {
        [Float](unsafeUninitializedCapacity: source.count) { buffer, count in
            widen(buffer.baseAddress, source, source.count)
            count = source.count
        }
    }

    func narrowed(_ source: [Float]) -> [Narrow] {
        [Narrow](unsafeUninitializedCapacity: source.count) { buffer, count in
            narrow(buffer.baseAddress, source, source.count)
            count = source.count
        }
    }

    var every: [Narrow] { (0...Narrow.max).map { $0 } }

    /// `isa` against generic: all patterns, roundings, and every length up to 70 with guards.
    func compare(_ isa: mix_isa) {
        var generator = SeededGenerator(seed: seed)
        let floats = floatsToRound(&generator)
        let every = every
        let widened = with(isa) { self.widened(every) }
        let widenedByGeneric = with(MIX_ISA_GENERIC) { self.widened(every) }
        for (index, pair) in zip(widened, widenedByGeneric).enumerated()
        where pair.0.bitPattern != pair.1.bitPattern && !(pair.0.isNaN && pair.1.isNaN) {
            Issue.record("\(name(isa)) \(title): \(index) becomes \(pair.0), not \(pair.1)")
            return
        }
        let narrowed = with(isa) { self.narrowed(floats) }
        let narrowedByGeneric = with(MIX_ISA_GENERIC) { self.narrowed(floats) }
        for (value, pair) in zip(floats, zip(narrowed, narrowedByGeneric))
        where pair.0 != pair.1 && !value.isNaN {
            Issue.record("\(name(isa)) \(title): \(value) becomes \(pair.0), not \(pair.1)")
            return
        }
        with(isa) {
            for count in 0...70 {
                var wide = [Float](repeating: -1234, count: count + 3)
                widen(&wide[1], Array(every.suffix(count + 1)), count)
                let expected = widenedByGeneric.suffix(count + 1).prefix(count)
                #expect(wide.first == -1234 && wide[(count + 1)...].allSatisfy { $0 == -1234 })
                for (a, b) in zip(wide[1...], expected) { #expect(a == b || a.isNaN && b.isNaN) }

                var few = [Narrow](repeating: 0x5a, count: count + 3)
                let start = Int.random(in: 64..<floats.count - 70, using: &generator)
                narrow(&few[1], Array(floats[start..<start + count]), count)
                #expect(few.first == 0x5a && few[(count + 1)...].allSatisfy { $0 == 0x5a })
                for (offset, value) in few[1..<count + 1].enumerated()
                where !floats[start + offset].isNaN {
                    #expect(value == narrowedByGeneric[start + offset])
                }
            }
        }
    }
}

let float16Conversion = Conversion<UInt16>(
    title: "f16", widen: { mix_convert_f16_to_f32($0, $1, $2) },
    narrow: { mix_convert_f32_to_f16($0, $1, $2) })
let bfloat16Conversion = Conversion<UInt16>(
    title: "bf16", widen: { mix_convert_bf16_to_f32($0, $1, $2) },
    narrow: { mix_convert_f32_to_bf16($0, $1, $2) })
let e4m3Conversion = Conversion<UInt8>(
    title: "f8e4m3", widen: { mix_convert_f8e4m3_to_f32($0, $1, $2) },
    narrow: { mix_convert_f32_to_f8e4m3($0, $1, $2) })

/// mix_copy at all lengths and alignments around a vector, both ways.
func compareCopies(_ isa: mix_isa) {
    with(isa) {
        let source = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
        for length in Array(0...140) + [255, 256, 257, 1000, 4096, 4700] {
            for offset in [0, 1, 31, 32, 63] {
                for stream in [Int32(0), 1] {
                    var destination = [UInt8](repeating: 0xa5, count: 5_000)
                    source.withUnsafeBytes { from in
                        destination.withUnsafeMutableBytes { to in
                            mix_copy(
                                to.baseAddress! + offset + 1, from.baseAddress! + offset / 3, length,
                                stream)
                        }
                    }
                    let start = offset + 1
                    let expected =
                        [UInt8](repeating: 0xa5, count: start)
                        + source[(offset / 3)..<(offset / 3 + length)]
                        + [UInt8](repeating: 0xa5, count: 5_000 - start - length)
                    guard destination == expected else {
                        Issue.record("\(name(isa)) copy of \(length) to +\(start), stream \(stream)")
                        return
                    }
                }
            }
        }
    }
}
