/// How a checkpoint stores its weights.
public struct WeightFormat: Sendable, Hashable {
    /// Numbers with a common scale per block.
    public struct Quantization: Sendable, Hashable {
        /// The format of the numbers.
        public var format: NumberFormat
        /// Outputs per scale.
        public var blockRows: Int
        /// Inputs per scale.
        public var blockColumns: Int
        /// Bytes per scale.
        public var scaleBytes: Double

        /// Describes numbers with scales.
        public init(format: NumberFormat, blockRows: Int, blockColumns: Int, scaleBytes: Double) {
            self.format = format
            self.blockRows = blockRows
            self.blockColumns = blockColumns
            self.scaleBytes = scaleBytes
        }

        /// DeepSeek's: e4m3 in blocks of 128 × 128 with a float32 scale each.
        public static let float8Blocks = Quantization(format: .float8, blockRows: 128, blockColumns: 128, scaleBytes: 4)
        /// gpt-oss's MXFP4: e2m1 with a scale of one byte per 32 inputs.
        public static let mxfp4 = Quantization(format: .float4, blockRows: 1, blockColumns: 32, scaleBytes: 1)

        /// Bytes per weight, with its share of a scale, where blocks are whole.
        public var bytes: Double { format.bytes + scaleBytes / Double(blockRows * blockColumns) }
    }

    /// Which weights are quantised.
    public enum Scope: Sendable, Hashable {
        /// All matrices of the decoder layers but routers.
        case layers
        /// The routed experts' matrices only.
        case experts
    }

    /// The format of everything that is not quantised: `torch_dtype`.
    public var plain: NumberFormat
    /// The format of what is quantised, if anything is.
    public var quantization: Quantization?
    /// What is quantised.
    public var scope: Scope

    /// Describes how weights are stored.
    public init(_ plain: NumberFormat, quantization: Quantization? = nil, scope: Scope = .layers) {
        self.plain = plain
        self.quantization = quantization
        self.scope = scope
    }

    /// Bytes per weight of routed experts, with scales.
    public var expertBytes: Double { quantization?.bytes ?? plain.bytes }
    /// Bytes per weight of attention, dense layers and shared experts, with scales.
    public var layerBytes: Double { scope == .layers ? expertBytes : plain.bytes }
}
