internal import CMixProducts

extension ExpertBank {
    /// Sets partials[choice] to down(activation(gate(x), up(x))) of the choice's slot for every choice of every run, where x is
    /// the choice's row, multiplied with the choice's scale if there are scales.
    ///
    /// - Parameters:
    ///   - rows: [any number, hidden].
    ///   - choiceRows: the row of each choice.
    ///   - runs: choices that have a slot in common; they may be in any order, and empty. No choice is in two runs.
    ///   - partials: [choices, hidden]; rounded once from float32.
    /// - Complexity: reads the weights of every slot that has a run once for 256 choices. After the first calls of a size a
    ///   call allocates nothing.
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
