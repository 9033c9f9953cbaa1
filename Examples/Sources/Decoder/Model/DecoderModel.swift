public import MixCollectives
public import MixMoE
public import MixPlanner

/// A whole decoder, cut over the ranks of a communicator: Qwen3-MoE, or DeepSeek-V3.
///
/// Attention's part of the strategy says which ranks have the same tokens, a group, and over which of these the heads, the
/// dense blocks and the vocabulary are spread; their partial sums meet in an all-reduce. Experts are cut by ``MixMoE/MoELayer``.
///
///     let model = try DecoderModel(weights, strategy: strategy, world: world, options: DecoderOptions(context: 128))
///     var next = try model.step(Batch(slot: 0, tokens: prompt))
///     while wanted { next = try model.step(Batch(slot: 0, tokens: next)) }
///
/// All ranks of a group give each step the same batch; a group without tokens gives an empty one.
public final class DecoderModel {
    /// What the configuration says.
    public let spec: ModelSpec
    /// How it is cut.
    public let strategy: Strategy
    /// How it is run.
    public let options: DecoderOptions
    /// Which of the `strategy.attention.data` groups this rank belongs to.
    public var group: Int { place.group }
    /// Bytes of weights that this rank read.
    public let bytesRead: Int

    private let place: RankPlace
    private let pipeline: any TokenPipeline
    private let world: Communicator
    /// Tokens in each slot.
    private var lengths: [Int]
    private var places = TokenPlaces()
    private var ends: [Int] = []
    private var chosen: [Int] = []

    /// Loads this rank's part of a model. All ranks of `world` call it with equal arguments.
    ///
    /// - Throws: ``DecoderError``: another family, a strategy that does not fit, what is wrong with the checkpoint, or that
    ///   another rank could not load its part.
    public init(
        _ weights: ModelWeights, strategy: Strategy, world: Communicator, options: DecoderOptions
    ) throws(DecoderError) {
        try Self.check(weights.spec, strategy, rankCount: world.size)
        spec = weights.spec
        self.strategy = strategy
        self.options = options
        self.world = world
        place = try RankPlace(strategy, rank: world.rank, rankCount: world.size)
        lengths = Array(repeating: 0, count: options.sequences)
        var tensor: Communicator?
        if place.shards > 1 {
            do throws(CollectiveError) {
                let replicas = world.size / (place.shards * strategy.attention.data)
                tensor = try world.split(color: place.group * replicas + place.replica, key: place.shard)
            } catch {
                throw .communication(error)
            }
        }
        pipeline =
            switch options.precision {
            case .float32: try DecoderStack<Float>(weights, strategy, place, world, tensor: tensor, options)
            case .bfloat16: try DecoderStack<BFloat16>(weights, strategy, place, world, tensor: tensor, options)
            }
        bytesRead = weights.bytesRead
    }

    /// Runs new tokens through the model, and returns the most likely next token of each part of the batch.
    ///
    /// Collective over all ranks, whose groups may have different numbers of tokens, or none.
    ///
    /// - Throws: ``DecoderError/contextFull(tokens:capacity:)``, ``DecoderError/noSuchSlot(_:slots:)`` and
    ///   ``DecoderError/unknownToken(_:vocabulary:)`` before anything is done, and ``DecoderError/communication(_:)``; the
    ///   model is of no further use after any of them, and the other ranks are told.
    public func step(_ batch: Batch) throws(DecoderError) -> [Int] {
        try leavingOnFailure { () throws(DecoderError) in
            try advance(batch)
            try pipeline.choose(ends, into: &chosen)
        }
        return chosen
    }

    /// As ``step(_:)``, and returns logits [tokens, vocabulary] after every token of the batch.
    public func logits(_ batch: Batch) throws(DecoderError) -> [Float] {
        var logits: [Float] = []
        try leavingOnFailure { () throws(DecoderError) in
            try advance(batch)
            try pipeline.predict(Array(batch.tokens.indices), into: &logits)
        }
        return logits
    }

    /// How many tokens of a sequence are cached.
    public func length(ofSlot slot: Int) -> Int { lengths[slot] }

    /// Forgets a sequence; its slot may have another one.
    public func clear(slot: Int) { lengths[slot] = 0 }

    /// Begins to record what this rank does. Not collective.
    public func startRecording() { pipeline.startRecording() }

    /// Ends the recording, and returns what this rank did since ``startRecording()``.
    public func stopRecording() -> StepRecording { pipeline.stopRecording() }

    /// Ends this rank's part; ranks that still wait for it are told at once.
    public func close() { pipeline.close() }

    private func leavingOnFailure(_ body: () throws(DecoderError) -> Void) throws(DecoderError) {
        do throws(DecoderError) {
            try body()
        } catch {
            close()
            throw error
        }
    }

    private func advance(_ batch: Batch) throws(DecoderError) {
        places.removeAll()
        ends.removeAll(keepingCapacity: true)
        for token in batch.tokens where token < 0 || token >= spec.vocabulary {
            throw .unknownToken(token, vocabulary: spec.vocabulary)
        }
        for part in batch.parts {
            guard lengths.indices.contains(part.slot) else { throw .noSuchSlot(part.slot, slots: lengths.count) }
            let length = lengths[part.slot]
            guard length + part.tokens.count <= options.context else {
                throw .contextFull(tokens: length + part.tokens.count, capacity: options.context)
            }
            for index in 0..<part.tokens.count {
                places.slots.append(part.slot)
                places.positions.append(length + index)
            }
            ends.append(part.tokens.upperBound - 1)
        }
        try pipeline.forward(batch, places)
        for part in batch.parts { lengths[part.slot] += part.tokens.count }
    }
}
