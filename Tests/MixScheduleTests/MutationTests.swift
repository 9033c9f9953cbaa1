import MixSchedule
import Testing

/// A verifier that accepts everything would pass all other tests. Here right schedules are made wrong, one step at a time,
/// and every one of them must be refused.
@Suite struct MutationTests {
    /// Each algorithm as two small sets of schedules, with the verifiers that accept them.
    ///
    /// Powers of two for the barrier: with other rank counts the last round of a dissemination tells some ranks what they
    /// know already, and a wait can be missing without harm.
    private func subjects(_ algorithm: Case) -> [(schedules: [Schedule], verifier: Verifier)] {
        let topologies: [Topology] =
            if algorithm.algorithm.needsEqualNodes {
                [
                    Topology(nodeCount: 3, ranksPerNode: algorithm.isYardstick ? 1 : 2),
                    Topology(nodeCount: 2, ranksPerNode: 2),
                ]
            } else if algorithm.algorithm.usesTopology {
                [
                    Topology(nodeCount: 3, ranksPerNode: 2),
                    try! Topology(nodes: [[0, 3, 4], [1, 2], [5]]),
                ]
            } else if algorithm.algorithm.operation == .barrier {
                [.flat(8), .flat(4)]
            } else {
                [.flat(6), .flat(3)]
            }
        return topologies.flatMap { topology in
            let schedules = algorithm.algorithm.buildAll(topology: topology, root: 1, pieces: 2)
            let inPlace = algorithm.algorithm.operation.allowsInPlace ? [false, true] : [false]
            return inPlace.map {
                (schedules, algorithm.verifier(topology: topology, root: 1, inPlace: $0))
            }
        }
    }

