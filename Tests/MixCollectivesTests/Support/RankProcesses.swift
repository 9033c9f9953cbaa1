import Foundation
import MixCollectives
import Testing

/// What a rank said of an error.
struct ReportedError: CustomStringConvertible {
    let code: CollectiveError.Code
    /// The rank at fault, −1 where none was named.
    let rank: Int
    let host: String
    let operation: String
    let sequence: Int
    /// From the call to the error.
    let milliseconds: Int
    let description: String

    init?(_ line: String) {
        guard line.hasPrefix("error ") else { return nil }
        let parts = line.split(separator: " message=", maxSplits: 1)
        var fields: [Substring: String] = [:]
        for word in parts[0].split(separator: " ").dropFirst() {
            let pair = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { fields[pair[0]] = String(pair[1]) }
        }
        guard let code = UInt32(fields["code"] ?? ""), let rank = Int(fields["rank"] ?? "") else { return nil }
        self.code = CollectiveError.Code(rawValue: code)
        self.rank = rank
        host = fields["host"] ?? ""
        operation = fields["operation"] ?? ""
        sequence = Int(fields["sequence"] ?? "") ?? -1
        milliseconds = Int(fields["ms"] ?? "") ?? -1
        description = line
    }
}

extension ChildProcesses.Child {
    var reported: [ReportedError] { lines.compactMap(ReportedError.init) }
    var wrong: [String] { lines.filter { $0.hasPrefix("wrong") } }
}

extension ChildProcesses.Command {
    /// One rank of a job by hand, which plays these steps (`MixTestRank play`).
    static func rank(
        _ rank: Int, of size: Int, at rendezvous: String, timeout: Double = 20, node: String = "", _ steps: [String]
    ) -> Self {
        .init(
            executable: ChildProcesses.testRankPath, arguments: ["play"] + steps,
            environment: [
                "MIX_RANK": "\(rank)", "MIX_WORLD_SIZE": "\(size)", "MIX_RENDEZVOUS": rendezvous,
                "MIX_TIMEOUT": "\(timeout)", "MIX_NODE": node, "MIX_SECRET": rendezvous,
            ])
    }
}

/// Starts a job of `size` ranks, each with steps of its own.
func startRanks(
    _ size: Int, nodes: Int = 1, timeout: Double = 20, limit: Duration = .seconds(40),
    at rendezvous: String = newRendezvous(), _ steps: (Int) -> [String]
) throws -> ChildProcesses {
    try ChildProcesses(
        (0..<size).map {
            let node = nodes == 1 ? "" : "node-\($0 * nodes / size)"
            return .rank($0, of: size, at: rendezvous, timeout: timeout, node: node, ["join"] + steps($0))
        }, limit: limit)
}

/// A name that no other test's job has.
func newRendezvous() -> String { "test-\(UInt64.random(in: 0 ... .max))" }

extension [ChildProcesses.Child] {
    /// Checks that each said one error at least, that all of a rank's are of this kind, and that nothing was wrong.
    func expectErrors(
        _ code: CollectiveError.Code, rank: Set<Int>, operation: Set<String>, sequence: Set<Int>,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for (index, child) in enumerated() {
            let said = Comment(rawValue: "process \(index): \(child.output)\(child.errors)")
            #expect(!child.reported.isEmpty, said, sourceLocation: sourceLocation)
            #expect(child.wrong.isEmpty, said, sourceLocation: sourceLocation)
            #expect(child.status == 0, said, sourceLocation: sourceLocation)
            for error in child.reported {
                #expect(error.code == code, said, sourceLocation: sourceLocation)
                #expect(rank.contains(error.rank), said, sourceLocation: sourceLocation)
                #expect(error.host == Host.name, said, sourceLocation: sourceLocation)
                #expect(operation.contains(error.operation), said, sourceLocation: sourceLocation)
                #expect(sequence.contains(error.sequence), said, sourceLocation: sourceLocation)
            }
        }
    }

    /// Checks that all ended well and said no error.
    func expectSuccess(sourceLocation: SourceLocation = #_sourceLocation) {
        for (index, child) in enumerated() {
            let said = Comment(rawValue: "process \(index): \(child.output)\(child.errors)")
            #expect(child.status == 0, said, sourceLocation: sourceLocation)
            #expect(child.reported.isEmpty && child.wrong.isEmpty, said, sourceLocation: sourceLocation)
        }
    }
}
