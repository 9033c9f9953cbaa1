import MixCollectives
import MixMoE
import MixPlanner

/// One stage's layers for one type of rows.
final class DecoderStack<Element: DecoderElement>: LayerStack {
    private let spec: ModelSpec
    private let place: RankPlace
    private let lane: PipelineLane
    /// On the first stage.
    private let embedding: Embedding?
    private let layers: [DecoderLayer<Element>]
    /// The number of the first one.
    private let firstLayer: Int
    /// On the last stage.
    private let head: OutputHead<Element>?
    /// The ranks that share this group's heads, where several do.
    private let tensor: Communicator?
    private let world: Communicator

    private var hidden: [Float] = []
    /// Normalised rows, and what a block makes of them, where the node's ranks see them.
    private var rows: SharedBuffer<Element>
    private var results: SharedBuffer<Element>
    private var recording: StepRecording?

    /// - Parameters:
    ///   - lane: the way to the other stages.
    ///   - stage: the ranks of this pipeline stage.
    ///   - tensor: those of them that share this group's heads.
    init(
        _ weights: ModelWeights, _ strategy: Strategy, _ place: RankPlace, _ world: Communicator, _ lane: PipelineLane,
        stage: Communicator, tensor: Communicator?, _ options: DecoderOptions
    ) throws(DecoderError) {
        let (spec, heads) = (weights.spec, place.part(of: weights.spec.attention.heads))
        (self.spec, self.place, self.world, self.lane, self.tensor) = (spec, place, world, lane, tensor)
        let team = options.threads.map { ThreadTeam(threads: $0) } ?? ThreadTeam(shareOf: world)
        let numbers = place.layers(of: spec.layers)
        firstLayer = numbers.lowerBound
        // What a rank loads by itself comes first, because a rank that can't would leave the others waiting among the experts.
        let own = try world.agree { () throws(DecoderError) in
            let rotary = try RotaryEmbedding(
                spec.rotary, dimension: spec.attention.latent?.rotatedDimension ?? spec.attention.headDimension,
                positions: options.context)
            do throws(MoEError) {
                var layers: [DecoderLayer<Element>] = []
                for layer in numbers {
                    let parts = AttentionParts(
                        weights: weights, layer: layer, options: options, team: team, heads: heads)
                    layers.append(try DecoderLayer(parts, rotary, place))
                }
                return (
                    layers: layers,
                    embedding: place.isFirst
                        ? try Embedding(
                            weights, named: "model.embed_tokens.weight", count: spec.vocabulary, width: spec.hidden)
                        : nil,
                    head: place.isLast
                        ? try OutputHead<Element>(weights, place, tensor: tensor, team: team, options) : nil
                )
            } catch {
                throw .layer(error)
            }
        }
        var layers = own.layers
        (embedding, head) = (own.embedding, own.head)
        do throws(MoEError) {
            for (index, layer) in numbers.enumerated() where layers[index].dense == nil {
                layers[index].experts = try MoELayer(
                    weights: weights, layer: layer, strategy: strategy, world: stage,
                    options: MoELayerOptions(
                        communication: options.communication, weights: options.precision.weights),
                    team: team)
            }
        } catch {
            throw .layer(error)
        }
        self.layers = layers
        do throws(CollectiveError) {
            rows = try world.allocate(Element.self, count: spec.hidden)
            results = try world.allocate(Element.self, count: spec.hidden)
        } catch {
            throw .communication(error)
        }
    }

    func forward(_ batch: Batch, _ places: TokenPlaces) throws(DecoderError) {
        let (count, width) = (batch.tokens.count, spec.hidden)
        do throws(CollectiveError) {
            try reserve(count)
        } catch {
            throw .communication(error)
        }
        if let embedding {
            var vectors = hidden.mutableSpan
            embedding.read(batch.tokens, into: &vectors)
        } else {
            try handOver(count) { () throws(CollectiveError) in try takeOver(count * width) }
        }
        for (index, layer) in layers.enumerated() {
            let number = firstLayer + index
            if count > 0 {
                let start = StepTimeline.now
                normalize(layer.attentionNorm, count)
                var result = results.mutableSpan
                layer.attention.forward(rows.span, places, into: &result)
                record("attention", number, since: start)
                try sumResults(count * width, number)
                addResults(count * width)
                normalize(layer.blockNorm, count)
            }
            if let experts = layer.experts {
                try forward(experts, number, count * width)
            } else if let block = layer.dense, count > 0 {
                let start = StepTimeline.now
                var result = results.mutableSpan
                block.forward(rows.span, rows: count, into: &result)
                record("dense", number, since: start)
                try sumResults(count * width, number)
            }
            addResults(count * width)
        }
        if !place.isLast {
            try handOver(count) { () throws(CollectiveError) in try handOn(count * width) }
        }
    }

    func predict(_ positions: [Int], into logits: inout [Float]) throws(DecoderError) {
        try head?.predict(hidden, positions, into: &logits)
    }

    func choose(_ positions: [Int], into tokens: inout [Int]) throws(DecoderError) {
        guard let head else { return }
        let start = StepTimeline.now
        head.score(hidden, positions)
        record("head", nil, since: start)
        try head.choose(positions.count, into: &tokens)
    }

