import Foundation

/// Checkpoints to be written, right or wrong in one place.
struct CheckpointDraft {
    struct Tensor {
        var name: String
        var type = "F32"
        var shape: [Int]
        var bytes: [UInt8]
    }

    var tensors: [Tensor] = []
    var config = #"{"model_type": "mixtral"}"#

    mutating func add(_ name: String, _ type: String = "F32", _ shape: [Int], _ bytes: [UInt8]) {
        tensors.append(Tensor(name: name, type: type, shape: shape, bytes: bytes))
    }

    mutating func add(_ name: String, _ shape: [Int], floats: [Float]) {
        add(name, "F32", shape, floats.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) })
    }

    /// The whole file.
    var file: [UInt8] {
        var offset = 0
        let entries = tensors.map { tensor in
            defer { offset += tensor.bytes.count }
            return
                #""\#(tensor.name)":{"dtype":"\#(tensor.type)","shape":\#(tensor.shape),"data_offsets":[\#(offset),\#(offset + tensor.bytes.count)]}"#
        }
        return Self.file(
            header: "{" + entries.joined(separator: ",") + "}", data: tensors.reduce(into: []) { $0 += $1.bytes })
    }

    static func file(header: String, data: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + Array(header.utf8) + data
    }

    /// Writes config.json and model.safetensors.
    func write(to folder: TemporaryFolder) throws { try Self.write(config: config, file: file, to: folder) }

    static func write(config: String = #"{"model_type": "mixtral"}"#, file: [UInt8], to folder: TemporaryFolder) throws
    {
        try write(config, as: "config.json", to: folder)
        try Data(file).write(to: URL(filePath: folder.path + "/model.safetensors"))
    }

    static func write(_ text: String, as name: String, to folder: TemporaryFolder) throws {
        try Data(text.utf8).write(to: URL(filePath: folder.path + "/" + name))
    }
}
