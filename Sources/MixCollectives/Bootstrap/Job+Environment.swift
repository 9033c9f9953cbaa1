internal import CMixSystem

extension Job {
    /// The job that a launcher started this process in; nil when none did, which makes a world of one.
    ///
    /// Recognised, the first that fits: `MIX_RANK` and its companions, `mpirun` of Open MPI, `mpirun` of MPICH and
    /// Intel MPI, `torchrun`, `srun`, Kubernetes indexed jobs. ``detect(in:)`` says which variables each sets.
    ///
    /// - Throws: ``CollectiveError/Code/invalidJob``, naming the variable and its value.
    public static func current() throws(CollectiveError) -> Job? {
        var environment = Environment.current
        // MPICH's launcher says who we are but not which job this is.
        if environment["PMI_RANK"] != nil, let job = Environment.hydraJob { environment[Environment.hydraJobKey] = job }
        return try detect(in: environment)
    }

    /// The job that these environment variables describe; nil when they describe none.
    ///
    /// | launcher | rank and size | rendezvous |
    /// |---|---|---|
    /// | by hand, ``Launcher`` | `MIX_RANK`, `MIX_WORLD_SIZE` | `MIX_RENDEZVOUS` |
    /// | `mpirun` (Open MPI) | `OMPI_COMM_WORLD_RANK`, `OMPI_COMM_WORLD_SIZE` | `PMIX_NAMESPACE` and a random key of the job |
    /// | `mpirun` (MPICH, Intel MPI) | `PMI_RANK`, `PMI_SIZE` | `I_MPI_HYDRA_UUID`; MPICH: see ``current()`` |
    /// | `torchrun` | `RANK`, `WORLD_SIZE` | `MASTER_ADDR`, `MASTER_PORT`, `TORCHELASTIC_RUN_ID` |
    /// | `srun --mpi=pmi2` | `PMI_RANK`, `PMI_SIZE` | `PMI_JOBID` |
    /// | `srun` | `SLURM_PROCID`, `SLURM_STEP_NUM_TASKS` or `SLURM_NTASKS` | `SLURM_JOB_ID`, `SLURM_STEP_ID` |
    /// | Kubernetes | `JOB_COMPLETION_INDEX`, `MIX_WORLD_SIZE` | `MIX_RENDEZVOUS` |
    ///
    /// Where the launcher says that ranks are on other machines too, these are names no more but addresses: under
    /// `torchrun` `MASTER_ADDR` and the port after `MASTER_PORT`, under `srun` the first of `SLURM_STEP_NODELIST` and
    /// a port that follows from job and step; `mpirun` doesn't tell, and needs `MIX_RENDEZVOUS`.
    ///
    /// For every launcher `MIX_RENDEZVOUS` overrides the rendezvous, `MIX_NODE` names a virtual node, and
    /// `MIX_TIMEOUT` (seconds, decimals allowed, default 30) limits every operation. MPI's launchers come before
    /// `srun` because inside a Slurm allocation they start their own helpers through it, and the ranks inherit the
    /// helper's variables. The script of `sbatch` and the shell of `salloc` are no ranks, though Slurm numbers them.
    /// An empty variable counts as unset.
    ///
    /// - Throws: ``CollectiveError/Code/invalidJob`` for a number that is none, a rank outside `0 ..< size`, a size
    ///   of 0, or a variable that is missing beside its companion; the message names variable and value.
    public static func detect(in environment: [String: String]) throws(CollectiveError) -> Job? {
        let environment = Environment(environment)
        let timeout = try environment.timeout()
        if var job = try find(environment) {
            if let node = environment["MIX_NODE"] { job.node = node }
            job.timeout = timeout
            return job
        }
        // Left over from no launcher at all: half a job is more likely a mistake than a wish to be alone.
        for (present, missing) in [("MIX_WORLD_SIZE", "MIX_RANK"), ("WORLD_SIZE", "RANK")]
        where environment[present] != nil {
            throw environment.missing(missing, beside: present)
        }
        return nil
    }

    private static func find(_ environment: Environment) throws(CollectiveError) -> Job? {
        if let job = try mixVariables(environment) { return job }
        if let job = try openMPI(environment) { return job }
        if let job = try hydra(environment) { return job }
        if let job = try torchrun(environment) { return job }
        if let job = try slurm(environment) { return job }
        return try kubernetes(environment)
    }

    private static func mixVariables(_ environment: Environment) throws(CollectiveError) -> Job? {
        guard environment["MIX_RANK"] != nil else { return nil }
        return try environment.job(
            "MIX_RANK", "MIX_WORLD_SIZE", launcher: "MIX_RANK",
            rendezvous: environment.required("MIX_RENDEZVOUS", beside: "MIX_RANK"))
    }

