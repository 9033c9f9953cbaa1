import Foundation
package import MixCollectives
import Synchronization

/// What a test found wrong on one rank.
package struct Wrong: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Ranks that did not come back in time: the hang that must never be.
package struct Hang: Error, CustomStringConvertible {
    package let ranks: [Int]
    package let limit: Duration
    package var description: String { "ranks \(ranks) still run after \(limit)" }
}

/// Runs `body` for every rank of a world of threads, each on one of its own, and returns what each brought back.
///
/// Suspends meanwhile, so that the threads of Swift's pool stay free. Ranks that are not back by `limit` are an error.
/// A rank that throws closes its communicator, so that the others need not wait for their deadline.
package func withWorld<Value: Sendable>(
    _ ranks: Int, nodes: Int = 1, tuning: Tuning = Tuning(), timeout: Duration = .seconds(20),
    limit: Duration = .seconds(45), _ body: @escaping @Sendable (Communicator) throws -> Value
) async throws -> [Result<Value, any Error>] {
    let worlds = try Communicator.inProcess(ranks: ranks, nodes: nodes, timeout: timeout, tuning: tuning)
    return try await onThreads(ranks, limit: limit) { rank in
        do {
            return try body(worlds[rank])
        } catch {
            worlds[rank].close()
            throw error
        }
    }
}

/// Runs `body(0) … body(count − 1)`, each on a thread of its own.
package func onThreads<Value: Sendable>(
    _ count: Int, limit: Duration = .seconds(45), _ body: @escaping @Sendable (Int) throws -> Value
) async throws -> [Result<Value, any Error>] {
    let gathering = Gathering<Value>(count: count)
    for index in 0..<count {
        let thread = Thread { gathering.put(index, Result { try body(index) }) }
        thread.stackSize = 4 << 20
        thread.start()
    }
    let watch = Task {
        try await Task.sleep(for: limit)
        gathering.giveUp(limit)
    }
    defer { watch.cancel() }
    return try await gathering.all()
}

/// Results of threads, awaited by one task.
private final class Gathering<Value: Sendable>: Sendable {
    private typealias Results = [Result<Value, any Error>]
    private struct State {
        var results: [Result<Value, any Error>?]
        var outcome: Result<Results, any Error>?
        var waiting: CheckedContinuation<[Result<Value, any Error>], any Error>?
    }
    private let state: Mutex<State>

    init(count: Int) { state = Mutex(State(results: Array(repeating: nil, count: count))) }

    func put(_ index: Int, _ result: Result<Value, any Error>) {
        finish { state in
            state.results[index] = result
            let there = state.results.compactMap { $0 }
            return there.count == state.results.count ? .success(there) : nil
        }
    }

    func giveUp(_ limit: Duration) {
        finish { state in
            .failure(Hang(ranks: state.results.indices.filter { state.results[$0] == nil }, limit: limit))
        }
    }

    func all() async throws -> [Result<Value, any Error>] {
        try await withCheckedThrowingContinuation { continuation in
            let outcome = state.withLock { state in
                if state.outcome == nil { state.waiting = continuation }
                return state.outcome
            }
            if let outcome { continuation.resume(with: outcome) }
        }
    }

    private func finish(_ decide: (inout State) -> Result<Results, any Error>?) {
        let (waiting, outcome) = state.withLock { state in
            guard state.outcome == nil, let outcome = decide(&state) else {
                return (nil as CheckedContinuation<Results, any Error>?, nil as Result<Results, any Error>?)
            }
            state.outcome = outcome
            defer { state.waiting = nil }
            return (state.waiting, outcome)
        }
        if let waiting, let outcome { waiting.resume(with: outcome) }
    }
}
