internal import CMixSystem
internal import Glibc
internal import Synchronization

/// A rank's memory that the other ranks of the node have mapped: a memory file, larger than it will ever
/// need to be and backed by pages only where something was allocated.
///
/// Because peers map the whole file once, an allocation is no collective operation: nobody is told.
/// The file has no name, so nothing is left of it when the last process that has it ends.
final class SharedHeap: @unchecked Sendable {
    let file: Int32
    let base: UnsafeMutableRawPointer
    let capacity: Int
    /// Ranges of the file that nobody has, in order and never adjacent.
    private let free: Mutex<[Range<Int>]>
    private let process = mix_process_id()
    private let registrar = Mutex(WeakRegistrar())

    private struct WeakRegistrar {
        weak var value: (any MemoryRegistrar)?
    }

    static let pageSize = 4096
    static let hugePageSize = 2 << 20

    /// A heap of this process, or (given a `file`) the view of another process's heap.
    init(file received: Int32? = nil, capacity: Int) throws(CollectiveError) {
        let file = received ?? mix_memory_file("mixserve-heap", capacity)
        guard file >= 0 else { throw .system("a memory file of \(capacity) bytes", -file) }
        guard let base = mix_map(file, capacity) else {
            mix_close(file)
            throw .system("mapping \(capacity) bytes of address space (is there a limit, ulimit -v?)", ENOMEM)
        }
        self.file = file
        self.base = base
        self.capacity = capacity
        self.free = Mutex([0..<capacity])
    }

    deinit {
        mix_unmap(base, capacity)
        mix_close(file)
    }

    /// Address space for `bytes`, zero and without pages until touched; for what the library itself keeps.
    func reserve(bytes: Int) throws(CollectiveError) -> UnsafeMutableRawPointer {
        let length = Self.length(bytes)
        let alignment = length >= Self.hugePageSize ? Self.hugePageSize : Self.pageSize
        let offset = free.withLock { free -> Int? in
            for index in free.indices {
                let range = free[index]
                let lower = Self.roundedUp(range.lowerBound, alignment)
                guard lower + length <= range.upperBound else { continue }
                let rest = [range.lowerBound..<lower, (lower + length)..<range.upperBound].filter { !$0.isEmpty }
                free.replaceSubrange(index...index, with: rest)
                return lower
            }
            return nil
        }
        guard let offset else {
            throw CollectiveError(
                .outOfMemory, "\(bytes) bytes are not left in the shared heap of \(capacity) bytes; free buffers first")
        }
        return base + offset
    }

    /// Zeroed memory for `bytes`, with pages behind every byte of it.
    func allocate(bytes: Int) throws(CollectiveError) -> UnsafeMutableRawPointer {
        // A memory file may outgrow the machine; the kernel would kill somebody rather than refuse.
        let available = mix_available_memory()
        guard available < 0 || bytes <= available else {
            throw CollectiveError(
                .outOfMemory, "\(bytes) bytes of shared memory asked for, \(available) available on \(Host.name)")
        }
        let address = try reserve(bytes: bytes)
        let length = Self.length(bytes)
        let result = mix_commit(file, address - base, length)
        guard result == 0 else {
            release(address, bytes: bytes)
            throw CollectiveError(
                .outOfMemory, "\(bytes) bytes of shared memory could not be had on \(Host.name)", errno: -result)
        }
        mix_populate(address, length)
        do throws(CollectiveError) {
            try registrar.withLock { $0.value }?.register(address, bytes: length)
        } catch {
            release(address, bytes: bytes)
            throw error
        }
        return address
    }

    /// Makes what is allocated from now on known to a network card.
    func register(with registrar: any MemoryRegistrar) { self.registrar.withLock { $0.value = registrar } }

    /// Gives memory back; its pages are free at once.
    func release(_ address: UnsafeMutableRawPointer, bytes: Int) {
        // A forked child has the parent's buffers, in the parent's file: they are the parent's to give back.
        guard mix_process_id() == process else { return }
        registrar.withLock { $0.value }?.deregister(address)
        let lower = address - base
        let upper = lower + Self.length(bytes)
        _ = mix_decommit(file, lower, upper - lower)
        free.withLock { free in
            let index = free.firstIndex { $0.lowerBound >= upper } ?? free.endIndex
            var range = lower..<upper
            var replaced = index..<index
            if index < free.endIndex, free[index].lowerBound == upper {
                range = lower..<free[index].upperBound
                replaced = index..<(index + 1)
            }
            if index > 0, free[index - 1].upperBound == lower {
                range = free[index - 1].lowerBound..<range.upperBound
                replaced = (index - 1)..<replaced.upperBound
            }
            free.replaceSubrange(replaced, with: CollectionOfOne(range))
        }
    }

    /// Whole pages, and one where nothing is asked for, so that every address is somebody's own.
    private static func length(_ bytes: Int) -> Int { roundedUp(Swift.max(bytes, 1), pageSize) }

    static func roundedUp(_ bytes: Int, _ alignment: Int) -> Int { (bytes + alignment - 1) / alignment * alignment }
}
