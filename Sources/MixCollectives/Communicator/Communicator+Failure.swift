internal import CMixSystem
internal import MixSchedule

// One rank finds out, all ranks throw: a failure is written into every member's block, and stays.
extension Communicator {
    /// Tells all members of a failure, and returns what this rank throws: the first failure that reached it.
    func fail(_ error: CollectiveError) -> CollectiveError {
        if let network { return network.fail(error) }
        for member in 0..<size { record(error, at: members[member].failure) }
        for member in 0..<size where member != rank { mix_ring(members[member].root) }
        return failure ?? error
    }

    /// Throws what ended this communicator, if something has.
    @inline(__always)
    func throwIfFailed() throws(CollectiveError) {
        if mix_failure_state(own.failure) != 0 { try throwFailure() }
    }

    @inline(never)
    private func throwFailure() throws(CollectiveError) {
        if let failure { throw failure }
    }

    var failure: CollectiveError? {
        let record = own.failure
        guard mix_failure_state(record) == 2 else { return nil }
        let message = withUnsafeBytes(of: record.pointee.message) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        let host = withUnsafeBytes(of: record.pointee.host) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let guilty = Int(record.pointee.rank)
        return CollectiveError(
            .init(rawValue: record.pointee.code), message, rank: guilty < 0 ? nil : guilty,
            host: host.isEmpty ? nil : host, operation: Operation(code: UInt8(record.pointee.operation)),
            sequence: record.pointee.sequence)
    }

    private func record(_ error: CollectiveError, at record: UnsafeMutablePointer<mix_failure>) {
        guard mix_failure_begin(record) != 0 else { return }
        record.pointee.code = error.code.rawValue
        record.pointee.rank = Int32(error.rank ?? -1)
        record.pointee.operation = UInt32((error.operation ?? operation).code)
        record.pointee.sequence = error.sequence ?? operationNumber
        withUnsafeMutableBytes(of: &record.pointee.host) { bytes in
            bytes.copyBytes(from: (error.host ?? "").utf8.prefix(bytes.count - 1))
        }
        withUnsafeMutableBytes(of: &record.pointee.message) { bytes in
            bytes.copyBytes(from: error.message.utf8.prefix(bytes.count - 1))
        }
        mix_failure_end(record)
    }
}
