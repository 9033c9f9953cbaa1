import ArgumentParser
import ExampleSupport
import Foundation
import MixCollectives

/// Ranks that meet, exchange data and check what they got.
@main
struct CollectivesHello: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collectives-hello",
        abstract: "Shows collectives between ranks: processes that compute together.")

    @Option(help: "Start this many ranks, unless a launcher (torchrun, mpirun, srun) already did.")
    var ranks = 4

    @Option(help: "Virtual nodes: ranks of different nodes share no memory.")
    var nodes = 1

    @Flag(help: "Let rank 1 make a mistake, and show what every rank is told.")
    var mismatch = false

    func validate() throws {
        guard ranks >= 1, nodes >= 1, ranks.isMultiple(of: nodes) else {
            throw ValidationError("\(ranks) ranks do not split evenly over \(nodes) nodes.")
        }
        if mismatch, ranks < 2 { throw ValidationError("--mismatch needs at least 2 ranks.") }
    }

    func run() throws {
        // Started by hand, this process becomes the launcher of its ranks.
        if !Launcher.isRank, ranks > 1 {
            throw ExitCode(try Launcher(ranks: ranks, nodes: nodes).run())
        }
        let world = try Communicator.join()
        let speaker = Speaker(world: world)

        try speaker.heading("Who is here")
        try speaker.say("I am rank \(world.rank) of \(world.size) on \(world.host), process \(getpid())")

        let demonstrations = mismatch ? [showMismatch] : [showAllReduce, showAllToAll, showBroadcast, showSplit]
        var correct = true
        for show in demonstrations {
            if try !show(world, speaker) { correct = false }
        }

        // One rank that is wrong is one too many: the minimum of all verdicts.
        var verdict: [Int32] = [correct ? 1 : 0]
        try world.allReduce(&verdict, .min)
        if world.rank == 0 { print("\nall correct: \(verdict[0] == 1 ? "yes" : "no")") }
        world.close()
        if verdict[0] != 1 { throw ExitCode.failure }
    }
}
