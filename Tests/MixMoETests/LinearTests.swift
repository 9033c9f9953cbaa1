import CMixProducts
import MixCollectives
import Testing

@testable import MixMoE

/// ``Linear`` against sums of Double; serialised, because tests choose the instruction set for the whole process.
extension ProductTests {
    @Suite struct LinearTests {
        @Test(arguments: [StoredType.float32, .float16, .bfloat16, .float8E4M3])
        func everyTypeOnEveryInstructionSet(type: StoredType) {
            var random = Generator(seed: seed)
            let team = ThreadTeam(threads: 2)
            for (rows, inputs, outputs) in [(1, 64, 64), (3, 130, 70), (33, 1, 1), (5, 257, 24), (14, 96, 130)] {
                for layout in Layout.allCases {
                    let origin = (Int.random(in: 0..<200, using: &random), Int.random(in: 0..<200, using: &random))
                    let weights = StoredWeights(
                        type, rows: outputs, columns: inputs, layout: layout, origin: origin,
                        scaleType: Bool.random(using: &random) ? .float32 : .bfloat16, random: &random)
                    let bias =
                        Bool.random(using: &random)
                        ? nil : (0..<outputs).map { _ in Float.random(in: -1...1, using: &random) }
                    let what = "\(rows) rows, [\(outputs), \(inputs)] \(type) \(layout) from \(origin), seed \(seed)"
                    withEachInstructionSet { isa in
                        let linear = Linear(weights.matrix, bias: bias, team: team)
                        check(linear, weights.matrix, bias, rows, Float.self, "\(what), \(isa)", &random)
                        check(linear, weights.matrix, bias, rows, BFloat16.self, "\(what), \(isa)", &random)
                    }
                }
            }
        }

        @Test func weightsRoundedToBFloat16() {
            var random = Generator(seed: seed)
            for type in [StoredType.float32, .float16] {
                let wide = StoredWeights(type, rows: 40, columns: 37, layout: .columns, random: &random)
                let linear = Linear(wide.matrix, team: ThreadTeam(threads: 1), roundsToBFloat16: true)
                let x = (0..<37).map { _ in Float.random(in: -1...1, using: &random) }
                var y = [Float](repeating: 0, count: 40)
                linear.multiply(x, rows: 1, into: &y)
                let expected = (0..<40).map { row in
                    (0..<37).reduce(0.0) {
                        $0 + Double(x[$1]) * Double(Float(BFloat16(Float(wide.matrix.value(row, $1)))))
                    }
                }
                #expect(relativeError(y.map(Double.init), expected) < 1e-6)
            }
        }

        /// Every code of e4m3, NaN among them, whatever the arithmetic.
        @Test func everyCodeOfE4M3() {
            let codes = (0...255).map { UInt8($0) }
            codes.withUnsafeBytes { bytes in
                let matrix = StoredMatrix(
                    base: bytes.baseAddress!, type: .float8E4M3, rows: 256, columns: 1, rowStride: 1, columnStride: 1,
                    scales: nil)
                withEachInstructionSet { isa in
                    let linear = Linear(matrix, team: ThreadTeam(threads: 1))
                    var y = [Float](repeating: 0, count: 256)
                    linear.multiply([Float(1)], rows: 1, into: &y)
                    var z = [Float](repeating: 0, count: 256)
                    linear.multiply([BFloat16(1)], rows: 1, into: &z)
                    for code in 0..<256 {
                        let expected = Float(matrix.value(code, 0))
                        #expect(y[code] == expected || y[code].isNaN && expected.isNaN, "code \(code) with \(isa)")
                        #expect(
                            z[code] == expected || z[code].isNaN && expected.isNaN, "code \(code) with \(isa), bfloat16"
                        )
                    }
                }
            }
        }

        private func check<Element: ExpertElement>(
            _ linear: Linear, _ matrix: StoredMatrix, _ bias: [Float]?, _ rows: Int, _ type: Element.Type,
            _ what: String,
            _ random: inout Generator
        ) {
            let x = (0..<rows * linear.inputs).map { _ in Element.make(Float.random(in: -1...1, using: &random)) }
            var y = [Float](repeating: .nan, count: rows * linear.outputs)
            linear.multiply(x, rows: rows, into: &y)
            var narrow = [Element](repeating: Element.make(.nan), count: y.count)
            linear.multiply(x, rows: rows, into: &narrow)
            var exact = y
            linear.multiply(x, rows: rows, into: &exact, exactly: true)
            var expected: [Double] = []
            for row in 0..<rows {
                let values = x[row * linear.inputs..<(row + 1) * linear.inputs].map(\.double)
                for output in 0..<linear.outputs {
                    expected.append(matrix.product(output, values) + Double(bias?[output] ?? 0))
                }
            }
            // Products of bfloat16 are exact in float32; only results are rounded.
            #expect(relativeError(y.map(Double.init), expected) < 1e-5, "\(what), \(type)")
            #expect(relativeError(exact.map(Double.init), expected) < 1e-5, "\(what), \(type), exactly")
            #expect(relativeError(narrow.map(\.double), expected) < Element.tolerance, "\(what), \(type) results")
        }
    }
}
