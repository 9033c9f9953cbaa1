public import MixSchedule

// What can be told to be wrong before any other rank is asked.
extension Communicator {
    @inlinable @inline(__always)
    func check(
        _ operation: Operation, _ which: String, _ count: Int, equals expected: Int, _ what: String
    ) throws(CollectiveError) {
        guard count == expected else { throw wrongCount(operation, which, count, expected, what) }
    }

    @usableFromInline func check(
        _ operation: Operation, _ blocks: borrowing Blocks, fit count: Int, _ what: String
    ) throws(CollectiveError) {
        guard blocks.counts.count == size, blocks.displacements.count == size else {
            throw refusal(
                .invalidArgument, operation,
                "the \(what) has \(blocks.counts.count) counts and \(blocks.displacements.count) displacements; "
                    + "this communicator has \(size) ranks and needs one of each per rank")
        }
        for peer in 0..<size {
            let (first, length) = (blocks.displacements[peer], blocks.counts[peer])
            let (end, overflow) = first.addingReportingOverflow(length)
            guard first >= 0, length >= 0, !overflow, end <= count else {
                throw refusal(
                    .invalidArgument, operation,
                    "the \(what)'s block for rank \(peer) has \(length) elements at \(first), but the \(what) has \(count)"
                )
            }
        }
    }

    /// Elements per block of a buffer that holds one block per rank.
    @inlinable func blockCount(_ operation: Operation, of count: Int) throws(CollectiveError) -> Int {
        guard count.isMultiple(of: size) else {
            throw notWholeBlocks(operation, count)
        }
        return count / size
    }

    @usableFromInline func notWholeBlocks(_ operation: Operation, _ count: Int) -> CollectiveError {
        refusal(.invalidArgument, operation, "the buffer has \(count) elements, not a multiple of the \(size) ranks")
    }

    func checkRank(_ operation: Operation, _ peer: Int, _ what: String) throws(CollectiveError) {
        guard peer >= 0, peer < size else {
            throw refusal(.invalidArgument, operation, "\(what) \(peer) is not in 0 ..< \(size)")
        }
    }

    @usableFromInline func wrongCount(
        _ operation: Operation, _ which: String, _ count: Int, _ expected: Int, _ what: String
    ) -> CollectiveError {
        refusal(.invalidArgument, operation, "the \(which) has \(count) elements and should have \(expected): \(what)")
    }

    /// What an operation throws that this rank alone refuses, before it is counted.
    func refusal(_ code: CollectiveError.Code, _ operation: Operation, _ message: String) -> CollectiveError {
        CollectiveError(code, message, rank: rank, host: host, operation: operation, sequence: operationNumber &+ 1)
    }
}
