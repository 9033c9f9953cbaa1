import ArgumentParser

/// Runs whole models over ranks: `mixserve generate`, `mixserve bench`.
@main
struct MixServe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mixserve",
        abstract: "Runs mixture-of-experts models over ranks and nodes.",
        discussion: """
            mixserve generate --checkpoint DIR --nodes 2 --ranks 4 --prompt-ids 5,17,42 --generate 16
            mixserve bench --preset qwen3-30b-a3b --layers 4 --nodes 2 --ranks 4 --rate 2 --requests 32
            """,
        subcommands: [Generate.self, Bench.self])
}
