import Foundation
import MixCollectives
import Synchronization

/// Runs `body` for every rank of a world of threads, each on one of its own, and returns what each brought back.
///
/// A rank that throws closes its communicator, so that the others hear of it.
func withWorld<Value: Sendable>(
    _ ranks: Int, nodes: Int = 1, _ body: @escaping @Sendable (Communicator) throws -> Value
) async throws -> [Result<Value, any Error>] {
    let worlds = try Communicator.inProcess(ranks: ranks, nodes: nodes, timeout: .seconds(60))
    let gathering = Gathering<Value>(count: ranks)
    for world in worlds {
        let thread = Thread {
            gathering.put(
                world.rank,
                Result {
                    do {
                        return try body(world)
                    } catch {
                        world.close()
                        throw error
                    }
                })
        }
        thread.stackSize = 4 << 20
        thread.start()
    }
    return await gathering.all()
}

/// Results of threads, awaited by one task.
private final class Gathering<Value: Sendable>: Sendable {
    private typealias Results = [Result<Value, any Error>]
    private struct State {
        var results: [Result<Value, any Error>?]
        var waiting: CheckedContinuation<[Result<Value, any Error>], Never>?

        var all: Results? {
            let there = results.compactMap { $0 }
            return there.count == results.count ? there : nil
        }
    }
    private let state: Mutex<State>

    init(count: Int) { state = Mutex(State(results: Array(repeating: nil, count: count))) }

    func put(_ index: Int, _ result: Result<Value, any Error>) {
        let (waiting, all) = state.withLock { state in
            state.results[index] = result
            return (state.waiting, state.all)
        }
        if let waiting, let all { waiting.resume(returning: all) }
    }

    func all() async -> [Result<Value, any Error>] {
        await withCheckedContinuation { continuation in
            let all = state.withLock { state in
                if state.all == nil { state.waiting = continuation }
                return state.all
            }
            if let all { continuation.resume(returning: all) }
        }
    }
}
