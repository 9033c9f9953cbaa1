extension Planner {
    /// Every number that a plan's performance is made of.
    public func breakdown(of plan: Plan) -> [BreakdownTerm] {
        inputs + steps(plan.performance.prefill, .prefill, plan.prefillStrategy ?? plan.strategy)
            + steps(plan.performance.decode, .decode, plan.strategy) + serving(plan)
    }

    private var inputs: [BreakdownTerm] {
        let source: BreakdownTerm.Source = cluster.source == "measured" ? .measured : .given
        func term(_ name: String, _ value: Double, _ unit: String, _ basis: String? = nil) -> BreakdownTerm {
            BreakdownTerm(
                phase: .cluster, name: name, value: value, unit: unit, source: source, basis: basis ?? cluster.source)
        }
        func link(_ name: String, _ link: LinkClass) -> [BreakdownTerm] {
            let large = 1 << 20
            return [
                term("\(name) latency", link.latency, "s", link.name),
                term("\(name) bandwidth at 1 MiB", Double(large) / link.bandwidth.seconds(large), "bytes/s", link.name),
            ]
        }
        return link("inside nodes", cluster.insideNode) + link("between nodes", cluster.betweenNodes) + [
            term("memory bandwidth", cluster.memoryBandwidth, "bytes/s"),
            term("memory", cluster.memory ?? 0, "bytes"),
            term("efficiency", cluster.efficiency, "", "of compute rates and memory bandwidth"),
        ]
            + cluster.compute.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                term("compute rate in \($0.key.rawValue)", $0.value, "operations/s")
            }
    }

    private func steps(_ cost: StepCost, _ phase: BreakdownTerm.Phase, _ strategy: Strategy) -> [BreakdownTerm] {
        let roofline = "roofline"
        let isPaper = options.costModel != .refined
        let isWhole = strategy.experts.tensor == 1
        let exchange: (String, String) =
            switch (options.exchange, strategy.experts.expert > 1) {
            case (_, false): ("", "all-reduce")
            case (.fused, _) where isWhole, (.wholeRows, _) where isWhole:
                ("all-to-all of shares", "all-to-all of shares, and sums")
            case (.fused, _): ("fused dispatch", "fused combine")
            case (.unfused, _), (.wholeRows, _): ("whole rows from every lane", "whole rows from every lane")
            }
        let terms: [(String, Double, String)] = [
            ("attention", cost.attention, roofline),
            ("attention reduction", cost.attentionReduction, "schedule of an all-reduce or reduce-scatter"),
            ("routing", cost.routing, roofline),
            ("gathering", cost.gathering, "schedule of an all-gather"),
            ("dispatch", cost.dispatch, "schedule: \(exchange.0)"),
            ("experts", cost.experts, "roofline of the busiest group"),
            ("shared experts", cost.shared, roofline),
            ("combine", cost.combine, "schedule: \(exchange.1)"),
            ("dense layers", cost.dense, "roofline, and schedule of all-reduces"),
            ("output layer", cost.output, roofline),
            ("handover", cost.handover, "messages between stages"),
        ]
        return terms.filter { $0.1 > 0 }.map {
            BreakdownTerm(
                phase: phase, name: $0.0, value: $0.1, unit: "s", source: .derived,
                basis: isPaper ? "equations (1) to (6)" : $0.2)
        }
    }

    private func serving(_ plan: Plan) -> [BreakdownTerm] {
        let performance = plan.performance
        let isPaper = options.costModel != .refined
        func term(_ name: String, _ value: Double, _ unit: String, _ basis: String) -> BreakdownTerm {
            BreakdownTerm(phase: .serving, name: name, value: value, unit: unit, source: .derived, basis: basis)
        }
        return [
            term("waiting", performance.wait, "s", isPaper ? "equation (7)" : "half a step of others, and queues"),
            term(
                "prefill and following steps", performance.ttft - performance.wait, "s",
                "the sum of the prefill's terms, over stages and steps"),
            term(
                "inter-token latency beyond decoding", max(0, performance.itl - performance.decode.seconds), "s",
                "prefills of others"),
            term("requests running", performance.batch, "requests", isPaper ? "the largest batch" : "Little's law"),
            term("capacity", performance.requestsPerSecond, "requests/s", "as many running as may"),
        ]
    }
}
