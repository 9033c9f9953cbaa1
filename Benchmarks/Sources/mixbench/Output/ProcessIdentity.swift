#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What this process can say of itself.
enum ProcessIdentity {
    /// Its process id.
    static var current: Int { Int(getpid()) }

    static func environmentVariable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    static func setEnvironmentVariable(_ name: String, _ value: String) { setenv(name, value, 1) }

    /// The processor's name, where the system tells.
    static var processorModel: String? {
        guard let file = fopen("/proc/cpuinfo", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 4096)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard text.hasPrefix("model name"), let colon = text.firstIndex(of: ":") else { continue }
            return String(text[text.index(after: colon)...].drop { $0 == " " }.prefix { !$0.isNewline })
        }
        return nil
    }
}
