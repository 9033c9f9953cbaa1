#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import ArgumentParser

/// A file of JSON objects, one a line, that grows at its end.
final class JSONLines {
    private let file: Int32

    /// Opens the file on the rank that writes; on the others nothing is ever written.
    init(appendingTo path: String, isWriter: Bool) throws {
        file = isWriter ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666) : -1
        if isWriter, file < 0 {
            throw ValidationError("\(path) can't be written: \(String(cString: strerror(errno)))")
        }
    }

    deinit { if file >= 0 { close(file) } }

    func append(_ row: JSONRow) { append(row.text) }

    /// Appends an object that is on one line.
    func append(_ object: String) {
        if file >= 0 { Console.write(object + "\n", to: file) }
    }
}
