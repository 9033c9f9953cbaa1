import Foundation

/// Somebody who connects to a job's rendezvous and is no rank of it.
final class Stranger {
    private let socket: Int32

    /// Connects as soon as somebody listens there; nil when nobody did within ten seconds.
    init?(at rendezvous: String, saying bytes: [UInt8] = []) {
        let name = Array("mixserve/\(rendezvous)".utf8)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // An abstract name begins with a zero byte.
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            for (index, byte) in name.enumerated() { path[index + 1] = byte }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.count)
        socket = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let result = withUnsafePointer(to: address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, length) }
            }
            if result == 0 { break }
            guard .now < deadline else {
                close(socket)
                return nil
            }
            giveWay()
        }
        if !bytes.isEmpty { _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
    }

    deinit { close(socket) }
}
