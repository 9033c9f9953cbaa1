import MixCollectives

/// `launch RANKS NODES GRACE SUBCOMMAND …`: starts itself as that many ranks, each of which runs the subcommand.
func launch(_ arguments: [String]) throws -> Int32 {
    guard arguments.count >= 4, let ranks = Int(arguments[0]), let nodes = Int(arguments[1]),
        let grace = Double(arguments[2]),
        let subcommand = Subcommand.all[arguments[3]]
    else { return 64 }
    if Launcher.isRank { return try subcommand(Array(arguments.dropFirst(4))) }
    return try Launcher(ranks: ranks, nodes: nodes, environment: ["MIX_TEST": "yes"], grace: .seconds(grace)).run()
}
