import MixTestSupport
import Foundation
import Testing

@testable import MixMoE

/// 100,000 damaged headers, indices and configurations, each followed by a page that can't be read. What is accepted must
/// hold what the readers promise; what is refused must be refused by name.
@Suite struct CheckpointFuzzTests {
    private static let path = "/models/damaged"

    @Test func damagedHeaders() throws {
        var draft = CheckpointDraft()
        draft.add("w", "BF16", [2, 3], Array(0..<12))
        draft.add("w_scale_inv", [1, 1], floats: [2])
        draft.add("b", "U8", [5], Array(0..<5))
        var small = CheckpointDraft()
        small.add("é", "F8_E4M3", [4], [1, 2, 3, 4])
        let withMetadata = CheckpointDraft.file(
            header:
                #"{"__metadata__":{"format":"pt"},"a\u00e9":{"dtype":"F4","shape":[2, 3],"data_offsets":[0, 3]},"e":{"data_offsets":[3,3],"shape":[0,7],"dtype":"I64"}}  "#,
            data: [1, 2, 3])
        let outcomes = try fuzz([draft.file, small.file, withMetadata], count: 70_000, repairLength: true) { file in
            let header = try SafetensorsHeader(of: RawSpan(_unsafeBytes: file), at: Self.path)
            var end = 8 + Int(UInt64(littleEndian: file.loadUnaligned(as: UInt64.self)))
            for tensor in header.tensors {
                guard tensor.range.lowerBound == end, tensor.range.upperBound <= file.count else {
                    throw Wrong("\(tensor)")
                }
                if let type = tensor.type, tensor.shape.reduce(type.size, &*) != tensor.range.count {
                    throw Wrong("\(tensor)")
                }
                guard header[tensor.name]?.range == tensor.range else { throw Wrong("\(tensor)") }
                end = tensor.range.upperBound
            }
            guard end == file.count else { throw Wrong("the last tensor ends at \(end) of \(file.count)") }
        }
        #expect(outcomes.refusals.keys.allSatisfy { [.malformed, .truncated].contains($0) })
        #expect(outcomes.refusals.count == 2)
    }

    @Test func damagedIndices() throws {
        let index = Data(
            #"{"metadata": {"total_size": 64}, "weight_map": {"a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors"}}"#
                .utf8)
        let outcomes = try fuzz([Array(index)], count: 15_000) { json in
            let index = try ShardIndex(json: RawSpan(_unsafeBytes: json), at: Self.path)
            guard index.shardNumbers.values.allSatisfy(index.shards.indices.contains) else { throw Wrong("\(index)") }
            for shard in index.shards where shard.contains("/") || shard == ".." { throw Wrong(shard) }
        }
        #expect(Array(outcomes.refusals.keys) == [.malformed])
    }

    @Test func damagedConfigurations() throws {
        let config = try Data(contentsOf: URL(filePath: Fixtures.path("qwen3_moe_fp8") + "/config.json"))
        let nested = Data(
            #"{"text_config":{"quantization_config":{"weight_block_size":[64,64]}},"a":[1,-2.5e-3,null,"x"]}"#.utf8)
        let outcomes = try fuzz([Array(config), Array(nested)], count: 15_000) { json in
            let size = try QuantisationBlock.size(inConfiguration: RawSpan(_unsafeBytes: json), at: Self.path)
            guard size > 0 else { throw Wrong("blocks of \(size)") }
        }
        #expect(outcomes.refusals.keys.allSatisfy { [.malformed, .unsupportedType].contains($0) })
        #expect(outcomes.refusals.count == 2)
    }

    private struct Outcomes {
        var accepted = 0
        var refusals: [MoEError.Code: Int] = [:]
    }

    /// Reads `count` damaged copies of the originals. `repairLength`: half of them say how long their header is now.
    private func fuzz(
        _ originals: [[UInt8]], count: Int, repairLength: Bool = false, _ read: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Outcomes {
        let seed = UInt64.random(in: 0..<1 << 32)
        print("fuzz: seed \(seed), \(count) inputs")
        var mutation = Mutation(generator: Generator(seed: seed))
        var outcomes = Outcomes()
        let memory = try GuardedBytes(capacity: 4096)
        for round in 0..<count {
            let original = mutation.generator.pick(originals)
            var bytes = mutation.change(original, limit: 4096)
            let growth = bytes.count - original.count
            if repairLength, round.isMultiple(of: 2), bytes.count >= 8 {
                let length = UInt64(original[0]) | UInt64(original[1]) << 8
                withUnsafeBytes(of: (length &+ UInt64(bitPattern: Int64(growth))).littleEndian) {
                    bytes.replaceSubrange(0..<8, with: $0)
                }
            }
            do {
                try read(memory.place(bytes))
                outcomes.accepted += 1
            } catch let error as MoEError {
                outcomes.refusals[error.code, default: 0] += 1
                if error.file != Self.path { Issue.record("seed \(seed), round \(round): \(error)") }
            } catch {
                Issue.record("seed \(seed), round \(round): \(error), read from \(bytes)")
            }
        }
        print("fuzz: \(outcomes.accepted) accepted, refused: \(outcomes.refusals)")
        // Were all refused at once, nothing behind the first check would have been tried.
        #expect(outcomes.accepted > count / 200, "seed \(seed)")
        return outcomes
    }
}
