/// What a rank brings to the rendezvous: its tuning, or why it has none, so that all ranks hear of it.
enum TuningWish: Equatable {
    case tuning(Tuning)
    case refused(reason: String)

    /// What the job says, or else the file that `MIX_TUNING` names.
    init(_ job: Job, in environment: Environment) {
        do throws(TuningError) {
            if let given = job.tuning {
                // Written and read again: that checks it.
                let read = try Tuning(text: given.text, file: "Job.tuning")
                self =
                    read == given ? .tuning(read) : .refused(reason: "Job.tuning: there is no algorithm of two lines")
            } else if let path = environment["MIX_TUNING"] {
                self = .tuning(try Tuning(contentsOf: path))
            } else {
                self = .tuning(Tuning())
            }
        } catch {
            self = .refused(reason: "\(error)")
        }
    }

    private static let refusal = "refused: "

    /// At most some hundred bytes for a tuning.
    var text: String {
        switch self {
        case .tuning(let tuning): tuning.text
        case .refused(let reason): Self.refusal + reason
        }
    }

    /// Nil when it makes no sense.
    init?(text: String) {
        if text.hasPrefix(Self.refusal) {
            self = .refused(reason: String(text.dropFirst(Self.refusal.count)))
        } else {
            guard let tuning = try? Tuning(text: text) else { return nil }
            self = .tuning(tuning)
        }
    }

    /// The tuning of all ranks.
    ///
    /// - Throws: what all ranks throw alike: ``CollectiveError/Code/invalidJob`` when one has none, or another than rank 0, with
    ///   its rank and host.
    static func agreed(_ wishes: [TuningWish], hosts: [String]) throws(CollectiveError) -> Tuning {
        func wrong(_ rank: Int, _ message: String) -> CollectiveError {
            CollectiveError(.invalidJob, message, rank: rank, host: hosts[rank])
        }
        var tunings: [Tuning] = []
        for (rank, wish) in wishes.enumerated() {
            switch wish {
            case .tuning(let tuning): tunings.append(tuning)
            case .refused(let reason): throw wrong(rank, "rank \(rank) has no tuning (MIX_TUNING): \(reason)")
            }
        }
        if let other = tunings.firstIndex(where: { $0 != tunings[0] }) {
            let (ours, theirs) = (
                tunings[0].differences(from: tunings[other]), tunings[other].differences(from: tunings[0])
            )
            throw wrong(
                other,
                "rank 0 on \(hosts[0]) is tuned to \(ours), rank \(other) to \(theirs); give all ranks the same MIX_TUNING"
            )
        }
        return tunings[0]
    }
}

extension Tuning {
    /// Its lines that the other one does not have.
    fileprivate func differences(from other: Tuning) -> String {
        let others = other.text.split(separator: "\n")
        let own = text.split(separator: "\n").filter { !others.contains($0) }
        return own.isEmpty ? "what the library chooses" : own.joined(separator: ", ")
    }
}
