internal import CMixSystem
internal import Glibc
internal import Synchronization

/// The ranks that share memory with this one, as this rank sees them: their heaps, and who they are.
final class Node: @unchecked Sendable {
    /// One heap per rank of the node, in rank order.
    let heaps: [SharedHeap]
    /// This rank's index among them.
    let index: Int
    /// Host of every rank, for messages.
    let hosts: [String]
    /// Whether the rank is a thread of this very process: it lives as long as we do.
    let sameProcess: [Bool]
    /// Whether ranks outnumber the processors that they may run on.
    let oversubscribed: Bool
    /// 1 in this process, 0 in a child forked from it.
    let forkWitness: UnsafeMutablePointer<UInt32>
    /// Blocks of communicators that this rank has let go, and whose other members may not have yet.
    private let retired = Mutex<[Retired]>([])

    /// A member's block in this rank's heap.
    private struct Retired {
        let offset: Int
        let bytes: Int
        let groupSize: Int
    }

    init(heaps: [SharedHeap], index: Int, hosts: [String], sameProcess: [Bool], oversubscribed: Bool)
        throws(CollectiveError)
    {
        guard let witness = mix_fork_witness() else { throw .system("a page that children don't inherit", ENOMEM) }
        self.heaps = heaps
        self.index = index
        self.hosts = hosts
        self.sameProcess = sameProcess
        self.oversubscribed = oversubscribed
        self.forkWitness = witness
    }

    deinit { mix_fork_witness_release(forkWitness) }

    /// This rank's own heap.
    var heap: SharedHeap { heaps[index] }

    func root(of rank: Int) -> UnsafeMutablePointer<mix_rank_root> {
        heaps[rank].base.assumingMemoryBound(to: mix_rank_root.self)
    }

    /// Whether the rank's process still lives.
    func isAlive(_ rank: Int) -> Bool {
        rank == index || sameProcess[rank] || mix_liveness_check(heaps[rank].file) != 0
    }

    /// Takes care of the block of a communicator that is gone: it's given back when its last member is gone too.
    func retire(_ member: Member, bytes: Int, groupSize: Int) {
        let offset = UnsafeMutableRawPointer(member.fixed) - heap.base
        retired.withLock { $0.append(Retired(offset: offset, bytes: bytes, groupSize: groupSize)) }
    }

    /// Gives back what nobody needs any more.
    func reclaim() {
        retired.withLock { retired in
            retired.removeAll { one in
                let member = Member(node: self, nodeRank: index, offset: one.offset)
                guard mix_load_acquire_u32(member.released) == one.groupSize else { return false }
                heap.release(heap.base + one.offset, bytes: one.bytes)
                return true
            }
        }
    }

    /// Address space per rank: all that the machine has, so that the heap is never what runs out.
    static func heapCapacity() -> Int {
        SharedHeap.roundedUp(Swift.max(Int(mix_physical_memory()), 1 << 30), SharedHeap.hugePageSize)
    }

    /// Makes this rank's heap and what lies at fixed places in it: the rank's root, then its world member.
    static func makeHeap(worldSize: Int) throws(CollectiveError) -> SharedHeap {
        let heap = try SharedHeap(capacity: heapCapacity())
        let root = try heap.reserve(bytes: MemoryLayout<mix_rank_root>.size)
        let member = try heap.reserve(bytes: Member.bytes(groupSize: worldSize))
        precondition(root == heap.base && member == heap.base + Member.worldOffset(groupSize: worldSize))
        return heap
    }
}
