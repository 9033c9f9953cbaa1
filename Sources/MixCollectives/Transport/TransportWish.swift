/// What `MIX_TRANSPORT` asks for between nodes; inside a node ranks share memory whatever it says.
enum TransportWish: String, CaseIterable {
    /// Verbs between ranks that can, TCP between all others.
    case auto
    case tcp
    case verbs
    /// Nothing but shared memory: there must be one node only.
    case sharedMemory = "shm"

    /// - Throws: ``CollectiveError/Code/invalidJob`` for a word that is none of these.
    init(in environment: Environment) throws(CollectiveError) {
        let text = environment["MIX_TRANSPORT"] ?? Self.auto.rawValue
        guard let wish = Self(rawValue: text) else {
            throw CollectiveError(
                .invalidJob,
                "MIX_TRANSPORT=\(text) makes no sense: "
                    + "it is one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self = wish
    }
}
