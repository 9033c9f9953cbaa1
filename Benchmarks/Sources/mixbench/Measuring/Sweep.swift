import MixCollectives
import MixSchedule

/// One table: an operation over sizes.
struct Sweep: Sendable {
    var operation: Operation
    var type: DataType
    var reduction: Reduction
    var root: Int
    /// Bytes of one rank's whole buffer, before they are made to fit the ranks.
    var sizes: [Int]
    /// The places asked for; the operation may not have them all.
    var places: [Place]

    var measuredPlaces: [Place] { places.filter(operation.places.contains) }
}
