/// How a group of ranks at equal distances lies on a cluster's nodes.
struct GroupShape: Sendable, Hashable {
    /// Over how many nodes.
    var nodes: Int
    /// How many ranks on each of them.
    var perNode: Int

    var size: Int { nodes * perNode }

    /// One rank alone.
    static let single = GroupShape(nodes: 1, perNode: 1)

    init(nodes: Int, perNode: Int) {
        self.nodes = nodes
        self.perNode = perNode
    }

    /// The shape of `size` ranks, every `stride`-th, of which the first is the first of a node; nil if not all such
    /// groups lie alike.
    init?(size: Int, stride: Int, ranksPerNode: Int) {
        if size == 1 {
            self = .single
        } else if stride >= ranksPerNode {
            guard stride % ranksPerNode == 0 else { return nil }
            self.init(nodes: size, perNode: 1)
        } else {
            guard ranksPerNode % stride == 0 else { return nil }
            let places = ranksPerNode / stride
            if size <= places {
                guard places % size == 0 else { return nil }
                self.init(nodes: 1, perNode: size)
            } else {
                guard size % places == 0 else { return nil }
                self.init(nodes: size / places, perNode: places)
            }
        }
    }
}
