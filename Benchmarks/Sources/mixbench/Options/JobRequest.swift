import ArgumentParser
import MixCollectives

/// How many ranks are wanted, and where.
struct JobRequest {
    /// nil: as many as a launcher started, or two.
    var ranks: Int?
    var nodes = 1
    var binding = Binding.auto
    var transport = Transport.auto

    /// This rank's world. In a process that nobody started as a rank it starts the ranks, waits for them
    /// and throws their exit status.
    func join() throws -> Communicator {
        // For this process where a launcher started it as a rank, and for the ranks that it starts itself.
        if transport != .auto { ProcessIdentity.setEnvironmentVariable("MIX_TRANSPORT", transport.rawValue) }
        let wanted = ranks ?? 2
        if !Launcher.isRank, wanted > 1 {
            throw ExitCode(try Launcher(ranks: wanted, nodes: nodes, binding: binding.launcherBinding).run())
        }
        let world = try Communicator.join()
        if let ranks, ranks != world.size {
            throw ValidationError("\(ranks) ranks were asked for, but this job was started with \(world.size).")
        }
        return world
    }
}
