internal import CMixSystem

/// The environment of this process.
enum Environment {
    static var current: [String: String] {
        var result: [String: String] = [:]
        var next = mix_environment()
        while let entry = next?.pointee {
            let text = String(cString: entry)
            if let sign = text.firstIndex(of: "=") { result[String(text[..<sign])] = String(text[text.index(after: sign)...]) }
            next = next?.advanced(by: 1)
        }
        return result
    }
}
