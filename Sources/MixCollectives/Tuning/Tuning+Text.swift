internal import CMixSystem
internal import MixSchedule

extension Tuning {
    /// Reads a tuning: a name and a value per line, apart by spaces, and comments from `#` to the end of the line.
    ///
    ///     all-reduce.messages 65536     # bytes, as in allReduceMessageBytes
    ///     all-reduce.whole 2048
    ///     all-to-all.messages 65536
    ///     piece 262144
    ///     all-reduce.algorithm hierarchical
    ///
    /// The other algorithms are `reduce-scatter.algorithm`, `all-gather.algorithm` and `all-to-all.algorithm`. No name comes twice; what
    /// is not there the library chooses.
    ///
    /// - Parameters:
    ///   - text: what a file has in it.
    ///   - file: what errors call it.
    public init(text: String, file: String = "the tuning") throws(TuningError) {
        self.init()
        var seen: [Substring: Int] = [:]
        // Not `Character`s: of "\r\n" they are one.
        for (index, line) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            func wrong(_ message: String) -> TuningError { TuningError(file: file, line: index + 1, message: message) }
            let content = Substring(line.prefix { $0 != UInt8(ascii: "#") })
            let words = content.split { $0 == " " || $0 == "\t" }
            guard let name = words.first else { continue }
            guard words.count == 2 else {
                throw wrong("\"\(Self.shown(content))\" is not a name and a value, as in \"piece 262144\"")
            }
            if let earlier = seen.updateValue(index + 1, forKey: name) {
                throw wrong("\(name) is in line \(earlier) already; once is enough")
            }
            if let size = Self.sizes.first(where: { $0.name == name }) {
                guard words[1].utf8.allSatisfy({ (48...57).contains($0) }), let bytes = Int(words[1]),
                    bytes >= size.least
                else {
                    throw wrong(
                        "\(name) is a whole number of bytes, \(size.least) or more, and not \"\(Self.shown(words[1]))\""
                    )
                }
                self[keyPath: size.path] = bytes
            } else if let operation = Self.tunedOperations.first(where: { Self.name(ofAlgorithm: $0) == name }) {
                let known = Self.algorithms(for: operation)
                guard known.contains(String(words[1])) else {
                    throw wrong(
                        "\(name) is one of \(known.joined(separator: ", ")), and not \"\(Self.shown(words[1]))\"")
                }
                algorithms[operation] = String(words[1])
            } else {
                throw wrong("there is no \"\(Self.shown(name))\"; there are \(Self.names.joined(separator: ", "))")
            }
        }
    }

    /// Reads a file of at most 64 KiB, see ``init(text:file:)``.
    public init(contentsOf path: String) throws(TuningError) {
        func wrong(_ message: String) -> TuningError { TuningError(file: path, line: nil, message: message) }
        var (address, bytes): (UnsafeRawPointer?, Int) = (nil, 0)
        let file = mix_map_file(path, &address, &bytes)
        guard file >= 0 else { throw wrong(String(cString: mix_error_text(-file))) }
        defer { mix_unmap_file(file, address, bytes) }
        guard bytes <= 64 << 10 else { throw wrong("\(bytes) bytes are no tuning; it has some lines") }
        // Read, not looked at: a file that is made shorter meanwhile is an error then, and no signal.
        var content = [UInt8](repeating: 0, count: bytes)
        let status = unsafe content.withUnsafeMutableBytes { mix_read_file(file, 0, $0.baseAddress, bytes) }
        guard status == 0 else { throw wrong(String(cString: mix_error_text(-status))) }
        try self.init(text: String(decoding: content, as: UTF8.self), file: path)
    }

    /// The lines that ``init(text:file:)`` reads, in one order: equal tunings have equal texts.
    public var text: String {
        var lines = Self.sizes.compactMap { size in self[keyPath: size.path].map { "\(size.name) \($0)" } }
        lines += algorithms.map { "\(Self.name(ofAlgorithm: $0)) \($1)" }.sorted()
        return lines.map { $0 + "\n" }.joined()
    }

    private static let sizes: [(name: String, path: any WritableKeyPath<Tuning, Int?> & Sendable, least: Int)] = [
        ("all-reduce.messages", \.allReduceMessageBytes, 0), ("all-reduce.whole", \.allReduceWholeBytes, 0),
        ("all-to-all.messages", \.allToAllMessageBytes, 0), ("piece", \.pieceBytes, 1),
    ]

    private static func name(ofAlgorithm operation: Operation) -> String { "\(operation.rawValue).algorithm" }
    private static var names: [String] { sizes.map(\.name) + tunedOperations.map(name(ofAlgorithm:)) }

    /// As much of a text as belongs into a message.
    private static func shown(_ text: Substring) -> String { text.count > 40 ? text.prefix(40) + "…" : String(text) }
}
