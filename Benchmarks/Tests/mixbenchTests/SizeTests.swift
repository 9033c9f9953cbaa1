import Testing

@testable import mixbench

@Suite struct SizeTests {
    @Test(arguments: [
        ("0", 0), ("8", 8), ("1K", 1024), ("4k", 4096), ("64M", 64 << 20), ("2G", 2 << 30), ("1T", 1 << 40),
        ("1.5K", 1536),
    ])
    func parses(_ text: String, _ bytes: Int) {
        #expect(ByteSize(text)?.bytes == bytes)
    }

    @Test(arguments: ["", "K", "-8", "8KB", "eight", "nan", "inf", "1e30", "9999999T", " 8", "+8"])
    func refuses(_ text: String) {
        #expect(ByteSize(text) == nil)
    }

    @Test(arguments: [(8, "8"), (1000, "1000"), (1024, "1K"), (1536, "1536"), (64 << 20, "64M"), (3 << 30, "3G")])
    func describes(_ bytes: Int, _ text: String) {
        #expect(ByteSize(bytes).description == text)
    }

    @Test func series() {
        #expect(SizeOptions.series(from: 8, through: 128, factor: 4) == [8, 32, 128])
        #expect(SizeOptions.series(from: 8, through: 127, factor: 4) == [8, 32])
        #expect(SizeOptions.series(from: 8, through: 8, factor: 2) == [8])
        // A factor that rounds to the same size must not stand still.
        #expect(SizeOptions.series(from: 1, through: 4, factor: 1.1) == [1, 2, 3, 4])
    }

    @Test func lists() {
        #expect(CommaSeparated<ByteSize>(argument: "8,1K,2M")?.values.map(\.bytes) == [8, 1024, 2 << 20])
        #expect(CommaSeparated<ByteSize>(argument: "8,x") == nil)
        #expect(CommaSeparated<ByteSize>(argument: "") == nil)
    }
}
