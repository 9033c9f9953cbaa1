import MixCollectives
import MixMoE
import MixPlanner

/// All layers for one type of rows.
final class DecoderStack<Element: DecoderElement>: TokenPipeline {
    private let spec: ModelSpec
    private let place: RankPlace
    private let embedding: Embedding
    private let layers: [DecoderLayer<Element>]
    private let norm: RMSNorm
    /// This rank's tokens of the vocabulary.
    private let head: Linear
    private let share: Range<Int>
    /// The ranks that share this group's heads, where several do.
    private let tensor: Communicator?
    private let world: Communicator

    private var hidden: [Float] = []
    /// Normalised rows, and what a block makes of them, where the node's ranks see them.
    private var rows: SharedBuffer<Element>
    private var results: SharedBuffer<Element>
    private var last: [Float] = []
    private var lastRows: [Element] = []
    private(set) var partialLogits: [Float] = []
    private var bests: [Float] = []
    private var allBests: [Float] = []
    private var recording: StepRecording?

    init(
        _ weights: ModelWeights, _ strategy: Strategy, _ place: RankPlace, _ world: Communicator, tensor: Communicator?,
        _ options: DecoderOptions
    ) throws(DecoderError) {
        spec = weights.spec
        self.place = place
        self.world = world
        self.tensor = tensor
        let (spec, heads) = (spec, place.part(of: spec.attention.heads))
        let rotary = try RotaryEmbedding(
            spec.rotary, dimension: spec.attention.latent?.rotatedDimension ?? spec.attention.headDimension,
            positions: options.context)
        let team = options.threads.map { ThreadTeam(threads: $0) } ?? ThreadTeam(shareOf: world)
        let (form, hidden) = (options.precision.weights, spec.hidden)
        share = place.part(of: spec.vocabulary)
        do throws(MoEError) {
            embedding = try Embedding(
                weights, named: "model.embed_tokens.weight", count: spec.vocabulary, width: hidden)
            norm = try RMSNorm(weights, named: "model.norm.weight", count: hidden, epsilon: spec.normEpsilon)
            head = try Linear(
                weights, named: spec.tiesEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight",
                outputs: spec.vocabulary, inputs: hidden, rows: share, team: team, form: form)
            var layers: [DecoderLayer<Element>] = []
            for layer in 0..<spec.layers {
                let prefix = "model.layers.\(layer)."
                let parts = AttentionParts(weights: weights, layer: layer, options: options, team: team, heads: heads)
                let attention: any Attention<Element> =
                    if let latent = spec.attention.latent {
                        try LatentAttention<Element>(parts, latent, rotary)
                    } else {
                        try GroupedQueryAttention<Element>(parts, rotary)
                    }
                let block: DecoderLayer<Element>.Block =
                    if spec.isMoELayer(layer) {
                        .experts(
                            try MoELayer(
                                weights: weights, layer: layer, strategy: strategy, world: world,
                                options: MoELayerOptions(communication: options.communication, weights: form),
                                team: team))
                    } else {
                        .dense(
                            try GatedMLP(
                                weights, prefix: prefix + "mlp.", width: spec.denseWidth!,
                                part: place.part(of: spec.denseWidth!), team: team, form: form))
                    }
                layers.append(
                    DecoderLayer(
                        attentionNorm: try RMSNorm(
                            weights, named: prefix + "input_layernorm.weight", count: hidden, epsilon: spec.normEpsilon),
                        attention: attention,
                        blockNorm: try RMSNorm(
                            weights, named: prefix + "post_attention_layernorm.weight", count: hidden,
                            epsilon: spec.normEpsilon),
                        block: block))
            }
            self.layers = layers
        } catch {
            throw .layer(error)
        }
        do throws(CollectiveError) {
            rows = try world.allocate(Element.self, count: hidden)
            results = try world.allocate(Element.self, count: hidden)
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
        var vectors = hidden.mutableSpan
        embedding.read(batch.tokens, into: &vectors)
        for (number, layer) in layers.enumerated() {
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
            switch layer.block {
            case .experts(let experts):
                try forward(experts, number, count * width)
            case .dense(let block):
                guard count > 0 else { continue }
                let start = StepTimeline.now
                var result = results.mutableSpan
                block.forward(rows.span, rows: count, into: &result)
                record("dense", number, since: start)
                try sumResults(count * width, number)
            }
            addResults(count * width)
        }
    }

    func predict(_ positions: [Int], into logits: inout [Float]) throws(DecoderError) {
        let vocabulary = spec.vocabulary
        score(positions)
        if logits.count < positions.count * vocabulary {
            logits = Array(repeating: 0, count: positions.count * vocabulary)
        }
        for index in logits.indices { logits[index] = 0 }
        for row in positions.indices {
            for token in share {
                logits[row * vocabulary + token] = partialLogits[row * share.count + token - share.lowerBound]
            }
        }
        guard let tensor, !positions.isEmpty else { return }
        do throws(CollectiveError) {
            // Every rank has zeros in place of the others' tokens.
            try tensor.allReduce(&logits, .sum)
        } catch {
            throw .communication(error)
        }
    }

    func choose(_ positions: [Int], into tokens: inout [Int]) throws(DecoderError) {
        let start = StepTimeline.now
        score(positions)
        record("head", nil, since: start)
        tokens.removeAll(keepingCapacity: true)
        bests.removeAll(keepingCapacity: true)
        for row in positions.indices {
            var best = row * share.count
            for index in best..<best + share.count where partialLogits[index] > partialLogits[best] { best = index }
            // Token numbers are below 2²⁴ × 256: their bits travel as a float's.
            bests.append(partialLogits[best])
            bests.append(Float(bitPattern: UInt32(best - row * share.count + share.lowerBound)))
        }
        guard let tensor, !positions.isEmpty else {
            for row in positions.indices { tokens.append(Int(bests[2 * row + 1].bitPattern)) }
            return
        }
        allBests.reserve(bests.count * tensor.size)
        do throws(CollectiveError) {
            try allBests.withUnsafeMutableBufferPointer { all throws(CollectiveError) in
                var all = UnsafeMutableBufferPointer(rebasing: all[..<(bests.count * tensor.size)])
                try tensor.allGather(bests, into: &all)
            }
        } catch {
            throw .communication(error)
        }
        for row in positions.indices {
            var best = 2 * row
            for shard in 1..<tensor.size {
                let other = shard * bests.count + 2 * row
                if allBests[other] > allBests[best] { best = other }
            }
            tokens.append(Int(allBests[best + 1].bitPattern))
        }
    }

    func startRecording() {
        recording = StepRecording()
        tensor?.startRecording()
        for case .experts(let experts) in layers.map(\.block) { experts.startRecording() }
    }

    func stopRecording() -> StepRecording {
        defer { recording = nil }
        var recording = recording ?? StepRecording()
        recording.collectives.runs = tensor?.stopRecording().runs ?? []
        for case .experts(let experts) in layers.map(\.block) {
            recording.collectives.runs += experts.stopRecording().runs
        }
        return recording
    }

    func close() {
        for case .experts(let experts) in layers.map(\.block) { experts.close() }
        tensor?.close()
    }

    // MARK: Steps

    private func reserve(_ count: Int) throws(CollectiveError) {
        let elements = count * spec.hidden
        hidden.reserve(elements)
        guard rows.count < elements else { return }
        rows = try world.allocate(Element.self, count: elements)
        results = try world.allocate(Element.self, count: elements)
    }

    private func normalize(_ norm: RMSNorm, _ count: Int) {
        norm.normalize(hidden, rows: count, into: &rows)
    }

    /// The logits of this rank's tokens after some of the rows.
    private func score(_ positions: [Int]) {
        let width = spec.hidden
        last.reserve(positions.count * width)
        for (row, position) in positions.enumerated() {
            for index in 0..<width { last[row * width + index] = hidden[position * width + index] }
        }
        norm.normalize(last, rows: positions.count, into: &lastRows)
        head.multiply(lastRows, rows: positions.count, into: &partialLogits)
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
}
