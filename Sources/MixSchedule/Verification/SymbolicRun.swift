/// One run of all schedules on symbolic values.
struct SymbolicRun {
    private let setting: Verifier.Setting
    private var clocks: Clocks
    private var expressions: Expressions
    private var memory: SymbolicMemory

    init(_ setting: Verifier.Setting, _ interleaving: Interleaving) {
        self.setting = setting
        clocks = Clocks(interleaving)
        expressions = Expressions(inputCounts: setting.layouts.map(\.input.elementCount))
        memory = SymbolicMemory(setting, clocks: clocks, expressions: expressions)
    }

    // MARK: Steps

    mutating func perform(
        _ event: Interleaving.Event, in state: Interleaving
    ) throws(VerificationError) {
        switch event {
        case .message(let sender, let receiver):
            try transfer(Actor(sender, state), Actor(receiver, state))
            clocks.completed(state.completed[sender] + 1, of: sender)
            clocks.completed(state.completed[receiver] + 1, of: receiver)
        case .step(let stream):
            let actor = Actor(stream, state)
            switch state.step(of: stream) {
            case .copy(let source, let destination):
                try reduce([source], into: [destination], by: actor)
            case .reduce(let sources, let destinations):
                try reduce(sources, into: destinations, by: actor)
            case .signal:
                clocks.signal(by: actor.place.rank, from: stream, step: actor.place.step)
            case .await(let peer, let count):
                guard setting.mappedMemory.reaches(from: actor.place.rank, to: peer) else {
                    throw actor.malformed("the counter of rank \(peer) is not mapped")
                }
                clocks.await(count, of: peer, in: stream)
            case .wait(let other, let steps):
                clocks.wait(
                    for: state.firstStream[actor.place.rank] + other, steps: steps, in: stream)
            case .send, .receive, .receiveReduce:
                preconditionFailure("messages are events of their own")
            }
            clocks.completed(state.completed[stream] + 1, of: stream)
        }
    }

    private mutating func transfer(_ sender: Actor, _ receiver: Actor) throws(VerificationError) {
        guard case .send(let sent, _) = sender.step else { preconditionFailure("no sender") }
        let source = try locate(sent, for: sender, ownOnly: true)
        var values: [Int32] = []
        for location in source {
            values.append(try read(location, of: sent, by: sender))
        }
        clocks.deliver(from: sender.stream, step: sender.place.step, to: receiver.stream)

        let destination: Slice
        let operand: Slice?
        switch receiver.step {
        case .receive(let into, _): (destination, operand) = (into, nil)
        case .receiveReduce(let into, let with, _): (destination, operand) = (into, with)
        default: preconditionFailure("no receiver")
        }
        let locations = try locate(destination, for: receiver, ownOnly: true)
        guard values.count == locations.count else {
            throw VerificationError(
                .sizeMismatch(
                    sent: values.count, expected: locations.count, sender: sender.place),
                at: receiver.place, slice: destination)
        }
        if let operand {
            let others = try locate(operand, for: receiver, ownOnly: true)
            guard others.count == locations.count else {
                throw receiver.malformed("slices differ in size", operand)
            }
            try checkOverlap(
                sources: [(operand, others)], destinations: [(destination, locations)], receiver)
            for (index, location) in others.enumerated() {
                let own = try read(location, of: operand, by: receiver)
                values[index] = expressions.combination([own, values[index]])
            }
        }
        for (value, location) in zip(values, locations) {
            try write(value, to: location, of: destination, by: receiver)
        }
    }

