import Foundation
import MixCollectives
import Synchronization
import Testing

/// Every test of this target, one after the other: ranks already outnumber the cores, and some tests watch the clock.
@Suite(.serialized) enum CollectiveTests {}

/// What a test found wrong on one rank.
struct Wrong: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Ranks that did not come back in time: the hang that must never be.
struct Hang: Error, CustomStringConvertible {
    let ranks: [Int]
    let limit: Duration
    var description: String { "ranks \(ranks) still run after \(limit)" }
}

/// Runs `body` for every rank of a world of threads, each on one of its own, and returns what each brought back.
///
/// Suspends meanwhile, so that the threads of Swift's pool stay free. Ranks that are not back by `limit` are an error.
/// A rank that throws closes its communicator, so that the others need not wait for their deadline.
func withWorld<Value: Sendable>(
    _ ranks: Int, nodes: Int = 1, timeout: Duration = .seconds(20), limit: Duration = .seconds(45),
    _ body: @escaping @Sendable (Communicator) throws -> Value
) async throws -> [Result<Value, any Error>] {
    let worlds = try Communicator.inProcess(ranks: ranks, nodes: nodes, timeout: timeout)
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
func onThreads<Value: Sendable>(
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

/// The values of ranks that must all have succeeded; the errors of those that have not are recorded.
@discardableResult
func succeeding<Value>(
    _ results: [Result<Value, any Error>], _ comment: String = "", sourceLocation: SourceLocation = #_sourceLocation
) -> [Value] {
    results.enumerated().compactMap { rank, result in
        switch result {
        case .success(let value): return value
        case .failure(let error):
            Issue.record("\(comment) rank \(rank): \(error)", sourceLocation: sourceLocation)
            return nil
        }
    }
}

/// The errors of ranks that must all have thrown one of the library's.
func failing<Value>(
    _ results: [Result<Value, any Error>], sourceLocation: SourceLocation = #_sourceLocation
) -> [CollectiveError] {
    results.enumerated().compactMap { rank, result in
        switch result {
        case .success(let value):
            Issue.record("rank \(rank) returned \(value) and should have thrown", sourceLocation: sourceLocation)
        case .failure(let error as CollectiveError): return error
        case .failure(let error):
            Issue.record("rank \(rank): \(error)", sourceLocation: sourceLocation)
        }
        return nil
    }
}

/// A number that threads count up together.
final class Counter: Sendable {
    private let number = Atomic(0)
    var value: Int { number.load(ordering: .sequentiallyConsistent) }
    func add() { number.add(1, ordering: .sequentiallyConsistent) }
}

/// Runs what must throw an error of the library with this code, on the thread of a rank.
@discardableResult
func thrown(
    _ code: CollectiveError.Code, _ body: () throws(CollectiveError) -> Void
) throws -> CollectiveError {
    do {
        try body()
    } catch {
        guard error.code == code else { throw Wrong("\(code) should have been thrown and not: \(error)") }
        return error
    }
    throw Wrong("\(code) should have been thrown, and nothing was")
}

/// Holds threads back until it's opened.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    func open() { for _ in 0..<64 { semaphore.signal() } }
    func wait() { semaphore.wait() }
}

/// Lets other threads run.
func giveWay() { sched_yield() }
