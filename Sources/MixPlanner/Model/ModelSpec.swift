/// A mixture-of-experts model, as far as its configuration describes it.
///
/// Read from the `config.json` of a checkpoint, in the spelling of transformers 5 or an older one, see
/// ``init(contentsOf:)``; both give equal values.
public struct ModelSpec: Sendable, Hashable {
    /// Which kind of model it is.
    public var family: ModelFamily
    /// Decoder layers.
    public var layers: Int
    /// h: elements of a hidden state.
    public var hidden: Int
    /// The attention of every layer.
    public var attention: AttentionSpec
    /// The experts of every mixture-of-experts layer.
    public var experts: ExpertsSpec
    /// The router of every mixture-of-experts layer.
    public var routing: RoutingSpec
    /// The clamped activation of gpt-oss; nil for SiLU(gate) · up.
    public var swiGLU: SwiGLUSpec?
    /// Elements between the matrices of a dense layer; nil where no layer is dense and the configuration does not say.
    public var denseWidth: Int?
    /// The layers that have one dense block in place of experts, counted from 0.
    public var denseLayers: Set<Int>
    /// Tokens that there are.
    public var vocabulary: Int
    /// The ε of RMS norms. (The two norms inside latent attention have 1e-6 whatever this says.)
    public var normEpsilon: Double
    /// How positions are told.
    public var rotary: RotarySpec
    /// Whether the output layer is the embedding, transposed.
    public var tiesEmbeddings: Bool
    /// How weights are stored.
    public var weights: WeightFormat

    /// Describes a model.
    public init(
        family: ModelFamily, layers: Int, hidden: Int, attention: AttentionSpec, experts: ExpertsSpec,
        routing: RoutingSpec, swiGLU: SwiGLUSpec? = nil, denseWidth: Int? = nil, denseLayers: Set<Int> = [],
        vocabulary: Int, normEpsilon: Double, rotary: RotarySpec, tiesEmbeddings: Bool = false,
        weights: WeightFormat = WeightFormat(.bfloat16)
    ) {
        self.family = family
        self.layers = layers
        self.hidden = hidden
        self.attention = attention
        self.experts = experts
        self.routing = routing
        self.swiGLU = swiGLU
        self.denseWidth = denseWidth
        self.denseLayers = denseLayers
        self.vocabulary = vocabulary
        self.normEpsilon = normEpsilon
        self.rotary = rotary
        self.tiesEmbeddings = tiesEmbeddings
        self.weights = weights
    }

    /// Whether a layer, counted from 0, has experts.
    public func isMoELayer(_ layer: Int) -> Bool { !denseLayers.contains(layer) }

    /// How many layers have experts.
    public var moeLayerCount: Int { layers - denseLayers.count }
}
