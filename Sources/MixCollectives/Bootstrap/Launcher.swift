internal import CMixSystem
internal import Glibc

/// Starts this program again as the ranks of a job on this machine, and waits for them.
///
/// A program that wants to be its own launcher asks first whether it is a rank already:
///
///     if !Launcher.isRank { exit(try Launcher(ranks: 4).run()) }
///     let world = try Communicator.join()
///
/// The ranks get the same arguments and environment, and on top `MIX_RANK`, `MIX_WORLD_SIZE`, `MIX_RENDEZVOUS`
/// and `MIX_SECRET` (both random, new with every launch) and, with more than one node, `MIX_NODE`. Rank 0 reads
/// the standard input, the others read nothing.
///
/// No rank outlives its launcher, even one that is killed: the kernel ends the ranks with it.
public struct Launcher: Sendable {
    /// Which processors a rank may run on.
    public enum Binding: Sendable, Hashable {
        /// As ``core`` when there is a processor for each rank, else as ``none``.
        case automatic
        /// Rank r runs on the r-th processor that this process may use, wrapping around.
        case core
        /// The system decides.
        case none
    }

    /// How many processes to start; at least 1.
    public var ranks: Int
    /// How many virtual nodes they make, at most one per rank. Ranks of different nodes share no memory; each node
    /// has a block of consecutive ranks, blocks differ by one rank at most.
    public var nodes: Int
    /// Which processors the ranks may run on.
    public var binding: Binding
    /// Variables that the ranks get besides this process's own, over which they win.
    public var environment: [String: String]
    /// How long the other ranks may go on when one has failed, until they are sent SIGTERM, and two seconds later
    /// SIGKILL. Ranks that talk to a failed one notice by themselves. Nil: `MIX_GRACE` seconds, or 10.
    public var grace: Duration?

    /// Describes a launch.
    public init(
        ranks: Int, nodes: Int = 1, binding: Binding = .automatic, environment: [String: String] = [:],
        grace: Duration? = nil
    ) {
        self.ranks = ranks
        self.nodes = nodes
        self.binding = binding
        self.environment = environment
        self.grace = grace
    }

    /// Whether a launcher (this one, mpirun, torchrun, srun, …) started this process as a rank.
    ///
    /// Also true where its variables make no sense: joining then says why.
    public static var isRank: Bool {
        do { return try Job.current() != nil } catch { return true }
    }

    /// Starts this executable ``ranks`` times with the same arguments and waits for all of them, blocking the
    /// calling thread.
    ///
    /// SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to the ranks meanwhile. Only one launcher of a process
    /// runs at a time. The first rank that fails is named on the standard error.
    ///
    /// - Returns: 0 when all ranks ended with 0, else the status of the rank that failed first, 128 + signal when a
    ///   signal killed it.
    /// - Throws: ``CollectiveError/Code/invalidArgument`` for ranks or nodes that can't be;
    ///   ``CollectiveError/Code/concurrentUse`` while another launcher runs; ``CollectiveError/Code/system`` when a
    ///   process can't be started, and then none is left.
    public func run() throws(CollectiveError) -> Int32 {
        guard (1...Environment.greatestWorldSize).contains(ranks) else {
            throw CollectiveError(.invalidArgument, "\(ranks) ranks can't be started: at least 1 is needed")
        }
        guard (1...ranks).contains(nodes) else {
            throw CollectiveError(
                .invalidArgument, "\(nodes) nodes can't be made of \(ranks) ranks: each needs at least one")
        }
        var grace = self.grace ?? .seconds(10)
        if self.grace == nil, let wish = try Environment(Environment.current).seconds("MIX_GRACE") { grace = wish }

        mix_open_standard_files()
        let signals = mix_signals_catch()
        guard signals >= 0 else {
            if signals == -Self.busy {
                throw CollectiveError(
                    .concurrentUse, "another launcher of this process is running; wait for it to return")
            }
            throw .system("preparing to forward signals", -signals)
        }
        defer { mix_signals_release() }
        var family = ProcessFamily(grace: grace, signals: signals)
        defer { family.end() }
        let name = try "launch-" + Self.randomHexadecimal(bytes: 16)
        guard nodes > 1 else {
            try start(&family, rendezvous: name)
            return try family.wait()
        }
        // Nodes meet over the network: rank 0 writes its address into a file, and takes it away again unless it dies.
        let folder = Environment(Environment.current)["TMPDIR"] ?? "/tmp"
        let file = "\(folder)/mixserve-\(name)"
        defer { unlink(file) }
        try start(&family, rendezvous: "file://\(file)")
        return try family.wait()
    }

    private static let busy: Int32 = 16  // EBUSY

    private func start(_ family: inout ProcessFamily, rendezvous: String) throws(CollectiveError) {
        var path = [CChar](repeating: 0, count: 4096)
        let found = mix_executable_path(&path, path.count)
        guard found == 0 else { throw .system("finding this program's path", -found) }
        let secret = try Self.randomHexadecimal(bytes: 32)
        let processors = Host.processorCount
        let bound = binding == .core || (binding == .automatic && ranks <= processors)
        for rank in 0..<ranks {
            var variables = environment
            variables["MIX_RANK"] = "\(rank)"
            variables["MIX_WORLD_SIZE"] = "\(ranks)"
            variables["MIX_RENDEZVOUS"] = rendezvous
            variables["MIX_SECRET"] = secret
            if nodes > 1 { variables["MIX_NODE"] = "\(Host.name)/node-\(rank * nodes / ranks)" }
            let block = EnvironmentBlock(adding: variables)
            let process = mix_spawn(
                path, CommandLine.unsafeArgv, block.pointer, bound ? Int32(rank % processors) : -1,
                rank == 0 ? 0 : MIX_SPAWN_NO_INPUT)
            guard process > 0 else { throw .system("starting rank \(rank) of \(ranks)", -process) }
            family.add(process)
        }
    }

    private static func randomHexadecimal(bytes count: Int) throws(CollectiveError) -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        let result = mix_random(&bytes, count)
        guard result == 0 else { throw .system("asking the kernel for random bytes", -result) }
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
