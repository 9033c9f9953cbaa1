import MixCollectives

/// Which transport joins each pair of ranks, through which device, and why; short for many ranks too.
struct RouteReport {
    /// By rank, what it reaches the others by.
    private let lines: [[Line]]
    /// A letter per pair; empty where there are too many ranks to show.
    private let letters: [UInt8]
    private let size: Int

    /// What a rank's routes have in common.
    private struct Line {
        var transport: String
        var count: Int
        var example: Int
        var device: String
        var reason: String
    }

    private static let lineBytes = 1024
    private static let ranksShown = 32

    /// Collective; the report is rank 0's to print.
    init(_ world: Communicator) throws(CollectiveError) {
        size = world.size
        var counts: [Route: (count: Int, example: Int)] = [:]
        for peer in 0..<size where peer != world.rank {
            counts[world.route(to: peer), default: (0, peer)].count += 1
        }
        let own = counts.map { route, uses in
            let words = [
                route.transport.rawValue, "\(uses.count)", "\(uses.example)", route.device,
                String(route.reason.prefix(160)),
            ]
            return words.joined(separator: "\t")
        }
        var all = [UInt8](repeating: 0, count: Self.lineBytes * size)
        try world.allGather(fixedText(own.joined(separator: "\n"), bytes: Self.lineBytes), into: &all)
        lines = (0..<size).map { rank in
            mixbench.text(all[rank * Self.lineBytes..<(rank + 1) * Self.lineBytes]).split(separator: "\n").compactMap {
                line in
                let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
                guard words.count == 5, let count = Int(words[1]), let example = Int(words[2]) else { return nil }
                return Line(
                    transport: words[0], count: count, example: example, device: words[3], reason: words[4])
            }
        }
        guard size <= Self.ranksShown else {
            letters = []
            return
        }
        let row = (0..<size).map { peer in
            peer == world.rank ? UInt8(ascii: ".") : world.route(to: peer).transport.rawValue.utf8.first!
        }
        var matrix = [UInt8](repeating: 0, count: size * size)
        try world.allGather(row, into: &matrix)
        letters = matrix
    }

    var text: String {
        guard size > 1 else { return "" }
        var output = "\nroutes\n"
        for (rank, uses) in devices {
            output += "  \(uses.isEmpty ? "shared memory only" : uses): \(Self.ranges(rank))\n"
        }
        for (what, count, example) in reasons {
            output += "  \(what): \(count) of \(size * (size - 1)), as \(example)\n"
        }
        guard !letters.isEmpty else { return output }
        output += "\n  from \\ to" + (0..<size).map { pad("\($0)", 3) }.joined() + "\n"
        for rank in 0..<size {
            let row = letters[rank * size..<(rank + 1) * size].map { pad(String(UnicodeScalar($0)), 3) }
            output += pad("\(rank)", 11) + row.joined() + "\n"
        }
        return output + "  s: shm, t: tcp, v: verbs\n"
    }

    /// The ranks behind each device.
    private var devices: [(ranks: [Int], device: String)] {
        var ranks: [String: [Int]] = [:]
        for (rank, lines) in lines.enumerated() {
            let names = Set(lines.filter { !$0.device.isEmpty }.map { "\($0.transport) through \($0.device)" })
            ranks[names.sorted().joined(separator: ", "), default: []].append(rank)
        }
        return ranks.map { ($0.value, $0.key) }.sorted { $0.ranks[0] < $1.ranks[0] }
    }

    private var reasons: [(what: String, count: Int, example: String)] {
        var found: [String: (count: Int, example: String)] = [:]
        for (rank, lines) in lines.enumerated() {
            for line in lines {
                found["\(line.transport) because \(line.reason)", default: (0, "\(rank) to \(line.example)")].count +=
                    line.count
            }
        }
        return found.map { ($0.key, $0.value.count, $0.value.example) }.sorted { $0.what < $1.what }
    }

    /// "ranks 0-3, 8".
    static func ranges(_ ranks: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for rank in ranks.sorted() {
            if let last = ranges.last, last.upperBound + 1 == rank {
                ranges[ranges.count - 1] = last.lowerBound...rank
            } else {
                ranges.append(rank...rank)
            }
        }
        let words = ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
        return (ranks.count == 1 ? "rank " : "ranks ") + words.joined(separator: ", ")
    }
}
