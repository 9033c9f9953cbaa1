import ArgumentParser

/// Which sizes to measure: the whole buffer of one rank, in bytes.
struct SizeOptions: ParsableArguments {
    @Option(name: [.customShort("b"), .customLong("begin")], help: "Smallest size (8, 4K, 1M, 2G).")
    var begin = ByteSize(8)

    @Option(name: [.customShort("e"), .customLong("end")], help: "Largest size.")
    var end = ByteSize(64 << 20)

    @Option(name: [.customShort("f"), .customLong("factor")], help: "Each size is this times the one before.")
    var factor = 4.0

    @Option(help: ArgumentHelp("These sizes instead, separated by commas.", valueName: "list"))
    var sizes: CommaSeparated<ByteSize>?

    func validate() throws { _ = try values() }

    /// The sizes in bytes, in the order to measure.
    func values() throws -> [Int] {
        if let sizes { return sizes.values.map(\.bytes) }
        guard factor > 1 else { throw ValidationError("-f must be more than 1.") }
        guard begin.bytes > 0, begin.bytes <= end.bytes else {
            throw ValidationError("-b must be at least 1 and at most -e.")
        }
        return Self.series(from: begin.bytes, through: end.bytes, factor: factor)
    }

    /// `begin`, `begin · factor`, … up to `end`, each at least one byte more than the one before.
    static func series(from begin: Int, through end: Int, factor: Double) -> [Int] {
        var result: [Int] = []
        var size = begin
        while size <= end {
            result.append(size)
            let next = Double(size) * factor
            guard next <= Double(end) else { break }
            size = max(size + 1, Int(next))
        }
        return result
    }
}
