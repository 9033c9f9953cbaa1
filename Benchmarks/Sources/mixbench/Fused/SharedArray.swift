import MixCollectives

/// Memory from `Communicator.allocate` that stays where it is.
final class SharedArray<Element: CollectiveElement> {
    let elements: UnsafeMutableBufferPointer<Element>
    private let owner: SharedBuffer<Element>

    init(_ count: Int, _ world: Communicator) throws(CollectiveError) {
        var buffer = try world.allocate(Element.self, count: count)
        elements = buffer.withUnsafeMutableBufferPointer { $0 }
        owner = consume buffer
    }
}
