public import MixSchedule
internal import CMixSystem

/// A set of ranks that run collectives together.
public final class Communicator: @unchecked Sendable {
    /// This rank, in `0 ..< size`.
    public let rank: Int
    /// Number of ranks.
    public let size: Int
    /// The host that this rank runs on.
    public let host: String
    /// How long an operation may take before it throws ``CollectiveError/Code/deadlineExceeded``.
    public var timeout: Duration

    init() { rank = 0; size = 1; host = Host.name; timeout = .seconds(30) }

    /// Joins the job that this process was started in: by torchrun, mpirun, srun, Kubernetes, ``Launcher`` or
    /// with `MIX_RANK`, `MIX_WORLD_SIZE` and `MIX_RENDEZVOUS` set. Without any of them: a world of one.
    public static func join() throws(CollectiveError) -> Communicator { Communicator() }

    /// Joins a job that the caller describes.
    public static func join(_ job: Job) throws(CollectiveError) -> Communicator { Communicator() }

    /// A world of `ranks` ranks inside this process, one communicator each, to be used by as many threads.
    public static func inProcess(ranks: Int, timeout: Duration = .seconds(30)) throws(CollectiveError) -> [Communicator] { [] }

    /// The ranks that give the same `color`, ordered by `key` and then by rank; collective over all ranks.
    public func split(color: Int, key: Int = 0) throws(CollectiveError) -> Communicator { self }

    /// The ranks of this rank's node, or of its lane; collective over all ranks.
    public func split(_ group: Group) throws(CollectiveError) -> Communicator { self }

    /// Zeroed memory that the node's ranks read and write in place; not collective.
    public func allocate<Element: CollectiveElement>(
        _ type: Element.Type = Element.self, count: Int
    ) throws(CollectiveError) -> SharedBuffer<Element> { fatalError() }

    /// Runs `operation` by the algorithm of this name from now on (`nil`: the measured choice). All ranks do the same.
    public func use(algorithm: String?, for operation: Operation) throws(CollectiveError) {}

    /// Leaves the communicator: waits for nobody, and peers that still need this rank are told at once.
    public func close() {}

    func run(_ call: borrowing Call) throws(CollectiveError) {}
    func sendMessage(_ input: UnsafeRawPointer?, _ count: Int, _ type: DataType, to destination: Int, tag: UInt32) throws(CollectiveError) {}
    func receiveMessage(_ output: UnsafeMutableRawPointer?, _ count: Int, _ type: DataType, from source: Int, tag: UInt32) throws(CollectiveError) -> Int { 0 }
}
