internal import MixCollectives

/// Where the choices of a scope's tokens go: from experts to numbered slots of the cells in one column.
///
/// The slots of the column's first cell come first, in order of their experts, then those of the second, and so on; behind
/// them one slot per cell for its copy of the shared experts.
struct SlotMap: Sendable {
    /// The node (the scope's number in the column) of every slot, as a dispatch wants it.
    let nodeOfSlot: [Int32]
    /// The experts that this rank's cell holds, by slot.
    let ownExperts: [Int]
    /// The first of this cell's slots.
    let firstOwn: Int
    /// This cell's slot of the shared experts, if there are any.
    let ownShared: Int?
    /// The scopes of the column, by node.
    let scopes: [Int]
    /// This rank's node.
    let node: Int

    /// One place where an expert is: a slot of this column, or -1 in another.
    private var copies: [Int32] = []
    /// The range of `copies` for each set and expert: where it begins, how many are in this scope, how many there are.
    private var ranges: [(start: Int32, near: Int32, count: Int32)] = []
    private let expertCount: Int
    private let setsPerScope: Int
    private let column: Int
    private let columnCount: Int

    init(_ layout: RankLayout, _ placement: ExpertHolders, rank: Int, hasShared: Bool) {
        let parts = layout.parts
        let ownScope = layout.scope(of: rank)
        let ownColumn = layout.column(of: rank)
        expertCount = placement.ranksOfExpert.count
        setsPerScope = layout.setsPerScope
        column = ownColumn
        columnCount = layout.columnCount

        // The scopes that make a set with this one.
        let ownSet = layout.cellsOfScope[ownScope][0] / parts
        let mates =
            layout.setsPerScope > 1
            ? [ownScope] : layout.scopes.indices.filter { layout.cellsOfScope[$0][0] / parts == ownSet }
        scopes = mates
        node = mates.firstIndex(of: ownScope)!

        var nodeOfSlot: [Int32] = []
        var firstOfNode: [Int] = []
        var heldBy: [[Int]] = []
        for (node, scope) in mates.enumerated() {
            let experts = placement.experts(onRank: layout.cellsOfScope[scope][ownColumn] % parts)
            firstOfNode.append(nodeOfSlot.count)
            heldBy.append(experts)
            nodeOfSlot += experts.map { _ in Int32(node) }
        }
        ownExperts = heldBy[node]
        firstOwn = firstOfNode[node]
        ownShared = hasShared ? nodeOfSlot.count + node : nil
        self.nodeOfSlot = hasShared ? nodeOfSlot + mates.indices.map { Int32($0) } : nodeOfSlot

        let ownSets = Set(layout.cellsOfScope[ownScope].map { $0 / parts }).sorted()
        for set in ownSets {
            for (expert, holders) in placement.ranksOfExpert.enumerated() {
                var near: [Int32] = []
                var far: [Int32] = []
                for holder in holders {
                    for (node, scope) in mates.enumerated() {
                        let column = layout.cellsOfScope[scope].firstIndex { $0 % parts == holder && $0 / parts == set }
                        guard let column else { continue }
                        let slot =
                            column == ownColumn ? Int32(firstOfNode[node] + heldBy[node].firstIndex(of: expert)!) : -1
                        if scope == ownScope { near.append(slot) } else { far.append(slot) }
                    }
                }
                ranges.append((Int32(copies.count), Int32(near.count), Int32(near.count + far.count)))
                copies += near + far
            }
        }
    }

    /// The slot where `token` of this scope finds an expert, or -1 if another column brings it there.
    ///
    /// Copies inside the scope go first, which costs no wire; tokens take turns over those, or over all if there are none.
    func slot(of expert: Int, token: Int) -> Int32 {
        let (set, turn) = (token % setsPerScope, token / setsPerScope)
        let range = ranges[set * expertCount + expert]
        let choice = range.near > 0 ? turn % Int(range.near) : (turn + node) % Int(range.count)
        return copies[Int(range.start) + choice]
    }

    /// The slot of the shared experts for `token`, or -1 if another column has them for it.
    func sharedSlot(token: Int) -> Int32 {
        guard let ownShared, token % columnCount == column else { return -1 }
        return Int32(ownShared)
    }
}
