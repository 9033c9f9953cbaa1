/// Reads JSON value by value, strictly, with duplicates left for the caller to find: a checkpoint whose header names a
/// tensor twice is refused, and Foundation's decoder keeps either. Never reads outside its bytes, whatever they are.
///
/// An object is read with `beginObject`, then `key`, the value and `anotherMember` in turn; an array likewise.
struct JSONReader: ~Escapable {
    /// What is wrong, and at which byte.
    struct Problem: Error {
        var message: String
        var position: Int
    }

    private let bytes: RawSpan
    /// The next byte to be read.
    private(set) var position = 0
    private var depth = 0
    private static let greatestDepth = 64

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) { self.bytes = bytes }

    func problem(_ message: String) -> Problem { Problem(message: message, position: position) }

    /// Enters an object; false when it is empty, and then it is already left.
    mutating func beginObject() throws(Problem) -> Bool { try begin(UInt8(ascii: "{"), UInt8(ascii: "}"), "an object") }

    /// The next member's name; its value comes next.
    mutating func key() throws(Problem) -> String {
        let key = try string()
        try expect(UInt8(ascii: ":"), "':'")
        return key
    }

    /// After a member's value: whether another follows; if not, the object is left.
    mutating func anotherMember() throws(Problem) -> Bool { try another(before: UInt8(ascii: "}"), "'}'") }

    /// Enters an array; false when it is empty, and then it is already left.
    mutating func beginArray() throws(Problem) -> Bool { try begin(UInt8(ascii: "["), UInt8(ascii: "]"), "an array") }

    /// After an element: whether another follows; if not, the array is left.
    mutating func anotherElement() throws(Problem) -> Bool { try another(before: UInt8(ascii: "]"), "']'") }

    /// Whether an object comes next.
    mutating func isAtObject() -> Bool { next() == UInt8(ascii: "{") }

    /// Whether an array comes next.
    mutating func isAtArray() -> Bool { next() == UInt8(ascii: "[") }

    /// Only white space may follow.
    mutating func end() throws(Problem) {
        guard next() == nil else { throw problem("something follows the end of the value") }
    }

    /// A whole number from 0 up.
    mutating func wholeNumber() throws(Problem) -> Int {
        guard let first = next(), isDigit(first) else { throw problem("expected a whole number") }
        var value = 0
        while let digit = peek(), isDigit(digit) {
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard !overflow, !carry else { throw problem("a number beyond 2^63 - 1") }
            value = sum
            position += 1
        }
        if first == UInt8(ascii: "0"), value != 0 { throw problem("a number that begins with 0") }
        if let byte = peek(), byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") {
            throw problem("expected a whole number")
        }
        return value
    }

    /// A string; UTF-8 and escapes are checked.
    mutating func string() throws(Problem) -> String {
        try expect(UInt8(ascii: "\""), "a string")
        let start = position
        // Most strings have no escapes and are taken as they lie.
        while let byte = peek(), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        if peek() == UInt8(ascii: "\"") {
            let text = try text(start..<position)
            position += 1
            return text
        }
        return try stringWithEscapes(beginning: try text(start..<position))
    }

    /// Any value, read and forgotten.
    mutating func skipValue() throws(Problem) {
        switch next() {
        case UInt8(ascii: "{"):
            var more = try beginObject()
            while more {
                _ = try key()
                try skipValue()
                more = try anotherMember()
            }
        case UInt8(ascii: "["):
            var more = try beginArray()
            while more {
                try skipValue()
                more = try anotherElement()
            }
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try skip("true")
        case UInt8(ascii: "f"): try skip("false")
        case UInt8(ascii: "n"): try skip("null")
        default: try skipNumber()
        }
    }
}

extension JSONReader {
    private mutating func begin(_ open: UInt8, _ close: UInt8, _ what: String) throws(Problem) -> Bool {
        try expect(open, what)
        guard next() != close else {
            position += 1
            return false
        }
        depth += 1
        guard depth <= Self.greatestDepth else { throw problem("more than \(Self.greatestDepth) levels") }
        return true
    }

    private mutating func another(before close: UInt8, _ what: String) throws(Problem) -> Bool {
        if next() == UInt8(ascii: ",") {
            position += 1
            return true
        }
        try expect(close, "',' or \(what)")
        depth -= 1
        return false
    }

    private mutating func expect(_ byte: UInt8, _ what: String) throws(Problem) {
        guard next() == byte else {
            throw problem(position == bytes.byteCount ? "ends where \(what) should be" : "expected \(what)")
        }
        position += 1
    }

    /// The byte at `position`.
    private func peek() -> UInt8? {
        position < bytes.byteCount ? bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self) : nil
    }

    /// The next byte that is not white space, not yet taken.
    private mutating func next() -> UInt8? {
        while let byte = peek() {
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return byte }
            position += 1
        }
        return nil
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private mutating func skip(_ word: StaticString) throws(Problem) {
        for index in 0..<word.utf8CodeUnitCount {
            guard peek() == word.utf8Start[index] else { throw problem("expected \(word)") }
            position += 1
        }
    }

    private mutating func skipDigits() throws(Problem) {
        guard let digit = peek(), isDigit(digit) else { throw problem("expected a value") }
        while let digit = peek(), isDigit(digit) { position += 1 }
    }

    private mutating func skipNumber() throws(Problem) {
        if peek() == UInt8(ascii: "-") { position += 1 }
        let start = position
        try skipDigits()
        if position > start + 1, bytes.unsafeLoad(fromByteOffset: start, as: UInt8.self) == UInt8(ascii: "0") {
            throw problem("a number that begins with 0")
        }
        if peek() == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
            position += 1
            if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
    }

    private func text(_ range: Range<Int>) throws(Problem) -> String {
        let checked = bytes.extracting(range).withUnsafeBytes { String(validating: $0, as: UTF8.self) }
        guard let checked else { throw problem("a string that is not UTF-8") }
        return checked
    }

    /// The rest of a string, from an escape on.
    private mutating func stringWithEscapes(beginning: String) throws(Problem) -> String {
        var result = beginning
        while true {
            let start = position
            while let byte = peek(), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
                position += 1
            }
            result += try text(start..<position)
            guard let byte = peek() else { throw problem("ends inside a string") }
            guard byte >= 0x20 else { throw problem("a control character inside a string") }
            position += 1
            if byte == UInt8(ascii: "\"") { return result }
            result.unicodeScalars.append(try escape())
        }
    }

    private mutating func escape() throws(Problem) -> Unicode.Scalar {
        guard let byte = peek() else { throw problem("ends inside a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try hexadecimalUnit()
            if let scalar = Unicode.Scalar(unit) { return scalar }
            // The first half of a surrogate pair; the second must follow.
            guard unit < 0xdc00, peek() == UInt8(ascii: "\\") else { throw problem("half of a surrogate pair") }
            try skip("\\u")
            let low = try hexadecimalUnit()
            guard low >= 0xdc00, low < 0xe000 else { throw problem("half of a surrogate pair") }
            return Unicode.Scalar(0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(low) - 0xdc00))!
        default: throw problem("an escape that JSON does not have")
        }
    }

    private mutating func hexadecimalUnit() throws(Problem) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw problem("expected four hexadecimal digits")
            }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }
}
