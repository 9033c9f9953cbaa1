internal import CMixSystem

/// Environment variables, read with words for what is wrong with them.
struct Environment {
    /// Stands for the job of MPICH's launcher, which sets no variable for it; no program sets this one.
    static let hydraJobKey = "(hydra job)"
    /// More ranks than any launcher starts; a larger number is a mistake, and arrays per rank should not follow it.
    static let greatestWorldSize = 1 << 20
    /// In milliseconds it still fits 32 bits.
    static let greatestTimeout = 1_000_000.0

    private let variables: [String: String]

    init(_ variables: [String: String]) { self.variables = variables }

    /// A variable's value, nil when it is unset or empty.
    subscript(name: String) -> String? {
        guard let value = variables[name], !value.isEmpty else { return nil }
        return value
    }

    /// This process's variables; of several with one name the first counts, as for `getenv`.
    static var current: [String: String] {
        var variables: [String: String] = [:]
        guard var next = mix_environment() else { return variables }
        while let text = next.pointee {
            let entry = String(cString: text)
            if let equals = entry.firstIndex(of: "=") {
                let name = String(entry[..<equals])
                if variables[name] == nil { variables[name] = String(entry[entry.index(after: equals)...]) }
            }
            next += 1
        }
        return variables
    }

    /// What distinguishes this job of MPICH's or Intel MPI's launcher, asked of the processes above this one.
    static var hydraJob: String? {
        var bytes = [CChar](repeating: 0, count: 256)
        guard mix_hydra_job(&bytes, bytes.count) == 0 else { return nil }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A job from the variables that hold its rank and size.
    func job(
        _ rankName: String, _ sizeName: String, launcher: String, rendezvous: String
    ) throws(CollectiveError) -> Job {
        let rank = try number(rankName, beside: sizeName)
        let size = try number(sizeName, beside: rankName)
        guard (1...Self.greatestWorldSize).contains(size) else {
            throw invalid(sizeName, "a job has 1 to \(Self.greatestWorldSize) ranks")
        }
        guard rank < size else {
            throw invalid(rankName, "with \(sizeName)=\(size) ranks are 0 to \(size - 1)")
        }
        return Job(
            rank: rank, worldSize: size, rendezvous: self["MIX_RENDEZVOUS"] ?? rendezvous, launcher: launcher)
    }

    func required(_ name: String, beside companion: String) throws(CollectiveError) -> String {
        guard let value = self[name] else { throw missing(name, beside: companion) }
        return value
    }

    private func number(_ name: String, beside companion: String) throws(CollectiveError) -> Int {
        let text = try required(name, beside: companion)
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(text) else {
            throw invalid(name, "a whole number of at least 0 belongs here")
        }
        return value
    }

    /// `MIX_TIMEOUT`, 30 seconds when it is unset.
    func timeout() throws(CollectiveError) -> Duration { try seconds("MIX_TIMEOUT") ?? .seconds(30) }

    /// A positive time; nil when the variable is unset.
    func seconds(_ name: String) throws(CollectiveError) -> Duration? {
        guard let text = self[name] else { return nil }
        guard text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }), let value = Double(text),
            (0.001...Self.greatestTimeout).contains(value)
        else {
            throw invalid(name, "seconds belong here, from 0.001 to \(Int(Self.greatestTimeout)), as in \(name)=2.5")
        }
        return .seconds(value)
    }

    func missing(_ name: String, beside companion: String) -> CollectiveError {
        CollectiveError(
            .invalidJob,
            "\(companion)=\(self[companion] ?? "") is set, but \(name) is not. Set \(name) too, or unset \(companion) to "
                + "run alone; a launcher sets both.")
    }

    func invalid(_ name: String, _ help: String) -> CollectiveError {
        CollectiveError(.invalidJob, "\(name)=\(self[name] ?? "") makes no sense: \(help).")
    }
}
