import ArgumentParser
import ExampleSupport
import MixCollectives
import MixMoE

extension JobOptions {
    var communication: MoELayerOptions.Communication { unfused ? .unfused : .fused }

    /// Runs `body` as a rank. A process that nobody started as a rank starts them all first, and never returns.
    func asRank(_ body: (Communicator) throws -> Void) throws {
        // A rank that packs weights does not notice that another one died.
        let world = try join(grace: .milliseconds(1800))
        defer { world.close() }
        let roll = try RollCall(world)
        do {
            try body(world)
        } catch let error where !(error is ExitCode) {
            Console.error("rank \(world.rank): \(roll.cause(of: error))\n")
            throw ExitCode.failure
        }
    }
}
