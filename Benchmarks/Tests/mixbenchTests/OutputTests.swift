import MixCollectives
import MixSchedule
import Testing

@testable import mixbench

@Suite struct OutputTests {
    @Test func decimals() {
        #expect(fixed(1.005, 1) == "1.0")
        #expect(fixed(0.05, 1) == "0.1")
        #expect(fixed(9.999, 2) == "10.00")
        #expect(fixed(3, 0) == "3")
        #expect(fixed(-0.004, 2) == "0.00")
        #expect(fixed(-1.5, 2) == "-1.50")
        #expect(fixed(.infinity, 2) == "inf")
        #expect(pad("ab", 4) == "  ab")
        #expect(pad("ab", 4, .left) == "ab  ")
        #expect(pad("abcdef", 4) == "abcdef")
    }

    @Test func jsonStrings() {
        #expect(JSONObject.quoted("mix") == "\"mix\"")
        #expect(JSONObject.quoted("a\"b\\c") == #""a\"b\\c""#)
        #expect(JSONObject.quoted("a\nb\tc\u{1}") == #""a\nb\tc\u0001""#)
        #expect(JSONObject.quoted("größe") == "\"größe\"")
    }

    @Test func jsonRowHasThePeersNames() {
        let row = Self.row
        let line = JSONRow(row, row.measurements[.inPlace]!, .inPlace, peer: "mix", ranks: 2, policy: Policy()).text
        #expect(
            line.hasPrefix(
                #"{"peer":"mix","op":"allreduce","bytes":4096,"ranks":2,"time_us_median":2.000,"time_us_min":1.000,"#
                    + #""busbw":2.0480,"time_us_mean":4.000,"dtype":"float","inplace":1,"wrong":0,"iters":100,"#))
        #expect(line.hasSuffix("}"))
    }

    @Test func peersNamesGoBothWays() {
        for operation in Operation.allCases { #expect(PeerNames.operation(PeerNames.name(operation)) == operation) }
        for type in DataType.allCases { #expect(PeerNames.type(PeerNames.name(type)) == type) }
        #expect(PeerNames.operation("hier") == nil)
    }

    @Test func tableHasNcclTestsColumns() {
        let row = Self.row
        let words = Table(sweep: row.sweep, ranks: 2).line(row).split(separator: " ").map(String.init)
        #expect(words.prefix(5) == ["4096", "1024", "float", "sum", "-1"])
        #expect(words[5..<9] == ["N/A", "N/A", "N/A", "N/A"])
        #expect(words[9..<13] == ["4.00", "1.02", "1.02", "0"])
        #expect(words[13...] == ["2.00", "8.00", "1.00", "9.00\n"])
    }

    @Test func countersStandBesideTheLeast() {
        var row = Self.row
        var counters = LinkCounters()
        (counters.bytesSent, counters.doorbells) = (81920, 30)
        row.measurements[.inPlace]!.wire = WireUse(counters, calls: 20)
        #expect(
            Table(sweep: row.sweep, ranks: 2).counters(row, nodes: 2)
                == "#   in-place, per call: sent 4096.00 (least: 4096.00) copied 0.00 doorbells 1.50 "
                + "work_requests 0.00 completions 0.00 arrivals 0.00\n")
        let policy = Policy(counters: true)
        let line = JSONRow(
            row, row.measurements[.inPlace]!, .inPlace, peer: "mix", ranks: 2, nodes: 2, policy: policy)
        #expect(line.text.contains(#""sent":4096.00,"copied":0.00,"doorbells":1.50,"#))
        #expect(line.text.hasSuffix(#""sent_least":4096.00}"#))
    }

    @Test func leastBytes() {
        #expect(WireUse.leastBytes(.allReduce, bytes: 1000, ranks: 4, nodes: 4) == 1500)
        #expect(WireUse.leastBytes(.allReduce, bytes: 1000, ranks: 4, nodes: 2) == 500)
        #expect(WireUse.leastBytes(.allToAll, bytes: 1000, ranks: 4, nodes: 4) == 750)
        #expect(WireUse.leastBytes(.allToAll, bytes: 1000, ranks: 4, nodes: 2) == 500)
        #expect(WireUse.leastBytes(.allToAll, bytes: 1000, ranks: 2, nodes: 1) == 0)
        #expect(WireUse.leastBytes(.barrier, bytes: 0, ranks: 2, nodes: 2) == nil)
    }

    @Test func percentiles() {
        var samples = (0..<200).map(Int64.init)
        samples.withUnsafeMutableBufferPointer {
            #expect(Measurement.percentile(0.5, of: $0) == 100)
            #expect(Measurement.percentile(0.99, of: $0) == 198)
            #expect(Measurement.percentile(1, of: $0) == 199)
        }
    }

    @Test func plotIsWellFormed() {
        let svg = Plot(rows: [Self.row], ranks: 2).text
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
        #expect(svg.contains("all-reduce f32 sum, in place"))
        #expect(!svg.contains("nan") && !svg.contains("inf"))
        let empty = Plot(rows: [], ranks: 2).text
        #expect(!empty.contains("nan") && !empty.contains("inf"))
        #expect(Plot.step(forMaximum: 10) == 2)
        #expect(Plot.step(forMaximum: 0.043) == 0.01)
    }

    private static var row: Row {
        let sweep = Sweep(
            operation: .allReduce, type: .float32, reduction: .sum, root: 0, sizes: [4096], places: [.inPlace])
        var row = Row(sweep: sweep, shape: Shape(.allReduce, bytes: 4096, elementSize: 4, ranks: 2))
        row.measurements[.inPlace] = Measurement(
            mean: 4e-6, median: 2e-6, p99: 8e-6, min: 1e-6, max: 9e-6, wrong: 0, iterations: 100)
        return row
    }
}
