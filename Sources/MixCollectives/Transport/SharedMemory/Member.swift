internal import CMixSystem

/// One rank of a communicator as all its ranks see it: a block in that rank's own heap, which it alone
/// writes but for the failure record and the count of those who let go.
///
/// Behind the fixed part lie the slots' data and the channels to every member of the group.
struct Member {
    let fixed: UnsafeMutablePointer<mix_member>
    /// The rank's heap, to turn offsets that it names into addresses here.
    let heapBase: UnsafeMutableRawPointer
    let heapCapacity: Int
    let root: UnsafeMutablePointer<mix_rank_root>
    /// The rank's index in the node.
    let nodeRank: Int

    /// Streams of a schedule, and messages with tags, have channels of their own.
    static let channelsPerPeer = 5
    static let pointToPointChannel = 4

    private static let fixedBytes = SharedHeap.roundedUp(MemoryLayout<mix_member>.size, SharedHeap.pageSize)
    private static let slotBytes = Int(MIX_SLOT_BYTES)
    private static let slotsBytes = Int(MIX_SLOTS) * slotBytes
    private static let channelBytes = SharedHeap.roundedUp(MemoryLayout<mix_channel>.size, SharedHeap.pageSize)

    /// Bytes of a member's block in a group of this size.
    static func bytes(groupSize: Int) -> Int {
        fixedBytes + slotsBytes + groupSize * channelsPerPeer * channelBytes
    }

    /// Where the world's member lies in a rank's heap: the first large enough page behind the rank's root.
    static func worldOffset(groupSize: Int) -> Int {
        bytes(groupSize: groupSize) >= SharedHeap.hugePageSize ? SharedHeap.hugePageSize : SharedHeap.pageSize
    }

    init(node: Node, nodeRank: Int, offset: Int) {
        let heap = node.heaps[nodeRank]
        fixed = (heap.base + offset).assumingMemoryBound(to: mix_member.self)
        heapBase = heap.base
        heapCapacity = heap.capacity
        root = node.root(of: nodeRank)
        self.nodeRank = nodeRank
    }

    @inline(__always)
    func header(_ slot: Int) -> UnsafeMutablePointer<mix_header> {
        (UnsafeMutableRawPointer(fixed) + slot * Int(MIX_LINE)).assumingMemoryBound(to: mix_header.self)
    }

    @inline(__always)
    func slot(_ slot: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(fixed) + Self.fixedBytes + slot * Self.slotBytes
    }

    /// The channel on which this member sends to the group's rank `destination`.
    func channel(_ number: Int, to destination: Int) -> UnsafeMutablePointer<mix_channel> {
        let index = destination * Self.channelsPerPeer + number
        return (UnsafeMutableRawPointer(fixed) + Self.fixedBytes + Self.slotsBytes + index * Self.channelBytes)
            .assumingMemoryBound(to: mix_channel.self)
    }

    /// The rank's progress within the operation under way.
    @inline(__always)
    var progress: UnsafeMutablePointer<UInt64> {
        (UnsafeMutableRawPointer(fixed) + Int(MIX_SLOTS) * Int(MIX_LINE)).assumingMemoryBound(to: UInt64.self)
    }

    /// 1 once the rank has closed the communicator.
    var left: UnsafeMutablePointer<UInt64> {
        (UnsafeMutableRawPointer(fixed) + (Int(MIX_SLOTS) + 1) * Int(MIX_LINE)).assumingMemoryBound(to: UInt64.self)
    }

    /// How many members of the group need this block no more.
    var released: UnsafeMutablePointer<UInt32> {
        (UnsafeMutableRawPointer(fixed) + (Int(MIX_SLOTS) + 2) * Int(MIX_LINE)).assumingMemoryBound(to: UInt32.self)
    }

    var failure: UnsafeMutablePointer<mix_failure> {
        (UnsafeMutableRawPointer(fixed) + (Int(MIX_SLOTS) + 3) * Int(MIX_LINE)).assumingMemoryBound(
            to: mix_failure.self)
    }
}
