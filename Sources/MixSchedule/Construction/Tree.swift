/// A rank's place in a tree of ranks.
struct Tree {
    /// The rank next to the root, nil at the root itself.
    let parent: Int?
    /// The ranks below, in the order in which they are served.
    let children: [Int]

    /// The binomial tree over ranks rotated so that `root` comes first: depth ⌈log₂ n⌉, and the root has as many children.
    ///
    /// The child with the largest subtree comes first.
    static func binomial(rank: Int, ranks: [Int], root: Int) -> Tree {
        let count = ranks.count
        guard let start = ranks.firstIndex(of: root), let place = ranks.firstIndex(of: rank) else {
            preconditionFailure("rank \(rank) and root \(root) must both be in the tree")
        }
        let position = (place + count - start) % count
        func member(at position: Int) -> Int { ranks[(position + start) % count] }
        // A position's parent is it without its lowest bit; its children have one more bit below that one.
        let limit = position == 0 ? count : position & -position
        var children: [Int] = []
        var bit = 1
        while bit < limit && position + bit < count {
            children.insert(member(at: position + bit), at: 0)
            bit *= 2
        }
        return Tree(
            parent: position == 0 ? nil : member(at: position & (position - 1)), children: children)
    }

    /// The two binary trees of a double-tree collective: a rank that has two children in one has none in the other.
    ///
    /// Each is the in-order tree on 1..<n below position 0: odd positions are leaves. The second tree is the first with the
    /// positions mirrored so that odd and even change places. Depth at most ⌈log₂ n⌉ + 1.
    ///
    /// - Source: Sanders, Speck and Träff, "Two-tree algorithms for full bandwidth broadcast, reduction and scan" (2009).
    static func double(rank: Int, rankCount: Int) -> [Tree] {
        let identity = { (position: Int) in position }
        // With an odd count, mirroring keeps 0 in place, which has one child in each tree.
        let mirror = { (position: Int) in
            rankCount % 2 == 0 ? rankCount - 1 - position : (rankCount - position) % rankCount
        }
        return [identity, mirror].map { swap in
            let place = inOrder(position: swap(rank), count: rankCount)
            return Tree(parent: place.parent.map(swap), children: place.children.map(swap))
        }
    }

    private static func inOrder(position: Int, count: Int) -> Tree {
        guard position > 0 else {
            var top = 1
            while top * 2 < count { top *= 2 }
            return Tree(parent: nil, children: count > 1 ? [top] : [])
        }
        // The lowest bit says how far a position's subtree reaches to both sides.
        let bit = position & -position
        let left = position - bit
        let isLeftChild = left & (2 * bit) == 0 && position + bit < count
        var reach = bit / 2
        while reach > 0 && position + reach >= count { reach /= 2 }
        return Tree(
            parent: isLeftChild ? position + bit : left,
            children: (bit > 1 ? [position - bit / 2] : []) + (reach > 0 ? [position + reach] : []))
    }
}

extension ScheduleDraft {
    /// Reduction towards the root: own ∘ last child ∘ … ∘ first child, pipelined by pieces.
    ///
    /// - Parameters:
    ///   - own: this rank's contribution.
    ///   - sum: where the sum over this rank's subtree goes; not written if there are no children.
    /// - Returns: when each piece of `sum` is there.
    mutating func reduce(
        up tree: Tree, named name: String = "", channel: Int = 0, pieces: Int, own: Slice,
        sum: Slice
    ) -> [Completion?] {
        var done: [Completion?] = Array(repeating: nil, count: pieces)
        if !tree.children.isEmpty {
            let receiving = addStream(name + "reduce", channel: channel)
            for piece in 0..<pieces {
                for child in tree.children.reversed() {
                    done[piece] = append(
                        .receiveReduce(
                            into: sum.piece(piece, of: pieces),
                            with: (child == tree.children.last ? own : sum).piece(
                                piece, of: pieces),
                            from: child),
                        to: receiving)
                }
            }
        }
        if let parent = tree.parent {
            let sending = addStream(name + "send up", channel: channel)
            let source = tree.children.isEmpty ? own : sum
            for piece in 0..<pieces {
                append(
                    .send(source.piece(piece, of: pieces), to: parent), to: sending,
                    after: [done[piece]])
            }
        }
        return done
    }

    /// Broadcast away from the root, pipelined by pieces.
    ///
    /// - Parameters:
    ///   - source: at the root, what is broadcast.
    ///   - result: elsewhere, where it goes.
    ///   - ready: at the root, when each piece of the source is there, if not from the start.
    mutating func broadcast(
        down tree: Tree, named name: String = "", channel: Int = 0, pieces: Int,
        source: Slice, result: Slice, ready: [Completion?]? = nil
    ) {
        var arrived = ready ?? Array(repeating: nil, count: pieces)
        if let parent = tree.parent {
            let receiving = addStream(name + "receive", channel: channel)
            for piece in 0..<pieces {
                arrived[piece] = append(
                    .receive(result.piece(piece, of: pieces), from: parent), to: receiving)
            }
        }
        if !tree.children.isEmpty {
            let sending = addStream(name + "send down", channel: channel)
            let held = tree.parent == nil ? source : result
            for piece in 0..<pieces {
                for child in tree.children {
                    append(
                        .send(held.piece(piece, of: pieces), to: child), to: sending,
                        after: [arrived[piece]])
                }
            }
        }
    }
}
