/// How many weights share one scale, by `quantization_config.weight_block_size` of a config.json.
enum QuantisationBlock {
    /// What DeepSeek-V3 introduced and others took over.
    static let usual = 128

    /// The block size that a configuration gives, at its top or in `text_config`; the usual one if it gives none.
    /// Throws `.malformed` for what is no JSON object, `.unsupportedType` for blocks that are not square.
    static func size(inConfiguration json: RawSpan, at path: String) throws(MoEError) -> Int {
        var sizes: [Int]?
        do throws(JSONReader.Problem) {
            var reader = JSONReader(json)
            sizes = try sizesInConfiguration(&reader)
            try reader.end()
        } catch {
            throw MoEError(
                .malformed, "not a configuration: \(error.message) at byte \(error.position)", file: path)
        }
        guard let sizes else { return usual }
        guard sizes.count == 2, sizes[0] == sizes[1], sizes[0] > 0 else {
            throw MoEError(
                .unsupportedType, "weight_block_size is \(sizes); two equal sizes are supported, such as [128, 128]",
                file: path)
        }
        return sizes[0]
    }

    private static func sizesInConfiguration(_ reader: inout JSONReader) throws(JSONReader.Problem) -> [Int]? {
        var outer: [Int]?
        var inner: [Int]?
        var more = try reader.beginObject()
        while more {
            let key = try reader.key()
            if key == "quantization_config", reader.isAtObject() {
                outer = try sizesInQuantisation(&reader)
            } else if key == "text_config", reader.isAtObject() {
                inner = try sizesInConfiguration(&reader)
            } else {
                try reader.skipValue()
            }
            more = try reader.anotherMember()
        }
        return outer ?? inner
    }

    private static func sizesInQuantisation(_ reader: inout JSONReader) throws(JSONReader.Problem) -> [Int]? {
        var sizes: [Int]?
        var more = try reader.beginObject()
        while more {
            if try reader.key() == "weight_block_size", reader.isAtArray() {
                var numbers: [Int] = []
                var another = try reader.beginArray()
                while another {
                    numbers.append(try reader.wholeNumber())
                    another = try reader.anotherElement()
                }
                sizes = numbers
            } else {
                try reader.skipValue()
            }
            more = try reader.anotherMember()
        }
        return sizes
    }
}
