/// Who has to know of a heap's memory as long as it is allocated: a network card that reads and writes it.
protocol MemoryRegistrar: AnyObject, Sendable {
    func register(_ address: UnsafeMutableRawPointer, bytes: Int) throws(CollectiveError)
    /// Before the pages go.
    func deregister(_ address: UnsafeMutableRawPointer)
}
