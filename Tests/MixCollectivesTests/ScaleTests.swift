import Foundation
import MixCollectives
import Testing

extension CollectiveTests {
    @Suite struct Scale {
        /// Counts and bytes that 32 bits do not hold, in memory of 4.3 GB in all.
        @Test func moreThanTwoToThe31Elements() async throws {
            let count = 1 << 31 + 8
            let tile = (0..<251 * 4099).map { UInt8(truncatingIfNeeded: mix(UInt64($0 % 251))) }
            let doubled = tile.map { $0 &* 2 }
            let results = try await withWorld(2, timeout: .seconds(60), limit: .seconds(100)) { world in
                var memory = try world.allocate(UInt8.self, count: count)
                let isFirst = world.rank == 0
                if isFirst { tiles(&memory, of: tile) { memcpy($0, $1, $2) } }
                func expect(_ tile: [UInt8], _ what: String) throws {
                    var differences = 0
                    tiles(&memory, of: tile) { differences += memcmp($0, $1, $2) == 0 ? 0 : 1 }
                    guard differences == 0 else { throw Wrong("\(what) is wrong in \(differences) places") }
                }
                try world.broadcast(&memory, root: 0)
                try expect(tile, "the broadcast")
                try world.allReduce(&memory)
                try expect(doubled, "the sum")

                tiles(&memory, of: tile) { if isFirst { memcpy($0, $1, $2) } else { memset($0, 0, $2) } }
                if isFirst {
                    try world.send(memory, to: 1)
                } else {
                    let got = try world.receive(&memory, from: 0)
                    guard got == count else { throw Wrong("\(got) elements were received") }
                }
                try expect(tile, "the message")

                let all = Blocks(counts: [0, count])
                let (none, own) = (Blocks(counts: [0, 0]), Blocks(counts: [count, 0]))
                var nothing: [UInt8] = []
                if isFirst {
                    try world.allToAllV(memory, all, into: &nothing, none)
                } else {
                    tiles(&memory, of: tile) { memory, _, bytes in memset(memory, 0, bytes) }
                    try world.allToAllV(nothing, none, into: &memory, own)
                }
                try expect(tile, "the block")
            }
            succeeding(results)
        }

        /// A full /dev/shm is nothing to the library, whose memory has no name there.
        @Test func fullDevShm() throws {
            // A /dev/shm of its own, for the ranks alone; the tests' own is everybody's.
            let script = """
                mount -t tmpfs -o size=16k none /dev/shm || exit 71
                cat /dev/zero > /dev/shm/everything 2> /dev/null
                if echo more 2> /dev/null > /dev/shm/more; then exit 72; fi
                exec "$0" launch 2 1 5 play join check
                """
            for options in [["-m"], ["-r", "-m"]] {
                let child = try ChildProcesses.run(
                    .init(
                        executable: "unshare",
                        arguments: options + ["sh", "-c", script, ChildProcesses.testRankPath]))
                // Without the right to mount: once more as the root of a user namespace.
                if options.count == 1, child.lines.isEmpty, child.status != 72 { continue }
                #expect(child.status == 0, "\(child.output)\(child.errors)")
                #expect(child.lines.count { $0.hasPrefix("checked") } == 2, "\(child.output)\(child.errors)")
                [child].expectSuccess()
                return
            }
        }
    }
}

/// Calls `body` for every part of the memory with the tile's bytes for it.
private func tiles(
    _ memory: inout SharedBuffer<UInt8>, of tile: [UInt8],
    _ body: (UnsafeMutableRawPointer, UnsafeRawPointer, Int) -> Void
) {
    memory.withUnsafeMutableBufferPointer { memory in
        tile.withUnsafeBytes { tile in
            for first in stride(from: 0, to: memory.count, by: tile.count) {
                body(memory.baseAddress! + first, tile.baseAddress!, min(tile.count, memory.count - first))
            }
        }
    }
}
