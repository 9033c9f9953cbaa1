/// The groups among which experts' rows move: every group of `lanes` has a part of the experts, and cuts each over its lanes.
struct ExpertGrid: Sendable, Hashable {
    /// The lanes of one group.
    var lanes: GroupShape
    /// The ranks of one lane in all groups that exchange rows.
    var groups: GroupShape

    /// Groups that a lane sends to.
    var peers: Int { groups.size - 1 }
    /// Those of them on the same node.
    var nearPeers: Int { groups.perNode - 1 }
    /// Those of them on other nodes.
    var farPeers: Int { groups.size - groups.perNode }
}
