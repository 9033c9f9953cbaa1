import Foundation
import MixCollectives
import Testing

extension CollectiveTests {
    /// The launchers that users have, as they are installed here.
    @Suite struct LaunchersTests {
        struct MPI: Sendable {
            let command: String
            let package: String
            let launcher: String
            var arguments: [String] = []
            var environment: [String: String] = [:]

            static let openMPI = MPI(
                command: "mpirun.openmpi", package: "openmpi-bin", launcher: "mpirun (Open MPI)",
                arguments: ["--oversubscribe"],
                environment: ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"])
            static let mpich = MPI(command: "mpirun.mpich", package: "mpich", launcher: "mpirun (MPICH)")

            var isInstalled: Bool { LaunchersTests.isInstalled(command) }

            /// `folder` is for what the launcher itself puts down: Open MPI's fail when several make the same one.
            func start(
                _ ranks: Int, _ program: [String], in folder: TemporaryFolder, extra: [String: String] = [:]
            ) throws -> ChildProcesses.Command {
                .init(
                    executable: command, arguments: arguments + ["-n", "\(ranks)"] + program,
                    environment: environment.merging(["TMPDIR": try folder.newFolder()]) { $1 }.merging(extra) { $1 })
            }
        }

        static func isInstalled(_ command: String) -> Bool {
            let path = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin") + ":/usr/sbin"
            return path.split(separator: ":").contains {
                FileManager.default.isExecutableFile(atPath: "\($0)/\(command)")
            }
        }

        static let isCI = ProcessInfo.processInfo.environment["CI"] == "true"

        @Test(
            .enabled(if: isCI || MPI.openMPI.isInstalled, "mpirun.openmpi is missing: make setup installs openmpi-bin"))
        func openMPI() throws { try check(.openMPI) }

        @Test(.enabled(if: isCI || MPI.mpich.isInstalled, "mpirun.mpich is missing: make setup installs mpich"))
        func mpich() throws { try check(.mpich) }

        private func check(_ mpi: MPI) throws {
            try #require(mpi.isInstalled, "\(mpi.command) is missing: make setup installs \(mpi.package)")
            let program = [ChildProcesses.testRankPath, "job"]
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            // Two jobs at once and one through a script, which is where a parent's process id would mislead.
            let script = ["sh", "-c", "'\(ChildProcesses.testRankPath)' job; true"]
            let runs = try ChildProcesses.run([
                mpi.start(3, program, in: folder), mpi.start(3, program, in: folder), mpi.start(2, script, in: folder),
            ])
            var meetings: Set<String> = []
            for (run, size) in zip(runs, [3, 3, 2]) {
                #expect(run.status == 0, "\(run.errors)")
                let jobs = run.lines.map(LauncherTests.fields)
                #expect(jobs.compactMap { $0["rank"] }.sorted() == (0..<size).map(String.init), "\(run.output)")
                #expect(jobs.allSatisfy { $0["size"] == "\(size)" && $0["node"] == Host.name })
                #expect(run.lines.allSatisfy { $0.hasSuffix("launcher=" + mpi.launcher) })
                let meeting = Set(jobs.compactMap { $0["rendezvous"] })
                #expect(meeting.count == 1, "all ranks of a job meet in one place: \(run.output)")
                meetings.formUnion(meeting)
            }
            #expect(meetings.count == runs.count, "every job has a meeting place of its own: \(meetings)")

            for ranks in [2, 4] {
                let run = try ChildProcesses.run(
                    mpi.start(ranks, [ChildProcesses.testRankPath, "play", "join", "check"], in: folder))
                #expect(run.status == 0 && run.reported.isEmpty && run.wrong.isEmpty, "\(run.output)\(run.errors)")
                let checked = Set(run.lines.filter { $0.hasPrefix("checked") })
                #expect(checked == Set((0..<ranks).map { "checked rank=\($0) size=\(ranks)" }), "\(run.output)")
            }

            let wishes = ["MIX_RENDEZVOUS": "here", "MIX_TIMEOUT": "2.5", "MIX_NODE": "there"]
            let forced = try ChildProcesses.run(mpi.start(2, program, in: folder, extra: wishes))
            #expect(forced.lines.count == 2)
            for job in forced.lines.map(LauncherTests.fields) {
                #expect(job["rendezvous"] == "here")
                #expect(job["timeout"] == "2.5")
                #expect(job["node"] == "there")
            }
        }

        // MARK: Slurm

