internal import CMixProducts

extension ExpertBank {
    /// Packs one expert, or the rank's part of it, from where it lies in memory; the views need not stay. A second expert of the same form takes the first
    /// one's memory.
    ///
    /// - Parameters:
    ///   - gate: [width, hidden], and so is `up`, of the same type.
    ///   - down: [hidden, width]. Where lanes share an expert, one of them alone has `downBias`.
    /// - Complexity: reads each weight once and writes it once.
    func load(
        slot index: Int, gate: StoredMatrix, up: StoredMatrix, down: StoredMatrix, gateBias: [Float]? = nil,
        upBias: [Float]? = nil, downBias: [Float]? = nil
    ) {
        let weights = GatedWeights(
            gate: gate, up: up, down: down, gateBias: gateBias, upBias: upBias, downBias: downBias)
        var packings = matrices(of: weights, slot: index)
        place(&packings, weights, slot: index)
        team.pack(packings)
    }

    /// Reads and packs the experts of all slots, in their order, with all memory in one reservation: otherwise as
    /// ``load(slot:gate:up:down:gateBias:upBias:downBias:)``. All are `source`'s.
    ///
    /// Throws `.truncated` or `.system` for files that can't be read.
    func load(_ experts: [GatedWeights], from source: any WeightSource) throws(MoEError) {
        precondition(experts.count == slots.count)
        var packings = experts.indices.map { matrices(of: experts[$0], slot: $0) }
        memory.reserve(zip(experts, packings).reduce(0) { $0 + byteCount(of: $1.0, $1.1) })
        for slot in experts.indices { place(&packings[slot], experts[slot], slot: slot) }
        try team.pack(packings.flatMap { $0 }, from: source)
    }

    private func matrices(of weights: GatedWeights, slot index: Int) -> [MatrixPacking] {
        let (gate, up, down, width) = (weights.gate, weights.up, weights.down, slots[index].width)
        precondition(
            gate.rows == width && up.rows == width && gate.columns == hidden && up.columns == hidden
                && down.rows == hidden && down.columns == width, "weights of another shape than slot \(index)")
        precondition(
            (weights.gateBias == nil) == (weights.upBias == nil), "a bias of gate without one of up, or the reverse")
        return [
            MatrixPacking([gate, up], roundsToBFloat16: roundsToBFloat16),
            MatrixPacking([down], roundsToBFloat16: roundsToBFloat16),
        ]
    }

    /// Finds memory for what is to be packed, and makes it the slot's.
    private func place(_ packings: inout [MatrixPacking], _ weights: GatedWeights, slot index: Int) {
        let old = slots[index]
        for (packing, old) in zip(packings.indices, [old.gateUp, old.down]) {
            if let old, old.hasForm(of: packings[packing].matrix) {
                packings[packing].matrix.data = old.data
            } else {
                let bytes = packings[packing].byteCount
                packings[packing].matrix.data = memory.allocate(bytes).assumingMemoryBound(to: UInt8.self)
            }
        }
        slots[index].gateUp = packings[0].matrix
        slots[index].down = packings[1].matrix

        let (panel, half) = (Int(MIX_PANEL), Int(MIX_PANEL) / 2)
        slots[index].gateUpBias = nil
        if let gateBias = weights.gateBias, let upBias = weights.upBias, old.width > 0 {
            let bias = old.gateUpBias ?? floats(Self.gateUpBiasCount(old.width))
            for output in 0..<old.width {
                bias[output / half * panel + output % half] = gateBias[output]
                bias[output / half * panel + half + output % half] = upBias[output]
            }
            slots[index].gateUpBias = bias
        }
        slots[index].downBias = nil
        if let downBias = weights.downBias {
            let bias = old.downBias ?? floats(downBiasCount)
            bias.update(from: downBias, count: hidden)
            slots[index].downBias = bias
        }
    }

    /// What one expert takes of a reservation.
    private func byteCount(of weights: GatedWeights, _ packings: [MatrixPacking]) -> Int {
        let biases =
            (weights.gateBias == nil ? 0 : Self.gateUpBiasCount(weights.width) * 4)
            + (weights.downBias == nil ? 0 : downBiasCount * 4)
        return packings.reduce(biases) { $0 + WeightMemory.size(of: $1.byteCount) }
    }

    private static func gateUpBiasCount(_ width: Int) -> Int { ExpertSlot(width: width).gateUpPanels * Int(MIX_PANEL) }

    private var downBiasCount: Int { (hidden + Int(MIX_PANEL) - 1) / Int(MIX_PANEL) * Int(MIX_PANEL) }
}
