import Foundation
import MixCollectives
@_exported import MixTestSupport
import Synchronization
import Testing

/// Every test of this target, one after the other: ranks already outnumber the cores, and some tests watch the clock.
@Suite(.serialized) enum CollectiveTests {}

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
