import ArgumentParser

/// Answers how to cut a mixture-of-experts model over a cluster, how fast it will be, and why.
@main
struct MixPlan: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mixplan",
        abstract: "Plans how to cut mixture-of-experts models over clusters.",
        subcommands: [PlanCommand.self, PlaceCommand.self, ListCommand.self])
}
