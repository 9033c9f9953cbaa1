/// Why a text is no ``Tuning``.
public struct TuningError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file that it was read from.
    public var file: String
    /// The line, from 1; nil where the file as a whole can't be read.
    public var line: Int?
    /// What is there, and what is expected.
    public var message: String

    /// The file, the line and what is wrong.
    public var description: String { "\(file)\(line.map { ", line \($0)" } ?? ""): \(message)" }
}
