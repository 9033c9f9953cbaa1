/// What data sheets do not say of a cluster, and `mixbench calibrate` measures: how fast ranks move data inside their node, and
/// what they have to share.
///
/// Caches decide how fast memory is, so rates are curves over the *footprint* of an operation: the bytes that all ranks of a node
/// touch in it together. All are those of one rank **while all ranks of its node are at it**. Where ranks share a processor
/// or a wire, one that has it for itself is faster in proportion.
public struct MeasuredRates: Sendable, Hashable, Codable {
    /// Copies inside a rank's own memory: bytes copied per second, by footprint.
    public var copy: BandwidthCurve
    /// Copies from and to mates' memory.
    public var mates: BandwidthCurve
    /// Reductions: bytes of all operands per second, most of which lie in mates' memory; one result is written.
    public var reduction: BandwidthCurve
    /// Messages to mates, which are copied twice or wait for their receivers.
    public var messages: LinkClass
    /// What ranks need to tell each other how large their blocks are, in an all-to-all of blocks of any size: seconds.
    public var blockTables: Double
    /// What a row costs each expert that it goes to beside its products: seconds per element of the row.
    public var expertRowElement: Double
    /// Processors of a node, at least 1.
    public var processorsPerNode: Int
    /// Wires of a node to others, at least 1.
    public var wiresPerNode: Int
    /// Ranks that read from the same memory, at least 1: a node's, or several nodes' where those are parts of one machine.
    public var ranksPerMemory: Int
    /// What whole operations of all ranks took over what all of the above makes of them.
    public var corrections: [Correction]

    /// Describes what was measured.
    public init(
        copy: BandwidthCurve, mates: BandwidthCurve, reduction: BandwidthCurve, messages: LinkClass,
        blockTables: Double = 0, expertRowElement: Double = 0, processorsPerNode: Int, wiresPerNode: Int,
        ranksPerMemory: Int = 1, corrections: [Correction] = []
    ) {
        self.copy = copy
        self.mates = mates
        self.reduction = reduction
        self.messages = messages
        self.blockTables = blockTables
        self.expertRowElement = expertRowElement
        self.processorsPerNode = processorsPerNode
        self.wiresPerNode = wiresPerNode
        self.ranksPerMemory = ranksPerMemory
        self.corrections = corrections
    }

    /// Reads rates; what rows cost, who shares memory, and corrections may be missing.
    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            copy: try keys.decode(BandwidthCurve.self, forKey: .copy),
            mates: try keys.decode(BandwidthCurve.self, forKey: .mates),
            reduction: try keys.decode(BandwidthCurve.self, forKey: .reduction),
            messages: try keys.decode(LinkClass.self, forKey: .messages),
            blockTables: try keys.decode(Double.self, forKey: .blockTables),
            expertRowElement: try keys.decodeIfPresent(Double.self, forKey: .expertRowElement) ?? 0,
            processorsPerNode: try keys.decode(Int.self, forKey: .processorsPerNode),
            wiresPerNode: try keys.decode(Int.self, forKey: .wiresPerNode),
            ranksPerMemory: try keys.decodeIfPresent(Int.self, forKey: .ranksPerMemory) ?? 1,
            corrections: try keys.decodeIfPresent([Correction].self, forKey: .corrections) ?? [])
    }

    /// What to multiply the price of an operation of all ranks with; 1 where nothing is known.
    public func correction(operation: String, way: String, bytes: Int) -> Double {
        corrections.first { $0.operation == operation && $0.way == way }?.factor(bytes) ?? 1
    }

    var isValid: Bool {
        [copy, mates, reduction, messages.bandwidth].allSatisfy(\.isValid) && messages.latency >= 0
            && messages.latency.isFinite && blockTables >= 0 && blockTables.isFinite && expertRowElement >= 0
            && expertRowElement.isFinite && processorsPerNode >= 1
            && wiresPerNode >= 1 && ranksPerMemory >= 1 && corrections.allSatisfy(\.isValid)
    }
}
