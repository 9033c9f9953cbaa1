internal import MixSchedule

/// The steps of an exchange of blocks between the same lanes of all nodes.
struct LaneWork: StepWork {
    let blocks: LaneBlocks

    func message(_ slice: Slice) -> (UnsafeMutableRawPointer, bytes: Int) {
        let block = slice.buffer == .input ? blocks.outgoing[slice.block] : blocks.incoming[slice.block]
        return (block.address, block.bytes)
    }

    func isNothing(_ slice: Slice) -> Bool { message(slice).bytes == 0 }
    func copy(_ source: Slice, to destination: Slice) {}
    func reduce(_ slices: UnsafePointer<Slice>, _ sourceCount: Int, _ destinationCount: Int) {}
}
