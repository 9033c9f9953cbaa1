public import MixSchedule

/// One collective as the caller asked for it, its memory reduced to addresses.
///
/// It crosses to the communicator's worker with memory that the suspended caller has lent.
@usableFromInline struct Call: @unchecked Sendable {
    var operation: Operation
    var type: DataType
    var reduction: Reduction
    /// Elements of the unit that all ranks agree on: the whole buffer of an all-reduce or a broadcast, one
    /// block of all others.
    var count: Int
    var root: Int
    var input: UnsafeRawPointer?
    var output: UnsafeMutableRawPointer?
    var sent: BlockTable?
    var received: BlockTable?
    /// Input and output are one buffer; of reduce-scatter and all-gather one is a block of the other.
    var inPlace: Bool
    /// Blocks of pairs of ranks change places: all ranks must do it this way or none.
    var exchangesInPlace: Bool { inPlace && (operation == .allToAll || operation == .allToAllV) }

    @usableFromInline init(
        _ operation: Operation, _ type: DataType, _ reduction: Reduction = .sum, count: Int = 0, root: Int = 0,
        input: UnsafeRawPointer? = nil, output: UnsafeMutableRawPointer? = nil,
        sent: BlockTable? = nil, received: BlockTable? = nil, inPlace: Bool = false
    ) {
        self.operation = operation
        self.type = type
        self.reduction = reduction
        self.count = count
        self.root = root
        self.input = input
        self.output = output
        self.sent = sent
        self.received = received
        self.inPlace = inPlace
    }
}
