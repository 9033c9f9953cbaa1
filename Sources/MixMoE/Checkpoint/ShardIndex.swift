/// `model.safetensors.index.json`: which file has which tensor.
struct ShardIndex {
    static let fileName = "model.safetensors.index.json"

    /// File names, sorted.
    let shards: [String]
    /// From a tensor's name to its file, by number.
    let shardNumbers: [String: Int]

    /// Of a checkpoint that has no index, because one file has all.
    init(onlyFile: String, tensors: [String]) {
        shards = [onlyFile]
        shardNumbers = Dictionary(uniqueKeysWithValues: tensors.map { ($0, 0) })
    }

    /// Throws `.malformed`.
    init(json: RawSpan, at path: String) throws(MoEError) {
        var names: [String: String]?
        do throws(JSONReader.Problem) {
            var reader = JSONReader(json)
            var more = try reader.beginObject()
            while more {
                if try reader.key() == "weight_map" {
                    guard names == nil else { throw reader.problem("\"weight_map\" is there twice") }
                    names = try Self.weightMap(from: &reader)
                } else {
                    try reader.skipValue()
                }
                more = try reader.anotherMember()
            }
            try reader.end()
        } catch {
            throw MoEError(
                .malformed, "not an index of shards: \(error.message) at byte \(error.position)", file: path)
        }
        guard let names else { throw MoEError(.malformed, "the index has no \"weight_map\"", file: path) }
        let shards = Set(names.values).sorted()
        // An index may come from anywhere: it must not lead out of the checkpoint's folder.
        for shard in shards
        where shard.isEmpty || shard == "." || shard == ".."
            || shard.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") })
        {
            throw MoEError(
                .malformed, "the index names the file \"\(shard)\", and only names inside the folder are read",
                file: path)
        }
        self.shards = shards
        let numbers = Dictionary(uniqueKeysWithValues: shards.enumerated().map { ($1, $0) })
        shardNumbers = names.mapValues { numbers[$0]! }
    }

    private static func weightMap(from reader: inout JSONReader) throws(JSONReader.Problem) -> [String: String] {
        var names: [String: String] = [:]
        var more = try reader.beginObject()
        while more {
            let tensor = try reader.key()
            guard names.updateValue(try reader.string(), forKey: tensor) == nil else {
                throw reader.problem("\(tensor) is there twice")
            }
            more = try reader.anotherMember()
        }
        return names
    }
}
