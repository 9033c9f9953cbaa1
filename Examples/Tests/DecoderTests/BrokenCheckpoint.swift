import Foundation
import Testing

/// A copy of a model in one file that has everything but one tensor, until it is given up.
final class BrokenCheckpoint: Sendable {
    let path: String

    /// - Parameter tensor: the whole name.
    init(of fixture: ModelFixture, without tensor: String) throws {
        path = NSTemporaryDirectory() + "broken-\(UUID().uuidString)"
        let files = FileManager.default
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        try files.copyItem(atPath: "\(fixture.path)/config.json", toPath: "\(path)/config.json")
        var model = try Data(contentsOf: URL(fileURLWithPath: "\(fixture.path)/model.safetensors"))
        // A name of the same length leaves the header as long as it was.
        let name = try #require(model.range(of: Data("\"\(tensor)\"".utf8)))
        model.replaceSubrange(name.lowerBound + 1..<name.lowerBound + 2, with: Data("x".utf8))
        try model.write(to: URL(fileURLWithPath: "\(path)/model.safetensors"))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
