internal import Synchronization

/// A folder as published on Hugging Face: `config.json`, and `model.safetensors` or `model.safetensors.index.json` with
/// its shards. Files are mapped, not read: opening takes the headers, and of the weights only those bytes are read that
/// somebody asks for. A shard is opened when the first of its tensors is asked for. Safe to use from any thread.
///
///     let checkpoint = try Checkpoint(at: "Qwen3-30B-A3B")
///     let norm = try checkpoint.vector(named: "model.norm.weight", count: 2048)
public final class Checkpoint: Sendable {
    private static let fileName = "model.safetensors"

    /// The folder.
    public let path: String
    /// What `config.json` holds: a JSON object.
    public let configJSON: [UInt8]
    /// How many rows and columns of an fp8 matrix share one scale.
    public let quantisationBlock: Int

    let counter = ByteCounter()
    private let index: ShardIndex
    /// The files opened so far, by their numbers in the index.
    private let files: Mutex<[SafetensorsFile?]>

    /// Opens a folder. `model.safetensors` is taken before an index, as transformers does it.
    ///
    /// Throws ``MoEError``: `.notFound` when the folder holds no checkpoint, `.malformed` or `.truncated` when
    /// its configuration, index or only file contradicts its format, `.unsupportedType` for blocks of scales that are
    /// not square. Reads the configuration, and the index or the header.
    public init(at path: String) throws(MoEError) {
        self.path = path
        let config = try Self.open("config.json", in: path)
        quantisationBlock = try QuantisationBlock.size(inConfiguration: config.bytes, at: config.path)
        configJSON = Array(config.contents)
        do throws(MoEError) {
            let file = try SafetensorsFile(path + "/" + Self.fileName)
            index = ShardIndex(onlyFile: Self.fileName, tensors: file.header.tensors.map(\.name))
            files = Mutex([file])
        } catch  where error.code == .notFound {
            let json = try Self.open(ShardIndex.fileName, in: path)
            index = try ShardIndex(json: json.bytes, at: json.path)
            files = Mutex(Array(repeating: nil, count: index.shards.count))
        }
    }

    /// The names of all tensors, sorted. O(n log n).
    public var tensorNames: [String] { index.shardNumbers.keys.sorted() }

    /// Whether there is a tensor of this name, by the header or the index; no shard is opened.
    public func contains(_ name: String) -> Bool { index.shardNumbers[name] != nil }

    /// Bytes of tensors that were read through this object, scales included: a rank's are those of its own shard, and
    /// what is read twice counts twice. Headers don't count, nor what a page holds besides.
    public var bytesRead: Int { counter.count }

    /// A tensor, of whatever shape.
    ///
    /// Throws ``MoEError``: `.missingTensor`; `.unsupportedType` for a type that ``StoredType`` doesn't have;
    /// and when its shard is opened `.missingShard`, `.malformed` or `.truncated`.
    public func tensor(named name: String) throws(MoEError) -> StoredTensor {
        guard let number = index.shardNumbers[name] else {
            let near = nearestName(to: name).map { "; the nearest name is \($0)" } ?? ""
            throw MoEError(.missingTensor, "the checkpoint does not have it" + near, file: path, tensor: name)
        }
        let file = try file(number, for: name)
        guard let tensor = file.header[name] else {
            throw MoEError(
                .missingTensor, "\(ShardIndex.fileName) says that it is here; fetch both again", file: file.path,
                tensor: name)
        }
        guard let type = tensor.type else {
            throw MoEError(
                .unsupportedType, "it is stored as \(tensor.typeName), which this library does not know",
                file: file.path,
                tensor: name)
        }
        return StoredTensor(
            name: name, type: type, shape: tensor.shape, range: tensor.range, file: file, counter: counter)
    }

    private func file(_ number: Int, for tensor: String) throws(MoEError) -> SafetensorsFile {
        try files.withLock { (files) throws(MoEError) in
            if let file = files[number] { return file }
            do throws(MoEError) {
                let file = try SafetensorsFile(path + "/" + index.shards[number])
                files[number] = file
                return file
            } catch  where error.code == .notFound {
                throw MoEError(
                    .missingShard,
                    "\(ShardIndex.fileName) names this file, one of \(index.shards.count), and it is not there; fetch it",
                    file: error.file, tensor: tensor, errno: error.errno)
            }
        }
    }

    private static func open(_ name: String, in path: String) throws(MoEError) -> MappedFile {
        do throws(MoEError) {
            return try MappedFile(path + "/" + name)
        } catch  where error.code == .notFound {
            let what = name == ShardIndex.fileName ? "neither \(fileName) nor \(name)" : "no \(name)"
            throw MoEError(
                .notFound, "there is \(what); a checkpoint is a folder as published on Hugging Face, in safetensors",
                file: path,
                errno: error.errno)
        }
    }

    /// The name that begins alike for longest, for messages.
    private func nearestName(to name: String) -> String? {
        func likeness(_ other: String) -> Int { zip(name.utf8, other.utf8).prefix { $0 == $1 }.count }
        return index.shardNumbers.keys.map { (likeness($0), $0) }.max { ($0.0, $1.1) < ($1.0, $0.1) }?.1
    }
}
