import ArgumentParser
import MixCollectives

/// `mixbench info`: the ranks, where they run, and how they reach each other.
struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show ranks, hosts, processors, and the transport of every pair and why.")

    @OptionGroup(title: "Job") var job: JobOptions

    func run() throws {
        let world = try job.request.join()
        let node = try world.split(.node)
        let facts = [world.rank, node.rank, node.size, Host.processorCount, ProcessIdentity.current].map(Int64.init)
        var allFacts = [Int64](repeating: 0, count: facts.count * world.size)
        try world.allGather(facts, into: &allFacts)
        var hosts = [UInt8](repeating: 0, count: 64 * world.size)
        try world.allGather(fixedText(world.host, bytes: 64), into: &hosts)
        let routes = try RouteReport(world)
        if world.rank == 0 {
            Console.write("ranks       \(world.size)\n")
            Console.write("timeout     \(world.timeout)\n")
            if let model = ProcessIdentity.processorModel { Console.write("processor   \(model)\n") }
            Console.write("kernels     \(Host.instructionSet)\n")
            Console.write("\n  rank  in node   of  processors       pid  host\n")
            for rank in 0..<world.size {
                let fact = allFacts[rank * facts.count..<(rank + 1) * facts.count].map { String($0) }
                let host = text(hosts[rank * 64..<(rank + 1) * 64])
                Console.write(
                    pad(fact[0], 6) + pad(fact[1], 9) + pad(fact[2], 5) + pad(fact[3], 12) + pad(fact[4], 10)
                        + "  \(host)\n")
            }
            Console.write(routes.text)
        }
        world.close()
    }
}
