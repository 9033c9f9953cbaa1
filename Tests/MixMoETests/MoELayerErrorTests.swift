import Foundation
import MixCollectives
import MixPlanner
import MixTestSupport
import Testing

@testable import MixMoE

extension ProductTests {
    /// Layers that can't be made, and ranks that do not fit together: every rank is told, and nobody hangs.
    @Suite struct MoELayerErrorTests {
        /// What every rank of a world throws when each makes a layer of the folder that it is given.
        private func errors(
            _ folders: [String], _ strategies: [String], layer: Int = 0, nodes: Int = 1,
            _ options: @escaping @Sendable (Int) -> MoELayerOptions = { _ in MoELayerOptions(threads: 1) }
        ) async throws -> [MoEError] {
            let results = try await withWorld(folders.count, nodes: nodes) { world in
                _ = try MoELayer(
                    checkpoint: Checkpoint(at: folders[world.rank]), layer: layer,
                    strategy: Strategy(strategies[world.rank % strategies.count]), world: world,
                    options: options(world.rank))
            }
            return results.enumerated().compactMap { rank, result in
                switch result {
                case .success: Issue.record("rank \(rank) has a layer")
                case .failure(let error as MoEError): return error
                case .failure(let error): Issue.record("rank \(rank): \(error)")
                }
                return nil
            }
        }

        private let fixture = LayerFixture.path("qwen3_moe")

