public import MixCollectives
internal import MixPlanner

extension MoELayer {
    /// Runs the block: sets `output` to the experts' weighted sum for every token, the shared experts' result included.
    ///
    /// - Parameters:
    ///   - hidden: [tokens, hidden], f32 or bf16: the same rows on all ranks of one attention tensor parallelism, any number
    ///     of them, which may differ between others.
    ///   - output: [tokens, hidden].
    /// - Throws: ``MoEError/Code/invalidArgument`` for rows of another width; ``MoEError/Code/communication`` when a
    ///   collective fails. The layer is of no further use after that, and the other ranks are told.
    /// - Complexity: between nodes the bytes of one dispatch and one combine. A NaN in a row stays in that row.
    public func forward<
        Input: CollectiveMemory & ~Copyable & ~Escapable, Output: MutableCollectiveMemory & ~Copyable & ~Escapable
    >(
        _ hidden: borrowing Input, into output: inout Output
    ) throws(MoEError) where Input.Element == Output.Element, Input.Element: ExpertElement {
        let width = spec.hidden
        guard hidden.count.isMultiple(of: width), output.count == hidden.count else {
            close()
            throw MoEError(
                .invalidArgument,
                "\(hidden.count) elements in and \(output.count) out on rank \(world.rank); both must be "
                    + "[tokens, \(width)]")
        }
        let (inputCount, outputCount) = (hidden.count, output.count)
        do throws(CollectiveError) {
            try hidden.withCollectiveMemory { input throws(CollectiveError) in
                try output.withMutableCollectiveMemory { result throws(CollectiveError) in
                    // The memory of one call, of which both counts were just asked.
                    try run(
                        UnsafeBufferPointer(
                            start: input?.assumingMemoryBound(to: Input.Element.self), count: inputCount),
                        UnsafeMutableBufferPointer(
                            start: result?.assumingMemoryBound(to: Input.Element.self), count: outputCount))
                }
            }
        } catch {
            close()
            throw MoEError(error)
        }
    }

    private func run<Element: ExpertElement>(
        _ input: UnsafeBufferPointer<Element>, _ result: UnsafeMutableBufferPointer<Element>
    ) throws(CollectiveError) {
        let width = spec.hidden
        let clock = ContinuousClock()
        let start = clock.now
        let rows = try gather(input)
        let tokens = rows.count / width
        route(rows, tokens)
        let routed = clock.now

        let dispatched = try column.dispatch(
            rows, hidden: width, routing: routing, placement: slots.nodeOfSlot, options: dispatchOptions)
        let arrived = clock.now

        let results = try partials.room(dispatched.choiceCount * width, Element.self, of: column)
        compute(dispatched, results)
        let computed = clock.now

        if gathering == nil, reduction == nil {
            var output = result
            try column.combine(results, dispatched, into: &output)
        } else {
            var sum = try sums.room(rows.count, Element.self, of: reduction ?? column)
            try column.combine(results, dispatched, into: &sum)
            try reduction?.allReduce(&sum, .sum)
            let own = ownTokens.lowerBound * width..<ownTokens.upperBound * width
            _ = result.update(fromContentsOf: sum[own])
        }
        times = StageTimes(
            router: routed - start, dispatch: arrived - routed, experts: computed - arrived,
            combine: clock.now - computed)
    }

    /// This scope's tokens: this rank's, and those of the other groups in its cell.
    private func gather<Element: ExpertElement>(
        _ input: UnsafeBufferPointer<Element>
    ) throws(CollectiveError) -> UnsafeBufferPointer<Element> {
        let width = spec.hidden
        guard let gathering else {
            ownTokens = 0..<input.count / width
            return input
        }
        let tokens = input.count / width
        if tokenCounts.isEmpty { tokenCounts = Array(repeating: 0, count: gathering.size) }
        try withUnsafePointer(to: Int64(tokens)) { count throws(CollectiveError) in
            try gathering.allGather(UnsafeBufferPointer(start: count, count: 1), into: &tokenCounts)
        }
        let most = Int(tokenCounts.max()!)
        let total = tokenCounts.reduce(0) { $0 + Int($1) }
        // Blocks of a gather are equal, so shorter ones travel with what happens to lie behind them.
        var blocks = try gathered.room((gathering.size + 1) * most * width, Element.self, of: gathering)
        let own = UnsafeMutableBufferPointer(rebasing: blocks[(gathering.size * most * width)...])
        _ = own.update(fromContentsOf: input)
        blocks = UnsafeMutableBufferPointer(rebasing: blocks[..<(gathering.size * most * width)])
        if most > 0 { try gathering.allGather(own, into: &blocks) }
        let rows = try merged.room(total * width, Element.self, of: gathering)
        var next = 0
        for (group, count) in tokenCounts.enumerated() {
            let elements = Int(count) * width
            if group == gathering.rank { ownTokens = next / width..<next / width + Int(count) }
            _ = rows[next...].update(fromContentsOf: blocks[group * most * width..<group * most * width + elements])
            next += elements
        }
        return UnsafeBufferPointer(rows)
    }

