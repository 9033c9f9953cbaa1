import MixCollectives

/// `job`: prints this process's job as one line.
func job(_: [String]) throws -> Int32 {
    guard let job = try Job.current() else {
        report("no job")
        return 0
    }
    report(
        "rank=\(job.rank) size=\(job.worldSize) rendezvous=\(job.rendezvous) node=\(job.node) timeout=\(job.timeout) launcher=\(job.launcher)"
    )
    return 0
}
