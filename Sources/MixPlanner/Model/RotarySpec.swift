/// Rotary position embeddings.
public struct RotarySpec: Sendable, Hashable {
    /// How frequencies are changed for longer contexts.
    public enum Scaling: Sendable, Hashable {
        /// YaRN: long waves are stretched, short ones are not, with a ramp between.
        case yarn(YaRN)
        /// Llama 3's: like YaRN, with the ramp between two wavelengths.
        case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalLength: Int)
        /// All waves are stretched.
        case linear(factor: Double)
        /// Another one, by its name.
        case other(String)
    }

    /// The parameters of YaRN.
    public struct YaRN: Sendable, Hashable {
        /// How much longer contexts are.
        public var factor: Double
        /// Tokens of a context before.
        public var originalLength: Int
        /// Waves with more turns than this in the original context are left as they are.
        public var betaFast: Double
        /// Waves with fewer turns than this are stretched entirely.
        public var betaSlow: Double
        /// Weight of the logarithm in the factor of cosine and sine, if the configuration has it.
        public var mscale: Double?
        /// The same, for the softmax's scale (DeepSeek).
        public var mscaleAllDimensions: Double?
        /// The factor of cosine and sine, if the configuration has it.
        public var attentionFactor: Double?
        /// Whether the ends of the ramp are rounded to whole dimensions.
        public var truncates: Bool

        /// Describes YaRN.
        public init(
            factor: Double, originalLength: Int, betaFast: Double = 32, betaSlow: Double = 1, mscale: Double? = nil,
            mscaleAllDimensions: Double? = nil, attentionFactor: Double? = nil, truncates: Bool = true
        ) {
            self.factor = factor
            self.originalLength = originalLength
            self.betaFast = betaFast
            self.betaSlow = betaSlow
            self.mscale = mscale
            self.mscaleAllDimensions = mscaleAllDimensions
            self.attentionFactor = attentionFactor
            self.truncates = truncates
        }
    }

    /// θ: the base of the frequencies.
    public var base: Double
    /// The part of a head that is rotated, 0 to 1; with latent attention, of its rotated part.
    public var share: Double
    /// Whether pairs are neighbours (2i, 2i+1) and not (i, i + half).
    public var isInterleaved: Bool
    /// How frequencies are changed, if they are.
    public var scaling: Scaling?

    /// Describes rotary embeddings.
    public init(base: Double, share: Double = 1, isInterleaved: Bool = false, scaling: Scaling? = nil) {
        self.base = base
        self.share = share
        self.isInterleaved = isInterleaved
        self.scaling = scaling
    }
}
