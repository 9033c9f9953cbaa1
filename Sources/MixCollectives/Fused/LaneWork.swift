internal import MixSchedule

/// Blocks of any size for the same lane of each node, and from it.
struct LaneWork: StepWork {
    let outgoing: [(address: UnsafeMutableRawPointer, bytes: Int)]
    let incoming: [(address: UnsafeMutableRawPointer, bytes: Int)]

    func message(_ slice: Slice) -> (UnsafeMutableRawPointer, bytes: Int) {
        let block = slice.buffer == .input ? outgoing[slice.block] : incoming[slice.block]
        return (block.address, block.bytes)
    }

    func isNothing(_ slice: Slice) -> Bool { message(slice).bytes == 0 }
    func copy(_ source: Slice, to destination: Slice) {}
    func reduce(_ slices: UnsafePointer<Slice>, _ sourceCount: Int, _ destinationCount: Int) {}
}
