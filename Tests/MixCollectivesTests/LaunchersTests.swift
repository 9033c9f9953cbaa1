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

            var isInstalled: Bool {
                let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
                return path.split(separator: ":").contains {
                    FileManager.default.isExecutableFile(atPath: "\($0)/\(command)")
                }
            }

            /// `folder` is for what the launcher itself puts down: Open MPI's fail when several make the same one.
            func start(
                _ ranks: Int, _ program: [String], in folder: TemporaryFolder, extra: [String: String] = [:]
            ) throws -> ChildProcesses.Command {
                .init(
                    executable: command, arguments: arguments + ["-n", "\(ranks)"] + program,
                    environment: environment.merging(["TMPDIR": try folder.newFolder()]) { $1 }.merging(extra) { $1 })
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
    }
}
