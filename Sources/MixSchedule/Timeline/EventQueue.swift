/// Events in the order of time, those of the same time in the order in which they were inserted: a binary heap.
struct EventQueue<Event> {
    private var heap: [(time: Double, number: Int, event: Event)] = []
    private var inserted = 0

    mutating func insert(_ event: Event, at time: Double) {
        heap.append((time, inserted, event))
        inserted += 1
        var index = heap.count - 1
        while index > 0, isBefore(index, (index - 1) / 2) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popFirst() -> (time: Double, event: Event)? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && isBefore(child, least) {
                least = child
            }
            if least == index { return (first.time, first.event) }
            heap.swapAt(index, least)
            index = least
        }
    }

    private func isBefore(_ one: Int, _ two: Int) -> Bool {
        (heap[one].time, heap[one].number) < (heap[two].time, heap[two].number)
    }
}
