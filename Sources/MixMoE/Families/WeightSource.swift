/// Where a layer's weights come from: a checkpoint, or made up for a benchmark. What it gives points into it.
protocol WeightSource: AnyObject {
    /// The bytes of config.json.
    var configJSON: [UInt8] { get }
    /// Bytes of weights and scales that were asked for and used so far.
    var bytesRead: Int { get }

    /// Whether there is a tensor of this name.
    func contains(_ name: String) -> Bool

    /// The matrix of this name and shape [rows, columns], and its scales where it is fp8.
    func matrix(named name: String, expecting shape: [Int]) throws(MoEError) -> StoredMatrix

    /// One expert's matrix of a tensor [experts, inputs, outputs], with the strides turned round.
    func matrix(
        named name: String, expert: Int, expecting shape: [Int], outputs: Checkpoint.FusedOutputs
    ) throws(MoEError) -> StoredMatrix

    /// The vector of this name, as float32.
    func vector(named name: String, count: Int) throws(MoEError) -> [Float]

    /// One row of a tensor [rows, count], as float32.
    func vector(named name: String, row: Int, of rows: Int, count: Int) throws(MoEError) -> [Float]

    /// Before a matrix is read: counts its bytes, and fetches them. Called from any thread.
    func willRead(_ matrix: StoredMatrix)
    /// After it was copied: lets the memory of its pages go.
    func didRead(_ matrix: StoredMatrix)
}
