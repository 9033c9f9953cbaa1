import Foundation

/// What a generation was and took.
struct GenerationReport: Encodable {
    let model: String
    let strategy: String
    let nodes: Int
    let ranks: Int
    let type: String
    let ids: [Int]
    /// By rank 0.
    let bytesRead: Int
    let loadSeconds: Double
    let ttftSeconds: Double
    let itlSeconds: Double
    /// By the planner, with assumed numbers of the machine.
    let predictedTtftSeconds: Double?
    let predictedItlSeconds: Double?

    /// One line.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }

    var text: String {
        """
        \(model), \(strategy), nodes: \(nodes), ranks: \(ranks), \(type)
        loaded in \(fixed(loadSeconds * 1e3, 1)) ms (\(inBytes(Double(bytesRead))) by rank 0), first token after \
        \(fixed(ttftSeconds * 1e3, 1)) ms, then one every \(fixed(itlSeconds * 1e3, 2)) ms

        """
    }
}
