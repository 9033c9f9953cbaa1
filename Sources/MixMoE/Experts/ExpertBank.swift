internal import CMixProducts

/// The experts of a rank, or its parts of them, with their weights packed once in the order in which products read them.
///
/// Every expert is a *slot* of its own width; a shared expert is a slot as well. Weights stay in the type in which they are
/// stored: fp8 becomes bfloat16 or float32 block by block inside of a product.
///
/// Rows of `Float` are multiplied in float32 whatever the weights are. Rows of `BFloat16` are multiplied as such where the
/// processor can (weights of bfloat16 and fp8), sums are of float32, and what lies between is rounded to bfloat16. A row's
/// result depends on no other row, and is the same on every call, whatever the number of threads.
public final class ExpertBank {
    /// Elements of a row.
    public let hidden: Int
    /// What lies between the gate and up products and the down product.
    public let activation: ExpertActivation
    let team: ThreadTeam
    private let roundsToBFloat16: Bool
    private var memory = WeightMemory()
    var slots: [ExpertSlot]
    var plan = ExpertPlan()

    /// Room for experts of these widths, of which some may be 0.
    ///
    /// - Parameter roundsToBFloat16: keeps weights that are stored wider in bfloat16.
    init(hidden: Int, activation: ExpertActivation, widths: [Int], team: ThreadTeam, roundsToBFloat16: Bool = false) {
        self.hidden = hidden
        self.activation = activation
        self.team = team
        self.roundsToBFloat16 = roundsToBFloat16
        slots = widths.map { ExpertSlot(width: $0) }
    }

    /// Room for experts of these widths, with a team of threads of its own, which it makes at the first use.
    public convenience init(hidden: Int, activation: ExpertActivation, widths: [Int], threads: Int) {
        self.init(hidden: hidden, activation: activation, widths: widths, team: ThreadTeam(threads: threads))
    }

    /// Bytes that a product reads of a slot's weights, the padding of its panels included.
    public func byteCount(ofSlot index: Int) -> Int {
        [slots[index].gateUp, slots[index].down].reduce(0) { $0 + ($1.map { $0.panels * $0.panel_bytes } ?? 0) }
    }

    /// Packs one expert, or the rank's part of it; the views need not stay. A second expert of the same form takes the first
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
        let width = slots[index].width
        precondition(
            gate.rows == width && up.rows == width && gate.columns == hidden && up.columns == hidden
                && down.rows == hidden && down.columns == width, "weights of another shape than slot \(index)")
        let old = slots[index]
        slots[index].gateUp = mix_packed_matrix(
            [gate, up], roundsToBFloat16: roundsToBFloat16, into: &memory, reusing: old.gateUp, by: team)
        slots[index].down = mix_packed_matrix(
            [down], roundsToBFloat16: roundsToBFloat16, into: &memory, reusing: old.down, by: team)

        let (panel, half) = (Int(MIX_PANEL), Int(MIX_PANEL) / 2)
        precondition((gateBias == nil) == (upBias == nil), "a bias of gate without one of up, or the reverse")
        slots[index].gateUpBias = nil
        if let gateBias, let upBias, width > 0 {
            let bias = old.gateUpBias ?? floats(old.gateUpPanels * panel)
            for output in 0..<width {
                bias[output / half * panel + output % half] = gateBias[output]
                bias[output / half * panel + half + output % half] = upBias[output]
            }
            slots[index].gateUpBias = bias
        }
        slots[index].downBias = nil
        if let downBias {
            let bias = old.downBias ?? floats((hidden + panel - 1) / panel * panel)
            bias.update(from: downBias, count: hidden)
            slots[index].downBias = bias
        }
    }

    private func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        memory.allocate(count * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self)
    }
}
