/// A safetensors file, mapped, with its header checked. Tensors keep it alive. Safe to use from any thread.
public final class SafetensorsFile: Sendable {
    let mapping: MappedFile
    let header: SafetensorsHeader
    private let counter = ByteCounter()

    /// Where it is.
    public var path: String { mapping.path }
    /// The names of all tensors, in the order of their bytes.
    public var tensorNames: [String] { header.tensors.map(\.name) }

    /// Opens a file. Reads the header only.
    ///
    /// - Throws: ``MoEError/Code/notFound``, ``MoEError/Code/system``, ``MoEError/Code/truncated`` or
    ///   ``MoEError/Code/malformed``, with what is wrong in the header.
    public convenience init(at path: String) throws(MoEError) { try self.init(path) }

    init(_ path: String) throws(MoEError) {
        let mapping = try MappedFile(path)
        self.mapping = mapping
        header = try SafetensorsHeader(of: mapping.bytes, at: path)
    }

    /// A tensor, of whatever shape and type.
    ///
    /// - Throws: ``MoEError/Code/missingTensor``, or ``MoEError/Code/unsupportedType`` for a type that is not known.
    public func tensor(named name: String) throws(MoEError) -> StoredTensor {
        guard let tensor = header[name] else {
            throw MoEError(.missingTensor, "the file has no such tensor", file: path, tensor: name)
        }
        guard let type = tensor.type else {
            throw MoEError(
                .unsupportedType, "it is stored as \(tensor.typeName), which this library does not know", file: path,
                tensor: name)
        }
        return StoredTensor(
            name: name, type: type, shape: tensor.shape, range: tensor.range, file: self, counter: counter)
    }
}
