extension Array {
    /// Becomes `count` times `value`, in the memory that it has.
    mutating func refill(_ count: Int, _ value: Element) {
        removeAll(keepingCapacity: true)
        append(contentsOf: repeatElement(value, count: count))
    }
}
