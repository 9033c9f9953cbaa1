import Foundation
import MixCollectives

/// Two hosts with a name and a network each and one or more cables between them: namespaces, which go with the value, and
/// at the latest with their keepers, who end by themselves.
///
/// Cable 0 is `eth0`, with 10.88.0.1 and fd88:0::1 on host 0, 10.88.0.2 and fd88:0::2 on host 1; cable 1 is `eth1`, …
final class Hosts {
    static let names = ["host-a", "host-b"]

    /// Whether this process may make namespaces, and has the programs for it.
    static let canBeMade: Bool = {
        let script = "ip link add eth9 type veth peer name eth8 && ip link del eth9"
        let run = try? ChildProcesses.run(.init(executable: "unshare", arguments: ["--net", "sh", "-c", script]))
        return run?.status == 0
    }()

    private let keepers: ChildProcesses

    init(cables: Int = 1) throws {
        keepers = try ChildProcesses(
            Self.names.map { name in
                .init(
                    executable: "unshare",
                    arguments: ["--net", "--uts", "sh", "-c", "hostname \(name); echo kept; exec sleep 120"])
            }, limit: .seconds(100))
        try keepers.wait("two namespaces") { $0.allSatisfy { $0.lines == ["kept"] } }
        for cable in 0..<cables {
            let (one, other) = (keepers.children[0].process, keepers.children[1].process)
            try Self.run("ip link add eth\(cable) netns \(one) type veth peer name eth\(cable) netns \(other)")
            for host in 0..<2 {
                try run(
                    on: host,
                    "ip link set lo up; ip address add 10.88.\(cable).\(host + 1)/24 dev eth\(cable); "
                        + "ip address add fd88:\(cable)::\(host + 1)/64 dev eth\(cable) nodad; ip link set eth\(cable) up"
                )
            }
        }
    }

    /// The same command on a host.
    func command(_ command: ChildProcesses.Command, on host: Int) -> ChildProcesses.Command {
        // Becomes the command, so that its process is the child.
        .init(
            executable: "nsenter",
            arguments: ["--net", "--uts", "--target", "\(keepers.children[host].process)", command.executable]
                + command.arguments,
            environment: command.environment)
    }

    /// Starts a job whose first ranks are on host 0 and whose last are on host 1.
    func startRanks(
        _ size: Int, timeout: Double = 20, at rendezvous: String = "tcp://10.88.0.1:29400",
        environment: [String: String] = [:], _ steps: [String]
    ) throws -> ChildProcesses {
        try ChildProcesses(
            (0..<size).map { rank in
                var one = ChildProcesses.Command.rank(
                    rank, of: size, at: rendezvous, timeout: timeout, ["join"] + steps)
                one.environment.merge(environment) { $1 }
                return command(one, on: rank * 2 / size)
            }, limit: .seconds(40))
    }

    /// Pulls the cable out of host 0.
    func pull(_ cable: Int = 0) throws { try run(on: 0, "ip link set eth\(cable) down") }
    func plugIn(_ cable: Int = 0) throws { try run(on: 0, "ip link set eth\(cable) up") }

    private func run(on host: Int, _ script: String) throws {
        let run = try ChildProcesses.run(
            command(.init(executable: "sh", arguments: ["-e", "-c", script]), on: host))
        guard run.status == 0 else { throw Wrong("\(script): \(run.errors)") }
    }

    private static func run(_ script: String) throws {
        let run = try ChildProcesses.run(.init(executable: "sh", arguments: ["-e", "-c", script]))
        guard run.status == 0 else { throw Wrong("\(script): \(run.errors)") }
    }
}
