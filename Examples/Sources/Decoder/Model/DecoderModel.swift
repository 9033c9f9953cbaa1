public import MixCollectives
public import MixMoE
public import MixPlanner

/// A whole decoder, cut over the ranks of a communicator: Qwen3-MoE, or DeepSeek-V3.
///
/// Attention's part of the strategy says which ranks have the same tokens, a group, and over which of these the heads, the
/// dense blocks and the vocabulary are spread; their partial sums meet in an all-reduce. Experts are cut by ``MixMoE/MoELayer``.
/// The stages of a pipeline are runs of adjacent ranks with a part of the layers each.
///
///     let model = try DecoderModel(weights, strategy: strategy, world: world, options: DecoderOptions(context: 128))
///     var next = try model.step(Batch(slot: 0, tokens: prompt))
///     while wanted { next = try model.step(Batch(slot: 0, tokens: next)) }
///
/// All ranks of a group give each step the same batch; a group without tokens gives an empty one. Stages work at the same time
/// when several batches of different sequences, *microbatches*, are under way: ``start(_:)`` and ``finish()``.
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

    /// Whether this rank has the model's last layers, and logits.
    public var isLastStage: Bool { place.isLast }

    private let place: RankPlace
    private let lane: PipelineLane
    private let stack: any LayerStack
    /// The ranks of this rank's pipeline stage.
    private let stage: Communicator
    /// Tokens in each slot.
    private var lengths: [Int]
    private var places = TokenPlaces()
    private var ends: [Int] = []
    private var chosen: [Int] = []
    /// Batches that were started and not finished: how many tokens they give, and these where they were chosen.
    private var underWay: [(count: Int, tokens: [Int]?)] = []

    /// Loads this rank's part of a model. All ranks of `world` call it with equal arguments.
    ///
    /// - Throws: ``DecoderError``: another family, a strategy that does not fit, what is wrong with the checkpoint, or that
    ///   another rank could not load its part.
    public init(
        _ weights: ModelWeights, strategy: Strategy, world: Communicator, options: DecoderOptions
    ) throws(DecoderError) {
        try Self.check(weights.spec, strategy, rankCount: world.size, options)
        spec = weights.spec
        self.strategy = strategy
        self.options = options
        let place = try RankPlace(strategy, rank: world.rank, rankCount: world.size)
        self.place = place
        lengths = Array(repeating: 0, count: options.sequences)
        let (lane, stage): (PipelineLane, Communicator)
        var tensor: Communicator?
        do throws(CollectiveError) {
            lane = try PipelineLane(world, place)
            stage = place.stages > 1 ? try world.split(color: place.stage) : world
            if place.shards > 1 {
                tensor = try stage.split(
                    color: place.group * strategy.attentionReplicas + place.replica, key: place.shard)
            }
        } catch {
            throw .communication(error)
        }
        (self.lane, self.stage) = (lane, stage)
        // A stage whose experts can't be loaded tells the others.
        stack = try world.agree { () throws(DecoderError) -> any LayerStack in
            switch options.precision {
            case .float32:
                try DecoderStack<Float>(weights, strategy, place, world, lane, stage: stage, tensor: tensor, options)
            case .bfloat16:
                try DecoderStack<BFloat16>(weights, strategy, place, world, lane, stage: stage, tensor: tensor, options)
            }
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
        try start(batch)
        return try finish()
    }

    /// Runs new tokens through this rank's stage, and hands them on.
    ///
    /// To keep all stages at work, start as many batches as there are, then finish and start one in turn. No sequence is in two
    /// batches that are under way. May block until the next stage takes what this one has handed on.
    ///
    /// - Throws: as ``step(_:)``.
    public func start(_ batch: Batch) throws(DecoderError) {
        try leavingOnFailure { () throws(DecoderError) in
            try advance(batch)
            guard place.isLast else { return underWay.append((batch.parts.count, nil)) }
            try stack.choose(ends, into: &chosen)
            underWay.append((chosen.count, chosen))
            try communicating { () throws(CollectiveError) in try lane.announce(chosen) }
        }
    }

    /// The most likely next token of each part of the batch that was started first, on all stages.
    ///
    /// - Throws: ``DecoderError/communication(_:)``.
    public func finish() throws(DecoderError) -> [Int] {
        precondition(!underWay.isEmpty, "no batch was started")
        let (count, tokens) = underWay.removeFirst()
        if let tokens { return tokens }
        var answer: [Int] = []
        try leavingOnFailure { () throws(DecoderError) in
            try communicating { () throws(CollectiveError) in answer = try lane.awaitTokens(count) }
        }
        return answer
    }

    /// Tells rank 0's number to all ranks, stage by stage, so that none waits for those behind it. Collective.
    public func relay(_ number: Int) throws(DecoderError) -> Int {
        var numbers = [Int64(number)]
        try leavingOnFailure { () throws(DecoderError) in
            try communicating { () throws(CollectiveError) in
                if place.isFirst { try stage.broadcast(&numbers, root: 0) }
                try lane.takeOver(&numbers, .number)
                try lane.handOn(numbers, .number)
            }
        }
        return Int(numbers[0])
    }

    /// Runs new tokens as ``step(_:)`` does, and returns logits [tokens, vocabulary] after every token of the batch; none on ranks of
    /// other stages than the last.
    public func logits(_ batch: Batch) throws(DecoderError) -> [Float] {
        var logits: [Float] = []
        try leavingOnFailure { () throws(DecoderError) in
            try advance(batch)
            try stack.predict(Array(batch.tokens.indices), into: &logits)
        }
        return logits
    }

    /// How many tokens of a sequence are cached.
    public func length(ofSlot slot: Int) -> Int { lengths[slot] }

    /// Forgets a sequence; its slot may have another one.
    public func clear(slot: Int) { lengths[slot] = 0 }

    /// Begins to record what this rank does. Not collective.
    public func startRecording() { stack.startRecording() }

    /// Ends the recording, and returns what this rank did since ``startRecording()``.
    public func stopRecording() -> StepRecording { stack.stopRecording() }

    /// Ends this rank's part; ranks of its node that still wait for it are told at once, others when the process ends.
    public func close() {
        stack.close()
        lane.close()
        if place.stages > 1 { stage.close() }
    }

    private func leavingOnFailure(_ body: () throws(DecoderError) -> Void) throws(DecoderError) {
        do throws(DecoderError) {
            try body()
        } catch {
            close()
            throw error
        }
    }

    private func communicating(_ body: () throws(CollectiveError) -> Void) throws(DecoderError) {
        do throws(CollectiveError) {
            try body()
        } catch {
            throw .communication(error)
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
        try stack.forward(batch, places)
        for part in batch.parts { lengths[part.slot] += part.tokens.count }
    }
}
