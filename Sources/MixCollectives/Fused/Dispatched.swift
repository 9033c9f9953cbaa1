/// The rows that a dispatch brought to this node, the same on all its lanes, and the handle for their way back.
///
/// Every row serves one or more *choices*: an expert on this node that a token chose. Choices are numbered by expert, so
/// that an expert's are a run, and within an expert by row. Read it until it is combined. Its memory serves
/// another dispatch once it is gone.
public struct Dispatched<Element: CollectiveElement>: ~Copyable {
    /// Elements per row.
    public var hidden: Int { storage.hidden }
    /// How many rows came, this node's own among them: by source node, then by token.
    public var rowCount: Int { storage.arrivals.rows.count }
    /// How many choices they serve.
    public var choiceCount: Int { storage.arrivals.choiceRows.count }
    /// The row of each choice. As with ``choiceWeights`` and ``experts``, the array is the stored one: let go of it before the
    /// next dispatch, or that has to make another.
    public var choiceRows: [Int32] { storage.arrivals.choiceRows }
    /// The gate's weight of each choice; ``Communicator/combine(_:_:into:)`` applies it, unless
    /// ``DispatchOptions/weightsResults`` says otherwise.
    public var choiceWeights: [Float] { storage.arrivals.choiceWeights }
    /// The experts that were chosen, in order.
    public var experts: [Int] { storage.arrivals.experts }

    /// The choices of `experts[index]`.
    public func choices(ofExpertAt index: Int) -> Range<Int> {
        storage.arrivals.expertStarts[index]..<storage.arrivals.expertStarts[index + 1]
    }

    /// The rows that came from one node of the grid.
    public func rows(fromNode node: Int) -> Range<Int> { storage.arrivals.rows[node] }

    /// The received rows, [``rowCount``, ``hidden``].
    public var rows: Span<Element> {
        @_lifetime(borrow self)
        get {
            // The memory lives as long as self, which the returned span borrows.
            let start = UnsafePointer(storage.rows.assumingMemoryBound(to: Element.self))
            let span = unsafe Span(_unsafeStart: start, count: rowCount * hidden)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    let storage: DispatchStorage
    let workspace: FusedWorkspace

    init(_ storage: DispatchStorage, _ workspace: FusedWorkspace) {
        self.storage = storage
        self.workspace = workspace
    }

    deinit { workspace.giveBack(storage) }
}
