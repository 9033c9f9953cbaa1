/// A tensor of a checkpoint, where it lies in its file. Keeps the file mapped; nothing is read by making one.
public struct StoredTensor: Sendable {
    /// Its name in the checkpoint.
    public let name: String
    /// How its elements are stored.
    public let type: StoredType
    /// Elements in every dimension, row-major; empty for a single number.
    public let shape: [Int]
    let range: Range<Int>
    let file: SafetensorsFile
    let counter: ByteCounter

    /// Bytes of all elements.
    public var byteCount: Int { range.count }

    /// The elements, little-endian, aligned to nothing. Counts as read (``Checkpoint/bytesRead``) whenever it is asked
    /// for.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            counter.add(byteCount)
            // The mapping lives as long as the file, which self keeps and the returned span borrows.
            let span = unsafe RawSpan(_unsafeStart: start, byteCount: byteCount)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The first byte. Who reads from here counts it and keeps the file.
    var start: UnsafeRawPointer { file.mapping.contents.baseAddress! + range.lowerBound }

    func wrong(_ code: MoEError.Code, _ message: String) -> MoEError {
        MoEError(code, message, file: file.path, tensor: name)
    }
}
