import MixPlanner
import Testing

@Suite struct LinkFitTests {
    private func samples(_ seconds: (Double) -> Double) -> [LinkFit.Sample] {
        (6...24).map { LinkFit.Sample(bytes: 1 << $0, seconds: seconds(Double(1 << $0))) }
    }

    @Test func findsAStraightLine() {
        let fit = LinkFit(samples { 3e-6 + $0 / 5e9 })
        #expect(abs(fit.latency - 3e-6) < 1e-12)
        for bytes in [64, 100, 1000, 1 << 20, 1 << 24, 1 << 28] {
            let seconds = fit.latency + fit.bandwidth.seconds(bytes)
            #expect(abs(seconds / (3e-6 + Double(bytes) / 5e9) - 1) < 1e-6)
        }
        #expect(fit.determination > 1 - 1e-9)
    }

    @Test func followsABend() {
        // A cache that ends at 1 MiB.
        let fit = LinkFit(samples { 1e-6 + ($0 <= 0x1p20 ? $0 / 2e10 : 0x1p20 / 2e10 + ($0 - 0x1p20) / 4e9) })
        #expect(fit.determination > 0.999)
        #expect(
            abs((fit.latency + fit.bandwidth.seconds(1 << 24)) / (1e-6 + 0x1p20 / 2e10 + 15 * 0x1p20 / 4e9) - 1) < 1e-6)
    }

    @Test func noiseLowersIt() {
        var generator = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0 ... .max, using: &generator)
        var state = seed
        func noise() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return 0.4 + 1.2 * Double(state >> 11) * 0x1p-53
        }
        let clean = LinkFit(samples { 3e-6 + $0 / 5e9 }).determination
        let noisy = LinkFit(samples { (3e-6 + $0 / 5e9) * noise() })
        #expect(noisy.determination < clean, "seed \(seed)")
        // However the times lie, they make a curve that has a price.
        let link = LinkClass(name: "wire", latency: noisy.latency, bandwidth: noisy.bandwidth)
        let cluster = ClusterSpec(
            name: "here", nodes: 1, ranksPerNode: 2, insideNode: link, betweenNodes: link, memoryBandwidth: 1e9)
        #expect(throws: Never.self, "seed \(seed)") { try cluster.validate() }
    }

    @Test func aKnownLatencyIsKept() {
        let fit = LinkFit([.init(bytes: 100, seconds: 3e-6), .init(bytes: 200, seconds: 4e-6)], latency: 1e-6)
        #expect(fit.latency == 1e-6)
        #expect(fit.bandwidth.points.map(\.bytes) == [100, 200])
        #expect(abs(fit.bandwidth.seconds(200) - 3e-6) < 1e-15)
    }
}
