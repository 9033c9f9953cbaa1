import Foundation
@testable import MixCollectives
import Testing

extension CollectiveTests {
    /// What a process makes of the variables that it finds.
    @Suite struct JobTests {
        /// What a launcher set, and what must be made of it.
        struct Captured: Sendable, CustomTestStringConvertible {
            let launcher: String
            let rank: Int
            let size: Int
            let rendezvous: String
            let variables: [String: String]
            var testDescription: String { launcher }
        }

        /// Variables as real launchers set them (Open MPI 4.1.4, Intel MPI 2021, PyTorch 2, Slurm 22.05).
        static let captured = [
            Captured(
                launcher: "MIX_RANK", rank: 2, size: 4, rendezvous: "there",
                variables: ["MIX_RANK": "2", "MIX_WORLD_SIZE": "4", "MIX_RENDEZVOUS": "there"]),
            Captured(
                launcher: "mpirun (Open MPI)", rank: 1, size: 2,
                rendezvous: "openmpi:1983184897/7bc1effe152e0667-39eeb327c792d502",
                variables: [
                    "OMPI_COMM_WORLD_LOCAL_RANK": "1", "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
                    "OMPI_COMM_WORLD_NODE_RANK": "1",
                    "OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "OMPI_UNIVERSE_SIZE": "2",
                    "PMIX_RANK": "1",
                    "OMPI_MCA_orte_precondition_transports": "7bc1effe152e0667-39eeb327c792d502",
                    "PMIX_ID": "1983184897.1",
                    "OMPI_MCA_orte_hnp_uri": "1983184896.0;tcp://192.0.2.2:35613", "PMIX_NAMESPACE": "1983184897",
                ]),
            Captured(
                launcher: "mpirun (Intel MPI)", rank: 0, size: 2,
                rendezvous: "hydra:b5580000-1cec-f4d4-c160-060023abc030",
                variables: [
                    "HYDRA_BSTRAP_LOCALHOST": "host", "I_MPI_HYDRA_UUID": "b5580000-1cec-f4d4-c160-060023abc030",
                    "PMI_RANK": "0", "PMI_SIZE": "2", "PMI_FD": "9", "MPI_LOCALNRANKS": "2", "MPI_LOCALRANKID": "0",
                ]),
            Captured(
                launcher: "torchrun", rank: 3, size: 8,
                rendezvous: "torchrun:localhost:36533/c9c59f94-209e-4f10-81af-a12685d4ccd2",
                variables: [
                    "RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "3", "LOCAL_WORLD_SIZE": "8",
                    "MASTER_ADDR": "localhost",
                    "MASTER_PORT": "36533", "TORCHELASTIC_RESTART_COUNT": "0", "GROUP_RANK": "0",
                    "TORCHELASTIC_RUN_ID": "c9c59f94-209e-4f10-81af-a12685d4ccd2",
                ]),
            Captured(
                launcher: "srun (PMI-2)", rank: 0, size: 1, rendezvous: "hydra:6.0",
                variables: ["PMI_FD": "10", "PMI_JOBID": "6.0", "PMI_RANK": "0", "PMI_SIZE": "1"]),
            Captured(launcher: "srun", rank: 0, size: 1, rendezvous: "slurm:3.2", variables: slurmStep),
            Captured(
                launcher: "Kubernetes", rank: 5, size: 6, rendezvous: "tcp://mix-0.mix:29400",
                variables: [
                    "JOB_COMPLETION_INDEX": "5", "MIX_WORLD_SIZE": "6", "MIX_RENDEZVOUS": "tcp://mix-0.mix:29400",
                ]),
        ]
        static let slurmStep = [
            "SLURM_PROCID": "0", "SLURM_NTASKS": "1", "SLURM_NPROCS": "1", "SLURM_JOB_ID": "3", "SLURM_STEP_ID": "2",
            "SLURM_STEPID": "2", "SLURM_STEP_NODELIST": "host", "SLURM_STEP_NUM_NODES": "1",
            "SLURM_STEP_NUM_TASKS": "1",
        ]
        /// MPICH 4.0.2; which job it is can't be seen here.
        static let mpich = [
            "HYDI_CONTROL_FD": "7", "PMI_FD": "6", "PMI_RANK": "0", "PMI_SIZE": "2", "MPI_LOCALRANKID": "0",
        ]

