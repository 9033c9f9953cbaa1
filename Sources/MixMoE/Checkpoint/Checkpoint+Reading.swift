internal import CMixSystem

extension Checkpoint {
    /// Begins to fetch what is not in memory of a matrix that will be read, or of a shard of one. Storage is fastest when
    /// it knows of some 100 MiB ahead; what is in memory costs one look per MiB.
    func prefetch(_ matrix: StoredMatrix) {
        matrix.forEachExtent(apartBy: mix_page_size()) { mix_will_read($0.baseAddress, $0.count) }
    }

    /// Before a matrix of this checkpoint, or a shard of one, is read: counts its bytes and those of its scales, and
    /// prefetches them.
    func willRead(_ matrix: StoredMatrix) {
        counter.add(matrix.byteCount + matrix.scaleByteCount)
        prefetch(matrix)
    }

    /// After a matrix was copied: its pages stop counting as this process's memory. Not for what is used in place.
    func didRead(_ matrix: StoredMatrix) {
        matrix.forEachExtent(apartBy: mix_page_size()) { mix_did_read($0.baseAddress, $0.count) }
    }

    /// Calls `body` with a matrix that it copies, between `willRead` and `didRead`.
    func read<Result: ~Copyable, Failure: Error>(
        _ matrix: StoredMatrix, _ body: (StoredMatrix) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        willRead(matrix)
        defer { didRead(matrix) }
        return try body(matrix)
    }

    /// As `read`, piece after piece, so that a large matrix takes little memory besides the copy. `body` is called with
    /// every piece as a matrix of its own, and where in the whole it lies.
    func readInPieces<Failure: Error>(
        _ matrix: StoredMatrix, ofAtMost bytes: Int = 4 << 20,
        _ body: (StoredMatrix, StoredMatrix.Piece) throws(Failure) -> Void
    ) throws(Failure) {
        prefetch(matrix)
        for piece in matrix.pieces(ofAtMost: bytes) {
            try read(matrix[piece]) { (part) throws(Failure) in try body(part, piece) }
        }
    }
}
