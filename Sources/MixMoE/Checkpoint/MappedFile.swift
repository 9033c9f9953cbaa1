internal import CMixSystem
internal import Glibc

/// A whole file, mapped to be read, for as long as this object lives. A file that somebody shortens meanwhile ends the
/// process with SIGBUS where it is read; checkpoints are not written in place.
final class MappedFile: Sendable {
    let path: String
    /// What the file holds. Immutable memory, so any thread may read it.
    nonisolated(unsafe) let contents: UnsafeRawBufferPointer

    /// Throws `.notFound` or `.system`.
    init(_ path: String) throws(MoEError) {
        // What comes after a zero byte would not reach the system.
        guard !path.utf8.contains(0) else {
            throw MoEError(.notFound, "a path can't contain a zero byte", file: path)
        }
        var address: UnsafeRawPointer?
        var count = 0
        let result = mix_map_file(path, &address, &count)
        guard result == 0 else {
            throw MoEError(
                result == -ENOENT || result == -ENOTDIR ? .notFound : .system, String(cString: mix_error_text(-result)),
                file: path,
                errno: -result)
        }
        self.path = path
        contents = UnsafeRawBufferPointer(start: address, count: count)
    }

    deinit { if let address = contents.baseAddress { mix_unmap_file(address, contents.count) } }

    /// What the file holds.
    var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            // The mapping lives as long as self, which the returned span borrows.
            let span = unsafe RawSpan(_unsafeBytes: contents)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}
