/// Where a layer's weights come from: a checkpoint, or made up for a benchmark. What it gives points into it.
protocol WeightSource: AnyObject {
    /// The bytes of config.json.
    var configuration: [UInt8] { get }
    /// Bytes of weights and scales that were asked for and used so far.
    var bytesRead: Int { get }

    /// Whether there is a tensor of this name.
    func contains(_ name: String) -> Bool

    /// The matrix [rows, columns] of this name, and its scales where it is fp8.
    func matrix(_ name: String, rows: Int, columns: Int) throws(MoEError) -> StoredMatrix

    /// Plane `index` of a tensor [count, rows, columns].
    func matrix(
        _ name: String, plane index: Int, of count: Int, rows: Int, columns: Int
    ) throws(MoEError) -> StoredMatrix

    /// The vector of this name, as float32.
    func vector(_ name: String, count: Int) throws(MoEError) -> [Float]

    /// Counts a matrix as read, and lets the memory of its pages go: whoever asked for it has a copy now.
    func release(_ matrix: StoredMatrix)
}
