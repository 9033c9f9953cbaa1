/// What launchers say about a job's machines, and what has to be typed where they say too little.
extension Environment {
    /// Whether fewer of a job's ranks are on this machine than there are.
    func hasOtherMachines(_ localSize: String, of size: String) -> Bool {
        guard let here = self[localSize].flatMap({ Int($0) }), let all = self[size].flatMap({ Int($0) }) else {
            return false
        }
        return here < all
    }

    /// Where the ranks of a Slurm step of several nodes meet: the first node, where rank 0 is unless the user arranges
    /// the ranks in another way, at a port that follows from the step. Nil for a step of one node.
    var slurmMeeting: String? {
        guard let nodes = self["SLURM_STEP_NUM_NODES"].flatMap({ Int($0) }), nodes > 1,
            let host = self["SLURM_STEP_NODELIST"].map(Self.firstHost), !host.isEmpty
        else { return nil }
        let job = self["SLURM_JOB_ID"].flatMap { UInt32($0) } ?? 0
        let step = self["SLURM_STEP_ID"].flatMap { UInt32($0) } ?? 0
        // Above the ports that Linux gives to whoever asks for any, and another for jobs and steps at the same time.
        return "tcp://\(host):\(61_000 + (Int(job) + 97 * Int(step)) % 4500)"
    }

    /// The first name of a Slurm list: "rack[07-09,12]-ib,login" begins with "rack07-ib".
    static func firstHost(_ list: String) -> String {
        var host = ""
        var (isInside, isFirst) = (false, true)
        for character in list {
            if character == "[" || character == "]" {
                (isInside, isFirst) = (character == "[", true)
            } else if isInside, character == "," || character == "-" {
                isFirst = false
            } else if character == "," {
                return host
            } else if isFirst {
                host.append(character)
            }
        }
        return host
    }

    /// For launchers that don't say where rank 0 is.
    func several(_ localSize: String, of size: String, launcher: String) -> CollectiveError {
        CollectiveError(
            .invalidJob,
            "\(launcher) runs \(self[localSize] ?? "") of the \(self[size] ?? "") ranks on this machine "
                + "(\(localSize), \(size)) and doesn't say where rank 0 is. Say it, with a free port there:  "
                + "export MIX_RENDEZVOUS=tcp://HOST:29400 MIX_SECRET=\(Self.randomText)"
                + (launcher == Self.openMPI ? "; mpirun -x MIX_RENDEZVOUS -x MIX_SECRET …" : "; mpirun …"))
    }

    static let openMPI = "mpirun (Open MPI)"
    private static let randomText = "$(openssl rand -hex 32)"

    /// How to hand a secret to all ranks of a job.
    static func secretAdvice(_ launcher: String) -> String {
        switch launcher {
        case openMPI: "export MIX_SECRET=\(randomText); mpirun -x MIX_SECRET …"
        case let name where name.hasPrefix("mpirun"): "export MIX_SECRET=\(randomText); mpirun …"
        case let name where name.hasPrefix("srun"): "export MIX_SECRET=\(randomText); srun …"
        case "Kubernetes": "kubectl create secret generic mix --from-literal=MIX_SECRET=\(randomText)"
        default: "export MIX_SECRET=TEXT, on all machines, with what \"openssl rand -hex 32\" printed on one of them"
        }
    }
}
