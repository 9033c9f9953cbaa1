internal import MixPlanner

/// How one model family computes its MoE block, and what its tensors are called. A new family is one file with a type of
/// this, and a line in ``ModelFamily/block(_:layer:source:)``.
///
/// The families' exact forms are those of Hugging Face transformers.
protocol MoEFamily {
    /// Reads names and settings for one layer.
    init(_ spec: ModelSpec, layer: Int, source: any WeightSource)

    /// The router's weight, [experts, hidden].
    var router: String { get }
    /// The router's bias, [experts], where there is one.
    var routerBias: String? { get }
    /// How the router's logits become a choice.
    func rule() throws(MoEError) -> any RoutingRule

    /// Between gate, up and down.
    var activation: ExpertActivation { get }
    /// Whether the routing weight multiplies the expert's input instead of its result.
    var weighsInput: Bool { get }
    /// One routed expert.
    func expert(_ index: Int) throws(MoEError) -> GatedWeights
    /// The shared experts, as one, where there are any.
    func sharedExpert() throws(MoEError) -> GatedWeights?
    /// The weight [1, hidden] whose product with a row, through a sigmoid, multiplies the shared expert's result.
    var sharedGate: String? { get }
}

extension MoEFamily {
    var routerBias: String? { nil }
    var activation: ExpertActivation { .silu }
    var weighsInput: Bool { false }
    var sharedGate: String? { nil }
    func sharedExpert() throws(MoEError) -> GatedWeights? { nil }
}

extension ModelFamily {
    /// The MoE block of one layer.
    func block(_ spec: ModelSpec, layer: Int, source: any WeightSource) -> any MoEFamily {
        switch self {
        case .qwen3MoE, .olmoe: Qwen3MoE(spec, layer: layer, source: source)
        case .qwen2MoE: Qwen2MoE(spec, layer: layer, source: source)
        case .mixtral: Mixtral(spec, layer: layer, source: source)
        case .deepseekV3, .glm4MoE: DeepSeekV3(spec, layer: layer, source: source)
        case .llama4: Llama4(spec, layer: layer, source: source)
        case .gptOSS: GPTOSS(spec, layer: layer, source: source)
        }
    }
}

extension WeightSource {
    /// A gated MLP of three matrices, each a tensor of its own.
    func gated(
        _ prefix: String, width: Int, hidden: Int,
        gate: String = "gate_proj", up: String = "up_proj", down: String = "down_proj"
    ) throws(MoEError) -> GatedWeights {
        let weights = GatedWeights(
            gate: try matrix(named: "\(prefix)\(gate).weight", expecting: [width, hidden]),
            up: try matrix(named: "\(prefix)\(up).weight", expecting: [width, hidden]),
            down: try matrix(named: "\(prefix)\(down).weight", expecting: [hidden, width]))
        guard weights.gate.type == weights.up.type, weights.gate.scales?.type == weights.up.scales?.type else {
            throw MoEError(
                .unsupportedType,
                "it is not of the type of \(gate), with which it is packed; store both alike",
                tensor: "\(prefix)\(up).weight")
        }
        return weights
    }
}