    func startRecording() {
        recording = StepRecording()
        tensor?.startRecording()
        for experts in layers.compactMap(\.experts) { experts.startRecording() }
    }

    func stopRecording() -> StepRecording {
        defer { recording = nil }
        var recording = recording ?? StepRecording()
        recording.collectives.runs = tensor?.stopRecording().runs ?? []
        for experts in layers.compactMap(\.experts) {
            recording.collectives.runs += experts.stopRecording().runs
        }
        return recording
    }

    func close() {
        for experts in layers.compactMap(\.experts) { experts.close() }
        tensor?.close()
    }

    // MARK: Steps

    private func reserve(_ count: Int) throws(CollectiveError) {
        // What stages hand over is cut into equal shares.
        let elements = count * spec.hidden + place.shards - 1
        hidden.reserve(elements)
        guard rows.count < elements else { return }
        rows = try world.allocate(Element.self, count: elements)
        results = try world.allocate(Element.self, count: elements)
    }

    private func normalize(_ norm: RMSNorm, _ count: Int) {
        norm.normalize(hidden, rows: count, into: &rows)
    }

    private func forward(_ experts: MoELayer, _ number: Int, _ elements: Int) throws(DecoderError) {
        let start = StepTimeline.now
        do throws(MoEError) {
            try forward(experts, elements)
        } catch {
            throw error.collective.map { .communication($0) } ?? .layer(error)
        }
        guard recording != nil else { return }
        var last = start
        for (name, time) in [
            ("router", experts.times.router), ("dispatch", experts.times.dispatch), ("experts", experts.times.experts),
            ("combine", experts.times.combine),
        ] {
            let end = last + Int64(time / .nanoseconds(1))
            recording?.stages.append(StepRecording.Stage(name: name, layer: number, start: last, end: end))
            last = end
        }
    }

    /// Notes a stage that ends now, where that is wanted.
    private func record(_ name: String, _ layer: Int?, since start: Int64) {
        recording?.stages.append(StepRecording.Stage(name: name, layer: layer, start: start, end: StepTimeline.now))
    }

    // Both buffers have room for every token of the step.

    private func forward(_ experts: MoELayer, _ elements: Int) throws(MoEError) {
        try rows.withUnsafeBufferPointer { rows throws(MoEError) in
            try results.withUnsafeMutableBufferPointer { results throws(MoEError) in
                var results = UnsafeMutableBufferPointer(rebasing: results[..<elements])
                try experts.forward(UnsafeBufferPointer(rebasing: rows[..<elements]), into: &results)
            }
        }
    }

    /// Makes results the sum over the ranks that each have a summand.
    private func sumResults(_ elements: Int, _ layer: Int) throws(DecoderError) {
        guard let tensor else { return }
        let start = StepTimeline.now
        defer { record("all-reduce", layer, since: start) }
        do throws(CollectiveError) {
            try results.withUnsafeMutableBufferPointer { results throws(CollectiveError) in
                var results = UnsafeMutableBufferPointer(rebasing: results[..<elements])
                try tensor.allReduce(&results, .sum)
            }
        } catch {
            throw .communication(error)
        }
    }

    /// Adds results to the hidden states.
    private func addResults(_ elements: Int) {
        guard elements > 0 else { return }
        results.withUnsafeBufferPointer { results in
            hidden.withUnsafeMutableBufferPointer {
                add(results.baseAddress!, times: 1, to: $0.baseAddress!, elements)
            }
        }
    }

    // MARK: From stage to stage

    /// All ranks of a group have its hidden states, so that each sends its share, and the receivers gather them.
    private func shareSize(_ elements: Int) -> Int { (elements + place.shards - 1) / place.shards }

    private func handOn(_ elements: Int) throws(CollectiveError) {
        let size = shareSize(elements)
        let share = place.shard * size..<(place.shard + 1) * size
        try rows.withUnsafeMutableBufferPointer { rows throws(CollectiveError) in
            for index in share where index < elements { rows[index] = Element(hidden[index]) }
            try lane.handOn(UnsafeMutableBufferPointer(rebasing: rows[share]), .hidden)
        }
    }

    private func takeOver(_ elements: Int) throws(CollectiveError) {
        let size = shareSize(elements)
        try rows.withUnsafeMutableBufferPointer { rows throws(CollectiveError) in
            var share = UnsafeMutableBufferPointer(
                rebasing: rows[place.shard * size..<(place.shard + 1) * size])
            try lane.takeOver(&share, .hidden)
            if let tensor {
                var all = UnsafeMutableBufferPointer(rebasing: rows[..<(place.shards * size)])
                try tensor.allGather(&all)
            }
            for index in 0..<elements { hidden[index] = rows[index].float }
        }
    }

    /// What a group without tokens has nothing of.
    private func handOver(_ count: Int, _ move: () throws(CollectiveError) -> Void) throws(DecoderError) {
        guard count > 0 else { return }
        let start = StepTimeline.now
        do throws(CollectiveError) {
            try move()
        } catch {
            throw .communication(error)
        }
        record("hand-over", nil, since: start)
    }
}
