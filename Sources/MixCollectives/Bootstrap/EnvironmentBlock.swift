internal import CMixSystem
internal import Glibc

/// A child's environment: this process's, byte for byte, with some variables replaced.
struct EnvironmentBlock: ~Copyable {
    /// "NAME=value" strings, NULL-ended.
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    init(adding variables: [String: String]) {
        var entries: [UnsafeMutablePointer<CChar>?] = []
        if var next = mix_environment() {
            while let text = next.pointee {
                let name = String(cString: text).prefix { $0 != "=" }
                if variables[String(name)] == nil { entries.append(strdup(text)) }
                next += 1
            }
        }
        for (name, value) in variables { entries.append(strdup("\(name)=\(value)")) }
        pointer = .allocate(capacity: entries.count + 1)
        for (index, entry) in entries.enumerated() { (pointer + index).initialize(to: entry) }
        (pointer + entries.count).initialize(to: nil)
    }

    deinit {
        var next = pointer
        while let entry = next.pointee {
            free(entry)
            next += 1
        }
        pointer.deallocate()
    }
}
