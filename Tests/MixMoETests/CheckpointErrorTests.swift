import Foundation
import Testing

@testable import MixMoE

/// What is wrong with a checkpoint is said with names and numbers.
@Suite struct CheckpointErrorTests {
    struct Broken: CustomTestStringConvertible {
        var what: String
        var file: [UInt8]
        var code: MoEError.Code
        /// What the message must say.
        var words: [String]
        var testDescription: String { what }

        init(_ what: String, _ file: [UInt8], _ code: MoEError.Code, _ words: String...) {
            (self.what, self.file, self.code, self.words) = (what, file, code, words)
        }

        init(_ what: String, header: String, data: Int, _ code: MoEError.Code, _ words: String...) {
            self.what = what
            file = CheckpointDraft.file(header: header, data: Array(repeating: 0, count: data))
            (self.code, self.words) = (code, words)
        }
    }

    static let broken: [Broken] = [
        Broken("empty", [], .truncated, "0 bytes"),
        Broken("seven bytes", Array(repeating: 0, count: 7), .truncated, "7 bytes"),
        Broken(
            "length of 2^63", [0, 0, 0, 0, 0, 0, 0, 0x80, 0x7b, 0x7d], .malformed, "9223372036854775808", "100000000"),
        Broken("length of 2^64 - 1", Array(repeating: 0xff, count: 16), .malformed, "18446744073709551615"),
        Broken("length beyond the limit", [1, 0xe1, 0xf5, 5, 0, 0, 0, 0, 0x7b, 0x7d], .malformed, "100000001"),
        Broken("length beyond the end", [100, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d], .truncated, "100", "2 after"),
        Broken("no header", [0, 0, 0, 0, 0, 0, 0, 0], .malformed, "an object", "byte 8"),
        Broken("no object", header: "[]", data: 0, .malformed, "an object", "byte 8"),
        Broken("no JSON", header: #"{"a":}"#, data: 0, .malformed, "an object", "byte 13"),
        Broken("something behind", header: "{}{}", data: 0, .malformed, "follows", "byte 10"),
        Broken("no UTF-8", [4, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0xff, 0x22], .malformed, "UTF-8"),
        Broken("half a surrogate", header: #"{"\ud800":1}"#, data: 0, .malformed, "surrogate"),
        Broken(
            "nested too deep", header: #"{"__metadata__":"# + String(repeating: "[", count: 100_000), data: 0,
            .malformed, "levels"),
        Broken(
            "no shape", header: #"{"w":{"dtype":"F32","data_offsets":[0,4]}}"#, data: 4, .malformed, "w needs",
            #""shape""#),
        Broken(
            "a shape below zero", header: #"{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, data: 4,
            .malformed,
            "whole number"),
        Broken(
            "a broken shape", header: #"{"w":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, data: 4, .malformed,
            "whole number"),
        Broken(
            "a shape beyond 2^63", header: #"{"w":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}"#,
            data: 4,
            .malformed, "2^63"),
        Broken(
            "a product beyond 2^63",
            header: #"{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, data: 0,
            .malformed, "tensor w", "[4294967296, 4294967296]", "2^63"),
        Broken(
            "fewer bytes than the shape", header: #"{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}}"#,
            data: 20, .malformed,
            "tensor w", "F32 [2, 3] is 24 bytes", "20"),
        Broken(
            "one offset", header: #"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4]}}"#, data: 4, .malformed,
            "offsets of w", "[4]"),
        Broken(
            "offsets that go back", header: #"{"w":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}"#, data: 8,
            .malformed,
            "[8, 4]"),
        Broken(
            "out of range", header: #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: 4, .truncated,
            "tensor w",
            "0 to 8", "has 4"),
        Broken(
            "overlap",
            header:
                #"{"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            data: 12, .malformed, "tensor w", "4 to 12", "overlap", "ends at 8"),
        Broken(
            "gap",
            header:
                #"{"v":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"w":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}}"#,
            data: 6, .malformed, "tensor w", "4 to 6", "gap", "ends at 2"),
        Broken(
            "bytes of nobody", header: #"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: 9, .malformed,
            "byte 4",
            "has 9"),
        Broken(
            "the same name twice",
            header:
                #"{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0077":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
            data: 2, .malformed, "tensor w", "two tensors"),
        Broken(
            "the same key twice", header: #"{"w":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}"#,
            data: 1, .malformed,
            "dtype", "twice"),
    ]

    @Test(arguments: broken)
    func brokenFilesAreRefused(_ broken: Broken) throws {
        let folder = try TemporaryFolder()
        try CheckpointDraft.write(file: broken.file, to: folder)
        let error = try #require(throws: MoEError.self) { try Checkpoint(at: folder.path) }
        #expect(error.code == broken.code)
        #expect(error.file == folder.path + "/model.safetensors")
        for word in broken.words + [folder.path + "/model.safetensors"] {
            #expect("\(error)".contains(word), "\(error)")
        }
    }

    @Test func foldersThatHoldNoCheckpoint() throws {
        let folder = try TemporaryFolder()
        expect(.notFound, "/does/not/exist", "config.json") { try Checkpoint(at: "/does/not/exist") }
        expect(.notFound, folder.path, "config.json") { try Checkpoint(at: folder.path) }
        try CheckpointDraft.write("{}", as: "config.json", to: folder)
        expect(.notFound, folder.path, "neither model.safetensors nor model.safetensors.index.json") {
            try Checkpoint(at: folder.path)
        }
        try CheckpointDraft.write("{", as: "config.json", to: folder)
        expect(.malformed, folder.path + "/config.json", "byte 1") { try Checkpoint(at: folder.path) }
        try CheckpointDraft.write(
            #"{"quantization_config": {"weight_block_size": [128, 64]}}"#, as: "config.json", to: folder)
        expect(.unsupportedType, folder.path + "/config.json", "[128, 64]") { try Checkpoint(at: folder.path) }
        try FileManager.default.removeItem(atPath: folder.path + "/config.json")
        try FileManager.default.createDirectory(
            atPath: folder.path + "/config.json", withIntermediateDirectories: false)
        let error = expect(.system, folder.path + "/config.json") { try Checkpoint(at: folder.path) }
        #expect(error?.errno == EISDIR)
        // What stands before the zero byte is a folder, and must not be opened in place of what was named.
        expect(.notFound, "config.json") { try Checkpoint(at: folder.path + "\0/x") }
    }

    @Test(arguments: [
        ("[]", "an object"), (#"{"metadata": {}}"#, #"no "weight_map""#), (#"{"weight_map": {"w": 3}}"#, "a string"),
        (#"{"weight_map": {"w": "a", "w": "b"}}"#, "w is there twice"),
        (#"{"weight_map": {"w": "../model.safetensors"}}"#, "../model.safetensors"),
        (#"{"weight_map": {"w": "/etc/passwd"}}"#, "/etc/passwd"), (#"{"weight_map": {"w": ".."}}"#, #""..""#),
        (#"{"weight_map": {"w": "a\u0000b"}}"#, "inside the folder"), (#"{"weight_map": {}"#, "ends"),
    ])
    func brokenIndicesAreRefused(json: String, words: String) throws {
        let folder = try TemporaryFolder()
        try CheckpointDraft.write("{}", as: "config.json", to: folder)
        try CheckpointDraft.write(json, as: "model.safetensors.index.json", to: folder)
        expect(.malformed, folder.path + "/model.safetensors.index.json", words) { try Checkpoint(at: folder.path) }
    }

    @Test func tensorsThatTheCheckpointDoesNotHave() throws {
        let checkpoint = try Checkpoint(at: Fixtures.path("mixtral"))
        let name = "model.layers.0.block_sparse_moe.experts.8.w1.weight"
        #expect(!checkpoint.contains(name))
        expect(.missingTensor, name, "model.layers.0.block_sparse_moe.experts.", Fixtures.path("mixtral")) {
            try checkpoint.tensor(named: name)
        }
    }

    @Test func anIndexThatNamesTheWrongFile() throws {
        var draft = CheckpointDraft()
        draft.add("w", [1], floats: [1])
        let folder = try TemporaryFolder()
        try draft.write(to: folder)
        try FileManager.default.moveItem(
            atPath: folder.path + "/model.safetensors", toPath: folder.path + "/a.safetensors")
        try CheckpointDraft.write(
            #"{"weight_map": {"w": "a.safetensors", "v": "a.safetensors"}}"#, as: "model.safetensors.index.json",
            to: folder)
        let checkpoint = try Checkpoint(at: folder.path)
        #expect(try checkpoint.vector(named: "w", count: 1) == [1])
        expect(.missingTensor, "tensor v", folder.path + "/a.safetensors") { try checkpoint.tensor(named: "v") }
    }

    @Test func shapesThatContradictTheConfiguration() throws {
        let folder = Fixtures.path("mixtral")
        let checkpoint = try Checkpoint(at: folder)
        let name = "model.layers.0.block_sparse_moe.experts.2.w1.weight"
        expect(.shape, name, folder + "/model.safetensors", "[64, 64]", "[64, 32]") {
            try checkpoint.matrix(named: name, expecting: [64, 32])
        }
        expect(.shape, name, "[64, 64]", "[64]") { try checkpoint.vector(named: name, count: 64) }
        expect(.shape, name, "[64, 64]", "[2, 64, 64]") {
            try checkpoint.matrix(named: name, expert: 1, expecting: [2, 64, 64])
        }
    }

    @Test func typesThatCanNotBeUsedAreRefusedWhenTheyAreAskedFor() throws {
        var draft = CheckpointDraft()
        draft.add("w8", "I8", [2, 2], [1, 2, 3, 4])
        draft.add("w4", "F4", [2, 2], [1, 2])
        draft.add("good", [1], floats: [3])
        let folder = try TemporaryFolder()
        try draft.write(to: folder)
        let checkpoint = try Checkpoint(at: folder.path)
        #expect(try checkpoint.vector(named: "good", count: 1) == [3])
        #expect(try checkpoint.tensor(named: "w8").type == .int8)
        expect(.unsupportedType, "tensor w8", "I8", "BF16") { try checkpoint.matrix(named: "w8", expecting: [2, 2]) }
        expect(.unsupportedType, "tensor w8", "I8", "BF16") {
            try checkpoint.vector(named: "w8", row: 0, of: 2, count: 2)
        }
        expect(.unsupportedType, "tensor w4", "F4") { try checkpoint.tensor(named: "w4") }
    }

    @Test func scalesThatDoNotFit() throws {
        var draft = CheckpointDraft()
        let weights = Array(repeating: UInt8(0x38), count: 130 * 4)
        draft.add("alone", "F8_E4M3", [130, 4], weights)
        draft.add("few", "F8_E4M3", [130, 4], weights)
        draft.add("few_scale_inv", [1, 1], floats: [2])
        draft.add("whole", "F8_E4M3", [130, 4], weights)
        draft.add("whole_scale_inv", "I32", [2, 1], Array(repeating: 0, count: 8))
        draft.add("right", "F8_E4M3", [130, 4], weights)
        draft.add("right_scale_inv", [2, 1], floats: [2, 3])
        draft.add("three", "F8_E4M3", [1, 130, 4], weights)
        let folder = try TemporaryFolder()
        try draft.write(to: folder)
        let checkpoint = try Checkpoint(at: folder.path)
        let values = try checkpoint.matrix(named: "right", expecting: [130, 4]).values
        #expect(values == Array(repeating: 2, count: 512) + Array(repeating: 3, count: 8))
        expect(.missingTensor, "alone_scale_inv", folder.path) {
            try checkpoint.matrix(named: "alone", expecting: [130, 4])
        }
        expect(.shape, "few_scale_inv", "[1, 1]", "[2, 1]", "128") {
            try checkpoint.matrix(named: "few", expecting: [130, 4])
        }
        expect(.unsupportedType, "whole_scale_inv", "I32") {
            try checkpoint.matrix(named: "whole", expecting: [130, 4])
        }
        expect(.unsupportedType, "tensor three", "F8_E4M3") {
            try checkpoint.matrix(named: "three", expert: 0, expecting: [1, 130, 4])
        }
    }

    /// Expects an error of that kind whose text has all of the words.
    @discardableResult
    private func expect<Value>(
        _ code: MoEError.Code, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Value
    ) -> MoEError? {
        let error = #expect(throws: MoEError.self, sourceLocation: sourceLocation) { _ = try body() }
        #expect(error?.code == code, sourceLocation: sourceLocation)
        let text = "\(error, default: "")"
        for word in words { #expect(text.contains(word), sourceLocation: sourceLocation) }
        return error
    }
}