    /// Applies `mutate` to every step in turn, and expects every mutant to be refused in place, out of place, or both.
    ///
    /// - Returns: how many mutants there were.
    @discardableResult
    private func expectRefusal(
        _ algorithm: Case, _ name: String, sourceLocation: SourceLocation = #_sourceLocation,
        mutate: (Step, _ place: StepPlace, _ schedules: [Schedule]) -> [Step]?
    ) throws -> Int {
        let subjects = subjects(algorithm)
        var mutants = 0
        for group in Dictionary(grouping: subjects, by: \.schedules).values {
            let schedules = group[0].schedules
            for subject in group { try subject.verifier.verify(schedules) }
            for (rank, schedule) in schedules.enumerated() {
                for (stream, content) in schedule.streams.enumerated() {
                    for (index, step) in content.steps.enumerated() {
                        let place = StepPlace(rank: rank, stream: stream, step: index)
                        if algorithm.isYardstick, step.isWaiting { continue }
                        guard let replacement = mutate(step, place, schedules) else { continue }
                        var mutant = schedules
                        mutant[rank].replace(index, of: stream, with: replacement)
                        mutants += 1
                        let isRefused = group.contains { subject in
                            do {
                                try subject.verifier.verify(mutant)
                                return false
                            } catch {
                                return true
                            }
                        }
                        #expect(
                            isRefused, "\(name): \(step) at \(place) of \(schedules.count)",
                            sourceLocation: sourceLocation)
                    }
                }
            }
        }
        return mutants
    }

    /// No step is superfluous, and no missing one goes unnoticed.
    @Test(arguments: Case.all)
    func dropOneStep(_ algorithm: Case) throws {
        let mutants = try expectRefusal(algorithm, "drop") { _, _, _ in [] }
        #expect(mutants > 0)
    }

    @Test(arguments: Case.all)
    func repeatOneStep(_ algorithm: Case) throws {
        try expectRefusal(algorithm, "repeat") { step, _, _ in
            switch step {
            case .send, .receive, .receiveReduce: [step, step]
            // Copying, waiting and signalling once more at the end may be harmless.
            case .copy, .reduce, .signal, .await, .wait: nil
            }
        }
    }

    @Test(arguments: Case.all)
    func turnToAnotherPeer(_ algorithm: Case) throws {
        try expectRefusal(algorithm, "peer") { step, place, schedules in
            func another(_ peer: Int) -> Int {
                let next = (peer + 1) % schedules.count
                return next == place.rank ? (next + 1) % schedules.count : next
            }
            return switch step {
            case .send(let slice, let peer): [.send(slice, to: another(peer))]
            case .receive(let slice, let peer): [.receive(slice, from: another(peer))]
            case .receiveReduce(let into, let with, let peer):
                [.receiveReduce(into: into, with: with, from: another(peer))]
            // Below a root, another peer's signal tells as much: it comes after that peer has heard from the root.
            case .await(let peer, let signals) where !algorithm.algorithm.operation.hasRoot:
                [.await(rank: another(peer), signals: signals)]
            default: nil
            }
        }
    }

    @Test(arguments: Case.all)
    func waitForTooLittleOrTooMuch(_ algorithm: Case) throws {
        try expectRefusal(algorithm, "wait less") { step, _, _ in
            switch step {
            case .wait(let stream, let steps): [.wait(stream: stream, steps: steps - 1)]
            case .await(let rank, let signals): [.await(rank: rank, signals: signals - 1)]
            default: nil
            }
        }
        try expectRefusal(algorithm, "wait for ever") { step, _, _ in
            switch step {
            case .wait(let stream, _): [.wait(stream: stream, steps: 10_000)]
            case .await(let rank, _): [.await(rank: rank, signals: 10_000)]
            default: nil
            }
        }
    }

    @Test(arguments: Case.all)
    func touchAnotherBlock(_ algorithm: Case) throws {
        try expectRefusal(algorithm, "block") { step, _, schedules in
            func moved(_ slice: Slice) -> Slice? {
                let blocks =
                    switch slice.buffer {
                    case .input: schedules[slice.rank].inputBlocks
                    case .output: schedules[slice.rank].outputBlocks
                    case .scratch: schedules[slice.rank].scratchBlocks
                    }
                guard slice.blockCount > 0, blocks > slice.blockCount else { return nil }
                var result = slice
                result.block =
                    slice.block + slice.blockCount < blocks ? slice.block + 1 : slice.block - 1
                return result
            }
            switch step {
            case .send(let slice, let peer): return moved(slice).map { [.send($0, to: peer)] }
            case .receive(let slice, let peer):
                return moved(slice).map { [.receive($0, from: peer)] }
            case .receiveReduce(let into, let with, let peer):
                return moved(into).map { [.receiveReduce(into: $0, with: with, from: peer)] }
            case .copy(let source, let destination):
                return moved(source).map { [.copy(from: $0, to: destination)] }
            case .reduce(let sources, let destinations):
                return moved(sources[0]).map {
                    [.reduce(from: [$0] + sources.dropFirst(), to: destinations)]
                }
            default: return nil
            }
        }
    }

    /// Two messages of a stream change places.
    @Test(arguments: Case.all)
    func swapTwoMessages(_ algorithm: Case) throws {
        try expectRefusal(algorithm, "swap") { step, place, schedules in
            guard case .send(let slice, let peer) = step else { return nil }
            let later = schedules[place.rank].streams[place.stream].steps.dropFirst(place.step + 1)
            for case .send(let other, peer) in later where other != slice {
                return [.send(other, to: peer)]
            }
            return nil
        }
    }

    @Test(arguments: Case.all.filter { $0.algorithm.needsMappedMemory })
    func withoutMappedMemory(_ algorithm: Case) {
        let schedules = algorithm.algorithm.buildAll(
            topology: Topology(nodeCount: 2, ranksPerNode: 2))
        #expect(throws: VerificationError.self) {
            try Verifier(algorithm.algorithm.operation, mappedMemory: .own).verify(schedules)
        }
    }

    /// Leaving early is a race with the caller, who may already write where a peer still reads.
    @Test func leavingBeforePeersHaveRead() {
        let right = (0..<3).map { Schedule.directAllGather(rank: $0, rankCount: 3) }
        var wrong = right
        wrong[1].streams[0].steps.removeLast(2)
        do {
            try Verifier(.allGather).verify(wrong)
            Issue.record("accepted")
        } catch {
            guard case .race(with: nil, _) = error.fault else {
                Issue.record("another fault: \(error)")
                return
            }
        }
    }

    /// Each rank sends before it receives: right with buffered sends only.
    @Test func relyingOnBuffers() {
        let schedules = (0..<2).map { rank in
            Schedule(
                rank: rank, rankCount: 2, inputBlocks: 1, outputBlocks: 1,
                streams: [
                    Stream(
                        name: "main",
                        steps: [
                            .send(Slice(.input, rank: rank, block: 0), to: 1 - rank),
                            .receiveReduce(
                                into: Slice(.output, rank: rank, block: 0),
                                with: Slice(.input, rank: rank, block: 0), from: 1 - rank),
                        ])
                ])
        }
        do {
            try Verifier(.allReduce).verify(schedules)
            Issue.record("accepted")
        } catch {
            #expect(
                error.fault
                    == .blocked([
                        StepPlace(rank: 0, stream: 0, step: 0),
                        StepPlace(rank: 1, stream: 0, step: 0),
                    ]))
        }
    }

    /// The order of operands decides about bits: one rank that differs must be found out.
    @Test func anotherOrderOfReduction() throws {
        var schedules = (0..<4).map { Schedule.directAllReduce(rank: $0, rankCount: 4) }
        // Every rank reduces everything for itself, rank 2 from the other end.
        for rank in 0..<4 {
            for (index, step) in schedules[rank].streams[0].steps.enumerated() {
                guard case .reduce = step else { continue }
                let steps = (0..<4).map { block in
                    let sources = (0..<4).map { Slice(.input, rank: $0, block: block) }
                    return Step.reduce(
                        from: rank == 2 ? sources.reversed() : sources,
                        to: [Slice(.output, rank: rank, block: block)])
                }
                schedules[rank].streams[0].steps.replaceSubrange(index...index, with: steps)
            }
        }
        do {
            try Verifier(.allReduce).verify(schedules)
            Issue.record("results that differ in bits were accepted")
        } catch {
            #expect(error.fault == .orderDiffers(rank: 2, element: 0))
        }
    }
}

extension Schedule {
    /// Replaces a step, so that waits of other streams still mean the same steps.
    fileprivate mutating func replace(_ index: Int, of stream: Int, with steps: [Step]) {
        let growth = steps.count - 1
        streams[stream].steps.replaceSubrange(index...index, with: steps)
        for other in streams.indices {
            for (position, step) in streams[other].steps.enumerated() {
                guard case .wait(stream, let count) = step, count > index, growth != 0 else {
                    continue
                }
                // The wait that was just put in is the mutation itself.
                if other == stream && (index..<index + steps.count).contains(position) { continue }
                streams[other].steps[position] = .wait(stream: stream, steps: count + growth)
            }
        }
    }
}

extension Case {
    /// Whether it waits for the end of each phase on purpose.
    fileprivate var isYardstick: Bool {
        algorithm.operation.isFused && ["sequential", "unfused"].contains(algorithm.name)
    }
}

extension Step {
    fileprivate var isWaiting: Bool {
        switch self {
        case .wait, .await: true
        default: false
        }
    }
}
