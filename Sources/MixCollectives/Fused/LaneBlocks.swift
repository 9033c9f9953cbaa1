/// Blocks of any size for the same lane of each node, and from it.
final class LaneBlocks {
    typealias Block = (address: UnsafeMutableRawPointer, bytes: Int)

    private(set) var outgoing: [Block] = []
    private(set) var incoming: [Block] = []

    /// Begins anew, in the memory that there is.
    func clear() {
        outgoing.removeAll(keepingCapacity: true)
        incoming.removeAll(keepingCapacity: true)
    }

    /// Adds the blocks of the next node.
    func append(outgoing: Block, incoming: Block) {
        self.outgoing.append(outgoing)
        self.incoming.append(incoming)
    }
}
