import Foundation
import Testing

/// What jobs could leave on a machine: files in /dev/shm, abstract sockets, processes.
struct Leftovers: Equatable, CustomStringConvertible {
    let files: Set<String>
    let sockets: Set<String>
    let processes: Set<Int>

    static func now() throws -> Leftovers {
        let files = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm")
        let numbers = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int($0) }
        let own = numbers.filter {
            let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/exe")
            return path == ChildProcesses.testRankPath
        }
        return Leftovers(
            // Other programs of this machine have files there too.
            files: Set(files.filter { $0.lowercased().contains("mix") }),
            sockets: try sockets(), processes: Set(own))
    }

    /// Names of the jobs' rendezvous that somebody listens at or is connected to.
    static func sockets() throws -> Set<String> {
        // Files of /proc have no size, which Foundation would go by.
        let lines = try String(
            decoding: FileHandle(forReadingFrom: URL(filePath: "/proc/net/unix")).readToEnd() ?? Data(), as: UTF8.self)
        return Set(
            lines.split(separator: "\n").compactMap { line in
                line.split(separator: " ").last.map(String.init)
            }.filter { $0.hasPrefix("@mixserve/test-") })
    }

    private static func openFiles(_ process: String) throws -> [String] {
        let folder = "/proc/\(process)/fd"
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter { Int($0) ?? 0 > 2 }
            .compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/" + $0) }
    }

    /// What a living process has open or mapped, standard input, output and errors aside.
    static func held(by process: pid_t) throws -> [String] {
        // What whoever started the tests left open goes on to every process.
        let inherited = try openFiles("self").filter { !$0.hasPrefix("/memfd:") }
        let files = try openFiles("\(process)").filter { !inherited.contains($0) }
        let maps = try FileHandle(forReadingFrom: URL(filePath: "/proc/\(process)/maps")).readToEnd() ?? Data()
        let mapped = String(decoding: maps, as: UTF8.self).split(separator: "\n")
            .compactMap { $0.split(separator: " ", maxSplits: 5).dropFirst(5).first?.drop { $0 == " " } }
        return files
            + Set(mapped.map(String.init)).filter {
                $0.hasPrefix("/dev/") || $0.hasPrefix("/memfd:") || $0.hasPrefix("/SYSV")
            }
    }

    var description: String { "files \(files.sorted()), sockets \(sockets.sorted()), processes \(processes.sorted())" }
}

/// Runs `body` and checks that nothing of what it started is left.
func leavingNothing(sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) throws {
    let before = try Leftovers.now()
    try body()
    var after = try Leftovers.now()
    // A process that was killed goes when the kernel comes to it.
    let deadline = ContinuousClock.now + .seconds(2)
    while after != before && .now < deadline {
        giveWay()
        after = try Leftovers.now()
    }
    #expect(after == before, sourceLocation: sourceLocation)
}
