import Foundation
import MixSchedule
import Testing

@testable import MixPlanner

@Suite struct CalibrationTests {
    private var calibration: Calibration {
        let samples = [64, 256, 1024, 4096, 16384].map {
            LinkFit.Sample(bytes: $0, seconds: 1.5e-6 + Double($0) / 3.1e9)
        }
        let fit = LinkFit(samples)
        let link = LinkClass(name: "shared memory", latency: fit.latency, bandwidth: fit.bandwidth)
        let rates = MeasuredRates(
            copy: .flat(4e9), mates: .flat(1e9), reduction: .flat(8e9), messages: link, blockTables: 1e-7,
            expertRowElement: 3e-10, processorsPerNode: 2, wiresPerNode: 1,
            corrections: [
                Correction(
                    operation: "gather", way: "exchange",
                    points: [.init(bytes: 16384, factor: 0.5), .init(bytes: 1024, factor: 2)])
            ])
        let cluster = ClusterSpec(
            name: "here", nodes: 1, ranksPerNode: 4, insideNode: link, betweenNodes: link, memoryBandwidth: 1e10 / 3,
            memory: 1e9, compute: [.bfloat16: 1e11, .float32: 3e10], source: "measured", measured: rates)
        return Calibration(
            cluster: cluster,
            fits: [.init(name: "shared memory", determination: fit.determination, samples: samples)],
            kernels: [
                .init(format: .bfloat16, rowsPerExpert: 1, operationsPerSecond: 1e10),
                .init(format: .bfloat16, rowsPerExpert: 4, operationsPerSecond: 2e10),
            ])
    }

