internal import CMixProducts

extension ExpertBank {
    /// Sets partials[choice] to down(activation(gate(x), up(x))) of the choice's slot for every choice of every run, where x is
    /// the choice's row, multiplied with the choice's scale if there are scales.
    ///
    /// - Parameters:
    ///   - rows: [any number, hidden].
    ///   - choiceRows: the row of each choice.
    ///   - choiceScales: as many, or nil.
    ///   - runs: choices that have a slot in common; they may be in any order, and empty. No choice is in two runs.
    ///   - partials: [choices, hidden], or longer; rounded once from float32.
    /// - Complexity: reads the weights of every slot that has a run once for 256 choices. After the first calls of a size a
    ///   call allocates nothing.
    public func forward<Element: ExpertElement>(
        rows: Span<Element>, choiceRows: [Int32], choiceScales: [Float]?, runs: [(slot: Int, choices: Range<Int>)],
        into partials: inout MutableSpan<Element>
    ) {
        precondition(rows.count.isMultiple(of: hidden) && partials.count >= choiceRows.count * hidden)
        precondition(choiceScales.map { $0.count == choiceRows.count } ?? true)
        let rowCount = rows.count / hidden
        precondition(choiceRows.allSatisfy { $0 >= 0 && Int($0) < rowCount })
        precondition(runs.allSatisfy { $0.choices.lowerBound >= 0 && $0.choices.upperBound <= choiceRows.count })
        rows.withUnsafeBufferPointer { rows in
            partials.withUnsafeMutableBufferPointer { partials in
                guard let rows = rows.baseAddress, let partials = partials.baseAddress else { return }
                forward(rows: rows, choiceRows: choiceRows, choiceScales: choiceScales, runs: runs, into: partials)
            }
        }
    }

    /// The same with all counts right.
    func forward<Element: ExpertElement>(
        rows: UnsafePointer<Element>, choiceRows: [Int32], choiceScales: [Float]?,
        runs: [(slot: Int, choices: Range<Int>)], into partials: UnsafeMutablePointer<Element>
    ) {
        choiceRows.withUnsafeBufferPointer { choiceRows in
            plan.rows = UnsafeRawPointer(rows)
            plan.choiceRows = choiceRows.baseAddress
            plan.partials = UnsafeMutableRawPointer(partials)
            plan.element = Element.operand
            plan.hidden = hidden
            plan.activation = activation.form
            slots.withUnsafeBufferPointer { slots in
                plan.prepare(slots: slots, runs: runs, choices: choiceRows.count, threads: team.threads)
                guard plan.runCount > 0 else { return }
                if let choiceScales {
                    choiceScales.withUnsafeBufferPointer {
                        plan.choiceScales = $0.baseAddress
                        work()
                    }
                } else {
                    plan.choiceScales = nil
                    work()
                }
            }
        }
    }

    private func work() {
        plan.team = team.members
        withUnsafeMutablePointer(to: &plan) { plan in
            team.run({ $0!.assumingMemoryBound(to: ExpertPlan.self).work(member: Int($1)) }, plan)
        }
    }
}