        @Test(arguments: captured) func everyLauncherIsRecognised(expected: Captured) throws {
            let job = try #require(try Job.detect(in: expected.variables))
            #expect(job.launcher == expected.launcher)
            #expect(job.rank == expected.rank && job.worldSize == expected.size)
            #expect(job.rendezvous == expected.rendezvous)
            #expect(job.node == Host.name)
            #expect(job.timeout == .seconds(30))

            let wishes = ["MIX_RENDEZVOUS": "file:///elsewhere", "MIX_NODE": "n1", "MIX_TIMEOUT": "0.25"]
            let changed = try #require(try Job.detect(in: expected.variables.merging(wishes) { $1 }))
            #expect(
                changed.rendezvous == "file:///elsewhere" && changed.node == "n1" && changed.timeout == .seconds(0.25))
            #expect(changed.rank == job.rank && changed.launcher == job.launcher)
        }

        // MARK: Several machines

        @Test(arguments: [
            ("torchrun", ["WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4", "MASTER_ADDR": "a"], "tcp://a:36534"),
            (
                "torchrun", ["LOCAL_WORLD_SIZE": "4", "MASTER_ADDR": "fd00::1", "MASTER_PORT": "65535"],
                "tcp://[fd00::1]:65534"
            ),
            ("srun", ["SLURM_STEP_NUM_NODES": "2", "SLURM_STEP_NODELIST": "n[07-09]"], "tcp://n07:61197"),
            ("srun", ["SLURM_STEP_NUM_NODES": "1", "SLURM_STEP_NODELIST": "n07"], "slurm:3.2"),
            (
                "srun (PMI-2)",
                [
                    "SLURM_STEP_NUM_NODES": "2", "SLURM_STEP_NODELIST": "x,y", "SLURM_JOB_ID": "4500",
                    "SLURM_STEP_ID": "0",
                ],
                "tcp://x:61000"
            ),
        ])
        func theMeetingIsAnAddress(launcher: String, changes: [String: String], rendezvous: String) throws {
            let captured = try #require(Self.captured.first { $0.launcher == launcher })
            let job = try #require(try Job.detect(in: captured.variables.merging(changes) { $1 }))
            #expect(job.rendezvous == rendezvous && job.launcher == launcher)
        }

        @Test(arguments: [
            ("host", "host"), ("a-1,b", "a-1"), ("n[1-2]", "n1"), ("n[007,9]-ib", "n007-ib"),
            ("rack[2-3]node[04-05,9],login", "rack2node04"), ("n[", "n"), ("", ""),
        ])
        func firstHost(list: String, host: String) { #expect(Environment.firstHost(list) == host) }

        @Test func mpirunDoesNotSayWhereRankZeroIs() throws {
            for (launcher, changes) in [
                ("mpirun (Open MPI)", ["OMPI_COMM_WORLD_LOCAL_SIZE": "1"]),
                ("mpirun (Intel MPI)", ["MPI_LOCALNRANKS": "1"]),
            ] {
                var variables = try #require(Self.captured.first { $0.launcher == launcher }).variables
                variables.merge(changes) { $1 }
                let error = try #require(throws: CollectiveError.self) { try Job.detect(in: variables) }
                #expect(error.code == .invalidJob, "\(error)")
                #expect(error.message.contains("export MIX_RENDEZVOUS=tcp://HOST:29400 MIX_SECRET="), "\(error)")
                #expect(error.message.contains("-x MIX_SECRET") == launcher.contains("Open MPI"), "\(error)")
                variables["MIX_RENDEZVOUS"] = "tcp://a:1"
                #expect(try Job.detect(in: variables)?.rendezvous == "tcp://a:1")
            }
        }

        @Test func nobodyStartedUs() throws {
            #expect(try Job.detect(in: [:]) == nil)
            #expect(try Job.detect(in: ["PATH": "/bin", "MIX_TIMEOUT": "3", "MIX_RANK": ""]) == nil)
        }

        @Test func mpirunCountsInsideAnAllocation() throws {
            for inner in Self.captured where inner.launcher.hasPrefix("mpirun") || inner.launcher == "MIX_RANK" {
                let job = try #require(
                    try Job.detect(in: inner.variables.merging(Self.slurmStep) { first, _ in first }))
                #expect(job.launcher == inner.launcher && job.rank == inner.rank && job.worldSize == inner.size)
            }
        }

