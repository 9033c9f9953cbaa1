/// What the header of a safetensors file says, checked: every tensor lies inside the file, has as many bytes as its
/// shape and type ask for, and no byte is without a tensor or belongs to two.
///
/// The format (https://huggingface.co/docs/safetensors): 8 bytes, the length of the header, little-endian; the header,
/// a JSON object of name: {"dtype", "shape", "data_offsets"}, besides "__metadata__"; the tensors' bytes.
struct SafetensorsHeader {
    struct Tensor {
        var name: String
        /// The type's name in the file. One that this library doesn't know keeps nobody from the other tensors.
        var typeName: String
        var shape: [Int]
        /// Where the tensor's bytes are, from the start of the file.
        var range: Range<Int>

        var type: StoredType? { StoredType(rawValue: typeName) }
    }

    /// As the reference implementation has it.
    static let greatestLength = 100_000_000

    /// In the order of their bytes.
    let tensors: [Tensor]
    private let indices: [String: Int]

    subscript(name: String) -> Tensor? { indices[name].map { tensors[$0] } }

    /// Reads the header of a whole file. Throws `.truncated` or `.malformed`. O(n log n) for n tensors; the tensors' bytes
    /// are not touched.
    init(of file: RawSpan, at path: String) throws(MoEError) {
        let dataStart = try Self.dataStart(of: file, at: path)
        var tensors: [Tensor]
        do throws(JSONReader.Problem) {
            var reader = JSONReader(file.extracting(8..<dataStart))
            tensors = try Self.tensors(from: &reader)
        } catch {
            throw MoEError(
                .malformed,
                "the header is not what safetensors ask for: \(error.message) at byte \(8 + error.position)",
                file: path)
        }
        tensors.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        try Self.check(&tensors, dataStart: dataStart, fileBytes: file.byteCount, path: path)

        var indices: [String: Int] = [:]
        indices.reserveCapacity(tensors.count)
        for (index, tensor) in tensors.enumerated() {
            guard indices.updateValue(index, forKey: tensor.name) == nil else {
                throw MoEError(
                    .malformed, "the header has two tensors of this name", file: path, tensor: tensor.name)
            }
        }
        self.tensors = tensors
        self.indices = indices
    }

    private static func dataStart(of file: RawSpan, at path: String) throws(MoEError) -> Int {
        guard file.byteCount >= 8 else {
            throw MoEError(
                .truncated, "\(file.byteCount) bytes are too few for a safetensors file; fetch it again", file: path)
        }
        let length = UInt64(littleEndian: file.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self))
        guard length <= greatestLength else {
            throw MoEError(
                .malformed,
                "a header of \(length) bytes is beyond the limit of \(greatestLength); is this a safetensors file?",
                file: path)
        }
        guard length <= file.byteCount - 8 else {
            throw MoEError(
                .truncated,
                "the header takes \(length) bytes and the file has \(file.byteCount - 8) after the length; fetch it again",
                file: path)
        }
        return 8 + Int(length)
    }

    private static func tensors(from reader: inout JSONReader) throws(JSONReader.Problem) -> [Tensor] {
        var tensors: [Tensor] = []
        var more = try reader.beginObject()
        while more {
            let name = try reader.key()
            if name == "__metadata__" {
                try reader.skipValue()
            } else {
                tensors.append(try tensor(name, from: &reader))
            }
            more = try reader.anotherMember()
        }
        try reader.end()
        return tensors
    }

    private static func tensor(_ name: String, from reader: inout JSONReader) throws(JSONReader.Problem) -> Tensor {
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
        var more = try reader.beginObject()
        while more {
            let key = try reader.key()
            switch key {
            case "dtype" where type == nil: type = try reader.string()
            case "shape" where shape == nil: shape = try wholeNumbers(from: &reader)
            case "data_offsets" where offsets == nil: offsets = try wholeNumbers(from: &reader)
            case "dtype", "shape", "data_offsets": throw reader.problem("\"\(key)\" of \(name) is there twice")
            default: try reader.skipValue()
            }
            more = try reader.anotherMember()
        }
        guard let type, let shape, let offsets else {
            throw reader.problem("\(name) needs \"dtype\", \"shape\" and \"data_offsets\"")
        }
        guard offsets.count == 2, offsets[0] <= offsets[1] else {
            throw reader.problem("the data_offsets of \(name), \(offsets), are not a beginning and an end")
        }
        return Tensor(name: name, typeName: type, shape: shape, range: offsets[0]..<offsets[1])
    }

    private static func wholeNumbers(from reader: inout JSONReader) throws(JSONReader.Problem) -> [Int] {
        var numbers: [Int] = []
        var more = try reader.beginArray()
        while more {
            numbers.append(try reader.wholeNumber())
            more = try reader.anotherElement()
        }
        return numbers
    }

    /// Checks offsets, which count from the end of the header, against each other, the shapes and the file; then makes
    /// them count from the start of the file.
    private static func check(
        _ tensors: inout [Tensor], dataStart: Int, fileBytes: Int, path: String
    ) throws(MoEError) {
        let dataBytes = fileBytes - dataStart
        var end = 0
        for index in tensors.indices {
            let tensor = tensors[index]
            func wrong(_ code: MoEError.Code, _ message: String) -> MoEError {
                MoEError(code, message, file: path, tensor: tensor.name)
            }
            let range = tensor.range
            var place: String { "its bytes, \(range.lowerBound) to \(range.upperBound) after the header," }
            guard range.upperBound <= dataBytes else {
                throw wrong(.truncated, "\(place) are not all there: the file has \(dataBytes); fetch it again")
            }
            if range.lowerBound != end {
                let problem = range.lowerBound < end ? "overlap with" : "leave a gap after"
                throw wrong(.malformed, "\(place) \(problem) the tensor before, which ends at \(end)")
            }
            if let type = tensor.type {
                let bytes = byteCount(of: tensor.shape, type)
                guard bytes == range.count else {
                    let wanted = bytes.map { "\($0)" } ?? "more than 2^63"
                    throw wrong(
                        .malformed,
                        "\(tensor.typeName) \(tensor.shape) is \(wanted) bytes, and its offsets have \(range.count)")
                }
            }
            end = range.upperBound
            tensors[index].range = dataStart + range.lowerBound..<dataStart + range.upperBound
        }
        guard end == dataBytes else {
            throw MoEError(
                .malformed, "the tensors end at byte \(end) after the header and the file has \(dataBytes) there",
                file: path)
        }
    }

    /// nil when it is no Int.
    private static func byteCount(of shape: [Int], _ type: StoredType) -> Int? {
        var bytes = type.size
        // A zero anywhere makes it nothing, however large the rest is.
        if shape.contains(0) { return 0 }
        for count in shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: count)
            guard !overflow else { return nil }
            bytes = product
        }
        return bytes
    }
}
