import Foundation

/// The two output streams, unbuffered.
enum Console {
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    /// Where nobody can take what is printed, the program ends.
    static func write(_ text: String) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            self.error("Error: the standard output can't be written: \(String(cString: strerror(errno)))\n")
            exit(1)
        }
    }

    static func error(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
}
