internal import CMixProducts

/// One call of an ``ExpertBank``, as its threads see it: three phases with barriers in between, each cut into tasks. The
/// memory is kept from call to call.
struct ExpertPlan: ~Copyable {
    var rows: UnsafeRawPointer! = nil
    var choiceRows: UnsafePointer<Int32>! = nil
    var choiceScales: UnsafePointer<Float>?
    var partials: UnsafeMutableRawPointer! = nil
    var element = MIX_OPERAND_F32
    var hidden = 0
    var activation = mix_activation_form()
    var team: OpaquePointer! = nil

    private(set) var runCount = 0
    private(set) var threads = 0
    private(set) var runs: UnsafeMutablePointer<PlannedRun>! = nil
    /// x of each choice.
    private(set) var inputs: UnsafeMutableRawPointer! = nil
    private(set) var inputStride = 0
    /// activation(gate(x), up(x)) of each choice.
    private(set) var inners: UnsafeMutableRawPointer! = nil
    private(set) var innerStride = 0
    private(set) var memory: ProductMemory! = nil
    private(set) var gateUpTasks = 0
    private(set) var downTasks = 0
    fileprivate let gateUpQueue = TaskQueue()
    fileprivate let downQueue = TaskQueue()

    private var runRoom = Scratch()
    private var inputRoom = Scratch()
    private var innerRoom = Scratch()
    private var productRoom = Scratch()

    /// Cuts the work of `runs` into tasks.
    mutating func prepare(
        slots: UnsafeBufferPointer<ExpertSlot>, runs given: [(slot: Int, choices: Range<Int>)], choices: Int,
        threads: Int
    ) {
        self.threads = threads
        runs = runRoom.room(given.count * MemoryLayout<PlannedRun>.stride).assumingMemoryBound(to: PlannedRun.self)
        (runCount, gateUpTasks, downTasks) = (0, 0, 0)
        gateUpQueue.reset()
        downQueue.reset()
        var (innerWidth, size) = (0, 2)
        let downPanels = (hidden + Int(MIX_PANEL) - 1) / Int(MIX_PANEL)
        for run in given where !run.choices.isEmpty {
            let slot = slots.baseAddress! + run.slot
            guard let gateUp = slot.pointee.gateUp, let down = slot.pointee.down else {
                fatalError("slot \(run.slot) has no weights")
            }
            let planned = PlannedRun(
                slot: slot, choices: run.choices, firstGateUpTask: gateUpTasks, firstDownTask: downTasks,
                input: operand(for: gateUp.type), inner: operand(for: down.type))
            runs[runCount] = planned
            runCount += 1
            gateUpTasks += planned.pieces * slot.pointee.gateUpPanels
            downTasks += planned.pieces * downPanels
            innerWidth = max(innerWidth, slot.pointee.gateUpPanels * Int(MIX_PANEL) / 2)
            size = max(size, planned.input.size, planned.inner.size)
        }
        // A line more than a row has, so that rows don't meet in the same sets of a cache.
        inputStride = (((hidden + 1) * size + 63) & ~63) + 64
        innerStride = ((innerWidth * size + 63) & ~63) + 64
        inputs = inputRoom.room(choices * inputStride)
        inners = innerRoom.room(choices * innerStride)
        memory = ProductMemory(&productRoom, threads: threads)
    }

    private func operand(for weights: mix_weights) -> mix_operand {
        element == MIX_OPERAND_BF16 ? mix_operand_for_bf16(weights) : MIX_OPERAND_F32
    }
}

/// Choices of one slot.
struct PlannedRun {
    let slot: UnsafePointer<ExpertSlot>
    let choices: Range<Int>
    let firstGateUpTask: Int
    let firstDownTask: Int
    let input: mix_operand
    let inner: mix_operand

    /// How many times a panel's weights are read.
    var pieces: Int { (choices.count + ProductMemory.mostRows - 1) / ProductMemory.mostRows }

    /// Choices of one piece; the pieces are as equal as can be.
    func piece(_ index: Int) -> Range<Int> {
        let start = choices.lowerBound
        return start + choices.count * index / pieces..<start + choices.count * (index + 1) / pieces
    }
}

extension UnsafeMutablePointer<ExpertPlan> {
    func work(member: Int) {
        gatherInputs(member: member)
        mix_team_barrier(pointee.team)
        multiplyGateUp(member: member)
        mix_team_barrier(pointee.team)
        multiplyDown(member: member)
    }

    private func gatherInputs(member: Int) {
        let (hidden, size) = (pointee.hidden, pointee.element.size)
        let padded = (hidden + 1) & ~1
        for index in 0..<pointee.runCount {
            let run = pointee.runs[index]
            let (start, count) = (run.choices.lowerBound, run.choices.count)
            for choice in start + count * member / pointee.threads..<start + count * (member + 1) / pointee.threads {
                mix_copy_row(
                    pointee.element, pointee.rows + Int(pointee.choiceRows[choice]) * hidden * size, run.input,
                    pointee.inputs + choice * pointee.inputStride, hidden, padded,
                    pointee.choiceScales.map { $0 + choice })
            }
        }
    }

    private func multiplyGateUp(member: Int) {
        let (sums, scratch) = (pointee.memory.sums(of: member), pointee.memory.scratch(of: member))
        let (panelWidth, total) = (Int(MIX_PANEL), pointee.gateUpTasks)
        var activation = pointee.activation
        var index = 0
        pointee.gateUpQueue.forEach(of: total, members: pointee.threads) { task in
            while index + 1 < pointee.runCount && pointee.runs[index + 1].firstGateUpTask <= task { index += 1 }
            let run = pointee.runs[index]
            let (panel, piece) = (task - run.firstGateUpTask).quotientAndRemainder(dividingBy: run.pieces)
            let choices = run.piece(piece)
            var matrix = run.slot.pointee.gateUp!
            mix_multiply(
                &matrix, panel, run.input, pointee.inputs + choices.lowerBound * pointee.inputStride,
                pointee.inputStride,
                choices.count, sums, scratch)
            mix_activate(
                &activation, sums, choices.count, run.slot.pointee.gateUpBias.map { $0 + panel * panelWidth },
                run.inner,
                pointee.inners + choices.lowerBound * pointee.innerStride + panel * panelWidth / 2 * run.inner.size,
                pointee.innerStride)
        }
    }

    private func multiplyDown(member: Int) {
        let (sums, scratch) = (pointee.memory.sums(of: member), pointee.memory.scratch(of: member))
        let (panelWidth, total) = (Int(MIX_PANEL), pointee.downTasks)
        let size = pointee.element.size
        var index = 0
        pointee.downQueue.forEach(of: total, members: pointee.threads) { task in
            while index + 1 < pointee.runCount && pointee.runs[index + 1].firstDownTask <= task { index += 1 }
            let run = pointee.runs[index]
            let (panel, piece) = (task - run.firstDownTask).quotientAndRemainder(dividingBy: run.pieces)
            let choices = run.piece(piece)
            var matrix = run.slot.pointee.down!
            mix_multiply(
                &matrix, panel, run.inner, pointee.inners + choices.lowerBound * pointee.innerStride,
                pointee.innerStride,
                choices.count, sums, scratch)
            let lane = panel * panelWidth
            mix_store_sums(
                sums, choices.count, Swift.min(panelWidth, pointee.hidden - lane),
                run.slot.pointee.downBias.map { $0 + lane }, pointee.element,
                pointee.partials + (choices.lowerBound * pointee.hidden + lane) * size, pointee.hidden * size)
        }
    }
}