    /// Chooses the experts of every token, and where among this column's slots it finds them.
    private func route<Element: ExpertElement>(_ rows: UnsafeBufferPointer<Element>, _ tokens: Int) {
        let (count, choices, slotChoices) = (spec.experts.count, rule.choices, routing.choices)
        logits.grow(to: tokens * count)
        chosen.fit(tokens * choices)
        chosenWeights.fit(tokens * choices)
        routing.experts.fit(tokens * slotChoices)
        routing.weights.fit(tokens * slotChoices)
        guard tokens > 0 else { return }
        logits.withUnsafeMutableBufferPointer {
            router.multiply(rows.baseAddress!, rows: tokens, into: $0.baseAddress!)
        }
        if let sharedGate {
            gateLogits.grow(to: tokens)
            gateLogits.withUnsafeMutableBufferPointer {
                sharedGate.multiply(rows.baseAddress!, rows: tokens, into: $0.baseAddress!)
            }
        }
        logits.withUnsafeBufferPointer { logits in
            scratch.withUnsafeMutableBufferPointer { scratch in
                chosen.withUnsafeMutableBufferPointer { chosen in
                    chosenWeights.withUnsafeMutableBufferPointer { weights in
                        for token in 0..<tokens {
                            let range = token * choices..<(token + 1) * choices
                            rule.choose(
                                UnsafeBufferPointer(rebasing: logits[token * count..<(token + 1) * count]),
                                scratch: scratch, experts: UnsafeMutableBufferPointer(rebasing: chosen[range]),
                                weights: UnsafeMutableBufferPointer(rebasing: weights[range]))
                        }
                    }
                }
            }
        }
        for token in 0..<tokens {
            let first = token * slotChoices
            for choice in 0..<choices {
                let expert = Int(chosen[token * choices + choice])
                routing.experts[first + choice] = slots.slot(of: expert, token: token)
                routing.weights[first + choice] = chosenWeights[token * choices + choice]
            }
            guard slotChoices > choices else { continue }
            routing.experts[first + choices] = slots.sharedSlot(token: token)
            routing.weights[first + choices] = sharedGate == nil ? 1 : SigmoidRule.sigmoid(gateLogits[token])
        }
    }

    /// What this rank's part of its experts makes of the rows that came.
    private func compute<Element: ExpertElement>(
        _ dispatched: borrowing Dispatched<Element>, _ results: UnsafeMutableBufferPointer<Element>
    ) {
        guard dispatched.choiceCount > 0 else { return }
        runs.removeAll(keepingCapacity: true)
        for index in dispatched.experts.indices {
            let slot = dispatched.experts[index]
            let local = slot == slots.ownShared ? slots.ownExperts.count : slot - slots.firstOwn
            runs.append((local, dispatched.choices(ofExpertAt: index)))
        }
        dispatched.rows.withUnsafeBufferPointer { rows in
            bank.forward(
                rows: rows.baseAddress!, choiceRows: dispatched.choiceRows,
                choiceScales: block.weighsInput ? dispatched.choiceWeights : nil, runs: runs,
                into: results.baseAddress!)
        }
    }
}

extension Array {
    /// Makes room for `count` elements, and keeps more.
    fileprivate mutating func grow(to count: Int) where Element == Float {
        if self.count < count { self = Array(repeating: 0, count: count + count / 4) }
    }

    /// Makes it `count` elements long, within the room that it has if that is enough.
    fileprivate mutating func fit(_ count: Int) where Element: Numeric {
        if self.count > count { removeLast(self.count - count) }
        while self.count < count { append(0) }
    }
}
