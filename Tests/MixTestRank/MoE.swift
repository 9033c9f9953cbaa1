import MixCollectives
import MixMoE
import MixPlanner
import MixTestSupport

/// `moe FIXTURE[,FIXTURE…] STRATEGY…`: joins the job, and checks layers of the fixtures by each strategy, fused and unfused.
func moe(_ arguments: [String]) throws -> Int32 {
    guard arguments.count >= 2 else {
        complain("usage: MixTestRank moe FIXTURE[,FIXTURE…] STRATEGY…")
        return 64
    }
    let world = try Communicator.join()
    defer { world.close() }
    for name in arguments[0].split(separator: ",") {
        let fixture = try LayerFixture(String(name))
        for strategy in arguments.dropFirst() {
            for communication in [MoELayerOptions.Communication.fused, .unfused] {
                try fixture.check(Strategy(strategy), world, MoELayerOptions(communication: communication))
            }
        }
    }
    if world.rank == 0 { print("moe: all right") }
    return 0
}
