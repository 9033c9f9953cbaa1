import ArgumentParser
import MixCollectives
import MixSchedule

/// `mixbench list`: the algorithms of every operation.
struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the algorithms of each operation, for --algorithm.")

    @Argument(help: "Operations; all of them when left out.")
    var operations: [Operation] = []

    func run() {
        for operation in operations.isEmpty ? Operation.allCases : operations {
            Console.write("\(operation.rawValue)\n")
            let entries = Algorithm.all(for: operation)
            if entries.isEmpty { Console.write("    (one way only)\n") }
            for entry in entries {
                let memory = entry.needsMappedMemory ? " Needs mapped memory." : ""
                Console.write("    \(pad(entry.name, 24, .left)) \(entry.summary)\(memory)\n")
            }
        }
    }
}
