internal import CMixSystem
internal import Glibc

/// Starts the program that it is called in several times, once per rank: what `mpirun` does, without `mpirun`.
///
///     if !Launcher.isRank { exit(try Launcher(ranks: 4).run()) }
///     let world = try Communicator.join()
///
/// Every rank gets `MIX_RANK`, `MIX_WORLD_SIZE`, `MIX_NODE`, and a `MIX_RENDEZVOUS` and `MIX_SECRET` that are new
/// each time.
public struct Launcher: Sendable {
    /// Whether a rank stays on one processor.
    public enum Binding: Sendable, Hashable {
        /// One processor each, unless ranks outnumber processors.
        case automatic
        /// Rank i on processor i, counted round where ranks outnumber processors.
        case core
        /// Wherever the system puts it.
        case none
    }

    /// Number of ranks.
    public var ranks: Int
    /// Number of nodes that the ranks are spread over, in blocks; more than one are virtual nodes of this machine.
    public var nodes: Int
    /// Whether ranks stay on one processor each.
    public var binding: Binding
    /// How long the other ranks may take to end by themselves once one has failed.
    public var grace: Duration = .seconds(10)
    /// Variables that ranks get beside those of this process.
    public var environment: [String: String] = [:]

    /// A launcher of `ranks` ranks on `nodes` nodes.
    public init(ranks: Int, nodes: Int = 1, binding: Binding = .automatic) {
        self.ranks = ranks
        self.nodes = nodes
        self.binding = binding
    }

    /// Whether this process was started as a rank, by this or any other launcher that ``Job/current()`` knows.
    public static var isRank: Bool {
        // A job that makes no sense is for `join` to complain about.
        do { return try Job.current() != nil } catch { return true }
    }

    /// Starts this executable `ranks` times with the arguments of this process and waits for all of them.
    ///
    /// Returns 0 when all ranks did, or the first failing rank's exit status (128 + the signal when one killed it),
    /// after a line on standard error that names it. The other ranks get ``grace`` to end, and then a signal. SIGINT and
    /// SIGTERM are passed on; ranks never outlive this process.
    public func run() throws(CollectiveError) -> Int32 {
        guard ranks >= 1, nodes >= 1, ranks.isMultiple(of: nodes) else {
            throw CollectiveError(
                .invalidArgument, "\(ranks) ranks can't be spread evenly over \(nodes) nodes; give a multiple")
        }
        var watch = try Watch(ranks: ranks, grace: grace)
        defer { watch.end() }
        let program = try Self.executable()
        let arguments = try Self.arguments()
        let rendezvous = "launcher/" + Self.randomText(bytes: 16)
        let secret = Self.randomText(bytes: 32)
        let processors = Host.processorCount
        for rank in 0..<ranks {
            var variables = Environment.current.merging(environment) { $1 }
            variables["MIX_RANK"] = String(rank)
            variables["MIX_WORLD_SIZE"] = String(ranks)
            variables["MIX_RENDEZVOUS"] = rendezvous
            variables["MIX_SECRET"] = secret
            if nodes > 1 { variables["MIX_NODE"] = "\(Host.name)/node-\(rank / (ranks / nodes))" }
            let isBound = binding == .core || binding == .automatic && ranks <= processors
            try watch.start(program, arguments, variables, processor: isBound ? rank % processors : nil)
        }
        return watch.waitForAll()
    }

    private static func executable() throws(CollectiveError) -> String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let result = mix_executable_path(&path, path.count)
        guard result == 0 else { throw .system("finding this executable", -result) }
        return text(path)
    }

    private static func arguments() throws(CollectiveError) -> [String] {
        var bytes = [CChar](repeating: 0, count: 1 << 20)
        let length = mix_arguments(&bytes, bytes.count)
        guard length >= 0 else { throw .system("reading this process's arguments", -length) }
        return bytes[..<Int(length)].split(separator: 0, omittingEmptySubsequences: false).dropLast().map { text(Array($0)) }
    }

    private static func text(_ bytes: [CChar]) -> String {
        String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func randomText(bytes count: Int) -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        precondition(mix_random(&bytes, count) == 0, "the kernel gives no random bytes")
        return bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