    @Test func survivesJSONAsItselfAndAsACluster() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let data = try encoder.encode(calibration)
        #expect(try JSONDecoder().decode(Calibration.self, from: data) == calibration)
        #expect(try JSONDecoder().decode(ClusterSpec.self, from: data) == calibration.cluster)
        #expect(try encoder.encode(JSONDecoder().decode(Calibration.self, from: data)) == data)
    }

    @Test func olderFilesHaveNoCorrections() throws {
        var object = try #require(
            JSONSerialization.jsonObject(with: JSONEncoder().encode(calibration)) as? [String: Any])
        var measured = try #require(object["measured"] as? [String: Any])
        measured["corrections"] = nil
        measured["expertRowElement"] = nil
        object["measured"] = measured
        let cluster = try JSONDecoder().decode(
            ClusterSpec.self, from: JSONSerialization.data(withJSONObject: object))
        #expect(cluster.measured?.corrections == [])
        #expect(cluster.measured?.expertRowElement == 0)
    }

    @Test func correctionsGoBySizeAndWay() throws {
        let rates = try #require(calibration.cluster.measured)
        func factor(_ bytes: Int, way: String = "exchange") -> Double {
            rates.correction(operation: "gather", way: way, bytes: bytes)
        }
        #expect(factor(0) == 2 && factor(1024) == 2)
        // Halfway in logarithms, in both.
        #expect(abs(factor(4096) - 1) < 1e-12)
        #expect(factor(16384) == 0.5 && factor(1 << 30) == 0.5)
        #expect(factor(4096, way: "schedule") == 1)
        #expect(rates.correction(operation: "scatter", way: "exchange", bytes: 4096) == 1)
    }

    @Test func interpolatesTheTimeOfRows() throws {
        // A row takes 1e-10, four take 2e-10; so two and a half take 1.5e-10.
        let rate = try #require(calibration.cluster(rowsPerExpert: 2.5).compute[.bfloat16])
        #expect(abs(rate - 2.5 / 1.5e-10) < 1)
        #expect(calibration.cluster(rowsPerExpert: 0.1).compute[.bfloat16] == 1e10)
        #expect(calibration.cluster(rowsPerExpert: 100).compute[.bfloat16] == 2e10)
        // What was not measured stays what it was.
        #expect(calibration.cluster(rowsPerExpert: 2).compute[.float32] == 3e10)
    }

    @Test func refusesRatesWithoutAPrice() {
        for change: (inout MeasuredRates) -> Void in [
            { $0.processorsPerNode = 0 }, { $0.wiresPerNode = 0 }, { $0.copy = .flat(0) },
            { $0.reduction = BandwidthCurve(points: []) }, { $0.expertRowElement = -1 },
            { $0.corrections[0].points[0].factor = 0 }, { $0.corrections[0].points[1].bytes = 1024 },
        ] {
            var cluster = calibration.cluster
            change(&cluster.measured!)
            #expect(throws: ClusterSpec.Invalid.measured) { try SchedulePricer(cluster) }
        }
    }

    // MARK: Prices

    private func seconds(_ cluster: ClusterSpec, _ operation: MixSchedule.Operation, bytes: Int) throws -> Double {
        let schedules = Algorithm.named("direct", for: operation)!.buildAll(
            topology: Topology(nodeCount: 1, ranksPerNode: cluster.ranksPerNode))
        let layouts = schedules.map {
            Layouts(
                input: .uniform(blocks: $0.inputBlocks, count: bytes),
                output: .uniform(blocks: $0.outputBlocks, count: bytes))
        }
        return try SchedulePricer(cluster).timeline(schedules, layouts: layouts).duration
    }

    @Test func chargesWhatWasMeasured() throws {
        let latency = 2e-6
        var cluster = calibration.cluster
        cluster.insideNode.latency = latency
        // Two signals; every rank copies one block of its own and three of its mates', all at it all the time.
        let gathered = try seconds(cluster, .allGather, bytes: 1000)
        #expect(abs(gathered - (2 * latency + 1000 / 4e9 + 3 * 1000 / 1e9)) < 1e-12)
        // One reduction of four operands.
        let scattered = try seconds(cluster, .reduceScatter, bytes: 1000)
        #expect(abs(scattered - (2 * latency + 4000 / 8e9)) < 1e-12)
        // The same, and three more places for the result.
        let reduced = try seconds(cluster, .allReduce, bytes: 1000)
        #expect(abs(reduced - (2 * latency + 4000 / 8e9 + 3 * 1000 / 1e9)) < 1e-12)
    }

    @Test func piecesPayForTheWholeBurst() throws {
        var cluster = calibration.cluster
        (cluster.nodes, cluster.ranksPerNode, cluster.insideNode.latency) = (2, 1, 0)
        cluster.measured?.copy = .flat(1e15)
        // Up to 1000 bytes pass at once.
        cluster.betweenNodes = LinkClass(
            name: "wire", latency: 0,
            bandwidth: BandwidthCurve(points: [
                .init(bytes: 1000, bytesPerSecond: 1e9), .init(bytes: 8000, bytesPerSecond: 1e8),
            ]))
        let topology = Topology(nodeCount: 2, ranksPerNode: 1)
        func seconds(pieces: Int) throws -> Double {
            let schedules = Algorithm.named("hierarchical", for: .allGather)!.buildAll(
                topology: topology, pieces: pieces)
            let layouts = schedules.map {
                Layouts(
                    input: .uniform(blocks: $0.inputBlocks, count: 8000),
                    output: .uniform(blocks: $0.outputBlocks, count: 8000))
            }
            return try SchedulePricer(cluster).timeline(schedules, layouts: layouts).duration
        }
        #expect(abs(try seconds(pieces: 1) - 8000 / 1e8) < 1e-9)
        #expect(abs(try seconds(pieces: 8) - 8000 / 1e8) < 1e-9)
    }

    @Test func footprintsDecideTheRate() throws {
        var cluster = calibration.cluster
        cluster.insideNode.latency = 0
        cluster.measured?.processorsPerNode = 4
        // Four inputs and four outputs of four blocks: 20 kB.
        cluster.measured?.mates = BandwidthCurve(points: [
            .init(bytes: 10_000, bytesPerSecond: 2e9), .init(bytes: 20_000, bytesPerSecond: 1e9),
            .init(bytes: 40_000, bytesPerSecond: 0.5e9),
        ])
        #expect(abs(try seconds(cluster, .allGather, bytes: 1000) - (1000 / 4e9 + 3 * 1000 / 1e9)) < 1e-12)
        #expect(abs(try seconds(cluster, .allGather, bytes: 2000) - (2000 / 4e9 + 3 * 2000 / 0.5e9)) < 1e-12)
    }

    @Test func aRankThatIsAloneHasMoreOfTheProcessors() throws {
        var cluster = calibration.cluster
        cluster.insideNode.latency = 0
        // The root copies four blocks, twice as fast as if all did.
        let gathered = try seconds(cluster, .gather, bytes: 1000)
        #expect(abs(gathered - (1000 / 4e9 + 3 * 1000 / 1e9) / 2) < 1e-12)
        cluster.measured?.processorsPerNode = 4
        #expect(abs(try seconds(cluster, .gather, bytes: 1000) - 2 * gathered) < 1e-12)
    }
}
