internal import CMixSystem
internal import Glibc

/// A host, by name or number, and a port.
struct NetworkAddress: Hashable, CustomStringConvertible {
    var host: String
    var port: Int

    /// "host:port"; IPv6 addresses in brackets.
    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Nil for what is none.
    init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(digits),
            (1...65_535).contains(port)
        else { return nil }
        self.init(host: String(host), port: port)
    }

    /// The host's addresses as numbers.
    func resolved() -> Result<[NetworkAddress], CollectiveError> {
        var found: [NetworkAddress] = []
        while true {
            var text = [CChar](repeating: 0, count: 128)
            var reason: UnsafePointer<CChar>?
            let result = mix_tcp_resolve(host, Int32(found.count), &text, text.count, &reason)
            if result == -ENOENT, !found.isEmpty { return .success(found) }
            guard result == 0 else {
                let why = unsafe reason.map { String(cString: $0) } ?? String(cString: mix_error_text(-result))
                return .failure(
                    CollectiveError(
                        .rendezvousFailed, "the host name \"\(host)\" has no address: \(why)", errno: -result))
            }
            found.append(NetworkAddress(host: String(fromCharacters: text), port: port))
        }
    }

    /// Whether the host is written so that it can only be this machine.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}