        /// A cluster of two nodes, each with a network of its own.
        @Test(
            .enabled(
                if: isCI || (isInstalled("slurmctld") && geteuid() == 0),
                "slurm-wlm is missing (make setup installs it), or the tests don't run as root"))
        func srun() throws {
            let rank = "'\(ChildProcesses.testRankPath)'"
            let parts: KeyValuePairs = [
                "jobs": "srun -N1 -n3 \(rank) job & srun -N1 -n3 \(rank) job; wait",
                "one node": "srun -N1 -n4 \(rank) play join check",
                "two nodes": "srun -N2 -n4 --ntasks-per-node=2 \(rank) play join check",
                "three and one": "srun -N2 -n4 -m plane=3 \(rank) play join check",
                "PMI-2": "srun -N2 -n2 --mpi=pmi2 \(rank) play join check",
                "cyclic": "srun -N2 -n4 -m cyclic \(rank) play join check",
                "Open MPI": "salloc -Q -N2 -n4 --ntasks-per-node=2 \(MPI.openMPI.command) --allow-run-as-root "
                    + "-x MIX_RENDEZVOUS=tcp://n1:29400 -x MIX_SECRET -n 4 \(rank) play join check",
                "MPICH":
                    "MIX_RENDEZVOUS=tcp://n1:29401 salloc -Q -N2 -n4 \(MPI.mpich.command) -ppn 2 -n 4 \(rank) play join check",
                "no rendezvous": "salloc -Q -N2 -n2 \(MPI.mpich.command) -ppn 1 -n 2 \(rank) play join",
                "no secret": "MIX_SECRET= srun -N2 -n2 \(rank) play join",
                "where": "srun -N2 -n2 \(rank) job",
                "batch": "sbatch --wait -o /run/batch -N2 -n2 --wrap \"srun \(rank) play join check\"; cat /run/batch",
            ]
            let script = parts.map { "echo '== \($0)'; \($1)" }.joined(separator: "\n")
            var run: ChildProcesses.Child!
            try leavingNothing {
                run = try ChildProcesses.run(
                    .init(
                        executable: Self.folder + "/slurm.sh", arguments: ["2", "sh", "-c", script],
                        environment: ["MIX_SECRET": "of this test"]), limit: .seconds(100))
            }
            #expect(run.status == 0, "\(run.output)\(run.errors)")
            var said: [String: [String]] = [:]
            var part = ""
            for line in run.lines {
                if line.hasPrefix("== ") {
                    part = String(line.dropFirst(3))
                } else {
                    said[part, default: []].append(line)
                }
            }
            let all = Comment(rawValue: run.output + run.errors)

            let jobs = (said["jobs"] ?? []).map(LauncherTests.fields)
            #expect(jobs.compactMap { $0["rank"] }.sorted() == ["0", "0", "1", "1", "2", "2"], all)
            #expect(jobs.allSatisfy { $0["size"] == "3" && $0["launcher"] == "srun" }, all)
            let meetings = Dictionary(grouping: jobs) { $0["rendezvous"] ?? "" }
            #expect(meetings.count == 2 && meetings.values.allSatisfy { $0.count == 3 }, all)

            for (name, size) in [
                ("one node", 4), ("two nodes", 4), ("three and one", 4), ("PMI-2", 2), ("cyclic", 4), ("batch", 2),
                ("Open MPI", 4), ("MPICH", 4),
            ] {
                let lines = said[name] ?? []
                let checked = Set(lines.filter { $0.hasPrefix("checked") })
                #expect(checked == Set((0..<size).map { "checked rank=\($0) size=\(size)" }), "\(name): \(all)")
                #expect(!lines.contains { $0.hasPrefix("wrong") || $0.hasPrefix("error") }, "\(name): \(all)")
            }

            let places = (said["where"] ?? []).map(LauncherTests.fields)
            #expect(Set(places.compactMap { $0["node"] }) == ["n1", "n2"], all)
            #expect(places.allSatisfy { $0["rendezvous"]?.hasPrefix("tcp://n1:6") == true }, all)
            for (name, advice) in [
                (
                    "no rendezvous",
                    "export MIX_RENDEZVOUS=tcp://HOST:29400 MIX_SECRET=$(openssl rand -hex 32); mpirun …"
                ),
                ("no secret", "export MIX_SECRET=$(openssl rand -hex 32); srun …"),
            ] {
                let errors = (said[name] ?? []).compactMap(ReportedError.init)
                #expect(errors.count == 2 && errors.allSatisfy { $0.code == .invalidJob }, all)
                #expect(errors.allSatisfy { $0.description.hasSuffix(advice) }, all)
            }
        }

        private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Launchers").path

        // MARK: torchrun

        /// With the variables that torchrun sets; Tests/Launchers/torchrun.sh is the same with a real one.
        @Test(arguments: [1, 2]) func torchrun(agents: Int) throws {
            let size = 2 * agents
            let port = try freePort()
            let ranks = (0..<size).map { rank in
                ChildProcesses.Command.testRank(
                    "play", "join", "check",
                    environment: [
                        "RANK": "\(rank)", "LOCAL_RANK": "\(rank % 2)", "GROUP_RANK": "\(rank / 2)",
                        "ROLE_RANK": "\(rank)", "WORLD_SIZE": "\(size)", "LOCAL_WORLD_SIZE": "2",
                        "MASTER_ADDR": "localhost", "MASTER_PORT": "\(port)", "TORCHELASTIC_RUN_ID": "none",
                        "TORCHELASTIC_RESTART_COUNT": "0", "TORCHELASTIC_USE_AGENT_STORE": "True",
                        "MIX_SECRET": "of this test", "MIX_NODE": agents == 1 ? "" : "node-\(rank / 2)",
                    ])
            }
            let runs = try ChildProcesses.run(ranks)
            runs.expectSuccess()
            #expect(runs.map { $0.lines.contains { $0.hasPrefix("checked") } } == runs.map { _ in true })
        }
    }
}
