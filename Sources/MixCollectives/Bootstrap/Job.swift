/// One rank's place in a job: who it is, how many there are, and where they meet.
///
/// `Job.current()` reads it from the environment that a launcher set; embedders make their own.
public struct Job: Sendable, Hashable {
    /// This rank, in `0 ..< worldSize`.
    public var rank: Int
    /// Number of ranks of the job.
    public var worldSize: Int
    /// Where the ranks meet: any text that is the same on all ranks of the job and on no other job of
    /// this user on this machine.
    public var rendezvous: String
    /// The node that this rank is on; ranks with equal names share memory.
    public var node: String
    /// How long any operation may take before it throws.
    public var timeout: Duration
    /// How operations between nodes go, the same on all ranks; nil: as the file says that `MIX_TUNING` names, or else as the
    /// library chooses.
    public var tuning: Tuning?
    /// What started the job, for messages: `torchrun`, `mpirun (Open MPI)`, `MIX_RANK`, …
    public var launcher: String

    /// Describes a rank's place in a job by hand; `node` is this host's name unless given.
    public init(
        rank: Int, worldSize: Int, rendezvous: String, node: String? = nil,
        timeout: Duration = .seconds(30), tuning: Tuning? = nil, launcher: String = "embedder"
    ) {
        self.rank = rank
        self.worldSize = worldSize
        self.rendezvous = rendezvous
        self.node = node ?? Host.name
        self.timeout = timeout
        self.tuning = tuning
        self.launcher = launcher
    }
}
