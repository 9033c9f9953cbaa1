/// One line of a table.
struct Row: Sendable {
    var sweep: Sweep
    var shape: Shape
    var measurements: [Place: Measurement] = [:]
}