    private mutating func reduce(
        _ sources: [Slice], into destinations: [Slice], by actor: Actor
    ) throws(VerificationError) {
        var from: [(slice: Slice, locations: Range<Int>)] = []
        for slice in sources { from.append((slice, try locate(slice, for: actor))) }
        var to: [(slice: Slice, locations: Range<Int>)] = []
        for slice in destinations { to.append((slice, try locate(slice, for: actor))) }
        guard let count = from.first?.locations.count, !to.isEmpty else {
            throw actor.malformed("nothing to reduce")
        }
        for (slice, locations) in from + to where locations.count != count {
            throw actor.malformed("slices differ in size", slice)
        }
        if from.count == 1, to.count == 1, from[0].locations == to[0].locations { return }
        try checkOverlap(sources: from, destinations: to, actor)
        var operands: [Int32] = []
        for index in 0..<count {
            operands.removeAll(keepingCapacity: true)
            for (slice, locations) in from {
                operands.append(try read(locations.lowerBound + index, of: slice, by: actor))
            }
            let value = expressions.combination(operands)
            for (slice, locations) in to {
                try write(value, to: locations.lowerBound + index, of: slice, by: actor)
            }
        }
    }

    // MARK: The end

    /// Checks what must hold when all streams have ended.
    func checkEnd(_ state: Interleaving) throws(VerificationError) {
        for rank in 0..<setting.rankCount {
            let first = state.firstStream[rank]
            let end =
                rank + 1 < setting.rankCount ? state.firstStream[rank + 1] : state.streams.count
            let clock = clocks.exit(of: rank, streams: first..<end, completed: state.completed)
            if let (access, location) = memory.unfinishedAccess(rank: rank, clock: clock) {
                let place = clocks.stream(of: access).map {
                    state.place(of: $0, step: Int(access.time) - 1)
                }
                let element = location - memory.start(of: .output, rank: rank)
                throw VerificationError(.race(with: nil, element: element), at: place)
            }
            guard setting.operation == .barrier else { continue }
            for other in 0..<setting.rankCount
            where other != rank && !Clocks.covers(clock, clocks.entry(of: other)) {
                throw VerificationError(.notSynchronised(rank: rank, with: other))
            }
        }
        try checkResults()
    }

    private func checkResults() throws(VerificationError) {
        for rank in 0..<setting.rankCount where setting.hasOutput(rank: rank) {
            let twin = setting.twin(of: rank)
            let layout = setting.layouts[rank].output
            let start = memory.start(of: .output, rank: rank)
            for block in 0..<layout.blockCount {
                for (offset, element) in layout.range(ofBlock: block).enumerated() {
                    let value = memory.value(at: start + element)
                    if let twin {
                        let first = memory.start(of: .output, rank: twin) + element
                        // The twin is checked itself: what equals its value is right too.
                        if memory.value(at: first) == value { continue }
                    }
                    let expected = setting.expected(rank: rank, block: block, offset: offset)
                    try check(value, is: expected, rank: rank, element: element)
                    if twin != nil {
                        throw VerificationError(.orderDiffers(rank: rank, element: element))
                    }
                }
            }
        }
    }

    private func check(
        _ value: Int32, is expected: [VerificationError.Contribution], rank: Int, element: Int
    ) throws(VerificationError) {
        let found = expressions.contributions(to: value, limit: 2 * expected.count + 1)
        var counts: [VerificationError.Contribution: Int] = [:]
        for contribution in expected { counts[contribution, default: 0] += 1 }
        for contribution in found { counts[contribution, default: 0] -= 1 }
        let missing = expected.filter { counts[$0]! > 0 }
        let surplus = counts.filter { $0.value < 0 }.keys
            .sorted { ($0.rank, $0.element) < ($1.rank, $1.element) }
        guard missing.isEmpty && surplus.isEmpty else {
            throw VerificationError(
                .wrongResult(
                    missing: Array(missing.prefix(4)), surplus: Array(surplus.prefix(4)),
                    rank: rank, element: element))
        }
    }
}

// MARK: - Access

extension SymbolicRun {
    /// The stream that takes a step, and the step.
    private struct Actor {
        let stream: Int
        let place: StepPlace
        let step: Step
        let state: Interleaving

