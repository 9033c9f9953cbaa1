import COverheadCounter
import MixCollectives
import MixMoE
import MixPlanner

/// A whole layer on all ranks of a world, called again and again with as many tokens as were given before.
enum LayerCalls {
    /// Allocations of `count` calls with 0 to 40 tokens, on the rank that has most, after a few that may allocate.
    static func allocations(count: Int, _ strategy: Strategy, _ world: Communicator) throws -> Int64 {
        var spec = ModelSpec.preset("qwen3-30b-a3b")!
        spec.hidden = 256
        spec.experts.count = 16
        spec.experts.choices = 4
        spec.experts.width = 64
        let layer = try MoELayer(
            random: spec, strategy: strategy, world: world, options: MoELayerOptions(threads: 1))
        // Different rows for different groups, so that counts differ on the way, too.
        let rows = [1, 40, 0, 7].map { tokens in
            (0..<tokens * spec.hidden).map { Float(($0 * 7919 + layer.tokenGroup * 31) % 1000) / 500 - 1 }
        }
        var outputs = rows
        var before: UInt64 = 0
        for index in 0..<200 + count {
            if index == 200 { before = overhead_allocations() }
            let turn = index % rows.count
            try layer.forward(rows[turn], into: &outputs[turn])
        }
        // Not inside the array, which is itself an allocation.
        let allocations = Int64(overhead_allocations() - before)
        var most = [allocations]
        layer.close()
        try world.allReduce(&most, .max)
        return most[0]
    }
}
