internal import CMixSystem

// What the launchers that people have tell their processes. Each sets its own variables; a rank must find itself
// under all of them. `MIX_*` overrides: it is what our own launcher and embedders use.
extension Job {
    /// The job that this process was started in, or nil when nobody started it as a rank.
    ///
    /// Throws ``CollectiveError/Code/invalidJob`` when a launcher's variables are there and make no sense.
    public static func current() throws(CollectiveError) -> Job? { try detect(in: Environment.current) }

    /// The job that an environment describes: pure but for the host's name and, under Hydra, the launcher's process id.
    ///
    /// In this order: `MIX_RANK` and `MIX_WORLD_SIZE`, a Kubernetes indexed job, Open MPI, Hydra (MPICH and Intel MPI),
    /// torchrun, Slurm. `mpirun` inside a Slurm allocation is `mpirun`'s job. `MIX_RENDEZVOUS`, `MIX_NODE` and
    /// `MIX_TIMEOUT` (seconds) hold under every launcher.
    public static func detect(in environment: [String: String]) throws(CollectiveError) -> Job? {
        let variables = Variables(environment)
        guard var job = try found(variables) else { return nil }
        if let node = variables["MIX_NODE"] { job.node = node }
        if let seconds = try variables.seconds("MIX_TIMEOUT") { job.timeout = seconds }
        return job
    }

    private static func found(_ variables: Variables) throws(CollectiveError) -> Job? {
        if variables["MIX_RANK"] != nil {
            return try job(variables, "MIX_RANK", "MIX_WORLD_SIZE", "MIX_RANK") { () throws(CollectiveError) in
                try variables.required("MIX_RENDEZVOUS", because: "MIX_RANK is set; all ranks of a job need the same text in it")
            }
        }
        if variables["JOB_COMPLETION_INDEX"] != nil, variables["MIX_WORLD_SIZE"] != nil {
            return try job(variables, "JOB_COMPLETION_INDEX", "MIX_WORLD_SIZE", "Kubernetes indexed job") {
                () throws(CollectiveError) in
                try variables.required("MIX_RENDEZVOUS", because: "Kubernetes does not say where the job's pods meet")
            }
        }
        if variables["OMPI_COMM_WORLD_RANK"] != nil {
            return try job(variables, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "mpirun (Open MPI)") {
                () throws(CollectiveError) in
                "openmpi/"
                    + (variables["PMIX_NAMESPACE"] ?? variables["OMPI_MCA_ess_base_jobid"] ?? variables["OMPI_MCA_orte_hnp_uri"]
                        ?? String(mix_ancestor("mpirun")))
            }
        }
        if variables["PMI_RANK"] != nil, variables["PMI_SIZE"] != nil || variables["SLURM_PROCID"] == nil {
            return try job(variables, "PMI_RANK", "PMI_SIZE", "mpirun (Hydra)") { () throws(CollectiveError) in
                // Hydra gives its ranks no common name, but one process starts all those of a machine.
                "hydra/" + String(mix_ancestor("hydra_pmi_proxy"))
            }
        }
        if variables["RANK"] != nil, variables["WORLD_SIZE"] != nil, variables["MASTER_ADDR"] != nil {
            return try job(variables, "RANK", "WORLD_SIZE", "torchrun") { () throws(CollectiveError) in
                let port = try variables.required("MASTER_PORT", because: "RANK, WORLD_SIZE and MASTER_ADDR are set")
                let run = variables["TORCHELASTIC_RUN_ID"] ?? ""
                let attempt = variables["TORCHELASTIC_RESTART_COUNT"] ?? "0"
                return "torchrun/\(variables["MASTER_ADDR"] ?? ""):\(port)/\(run)/\(attempt)"
            }
        }
        if variables["SLURM_PROCID"] != nil, variables["SLURM_STEP_ID"] != nil {
            let size = variables["SLURM_STEP_NUM_TASKS"] != nil ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS"
            return try job(variables, "SLURM_PROCID", size, "srun") { () throws(CollectiveError) in
                let step = variables["SLURM_STEP_ID"] ?? ""
                return "slurm/\(try variables.required("SLURM_JOB_ID", because: "SLURM_PROCID is set")).\(step)"
            }
        }
        return nil
    }

    private static func job(
        _ variables: Variables, _ rankName: String, _ sizeName: String, _ launcher: String,
        rendezvous: () throws(CollectiveError) -> String
    ) throws(CollectiveError) -> Job {
        let rank = try variables.number(rankName, 0...Int(Int32.max))
        let size = try variables.number(sizeName, 1...Int(Int32.max))
        guard rank < size else {
            throw CollectiveError(
                .invalidJob, "\(rankName)=\(rank) with \(sizeName)=\(size): a rank is in 0 ..< the number of ranks")
        }
        let meeting: String
        if let given = variables["MIX_RENDEZVOUS"] { meeting = given } else { meeting = try rendezvous() }
        return Job(rank: rank, worldSize: size, rendezvous: meeting, launcher: launcher)
    }

    /// Variables with values; an empty one counts as not set.
    private struct Variables {
        private let environment: [String: String]

        init(_ environment: [String: String]) { self.environment = environment }

        subscript(_ name: String) -> String? {
            guard let value = environment[name], !value.isEmpty else { return nil }
            return value
        }

        func required(_ name: String, because reason: String) throws(CollectiveError) -> String {
            guard let value = self[name] else { throw CollectiveError(.invalidJob, "\(name) is missing: \(reason)") }
            return value
        }

        func number(_ name: String, _ range: ClosedRange<Int>) throws(CollectiveError) -> Int {
            guard let text = self[name] else {
                throw CollectiveError(.invalidJob, "\(name) is missing, though the variable that goes with it is set")
            }
            guard let number = Int(text), range.contains(number) else {
                throw CollectiveError(
                    .invalidJob, "\(name)=\(text) is not a number in \(range.lowerBound) … \(range.upperBound)")
            }
            return number
        }

        func seconds(_ name: String) throws(CollectiveError) -> Duration? {
            guard let text = self[name] else { return nil }
            guard let seconds = Double(text), seconds > 0, seconds <= 1e9 else {
                throw CollectiveError(.invalidJob, "\(name)=\(text) is not a number of seconds above 0, such as 30 or 0.5")
            }
            return .seconds(seconds)
        }
    }
}
