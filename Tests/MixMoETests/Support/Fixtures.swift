import Foundation

/// The folders of Tests/Fixtures, or of the set that MIX_FIXTURES names.
enum Fixtures {
    static let path =
        ProcessInfo.processInfo.environment["MIX_FIXTURES"]
        ?? URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Fixtures").standardized.path

    /// Of every fixture: single layers and whole models.
    static let names: [String] = {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return entries.filter { FileManager.default.fileExists(atPath: "\(path)/\($0)/config.json") }.sorted()
    }()

    static func path(_ name: String) -> String { path + "/" + name }
}