        init(_ stream: Int, _ state: Interleaving) {
            self.stream = stream
            place = state.place(of: stream)
            step = state.step(of: stream)
            self.state = state
        }

        func malformed(_ reason: String, _ slice: Slice? = nil) -> VerificationError {
            VerificationError(.malformed(reason), at: place, slice: slice)
        }
    }

    /// The locations of a slice, after checks that they exist and can be reached.
    private func locate(
        _ slice: Slice, for actor: Actor, ownOnly: Bool = false
    ) throws(VerificationError) -> Range<Int> {
        let rank = actor.place.rank
        guard (0..<setting.rankCount).contains(slice.rank) else {
            throw actor.malformed("there is no rank \(slice.rank)", slice)
        }
        guard slice.rank == rank || !ownOnly else {
            throw actor.malformed("messages are of a rank's own memory", slice)
        }
        guard setting.mappedMemory.reaches(from: rank, to: slice.rank) else {
            throw actor.malformed("the memory of rank \(slice.rank) is not mapped", slice)
        }
        guard slice.pieces >= 1, (0..<slice.pieces).contains(slice.piece) else {
            throw actor.malformed("there is no such piece", slice)
        }
        var blocks = setting.layouts[slice.rank][slice.buffer].blockCount
        if slice.buffer == .scratch { blocks = min(blocks, setting.scratchBlocks[slice.rank]) }
        guard slice.block >= 0, slice.blockCount >= 0, slice.block + slice.blockCount <= blocks
        else {
            throw actor.malformed("there are only \(blocks) blocks", slice)
        }
        let range = setting.layouts[slice.rank].range(of: slice)
        let start = memory.start(of: slice.buffer, rank: slice.rank)
        return start + range.lowerBound..<start + range.upperBound
    }

    /// Slices of a step may be the same memory, but not overlap otherwise, and destinations not at all.
    private func checkOverlap(
        sources: [(slice: Slice, locations: Range<Int>)],
        destinations: [(slice: Slice, locations: Range<Int>)], _ actor: Actor
    ) throws(VerificationError) {
        let all =
            sources.map { ($0.slice, $0.locations, false) }
            + destinations.map { ($0.slice, $0.locations, true) }
        // All are of one size, so two that overlap have neighbours that overlap when sorted by where they begin.
        let sorted = all.sorted { $0.1.lowerBound < $1.1.lowerBound }
        for (one, next) in zip(sorted, sorted.dropFirst())
        where next.1.lowerBound < one.1.upperBound && (one.1 != next.1 || one.2 && next.2) {
            throw VerificationError(.overlap(next.0), at: actor.place, slice: one.0)
        }
    }

    private mutating func read(
        _ location: Int, of slice: Slice, by actor: Actor
    ) throws(VerificationError) -> Int32 {
        do {
            return try memory.read(
                location, by: actor.stream, at: UInt32(actor.place.step + 1), clocks)
        } catch {
            throw conflict(error, location, slice, actor)
        }
    }

    private mutating func write(
        _ value: Int32, to location: Int, of slice: Slice, by actor: Actor
    ) throws(VerificationError) {
        do {
            try memory.write(
                value, to: location, by: actor.stream, at: UInt32(actor.place.step + 1), clocks)
        } catch {
            throw conflict(error, location, slice, actor)
        }
    }

    private func conflict(
        _ conflict: SymbolicMemory.Conflict, _ location: Int, _ slice: Slice, _ actor: Actor
    ) -> VerificationError {
        let element = location - memory.start(of: slice.buffer, rank: slice.rank)
        let fault: VerificationError.Fault =
            switch conflict {
            case .undefined: .undefinedRead(element: element)
            case .protected: .forbiddenWrite(element: element)
            case .race(let access):
                .race(
                    with: clocks.stream(of: access).map {
                        actor.state.place(of: $0, step: Int(access.time) - 1)
                    }, element: element)
            }
        return VerificationError(fault, at: actor.place, slice: slice)
    }
}
