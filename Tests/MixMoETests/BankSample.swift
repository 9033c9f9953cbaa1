import Foundation
import MixCollectives
import Testing

@testable import MixMoE

/// Random experts, and what they should compute.
struct BankSample {
    struct Expert {
        let gate, up, down: StoredWeights
        let gateBias, upBias, downBias: [Float]?
    }

    let hidden: Int
    let activation: ExpertActivation
    let experts: [Expert]

    init(
        _ type: StoredType, hidden: Int, widths: [Int], activation: ExpertActivation, biased: Bool? = nil,
        random: inout Generator
    ) {
        self.hidden = hidden
        self.activation = activation
        let biased = biased ?? (activation != .silu)
        var experts: [Expert] = []
        for (index, width) in widths.enumerated() {
            let layout = Layout.allCases[index % Layout.allCases.count]
            let origin = (row: Int.random(in: 0..<300, using: &random), column: Int.random(in: 0..<300, using: &random))
            func bias(_ count: Int) -> [Float]? {
                biased ? (0..<count).map { _ in Float.random(in: -1...1, using: &random) } : nil
            }
            experts.append(
                Expert(
                    gate: StoredWeights(
                        type, rows: width, columns: hidden, layout: layout, magnitude: 0.3, random: &random),
                    up: StoredWeights(
                        type, rows: width, columns: hidden, layout: layout, magnitude: 0.3, random: &random),
                    down: StoredWeights(
                        type, rows: hidden, columns: width, layout: layout, origin: origin, magnitude: 0.3,
                        random: &random),
                    gateBias: bias(width), upBias: bias(width), downBias: bias(hidden)))
        }
        self.experts = experts
    }

    func bank(threads: Int) -> ExpertBank {
        let bank = ExpertBank(
            hidden: hidden, activation: activation, widths: experts.map(\.gate.matrix.rows),
            team: ThreadTeam(threads: threads))
        load(into: bank)
        return bank
    }

    func load(into bank: ExpertBank) {
        for (slot, expert) in experts.enumerated() {
            bank.load(
                slot: slot, gate: expert.gate.matrix, up: expert.up.matrix, down: expert.down.matrix,
                gateBias: expert.gateBias, upBias: expert.upBias, downBias: expert.downBias)
        }
    }

    func check<Element: ExpertElement>(
        _ type: Element.Type, threads: Int, counts: [Int]? = nil, _ what: String, _ random: inout Generator
    ) {
        let counts = counts ?? experts.map { _ in [0, 1, 2, 7, 13].randomElement(using: &random)! }
        check(bank(threads: threads), type, counts: counts, what, &random)
    }

    /// Runs as many choices of each slot as `counts` says, in an order of their own, with scales on the inputs.
    func check<Element: ExpertElement>(
        _ bank: ExpertBank, _ type: Element.Type, counts: [Int], _ what: String, _ random: inout Generator
    ) {
        let total = counts.reduce(0, +)
        let rowCount = max(1, total / 2)
        let rows = (0..<rowCount * hidden).map { _ in Element.make(Float.random(in: -1...1, using: &random)) }
        let choiceRows = (0..<total).map { _ in Int32.random(in: 0..<Int32(rowCount), using: &random) }
        let scales =
            Bool.random(using: &random) ? nil : (0..<total).map { _ in Float.random(in: 0...1, using: &random) }
        var runs: [(slot: Int, choices: Range<Int>)] = []
        for slot in counts.indices.shuffled(using: &random) {
            let start = runs.last?.choices.upperBound ?? 0
            runs.append((slot, start..<start + counts[slot]))
        }
        var partials = [Element](repeating: Element.make(.nan), count: max(1, total * hidden))
        bank.forward(rows: rows, choiceRows: choiceRows, choiceScales: scales, runs: runs, into: &partials)
        for run in runs {
            let expected = run.choices.flatMap { choice in
                let start = Int(choiceRows[choice]) * hidden
                let x = rows[start..<start + hidden].map { value in
                    scales.map { Element.make(Float(value.double) * $0[choice]).double } ?? value.double
                }
                return result(experts[run.slot], x)
            }
            let found = partials[run.choices.lowerBound * hidden..<run.choices.upperBound * hidden].map(\.double)
            let error = relativeError(found, expected)
            #expect(error < Element.tolerance, "slot \(run.slot), \(what), \(type), \(counts) choices")
        }
    }

    private func result(_ expert: Expert, _ x: [Double]) -> [Double] {
        let inner = (0..<expert.gate.matrix.rows).map { row in
            let gate = expert.gate.matrix.product(row, x) + Double(expert.gateBias?[row] ?? 0)
            let up = expert.up.matrix.product(row, x) + Double(expert.upBias?[row] ?? 0)
            switch activation {
            case .silu: return up * gate * sigmoid(gate)
            case .clampedSwiGLU(let alpha, let limit):
                let gate = min(gate, Double(limit))
                return (max(-Double(limit), min(up, Double(limit))) + 1) * gate * sigmoid(Double(alpha) * gate)
            }
        }
        return (0..<hidden).map { expert.down.matrix.product($0, inner) + Double(expert.downBias?[$0] ?? 0) }
    }

    private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
