@testable import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// Which transport a pair of ranks takes: decided alike by all ranks, from what all have said.
    @Suite struct TransportPlans {
        private static let roce = Introduction.RDMA.available(
            address: [UInt8](repeating: 7, count: 18), kind: "RoCE v2 over IPv4", device: "mlx5_0 10.0.0.1",
            isForced: false)
        private static let infiniBand = Introduction.RDMA.available(
            address: [UInt8](repeating: 7, count: 18), kind: "InfiniBand", device: "mlx5_0 fe80::1", isForced: false)
        private static let chosen = Introduction.RDMA.available(
            address: [UInt8](repeating: 7, count: 18), kind: "RoCE v2 over IPv4", device: "mlx5_0 10.0.0.1",
            isForced: true)
        private static let none = Introduction.RDMA.absent(reason: "no device")

        /// A rank per node, on hosts "host0", "host1", ….
        private func plan(
            _ wish: TransportWish, _ ends: [Introduction.RDMA], nodes: Int? = nil
        ) throws(CollectiveError) -> TransportPlan {
            let introductions = ends.enumerated().map { introduction($0.offset, wish, $0.element) }
            let count = nodes ?? ends.count
            return try TransportPlan(
                introductions, Topology(nodeCount: count, ranksPerNode: ends.count / count))
        }

        private func introduction(_ rank: Int, _ wish: TransportWish, _ rdma: Introduction.RDMA) -> Introduction {
            Introduction(
                node: "node\(rank)", host: "host\(rank)", address: NetworkAddress(host: "10.0.0.\(rank)", port: 5000),
                transport: wish, tuning: .tuning(Tuning(pieceBytes: 4096)), rdma: rdma,
                nonce: [UInt8](repeating: UInt8(rank), count: 32))
        }

        @Test func verbsWhereBothEndsHaveTheSame() throws {
            let plan = try plan(.auto, [Self.roce, Self.none, Self.roce, Self.infiniBand])
            #expect(plan.usesVerbs && plan.mayFallBack)
            for rank in 0..<4 {
                for peer in 0..<4 where peer != rank {
                    let route = plan.route(from: rank, to: peer)
                    #expect(route == plan.route(from: peer, to: rank))
                    #expect(route.transport == (Set([rank, peer]) == [0, 2] ? .verbs : .tcp))
                    if rank == 1 { #expect(route.reason == "no RDMA on host1: no device") }
                }
            }
        }

        @Test func tcpEverywhereAfterAFailure() throws {
            var plan = try plan(.auto, [Self.roce, Self.roce])
            plan.fallBack(because: "no route")
            #expect(!plan.usesVerbs)
            #expect(plan.route(from: 0, to: 1) == (.tcp, "RDMA was tried: no route"))
        }

        @Test func whoAskedForADeviceGetsNoOther() throws {
            #expect(try !plan(.auto, [Self.roce, Self.chosen]).mayFallBack)
            #expect(try !plan(.verbs, [Self.roce, Self.roce]).mayFallBack)
        }

        @Test func nothingToConnectInsideANode() throws {
            #expect(try !plan(.auto, [Self.roce, Self.roce], nodes: 1).usesVerbs)
            #expect(try !plan(.verbs, [Self.none, Self.none], nodes: 1).usesVerbs)
            #expect(try !plan(.sharedMemory, [Self.none, Self.none], nodes: 1).usesVerbs)
        }

        @Test func whatCannotBe() throws {
            func failing(
                _ code: CollectiveError.Code, _ rank: Int, _ words: [String],
                _ body: () throws(CollectiveError) -> TransportPlan
            ) throws {
                do throws(CollectiveError) {
                    _ = try body()
                    Issue.record("nothing was thrown")
                } catch {
                    #expect(error.code == code && error.rank == rank && error.host == "host\(rank)", "\(error)")
                    for word in words { #expect(error.message.contains(word), "\(error)") }
                }
            }
            try failing(.unsupported, 1, ["no device", "MIX_TRANSPORT=tcp"]) { () throws(CollectiveError) in
                try plan(.verbs, [Self.roce, Self.none])
            }
            try failing(.unsupported, 2, ["InfiniBand", "RoCE v2"]) { () throws(CollectiveError) in
                try plan(.verbs, [Self.roce, Self.roce, Self.infiniBand])
            }
            try failing(.unsupported, 1, ["no RDMA device mlx9"]) { () throws(CollectiveError) in
                try plan(.auto, [Self.roce, .refused(reason: "no RDMA device mlx9")])
            }
            try failing(.unsupported, 1, ["shared memory ends at a node"]) { () throws(CollectiveError) in
                try plan(.sharedMemory, [Self.none, Self.none])
            }
            try failing(.invalidJob, 1, ["MIX_TRANSPORT=tcp", "auto"]) { () throws(CollectiveError) in
                try TransportPlan(
                    [introduction(0, .tcp, Self.none), introduction(1, .auto, Self.none)],
                    Topology(nodeCount: 2, ranksPerNode: 1))
            }
        }

        @Test func introductionsSurviveTheJourney() throws {
            for rdma in [Self.roce, Self.chosen, Self.none, .refused(reason: "several\nlines")] {
                let bytes = introduction(3, .auto, rdma).bytes
                let read = try #require(Introduction(bytes))
                #expect(read.bytes == bytes && read.host == "host3" && read.address.port == 5000)
                for count in 0..<bytes.count { #expect(Introduction(Array(bytes[..<count])) == nil) }
            }
        }
    }

    /// `MIX_TRANSPORT` with real processes on virtual nodes.
    @Suite struct TransportWishes {
        private func job(_ wishes: [String], _ variables: [String: String] = [:]) throws -> [ChildProcesses.Child] {
            let folder = try TemporaryFolder()
            return try ChildProcesses.run(
                wishes.enumerated().map { rank, wish in
                    var command = ChildProcesses.Command.rank(
                        rank, of: wishes.count, at: "file://\(folder.path)/rendezvous", node: "node-\(rank)",
                        ["join", "routes", "check"])
                    command.environment.merge(["MIX_TRANSPORT": wish]) { $1 }
                    command.environment.merge(variables) { $1 }
                    return command
                })
        }

        @Test func tcp() throws {
            let children = try job(["tcp", "tcp"])
            children.expectSuccess()
            for child in children { #expect(child.output.contains(" tcp through "), "\(child.output)") }
        }

        @Test func sharedMemoryEndsAtANode() throws {
            try job(["shm", "shm", "shm"]).expectErrors(.unsupported, rank: [1], operation: ["-"], sequence: [0])
        }

        @Test func ranksThatDisagree() throws {
            try job(["tcp", "tcp", "auto"]).expectErrors(.invalidJob, rank: [2], operation: ["-"], sequence: [0])
        }

        @Test func aWordThatIsNone() throws {
            for child in try job(["carrier-pigeon", "carrier-pigeon"]) {
                #expect(child.reported.map(\.code) == [.invalidJob], "\(child.output)")
                #expect(child.output.contains("MIX_TRANSPORT=carrier-pigeon"), "\(child.output)")
            }
        }

        @Test func aDeviceThatIsNotThere() throws {
            let children = try job(["auto", "auto"], ["MIX_RDMA_DEVICE": "nonesuch0"])
            children.expectErrors(.unsupported, rank: [0], operation: ["-"], sequence: [0])
        }

        @Test(.enabled(if: VerbsDevice.reasonForAbsence != nil, "this machine has RDMA"))
        func noRDMA() throws {
            try job(["verbs", "verbs"]).expectErrors(.unsupported, rank: [0], operation: ["-"], sequence: [0])
            let children = try job(["auto", "auto"])
            children.expectSuccess()
            for child in children { #expect(child.output.contains("no RDMA on \(Host.name)"), "\(child.output)") }
        }
    }
}
