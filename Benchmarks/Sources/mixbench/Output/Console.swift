#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The two output streams, unbuffered: a table grows line by line also into a pipe.
enum Console {
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    static func write(_ text: String) { write(text, to: STDOUT_FILENO) }
    static func error(_ text: String) { write(text, to: STDERR_FILENO) }

    /// Writes all of `text`, unless nobody reads.
    static func write(_ text: String, to file: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { systemWrite(file, $0.baseAddress!, $0.count) }
            if written < 0 && errno != EINTR { return }
            bytes = bytes.dropFirst(max(0, written))
        }
    }
}

private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int { write(file, bytes, count) }
