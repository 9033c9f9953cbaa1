import CMixProducts
import Foundation
import MixTestSupport
import Testing

@testable import MixMoE

extension ProductTests {
    @Suite struct PackingTests {
        private static let types: [StoredType] = [.float32, .float16, .bfloat16, .float8E4M3]

        /// The panels of a matrix, packed by a team, or without one piece after the other.
        private func panels(
            _ parts: [StoredMatrix], rounds: Bool = false, threads: Int? = nil, from source: Checkpoint? = nil
        ) throws -> [UInt8] {
            var packing = MatrixPacking(parts, roundsToBFloat16: rounds)
            let memory = UnsafeMutableRawPointer.allocate(byteCount: packing.byteCount, alignment: 64)
            defer { memory.deallocate() }
            memset(memory, 0, packing.byteCount)
            packing.matrix.data = memory.assumingMemoryBound(to: UInt8.self)
            if let threads, let source {
                try ThreadTeam(threads: threads).pack([packing], from: source)
            } else if let threads {
                ThreadTeam(threads: threads).pack([packing])
            } else {
                for piece in 0..<packing.pieceCount { packing.pack(piece) }
            }
            return Array(UnsafeRawBufferPointer(start: memory, count: packing.byteCount))
        }

        /// Every type and layout, whole squares and borders: the same bytes by every instruction set and number of threads.
        @Test(arguments: types) func instructionSetsAndThreadsPackTheSame(type: StoredType) throws {
            var random = Generator(seed: seed)
            for (rows, columns) in [(200, 333), (64, 512), (97, 64), (1, 1), (130, 30)] {
                for layout in Layout.allCases {
                    let origin = (row: Int.random(in: 0..<300, using: &random), column: 0)
                    let parts = (0..<2).map { _ in
                        StoredWeights(
                            type, rows: rows, columns: columns, layout: layout, origin: origin, random: &random)
                    }
                    for count in [1, 2] {
                        let matrices = parts[..<count].map(\.matrix)
                        let rounds = Bool.random(using: &random)
                        var expected: [UInt8]?
                        try withEachInstructionSet { isa in
                            for threads in [nil, 1, 3] {
                                let found = try panels(matrices, rounds: rounds, threads: threads)
                                if expected == nil { expected = found }
                                let what = "\(type) \(rows) × \(columns) \(layout) \(isa) \(threads ?? 0), seed \(seed)"
                                #expect(found == expected, "\(what)")
                            }
                        }
                    }
                }
            }
        }

        /// Where each weight is, by the definition of panels.
        @Test(arguments: [StoredType.float32, .bfloat16]) func weightsAreWhereTheyShouldBe(type: StoredType) throws {
            var random = Generator(seed: seed)
            let weights = StoredWeights(type, rows: 150, columns: 301, layout: .wideRows, random: &random)
            let packed = try panels([weights.matrix], threads: 2)
            let pairs = (301 + 1) / 2
            try packed.withUnsafeBytes { packed in
                for row in 0..<150 {
                    for column in 0..<301 {
                        let pair = row / 64 * pairs + column / 2
                        let found: Float
                        if type == .float32 {
                            found = packed.loadUnaligned(
                                fromByteOffset: 4 * (pair * 128 + column % 2 * 64 + row % 64), as: Float.self)
                        } else {
                            let bits = packed.loadUnaligned(
                                fromByteOffset: 2 * (pair * 128 + row % 64 * 2 + column % 2), as: UInt16.self)
                            found = Float(bitPattern: UInt32(bits) << 16)
                        }
                        try #require(Double(found) == weights.matrix.value(row, column), "(\(row), \(column))")
                    }
                }
            }
        }

