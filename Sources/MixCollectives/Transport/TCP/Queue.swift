/// First in, first out. Keeps its room, so that a queue that is as long as it ever was allocates nothing.
struct Queue<Element: BitwiseCopyable>: ~Copyable {
    private var elements: UnsafeMutableBufferPointer<Element>
    private var head = 0
    private(set) var count = 0

    /// Room for the first elements; a power of two.
    init(capacity: Int = 16) {
        precondition(capacity & (capacity - 1) == 0)
        elements = .allocate(capacity: capacity)
    }

    deinit { elements.deallocate() }

    var isEmpty: Bool { count == 0 }

    subscript(index: Int) -> Element {
        get { elements[slot(index)] }
        set { elements[slot(index)] = newValue }
    }

    /// An element's place, until the next `append`.
    func pointer(_ index: Int) -> UnsafeMutablePointer<Element> { elements.baseAddress! + slot(index) }

    mutating func append(_ element: Element) {
        if count == elements.count { grow() }
        (elements.baseAddress! + (head + count) & (elements.count - 1)).initialize(to: element)
        count += 1
    }

    mutating func removeFirst() {
        precondition(count > 0)
        head = (head + 1) & (elements.count - 1)
        count -= 1
    }

    private func slot(_ index: Int) -> Int {
        precondition(index < count)
        return (head + index) & (elements.count - 1)
    }

    private mutating func grow() {
        let larger = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count * 2)
        for index in 0..<count { larger.initializeElement(at: index, to: self[index]) }
        elements.deallocate()
        elements = larger
        head = 0
    }
}
