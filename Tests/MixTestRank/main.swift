import Glibc

/// What the tests' rank program can do: one file per subcommand, one line here.
enum Subcommand {
    static let all: [String: @Sendable ([String]) throws -> Int32] = [
        "input": input,
        "job": job,
        "launch": launch,
        "load": load,
        "moe": moe,
        "play": play,
        "stay": stay,
        "verbs-link": verbsLink,
    ]
}

do {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let name = arguments.first, let subcommand = Subcommand.all[name] else {
        complain("usage: MixTestRank \(Subcommand.all.keys.sorted().joined(separator: "|")) …")
        exit(64)
    }
    exit(try subcommand(Array(arguments.dropFirst())))
} catch {
    complain("MixTestRank: \(error)")
    exit(1)
}