        /// What is read from a file, whole and in shards, is what its mapping shows; nothing of it is aligned.
        @Test func filesAreReadAsTheyAreMapped() throws {
            var random = Generator(seed: seed)
            func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0..<127, using: &random) } }
            var draft = CheckpointDraft()
            draft.add("odd", "U8", [3], bytes(3))
            draft.add("rows", "BF16", [200, 5000], bytes(200 * 5000 * 2))
            draft.add("blocks", "F8_E4M3", [300, 700], bytes(300 * 700))
            draft.add("blocks_scale_inv", "F32", [3, 6], bytes(3 * 6 * 4))
            draft.add("experts", "BF16", [2, 300, 4800], bytes(2 * 300 * 4800 * 2))
            let folder = try TemporaryFolder()
            try draft.write(to: folder)
            let checkpoint = try Checkpoint(at: folder.path)
            let rows = try checkpoint.matrix(named: "rows", expecting: [200, 5000])
            let blocks = try checkpoint.matrix(named: "blocks", expecting: [300, 700])
            func expert(_ outputs: Checkpoint.FusedOutputs) throws -> StoredMatrix {
                try checkpoint.matrix(named: "experts", expert: 1, expecting: [2, 300, 4800], outputs: outputs)
            }
            let views = try [
                [rows], [rows.rows(3..<70)], [rows.columns(2500..<5000)], [rows.columns(17..<1000)],
                [blocks], [blocks.columns(128..<384).rows(5..<200)], [expert(.all)], [expert(.all).columns(150..<300)],
                [expert(.firstHalf), expert(.secondHalf)], [expert(.even), expert(.odd)],
                [expert(.all).rows(64..<200)], [rows.rows(9..<9)],
            ]
            for (index, parts) in views.enumerated() {
                let expected = try panels(parts)
                for threads in [1, 3] {
                    #expect(
                        try panels(parts, threads: threads, from: checkpoint) == expected, "view \(index), seed \(seed)"
                    )
                }
            }
        }

        /// A file that became shorter is an error, not a signal.
        @Test func aShortenedFileIsSaid() throws {
            var draft = CheckpointDraft()
            draft.add("w", "BF16", [128, 4096], Array(repeating: 1, count: 128 * 4096 * 2))
            let folder = try TemporaryFolder()
            try draft.write(to: folder)
            let checkpoint = try Checkpoint(at: folder.path)
            let matrix = try checkpoint.matrix(named: "w", expecting: [128, 4096])
            try #require(truncate(folder.path + "/model.safetensors", 4096 * 2 * 100) == 0)
            let error = #expect(throws: MoEError.self) { try panels([matrix], threads: 2, from: checkpoint) }
            #expect(error?.code == .truncated)
            #expect(error?.file == folder.path + "/model.safetensors")
        }

        /// What comes behind a piece that can't be read stays as it was.
        @Test func packingEndsWithTheFirstError() throws {
            var draft = CheckpointDraft()
            for name in ["whole", "short"] {
                draft.add(name, "F32", [64, 64], Array(repeating: 1, count: 64 * 64 * 4))
            }
            let folder = try TemporaryFolder()
            try draft.write(to: folder)
            let checkpoint = try Checkpoint(at: folder.path)
            let file = folder.path + "/model.safetensors"
            let size = try #require(FileManager.default.attributesOfItem(atPath: file)[.size] as? Int)
            try #require(truncate(file, size - 1) == 0)
            var memory = WeightMemory()
            for (names, isPacked) in [(["whole", "short"], true), (["short", "whole"], false)] {
                var whole: UnsafeMutablePointer<UInt8>!
                let packings = try names.map { name in
                    let matrix = try checkpoint.matrix(named: name, expecting: [64, 64])
                    var packing = MatrixPacking([matrix], roundsToBFloat16: false)
                    packing.matrix.data = memory.allocate(packing.byteCount).assumingMemoryBound(to: UInt8.self)
                    if name == "whole" { whole = packing.matrix.data }
                    return packing
                }
                #expect(throws: MoEError.self) { try ThreadTeam(threads: 1).pack(packings, from: checkpoint) }
                #expect((0..<64 * 64 * 4).allSatisfy { whole[$0] == (isPacked ? 1 : 0) }, "\(names)")
            }
        }
    }
}
