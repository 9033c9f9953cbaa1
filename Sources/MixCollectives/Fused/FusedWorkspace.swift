internal import Synchronization

/// What the fused collectives of a communicator keep from call to call, so that they allocate nothing.
///
/// Handles give their storage back from any thread; all else is for the thread that is in the operation.
final class FusedWorkspace: @unchecked Sendable {
    /// Room for a row in float32.
    private(set) var wide: UnsafeMutablePointer<Float> = .allocate(capacity: 1)
    /// Room for what one row is the sum of.
    private(set) var sources: UnsafeMutablePointer<UnsafeRawPointer?> = .allocate(capacity: 1)
    private(set) var weights: UnsafeMutablePointer<Float> = .allocate(capacity: 1)
    /// The notes of a dispatch.
    let blocks = LaneBlocks()
    private var elements = 1
    private var terms = 1
    private let lock = Mutex(())
    private var spare: [DispatchStorage] = []

    deinit {
        wide.deallocate()
        sources.deallocate()
        weights.deallocate()
    }

    func makeRoom(elements: Int, terms: Int) {
        if elements > self.elements {
            wide.deallocate()
            wide = .allocate(capacity: elements)
            self.elements = elements
        }
        if terms > self.terms {
            sources.deallocate()
            weights.deallocate()
            sources = .allocate(capacity: terms)
            weights = .allocate(capacity: terms)
            self.terms = terms
        }
    }

    /// A storage that nobody uses.
    func take(_ heap: SharedHeap) throws(CollectiveError) -> DispatchStorage {
        if let storage = lock.withLock({ _ in spare.popLast() }) { return storage }
        return try DispatchStorage(heap)
    }

    func giveBack(_ storage: DispatchStorage) { lock.withLock { _ in spare.append(storage) } }
}