    private static func openMPI(_ environment: Environment) throws(CollectiveError) -> Job? {
        let (rank, size) = ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE")
        guard environment[rank] != nil || environment[size] != nil else { return nil }
        // Open MPI 4 numbers jobs with 16 bits of a hash; its random key makes them as good as unique.
        let names = ["PMIX_NAMESPACE", "OMPI_MCA_orte_precondition_transports"]
        let job = names.compactMap { environment[$0] }.joined(separator: "/")
        if job.isEmpty, environment["MIX_RENDEZVOUS"] == nil { throw environment.missing(names[0], beside: rank) }
        let local = "OMPI_COMM_WORLD_LOCAL_SIZE"
        if environment["MIX_RENDEZVOUS"] == nil, environment.hasOtherMachines(local, of: size) {
            throw environment.several(local, of: size, launcher: Environment.openMPI)
        }
        return try environment.job(rank, size, launcher: Environment.openMPI, rendezvous: "openmpi:" + job)
    }

    private static func hydra(_ environment: Environment) throws(CollectiveError) -> Job? {
        guard environment["PMI_RANK"] != nil || environment["PMI_SIZE"] != nil else { return nil }
        let launcher: String
        let job: String
        if let intel = environment["I_MPI_HYDRA_UUID"] {
            (launcher, job) = ("mpirun (Intel MPI)", intel)
        } else if let slurm = environment["PMI_JOBID"] {
            (launcher, job) = ("srun (PMI-2)", slurm)
        } else if let proxy = environment[Environment.hydraJobKey] ?? environment["MIX_RENDEZVOUS"] {
            (launcher, job) = ("mpirun (MPICH)", proxy)
        } else {
            throw CollectiveError(
                .invalidJob,
                "PMI_RANK=\(environment["PMI_RANK"] ?? "") is set, but which job it is a rank of can't be told: no "
                    + "hydra_pmi_proxy is above this process. Set MIX_RENDEZVOUS to a text that only this job's ranks have."
            )
        }
        // Inside an allocation mpirun's ranks inherit the variables of its own helpers.
        let meeting = launcher == "srun (PMI-2)" ? environment.slurmMeeting : nil
        let local = "MPI_LOCALNRANKS"
        if meeting == nil, environment["MIX_RENDEZVOUS"] == nil, environment.hasOtherMachines(local, of: "PMI_SIZE") {
            throw environment.several(local, of: "PMI_SIZE", launcher: launcher)
        }
        return try environment.job("PMI_RANK", "PMI_SIZE", launcher: launcher, rendezvous: meeting ?? "hydra:" + job)
    }

    private static func torchrun(_ environment: Environment) throws(CollectiveError) -> Job? {
        // WORLD_SIZE alone is common in batch scripts, which leave the rank to srun.
        guard environment["RANK"] != nil else { return nil }
        var meeting = ""
        if environment["MIX_RENDEZVOUS"] == nil {
            let host = try environment.required("MASTER_ADDR", beside: "RANK")
            let port = try environment.required("MASTER_PORT", beside: "RANK")
            if environment.hasOtherMachines("LOCAL_WORLD_SIZE", of: "WORLD_SIZE") {
                // At the port itself torchrun or the program's own process group listens.
                guard let number = UInt16(port), number > 0 else {
                    throw environment.invalid("MASTER_PORT", "a port belongs here, 1 to 65535")
                }
                let next = number == .max ? number - 1 : number + 1
                meeting = "tcp://" + NetworkAddress(host: host, port: Int(next)).description
            } else {
                meeting = "torchrun:\(host):\(port)"
                if let run = environment["TORCHELASTIC_RUN_ID"] { meeting += "/" + run }
            }
        }
        return try environment.job("RANK", "WORLD_SIZE", launcher: "torchrun", rendezvous: meeting)
    }

    private static func slurm(_ environment: Environment) throws(CollectiveError) -> Job? {
        guard environment["SLURM_PROCID"] != nil else { return nil }
        // Steps from 0xfffffff0 on are Slurm's own: the batch script, the interactive shell. Old versions leave
        // the batch script without any.
        guard let step = environment["SLURM_STEP_ID"] ?? environment["SLURM_STEPID"] else { return nil }
        if let number = UInt32(step), number >= 0xffff_fff0 { return nil }
        let size = environment["SLURM_STEP_NUM_TASKS"] != nil ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS"
        var job = environment["SLURM_JOB_ID"] ?? environment["SLURM_JOBID"] ?? ""
        if job.isEmpty, environment["MIX_RENDEZVOUS"] == nil {
            job = try environment.required("SLURM_JOB_ID", beside: "SLURM_PROCID")
        }
        return try environment.job(
            "SLURM_PROCID", size, launcher: "srun", rendezvous: environment.slurmMeeting ?? "slurm:\(job).\(step)")
    }

    private static func kubernetes(_ environment: Environment) throws(CollectiveError) -> Job? {
        guard environment["JOB_COMPLETION_INDEX"] != nil else { return nil }
        let meeting = try environment.required("MIX_RENDEZVOUS", beside: "JOB_COMPLETION_INDEX")
        guard try RendezvousPlace(meeting) != nil else {
            throw environment.invalid(
                "MIX_RENDEZVOUS",
                "every rank of a Kubernetes job is in a pod of its own, so tcp://JOB-0.SERVICE:29400 belongs here")
        }
        return try environment.job(
            "JOB_COMPLETION_INDEX", "MIX_WORLD_SIZE", launcher: "Kubernetes", rendezvous: meeting)
    }
}