        @Test(arguments: [
            ("TP=3", 3, ["16", "TP=3"]), ("EP=3", 3, ["32", "EP=3"]), ("EP=2", 3, ["1 × 2", "3"]),
        ])
        func strategiesThatDoNotDivide(_ strategy: String, _ ranks: Int, _ words: [String]) async throws {
            let found = try await errors(Array(repeating: fixture, count: ranks), [strategy])
            #expect(found.count == ranks)
            for error in found {
                #expect(error.code == .invalidStrategy)
                for word in words { #expect(error.message.contains(word), "\(error)") }
            }
        }

        @Test func placementsThatMakeNoSense() async throws {
            for (ranksOfExpert, word) in [
                (Array(repeating: [0], count: 31), "31"), (Array(repeating: [0], count: 31) + [[]], "expert 31"),
                (Array(repeating: [0], count: 31) + [[2]], "0 to 1"),
                (Array(repeating: [0, 0], count: 32), "expert 0"),
            ] {
                let found = try await errors([fixture, fixture], ["EP=2"]) { _ in
                    MoELayerOptions(threads: 1, placement: ExpertHolders(ranksOfExpert: ranksOfExpert))
                }
                #expect(found.count == 2)
                for error in found {
                    #expect(error.code == .invalidStrategy && error.message.contains(word), "\(error)")
                }
            }
        }

        @Test func layersWithoutExperts() async throws {
            for layer in [-1, 1, 99] {
                let found = try await errors([fixture], ["TP=1"], layer: layer)
                #expect(found.first?.code == .invalidArgument && found.first?.message.contains("\(layer)") == true)
            }
        }

        /// A copy of the fixture, changed.
        private func changed(_ change: (URL) throws -> Void) throws -> String {
            let folder = FileManager.default.temporaryDirectory.appending(path: "mixserve-\(UUID().uuidString)")
            try FileManager.default.copyItem(at: URL(filePath: fixture), to: folder)
            try change(folder)
            return folder.path
        }

        @Test func ranksWithDifferentCheckpoints() async throws {
            let otherConfig = try changed { folder in
                let file = folder.appending(path: "config.json")
                let text = try String(contentsOf: file, encoding: .utf8)
                try text.replacing("\"norm_topk_prob\": true", with: "\"norm_topk_prob\": false").write(
                    to: file, atomically: true, encoding: .utf8)
            }
            let otherRouter = try changed { folder in
                let file = folder.appending(path: "model.safetensors")
                var bytes = [UInt8](try Data(contentsOf: file))
                let router = try SafetensorsFile(at: file.path).tensor(named: "model.layers.0.mlp.gate.weight")
                bytes[router.range.lowerBound + 1000] ^= 1
                try Data(bytes).write(to: file)
            }
            defer { for folder in [otherConfig, otherRouter] { try? FileManager.default.removeItem(atPath: folder) } }
            for (folder, word) in [(otherConfig, "config.json"), (otherRouter, "router weights")] {
                for odd in 0..<3 {
                    var folders = Array(repeating: fixture, count: 3)
                    folders[odd] = folder
                    let found = try await errors(folders, ["DP=3, TP=1"])
                    #expect(found.count == 3)
                    for error in found {
                        #expect(error.code == .mismatch, "\(error)")
                        #expect(error.message.contains("rank \(odd)") && error.message.contains(word), "\(error)")
                    }
                }
            }
            let found = try await errors([fixture, fixture], ["TP=2", "EP=2"])
            #expect(found.count == 2 && found.allSatisfy { $0.code == .mismatch }, "\(found)")
        }

        /// One rank's file lacks an expert that it should have: it says which, and the others say that it does.
        @Test func oneRankCannotReadItsPart() async throws {
            let broken = try changed { folder in
                let file = folder.appending(path: "model.safetensors")
                var text = [UInt8](try Data(contentsOf: file))
                // The same length, so that all else stays where it is.
                let name = Array("experts.31.down_proj".utf8)
                let place = text.firstRange(of: name)!
                text.replaceSubrange(place, with: Array("experts.31.DOWN_proj".utf8))
                try Data(text).write(to: file)
            }
            defer { try? FileManager.default.removeItem(atPath: broken) }
            for nodes in [1, 2] {
                let found = try await errors([fixture, broken], ["EP=2"], nodes: nodes)
                #expect(found.count == 2)
                #expect(found[1].code == .missingTensor && found[1].tensor?.contains("experts.31.down_proj") == true)
                #expect(found[0].code == .peerFailed && found[0].message.contains("rank 1"), "\(found[0])")
                #expect(found[0].message.contains("experts.31.down_proj"), "\(found[0])")
            }
            // Rank 0 holds other experts: it never looks at what is broken.
            let first = try await withWorld(1) { world in
                try MoELayer(
                    checkpoint: Checkpoint(at: fixture), layer: 0, strategy: Strategy("TP=1"), world: world
                ).experts.count
            }
            #expect(try first[0].get() == 32)
        }

        /// One rank's config.json is no configuration: the others hear of it instead of waiting.
        @Test func oneRankHasNoConfiguration() async throws {
            let broken = try changed { folder in
                try Data("{\"model_type\": \"bert\"}".utf8).write(to: folder.appending(path: "config.json"))
            }
            defer { try? FileManager.default.removeItem(atPath: broken) }
            let found = try await errors([fixture, fixture, broken], ["DP=3, TP=1"])
            #expect(found.count == 3)
            #expect(found[2].code == .malformed && found[2].message.contains("bert"), "\(found[2])")
            for error in found[..<2] {
                #expect(error.code == .peerFailed && error.message.contains("rank 2"), "\(error)")
            }
        }

        /// A rank that is given rows of another width says so, and the others hear of it instead of waiting.
        @Test func rowsOfAnotherWidth() async throws {
            let fixture = try LayerFixture("qwen3_moe")
            let results = try await withWorld(4, nodes: 2, timeout: .seconds(15), limit: .seconds(20)) { world in
                let layer = try MoELayer(
                    checkpoint: Checkpoint(at: fixture.folder), layer: 0, strategy: Strategy("TP=2 + EP=2"),
                    world: world,
                    options: MoELayerOptions(threads: 1))
                let rows = [Float](repeating: 1, count: 3 * 64 - (world.rank == 3 ? 1 : 0))
                var output = rows
                try layer.forward(rows, into: &output)
            }
            for (rank, result) in results.enumerated() {
                guard case .failure(let error as MoEError) = result else {
                    Issue.record("rank \(rank): \(result)")
                    continue
                }
                #expect(error.code == (rank == 3 ? .invalidArgument : .communication), "\(error)")
                if rank == 3 { #expect(error.message.contains("191") && error.message.contains("64"), "\(error)") }
            }
        }
    }
}
