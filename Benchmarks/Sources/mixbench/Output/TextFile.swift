#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import ArgumentParser

/// A file that is written at once.
enum TextFile {
    static func write(_ text: String, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard file >= 0 else {
            throw ValidationError("\(path) can't be written: \(String(cString: strerror(errno)))")
        }
        Console.write(text, to: file)
        close(file)
    }
}