        @Test func srunRanksWhereTheScriptOnlySaysTheSize() throws {
            let mixed = Self.slurmStep.merging(["WORLD_SIZE": "1", "MASTER_ADDR": "h", "MASTER_PORT": "1"]) { $1 }
            #expect(try Job.detect(in: mixed)?.launcher == "srun")
        }

        @Test func theScriptOfABatchJobIsNoRank() throws {
            let script = ["SLURM_PROCID": "0", "SLURM_NTASKS": "2", "SLURM_JOB_ID": "3"]
            #expect(try Job.detect(in: script) == nil)
            #expect(try Job.detect(in: script.merging(["SLURM_STEP_ID": "4294967291"]) { $1 }) == nil)
        }

        @Test func aStepsTasksCountNotTheAllocations() throws {
            let changes = ["SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"]
            #expect(try Job.detect(in: Self.slurmStep.merging(changes) { $1 })?.worldSize == 2)
        }

        private static let tooLarge = "99999999999999999999"

        @Test(arguments: [
            (["MIX_RANK": "4", "MIX_WORLD_SIZE": "4", "MIX_RENDEZVOUS": "r"], ["MIX_RANK=4", "0 to 3"]),
            (["MIX_RANK": "-1", "MIX_WORLD_SIZE": "4", "MIX_RENDEZVOUS": "r"], ["MIX_RANK=-1"]),
            (["MIX_RANK": "one", "MIX_WORLD_SIZE": "4", "MIX_RENDEZVOUS": "r"], ["MIX_RANK=one"]),
            (["MIX_RANK": "1 ", "MIX_WORLD_SIZE": "4", "MIX_RENDEZVOUS": "r"], ["MIX_RANK=1 "]),
            (["MIX_RANK": "0", "MIX_WORLD_SIZE": "0", "MIX_RENDEZVOUS": "r"], ["MIX_WORLD_SIZE=0"]),
            (["MIX_RANK": "0", "MIX_WORLD_SIZE": "\(Int.max)", "MIX_RENDEZVOUS": "r"], ["MIX_WORLD_SIZE=\(Int.max)"]),
            (["MIX_RANK": "0", "MIX_WORLD_SIZE": tooLarge, "MIX_RENDEZVOUS": "r"], ["MIX_WORLD_SIZE=\(tooLarge)"]),
            (["MIX_RANK": "1", "MIX_RENDEZVOUS": "r"], ["MIX_RANK=1", "MIX_WORLD_SIZE"]),
            (["MIX_RANK": "1", "MIX_WORLD_SIZE": "4"], ["MIX_RANK=1", "MIX_RENDEZVOUS"]),
            (["MIX_WORLD_SIZE": "4", "MIX_RENDEZVOUS": "r"], ["MIX_WORLD_SIZE=4", "MIX_RANK"]),
            (["WORLD_SIZE": "4"], ["WORLD_SIZE=4", "RANK"]),
            (["RANK": "1", "WORLD_SIZE": "4", "MASTER_ADDR": "h"], ["RANK=1", "MASTER_PORT"]),
            (["RANK": "1", "MASTER_ADDR": "h", "MASTER_PORT": "1"], ["RANK=1", "WORLD_SIZE"]),
            (["OMPI_COMM_WORLD_RANK": "1", "PMIX_NAMESPACE": "7"], ["OMPI_COMM_WORLD_SIZE"]),
            (["OMPI_COMM_WORLD_SIZE": "1", "PMIX_NAMESPACE": "7"], ["OMPI_COMM_WORLD_RANK"]),
            (["OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "1"], ["PMIX_NAMESPACE"]),
            (mpich, ["PMI_RANK=0", "MIX_RENDEZVOUS"]),
            (["PMI_RANK": "0", "MIX_RENDEZVOUS": "r"], ["PMI_SIZE"]),
            (["SLURM_PROCID": "0", "SLURM_NTASKS": "2", "SLURM_STEP_ID": "0"], ["SLURM_JOB_ID"]),
            (["JOB_COMPLETION_INDEX": "0"], ["JOB_COMPLETION_INDEX=0", "MIX_RENDEZVOUS"]),
            (["JOB_COMPLETION_INDEX": "0", "MIX_RENDEZVOUS": "tcp://r:1"], ["MIX_WORLD_SIZE"]),
            (
                ["JOB_COMPLETION_INDEX": "0", "MIX_WORLD_SIZE": "2", "MIX_RENDEZVOUS": "r"],
                ["MIX_RENDEZVOUS=r", "tcp://"]
            ),
            (
                ["RANK": "1", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "h", "MASTER_PORT": "x"],
                ["MASTER_PORT=x"]
            ),
            (["MIX_TIMEOUT": "soon"], ["MIX_TIMEOUT=soon"]),
            (["MIX_TIMEOUT": "0"], ["MIX_TIMEOUT=0"]),
            (["MIX_TIMEOUT": "-1"], ["MIX_TIMEOUT=-1"]),
            (["MIX_TIMEOUT": "nan"], ["MIX_TIMEOUT=nan"]),
            (["MIX_TIMEOUT": "1e30"], ["MIX_TIMEOUT=1e30"]),
            (["MIX_TIMEOUT": "."], ["MIX_TIMEOUT=."]),
        ])
        func nonsenseIsNamed(variables: [String: String], words: [String]) {
            do {
                let job = try Job.detect(in: variables)
                Issue.record("\(variables) were taken for \(String(describing: job))")
            } catch {
                #expect(error.code == .invalidJob)
                for word in words { #expect(error.message.contains(word), "\(error.message)") }
            }
        }

        /// However an environment is mangled, it is a sound job, none, or an error that names a variable.
        @Test func mangledEnvironmentsNeverCrash() throws {
            let wish = ProcessInfo.processInfo.environment["MIX_TEST_SEED"].flatMap { UInt64($0) }
            let seed = wish ?? .random(in: 0...UInt64.max)
            print("mangledEnvironmentsNeverCrash: MIX_TEST_SEED=\(seed)")
            var random = Generator(seed: seed)
            let names = Set(Self.captured.flatMap(\.variables.keys)).union(Self.mpich.keys).union([
                "MIX_TIMEOUT", "MIX_NODE", "SLURM_STEP_NUM_NODES",
            ])
            .sorted()
            let values = [
                "", " ", "0", "1", "-1", "+1", "-0", "00000001", "2147483648", "4294967295", "9223372036854775808",
                "0x10",
                "1e9", "nan", "inf", "1.5", ".", "..", "٣", "\u{0}", "a=b", "\n", "🙂",
                String(repeating: "9", count: 400),
            ]
            for round in 0..<20_000 {
                var variables = random.pick(Self.captured).variables
                if random.below(2) == 0 { variables.merge(random.pick(Self.captured).variables) { first, _ in first } }
                for _ in 0..<random.below(5) {
                    let name = random.pick(names)
                    switch random.below(3) {
                    case 0: variables[name] = nil
                    case 1: variables[name] = random.pick(values)
                    default: if !variables.isEmpty { variables[name] = random.pick(variables.values.sorted()) }
                    }
                }
                do {
                    guard let job = try Job.detect(in: variables) else { continue }
                    #expect((0..<job.worldSize).contains(job.rank), "round \(round): \(variables)")
                    #expect(!job.rendezvous.isEmpty && !job.node.isEmpty, "round \(round): \(variables)")
                    #expect(job.timeout > .zero, "round \(round): \(variables)")
                } catch {
                    #expect(error.code == .invalidJob, "round \(round): \(variables)")
                    #expect(names.contains { error.message.contains($0) }, "round \(round): \(error.message)")
                }
            }
        }
    }
}
