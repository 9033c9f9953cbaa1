import Decoder
import Foundation
import MixCollectives
import MixPlanner

/// Continuous batching on one rank. Rank 0 says how many requests have come; everything else follows on all ranks alike.
///
/// Of a pipeline, each stage has a microbatch to work on: the requests of a group are spread over as many microbatches as there are
/// stages, which take their steps in turn.
final class ServingSession {
    private let model: DecoderModel
    private let world: Communicator
    private let arrivals: Arrivals
    private let answerTokens: Int
    /// [microbatches][groups].
    private var queues: [[RequestQueue]]
    /// Microbatches that have begun a step.
    private var underWay: [Bool]
    /// The last token of each slot of this rank's group.
    private var last: [Int]
    /// [requests, answer]: when each token of this rank's group was chosen, in seconds; zeros where others choose.
    private var times: [Double]
    private let clock = ContinuousClock()
    private var beginning: ContinuousClock.Instant

    /// - Parameter sequences: requests that are answered at a time, which the microbatches of all groups share out.
    init(
        _ model: DecoderModel, _ world: Communicator, _ arrivals: Arrivals, sequences: Int, answerTokens: Int,
        stepTokens: Int
    ) {
        (self.model, self.world, self.arrivals, self.answerTokens) = (model, world, arrivals, answerTokens)
        let (stages, groups) = (model.strategy.pipeline, model.strategy.attention.data)
        let slots = model.options.sequences / stages
        queues = (0..<stages).map { microbatch in
            (0..<groups).map { group in
                // Shares differ by one at most. Where there are more places than sequences, some have none.
                let (place, places) = (microbatch * groups + group, stages * groups)
                let share = sequences * (place + 1) / places - sequences * place / places
                return RequestQueue(
                    slots: microbatch * slots..<microbatch * slots + share, answerTokens: answerTokens,
                    stepTokens: stepTokens)
            }
        }
        underWay = Array(repeating: false, count: stages)
        last = Array(repeating: 0, count: model.options.sequences)
        times = Array(repeating: 0, count: arrivals.times.count * answerTokens)
        beginning = clock.now
    }

    /// Answers all requests.
    func run() throws -> ServingResult {
        try warmUp()
        let bytes = world.counters.bytesSent
        try world.barrier()
        beginning = clock.now
        var (arrived, done, steps, microbatch) = (0, 0, 0, 0)
        var progress = ProgressLine("\(model.strategy)", isShown: world.rank == 0)
        defer { progress.clear() }
        while done < arrivals.times.count {
            if underWay[microbatch] { done += try finish(microbatch) }
            let now = try agreedArrivals(after: arrived, isIdle: queues.joined().allSatisfy { $0.load == 0 })
            for request in arrived..<now { enqueue(request) }
            arrived = now
            for group in queues[microbatch].indices {
                queues[microbatch][group].admit(promptTokens: arrivals.promptTokens)
            }
            if queues[microbatch].contains(where: { !$0.running.isEmpty }) {
                try start(microbatch)
                steps += 1
            }
            progress.show(
                requests: done, of: arrivals.times.count, waiting: queues.joined().reduce(0) { $0 + $1.waiting.count },
                running: queues.joined().reduce(0) { $0 + $1.running.count })
            microbatch = (microbatch + 1) % queues.count
        }
        return try result(steps: steps, bytes: world.counters.bytesSent - bytes)
    }

    /// Adds a request to the queue with the least to do for its share, the first of several.
    private func enqueue(_ request: Int) {
        let places = queues.indices.flatMap { microbatch in queues[microbatch].indices.map { (microbatch, $0) } }
            .filter { queues[$0.0][$0.1].slotCount > 0 }
        let (microbatch, group) = places.min {
            let (one, other) = (queues[$0.0][$0.1], queues[$1.0][$1.1])
            return one.load * other.slotCount < other.load * one.slotCount
        }!
        queues[microbatch][group].add(request)
    }

    /// How many requests have come, by rank 0's clock. Rank 0 waits for the next one when there is nothing else to do, but
    /// meets the others now and then, to see whether they are still there.
    private func agreedArrivals(after arrived: Int, isIdle: Bool) throws -> Int {
        var count = arrived
        if world.rank == 0 {
            var now = (clock.now - beginning).seconds
            if isIdle, arrived < arrivals.times.count, arrivals.times[arrived] > now {
                Thread.sleep(forTimeInterval: min(arrivals.times[arrived] - now, 0.1))
                now = (clock.now - beginning).seconds
            }
            while count < arrivals.times.count, arrivals.times[count] <= now { count += 1 }
        }
        guard isIdle else { return try model.relay(count) }
        var counts = [Int64(count)]
        try world.allReduce(&counts, .max)
        return Int(counts[0])
    }

    /// A step of one microbatch of every group.
    private func start(_ microbatch: Int) throws {
        var batch = Batch()
        let running = queues[microbatch][model.group].running
        for one in running {
            if one.answered == 0 {
                batch.append(slot: one.slot, tokens: arrivals.prompt(one.request))
            } else {
                batch.append(slot: one.slot, tokens: CollectionOfOne(last[one.slot]))
            }
        }
        try model.start(batch)
        underWay[microbatch] = true
        guard model.isLastStage else { return }
        let now = (clock.now - beginning).seconds
        for one in running { times[one.request * answerTokens + one.answered] = now }
    }

    /// Ends the step, and returns how many requests are answered by it.
    private func finish(_ microbatch: Int) throws -> Int {
        let next = try model.finish()
        underWay[microbatch] = false
        for (one, token) in zip(queues[microbatch][model.group].running, next) { last[one.slot] = token }
        var done = 0
        for group in queues[microbatch].indices {
            for request in queues[microbatch][group].advance() {
                done += 1
                if group == model.group { model.clear(slot: request.slot) }
            }
        }
        return done
    }

    /// Lets all memory be there: a prompt and a token on every group.
    private func warmUp() throws {
        let next = try model.step(Batch(slot: 0, tokens: arrivals.prompt(0)))
        _ = try model.step(Batch(slot: 0, tokens: next))
        model.clear(slot: 0)
    }

    private func result(steps: Int, bytes: UInt64) throws -> ServingResult {
        // Several ranks have the times of one group: the last of them counts.
        try world.allReduce(&times, .max)
        var sent = [Int64(bytes)]
        try world.allReduce(&sent, .sum)
        return ServingResult(
            arrivals: arrivals.times, times: times, answerTokens: answerTokens, steps: steps,
            bytesBetweenNodes: Double(sent[0]))
    }
}
