import Foundation

/// A folder that goes away with its last owner.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        var template = Array("/tmp/mix-XXXXXX".utf8CString)
        guard let name = mkdtemp(&template) else { throw Wrong("no folder in /tmp: errno \(errno)") }
        path = String(cString: name)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// One more folder inside.
    package func newFolder() throws -> String {
        let name = path + "/" + String(UInt32.random(in: 0 ... .max), radix: 36)
        try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: false)
        return name
    }
}
