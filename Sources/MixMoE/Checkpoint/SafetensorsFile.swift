/// A safetensors file, mapped, with its header checked. Tensors keep it alive.
final class SafetensorsFile: Sendable {
    let mapping: MappedFile
    let header: SafetensorsHeader

    var path: String { mapping.path }

    /// Throws `.notFound`, `.system`, `.truncated` or `.malformed`. Reads the header only.
    init(_ path: String) throws(CheckpointError) {
        let mapping = try MappedFile(path)
        self.mapping = mapping
        header = try SafetensorsHeader(of: mapping.bytes, at: path)
    }
}
