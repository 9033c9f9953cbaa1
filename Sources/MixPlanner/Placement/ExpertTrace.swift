#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Which experts the tokens of requests chose: counts [request][layer][expert], of prefill and of decoding.
///
/// In a file it is JSON; layers are those with experts, in order, and `prefill` may be left out:
///
///     {"format": "mixserve-expert-trace", "version": 1, "experts": 4,
///      "requests": [{"prefill": [[3, 0, 1, 0], [2, 2, 0, 0]], "decode": [[5, 1, 0, 0], [0, 0, 4, 2]]}]}
///
/// Bare nested lists of numbers are read, too: [request][layer][expert] as decoding, and [layer][expert] as one request.
public struct ExpertTrace: Sendable, Hashable {
    /// One request: tokens that chose each expert, [layer][expert].
    public struct Request: Sendable, Hashable, Codable {
        /// Of the prompt; nil where it was not recorded.
        public var prefill: [[Double]]?
        /// Of the answer.
        public var decode: [[Double]]

        /// Counts of one request.
        public init(prefill: [[Double]]? = nil, decode: [[Double]]) {
            self.prefill = prefill
            self.decode = decode
        }
    }

    /// Experts of each layer.
    public let experts: Int
    /// Layers with experts.
    public let layers: Int
    /// The requests.
    public let requests: [Request]

    /// Takes counts of requests, of which there is at least one.
    ///
    /// - Throws: ``PlannerError/invalidValue(file:key:value:expected:)`` if requests differ in layers or experts, or a count is
    ///   below zero or no number.
    public init(requests: [Request], file: String = "trace") throws(PlannerError) {
        guard let first = requests.first, let layer = first.decode.first, !layer.isEmpty else {
            throw .invalidValue(
                file: file, key: "requests", value: "without counts", expected: "at least one request with one layer")
        }
        for (number, request) in requests.enumerated() {
            for counts in [request.prefill, request.decode].compactMap(\.self) {
                let isEqual = counts.count == first.decode.count && counts.allSatisfy { $0.count == layer.count }
                guard isEqual, counts.allSatisfy({ $0.allSatisfy { $0 >= 0 && $0.isFinite } }) else {
                    throw .invalidValue(
                        file: file, key: "requests[\(number)]", value: "\(counts.count) layers of other counts",
                        expected: "\(first.decode.count) layers of \(layer.count) counts, each 0 or more")
                }
            }
        }
        experts = layer.count
        layers = first.decode.count
        self.requests = requests
    }

    /// Tokens that chose each expert over all requests while decoding, [layer][expert].
    public var loads: [[Double]] {
        requests.reduce(into: Array(repeating: Array(repeating: 0, count: experts), count: layers)) { sums, request in
            for layer in 0..<layers {
                for expert in 0..<experts { sums[layer][expert] += request.decode[layer][expert] }
            }
        }
    }
}

extension ExpertTrace {
    private struct File: Codable {
        var format = "mixserve-expert-trace"
        var version = 1
        var experts: Int
        var requests: [Request]
    }

    /// Reads a file.
    public init(contentsOf path: String) throws(PlannerError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw .unreadable(file: path, reason: "is there such a file, and may it be read?")
        }
        try self.init(json: data, file: path)
    }

    /// Reads the text of a file.
    ///
    /// - Parameters:
    ///   - json: what a file has in it.
    ///   - file: what errors call it.
    public init(json: Data, file: String = "trace") throws(PlannerError) {
        let decoder = JSONDecoder()
        if let content = try? decoder.decode(File.self, from: json) {
            guard content.format == "mixserve-expert-trace", content.version == 1 else {
                throw .invalidValue(
                    file: file, key: "format", value: "\(content.format) \(content.version)",
                    expected: "mixserve-expert-trace 1")
            }
            try self.init(requests: content.requests, file: file)
        } else if let counts = try? decoder.decode([[[Double]]].self, from: json) {
            try self.init(requests: counts.map { Request(decode: $0) }, file: file)
        } else if let counts = try? decoder.decode([[Double]].self, from: json) {
            try self.init(requests: [Request(decode: counts)], file: file)
        } else {
            throw .malformed(
                file: file,
                reason: "this is neither a trace, nor lists of numbers [layer][expert] or [request][layer][expert]")
        }
    }

    /// The text of a file.
    public var json: Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Numbers are finite, so that there is nothing that cannot be written.
        return (try? encoder.encode(File(experts: experts, requests: requests))) ?? Data()
    }
}
