import Decoder
import Foundation
import MixCollectives
import MixPlanner

/// Continuous batching on one rank. Rank 0 says how many requests have come; everything else follows on all ranks alike.
final class ServingSession {
    private let model: DecoderModel
    private let world: Communicator
    private let arrivals: Arrivals
    private let answerTokens: Int
    private var queues: [GroupQueue]
    /// The last token of each slot of this rank's group.
    private var last: [Int]
    /// [requests, answer]: when each token of this rank's group was there, in seconds; zeros for others.
    private var times: [Double]
    private let clock = ContinuousClock()
    private var beginning: ContinuousClock.Instant

    init(
        _ model: DecoderModel, _ world: Communicator, _ arrivals: Arrivals, answerTokens: Int, stepTokens: Int
    ) throws {
        (self.model, self.world, self.arrivals, self.answerTokens) = (model, world, arrivals, answerTokens)
        let slots = model.options.sequences
        queues = Array(
            repeating: GroupQueue(slots: slots, answerTokens: answerTokens, stepTokens: stepTokens),
            count: model.strategy.attention.data)
        last = Array(repeating: 0, count: slots)
        times = Array(repeating: 0, count: arrivals.times.count * answerTokens)
        beginning = clock.now
    }

    /// Answers all requests.
    func run() throws -> ServingResult {
        try warmUp()
        let bytes = world.counters.bytesSent
        try world.barrier()
        beginning = clock.now
        var (arrived, done, steps) = (0, 0, 0)
        var progress = ProgressLine("\(model.strategy)", isShown: world.rank == 0)
        while done < arrivals.times.count {
            let now = try agreedArrivals(after: arrived, isIdle: queues.allSatisfy { $0.load == 0 })
            for request in arrived..<now {
                // The group with the least to do, the first of several.
                let group = queues.indices.min { queues[$0].load < queues[$1].load }!
                queues[group].add(request)
            }
            arrived = now
            for group in queues.indices { queues[group].admit { arrivals.prompts[$0].count } }
            guard queues.contains(where: { !$0.running.isEmpty }) else { continue }
            try step()
            steps += 1
            for group in queues.indices {
                for request in queues[group].advance() {
                    done += 1
                    if group == model.group { model.clear(slot: request.slot) }
                }
            }
            progress.show(
                requests: done, of: arrivals.times.count, waiting: queues.reduce(0) { $0 + $1.waiting.count },
                running: queues.reduce(0) { $0 + $1.running.count })
        }
        progress.clear()
        return try result(steps: steps, bytes: world.counters.bytesSent - bytes)
    }

    /// How many requests have come, by rank 0's clock. Rank 0 waits for the next one when there is nothing else to do, but not
    /// so long that the others would take it for dead.
    private func agreedArrivals(after arrived: Int, isIdle: Bool) throws -> Int {
        var count = [Int64(arrived)]
        if world.rank == 0 {
            var now = (clock.now - beginning).seconds
            if isIdle, arrived < arrivals.times.count, arrivals.times[arrived] > now {
                Thread.sleep(forTimeInterval: min(arrivals.times[arrived] - now, 1))
                now = (clock.now - beginning).seconds
            }
            while Int(count[0]) < arrivals.times.count, arrivals.times[Int(count[0])] <= now { count[0] += 1 }
        }
        try world.broadcast(&count, root: 0)
        return Int(count[0])
    }

    private func step() throws {
        var batch = Batch()
        let running = queues[model.group].running
        for one in running {
            if one.answered == 0 {
                batch.append(slot: one.slot, tokens: arrivals.prompts[one.request])
            } else {
                batch.append(slot: one.slot, tokens: CollectionOfOne(last[one.slot]))
            }
        }
        let next = try model.step(batch)
        let now = (clock.now - beginning).seconds
        for (one, token) in zip(running, next) {
            last[one.slot] = token
            times[one.request * answerTokens + one.answered] = now
        }
    }

    /// Lets all memory be there: a prompt and a token on every group.
    private func warmUp() throws {
        let next = try model.step(Batch(slot: 0, tokens: arrivals.prompts[0]))
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
