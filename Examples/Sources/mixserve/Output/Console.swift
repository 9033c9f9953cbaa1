import Foundation

/// The two output streams, unbuffered.
enum Console {
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    static func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
    static func error(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
