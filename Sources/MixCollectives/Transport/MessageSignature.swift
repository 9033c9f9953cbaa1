internal import MixSchedule

/// What a message between nodes is for, in 64 bits: sender and receiver must agree on it.
struct MessageSignature: CustomStringConvertible {
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The low bits of everything that all ranks of an operation agree on. A message's size is checked beside it.
    init(_ call: Call, algorithm: UInt8, number: UInt64) {
        rawValue =
            UInt64(call.operation.code & 15) | UInt64(call.type.rawValue & 15) << 4
            | UInt64(call.reduction.rawValue & 7) << 8 | UInt64(algorithm & 31) << 11
            | UInt64(truncatingIfNeeded: call.root & 0xffff) << 16
            | UInt64(truncatingIfNeeded: call.count & 0xffff) << 32 | (number & 0xffff) << 48
    }

    var description: String {
        guard let operation = Operation(code: UInt8(rawValue & 15)),
            let type = DataType(rawValue: UInt8(rawValue >> 4 & 15))
        else { return "something unknown" }
        var text = "\(operation.rawValue) #\(rawValue >> 48) of \(type.name)"
        if let reduction = Reduction(rawValue: UInt8(rawValue >> 8 & 7)) { text += " (\(reduction.name))" }
        if operation.hasRoot { text += " with root \(rawValue >> 16 & 0xffff)" }
        return text + ", count \(rawValue >> 32 & 0xffff) (mod 65536)"
    }
}
