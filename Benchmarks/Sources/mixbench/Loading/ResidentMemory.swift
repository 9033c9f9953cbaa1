import Foundation

/// How much memory this process has: anonymous pages and pages of files that it has mapped, its own program's included.
enum ResidentMemory {
    /// Bytes now.
    static var now: Int { bytes("VmRSS:") }
    /// The most bytes since ``forgetPeak()``.
    static var peak: Int { bytes("VmHWM:") }

    /// Lets the peak begin again at what there is.
    static func forgetPeak() { try? Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs")) }

    private static func bytes(_ name: String) -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
        return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) * 1024
    }
}
