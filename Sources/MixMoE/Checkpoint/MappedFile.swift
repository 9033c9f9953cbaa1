internal import CMixSystem
internal import Glibc

/// A whole file, mapped to be read, for as long as this object lives. A file that somebody shortens meanwhile ends the
/// process with SIGBUS where it is read; checkpoints are not written in place.
final class MappedFile: Sendable {
    let path: String
    /// What the file holds. Immutable memory, so any thread may read it.
    nonisolated(unsafe) let contents: UnsafeRawBufferPointer
    private let descriptor: Int32

    /// Throws `.notFound` or `.system`.
    init(_ path: String) throws(MoEError) {
        // What comes after a zero byte would not reach the system.
        guard !path.utf8.contains(0) else {
            throw MoEError(.notFound, "a path can't contain a zero byte", file: path)
        }
        var address: UnsafeRawPointer?
        var count = 0
        let result = mix_map_file(path, &address, &count)
        guard result >= 0 else {
            throw MoEError(
                result == -ENOENT || result == -ENOTDIR ? .notFound : .system, String(cString: mix_error_text(-result)),
                file: path,
                errno: -result)
        }
        self.path = path
        descriptor = result
        contents = UnsafeRawBufferPointer(start: address, count: count)
    }

    deinit { mix_unmap_file(descriptor, contents.baseAddress, contents.count) }

    /// Copies a part of `contents` without touching it: no page of the file becomes this process's memory, and twice as
    /// many bytes per second arrive as through a mapping.
    ///
    /// Throws `.truncated` when the file was shortened meanwhile, `.system` when it can't be read.
    func read(_ part: UnsafeRawBufferPointer, into memory: UnsafeMutableRawPointer) throws(MoEError) {
        guard let start = part.baseAddress, let base = contents.baseAddress else { return }
        let result = mix_read_file(descriptor, start - base, memory, part.count)
        guard result != 0 else { return }
        let isShort = result == -ENODATA
        throw MoEError(
            isShort ? .truncated : .system,
            isShort
                ? "it ends before byte \(start - base + part.count), and was longer when it was opened"
                : String(cString: mix_error_text(-result)),
            file: path, errno: isShort ? nil : -result)
    }

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
