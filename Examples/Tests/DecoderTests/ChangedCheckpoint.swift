import Foundation
import Testing

/// A changed copy of a model in one file, until it is given up.
final class ChangedCheckpoint: Sendable {
    let path: String

    /// Everything but one tensor.
    ///
    /// - Parameter tensor: the whole name.
    convenience init(of fixture: ModelFixture, without tensor: String) throws {
        try self.init(of: fixture)
        // A name of the same length leaves the header as long as it was.
        try replace("\"\(tensor)\"", by: "\"x\(tensor.dropFirst())\"", in: "model.safetensors")
    }

    /// Attention to so many tokens at most.
    convenience init(of fixture: ModelFixture, window: Int) throws {
        try self.init(of: fixture)
        try replace("\"use_sliding_window\": false", by: "\"use_sliding_window\": true", in: "config.json")
        try replace("\"sliding_window\": null", by: "\"sliding_window\": \(window)", in: "config.json")
    }

    private init(of fixture: ModelFixture) throws {
        path = NSTemporaryDirectory() + "changed-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for file in ["config.json", "model.safetensors"] {
            try FileManager.default.copyItem(atPath: "\(fixture.path)/\(file)", toPath: "\(path)/\(file)")
        }
    }

    private func replace(_ text: String, by other: String, in file: String) throws {
        let url = URL(fileURLWithPath: "\(path)/\(file)")
        var data = try Data(contentsOf: url)
        data.replaceSubrange(try #require(data.range(of: Data(text.utf8))), with: Data(other.utf8))
        try data.write(to: url)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
