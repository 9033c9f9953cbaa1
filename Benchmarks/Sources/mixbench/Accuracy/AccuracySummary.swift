/// How far predictions are off: in all, by place and operation, and whether the best strategy was known.
struct AccuracySummary {
    /// Cases of one place and name.
    struct Partition {
        var place: String
        var name: String
        var errors: [Double]
        var mean: Double { errors.reduce(0, +) / Double(errors.count) }
    }

    /// Layers that differ in nothing but their strategy.
    struct Choice {
        var place: String
        var tokens: Int
        var best: AccuracyCase
        var chosen: AccuracyCase
        var isRight: Bool { best.name == chosen.name }
        /// How much longer the predicted best takes than the measured one, as a part of it.
        var loss: Double { chosen.measured / best.measured - 1 }
    }

    let cases: [AccuracyCase]
    /// The mean errors that are demanded of a kind in all, and of each of its partitions.
    static let demands: [AccuracyCase.Kind: (all: Double, partition: Double)] = [
        .collective: (0.10, 0.20), .layer: (0.15, 0.15),
    ]

    init(_ cases: [AccuracyCase]) { self.cases = cases }

    func partitions(_ kind: AccuracyCase.Kind) -> [Partition] {
        var partitions: [Partition] = []
        for one in cases where one.kind == kind {
            if let index = partitions.firstIndex(where: { $0.place == one.place && $0.name == one.name }) {
                partitions[index].errors.append(one.error)
            } else {
                partitions.append(Partition(place: one.place, name: one.name, errors: [one.error]))
            }
        }
        return partitions
    }

    /// The mean over all cases of a kind; nil if there are none.
    func mean(_ kind: AccuracyCase.Kind) -> Double? {
        let errors = cases.filter { $0.kind == kind }.map(\.error)
        return errors.isEmpty ? nil : errors.reduce(0, +) / Double(errors.count)
    }

    var choices: [Choice] {
        var groups: [(place: String, tokens: Int, layers: [AccuracyCase])] = []
        for one in cases where one.kind == .layer {
            if let index = groups.firstIndex(where: { $0.place == one.place && $0.tokens == one.size }) {
                groups[index].layers.append(one)
            } else {
                groups.append((one.place, one.size, [one]))
            }
        }
        return groups.filter { $0.layers.count > 1 }.map { group in
            Choice(
                place: group.place, tokens: group.tokens, best: group.layers.min { $0.measured < $1.measured }!,
                chosen: group.layers.min { $0.predicted < $1.predicted }!)
        }
    }

    /// The tables, as Markdown.
    var text: String {
        var text = ""
        for kind in [AccuracyCase.Kind.collective, .layer] {
            guard let mean = mean(kind), let demand = Self.demands[kind] else { continue }
            let partitions = partitions(kind)
            let worst = partitions.max { $0.mean < $1.mean }!
            text += "\(kind.rawValue)s: MAPE \(percent(mean)) of \(cases.count { $0.kind == kind }) cases (at most "
            text += "\(percent(demand.all))); worst partition \(worst.place), \(worst.name): \(percent(worst.mean)) "
            text += "(at most \(percent(demand.partition)))\n"
            let alone = cases.filter { $0.kind == kind }.compactMap(\.modelError)
            if !alone.isEmpty {
                text += "from links and rates alone: MAPE \(percent(alone.reduce(0, +) / Double(alone.count)))\n"
            }
            text += "\n" + table(partitions) + "\n"
        }
        let choices = choices
        guard !choices.isEmpty else { return text }
        text += "best strategy: predicted in \(choices.count { $0.isRight }) of \(choices.count) cases\n\n"
        text +=
            "| place | tokens | measured best | ms | predicted best | ms | slower by |\n|---|--:|---|--:|---|--:|--:|\n"
        for choice in choices {
            text +=
                "| \(choice.place) | \(choice.tokens) | \(choice.best.name) | \(fixed(choice.best.measured * 1e3, 3)) "
            text += "| \(choice.chosen.name) | \(fixed(choice.chosen.measured * 1e3, 3)) | \(percent(choice.loss)) |\n"
        }
        return text
    }

    /// Names downwards, places across.
    private func table(_ partitions: [Partition]) -> String {
        var (places, names) = ([String](), [String]())
        for partition in partitions {
            if !places.contains(partition.place) { places.append(partition.place) }
            if !names.contains(partition.name) { names.append(partition.name) }
        }
        var text = "| | \(places.joined(separator: " | ")) |\n|---|\(places.map { _ in "--:|" }.joined())\n"
        for name in names {
            let cells = places.map { place in
                partitions.first { $0.place == place && $0.name == name }.map { percent($0.mean) } ?? "–"
            }
            text += "| \(name) | \(cells.joined(separator: " | ")) |\n"
        }
        let means = places.map { place in
            let errors = partitions.filter { $0.place == place }.flatMap(\.errors)
            return percent(errors.reduce(0, +) / Double(errors.count))
        }
        return text + "| **all** | \(means.joined(separator: " | ")) |\n"
    }

    private func percent(_ part: Double) -> String { fixed(100 * part, part < 0.0995 ? 1 : 0) + " %" }
}
