internal import CMixSystem
internal import Glibc

/// A TCP connection before it becomes a link; its owner closes it, unless it was taken out.
struct Connection: ~Copyable {
    private(set) var socket: Int32

    init(_ socket: Int32) { self.socket = socket }

    deinit { if socket >= 0 { mix_close(socket) } }

    /// The socket, which is the caller's from here.
    consuming func take() -> Int32 {
        let taken = socket
        socket = -1
        return taken
    }

    /// "10.0.0.1:4242", for messages.
    static func peerText(_ socket: Int32) -> String {
        var text = [CChar](repeating: 0, count: 128)
        var port: Int32 = 0
        guard mix_tcp_peer(socket, &text, text.count, &port) == 0 else { return "somewhere" }
        return NetworkAddress(host: String(fromCharacters: text), port: Int(port)).description
    }

    /// Sends all of it; 0 or a negative errno.
    static func send(_ socket: Int32, _ bytes: [UInt8], until deadline: Int64) -> Int32 {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                var part = mix_part(
                    address: UnsafeMutableRawPointer(mutating: buffer.baseAddress! + sent), bytes: buffer.count - sent)
                return mix_tcp_write(socket, &part, 1)
            }
            if count == -Int(EAGAIN) {
                let ready = mix_wait_file(socket, 1, milliseconds(until: deadline))
                if ready != 0 { return ready }
            } else if count < 0 {
                return Int32(count)
            } else {
                sent += count
            }
        }
        return 0
    }

    /// Receives that many bytes; 0 or a negative errno, -ECONNRESET also when the peer closed.
    static func receive(_ socket: Int32, _ bytes: inout [UInt8], count: Int, until deadline: Int64) -> Int32 {
        bytes = []
        while bytes.count < count {
            let received = append(from: socket, to: &bytes, atMost: count - bytes.count)
            if received == -Int(EAGAIN) {
                let ready = mix_wait_file(socket, 0, milliseconds(until: deadline))
                if ready != 0 { return ready }
            } else if received <= 0 {
                return received == 0 ? -ECONNRESET : Int32(received)
            }
        }
        return 0
    }

    /// One read, as the kernel answers it.
    static func append(from socket: Int32, to bytes: inout [UInt8], atMost limit: Int) -> Int {
        let start = bytes.count
        bytes += [UInt8](repeating: 0, count: Swift.min(limit, 1 << 16))
        let received = unsafe bytes.withUnsafeMutableBytes { buffer in
            var part = mix_part(address: buffer.baseAddress! + start, bytes: buffer.count - start)
            return mix_tcp_read(socket, &part, 1)
        }
        bytes.removeLast(bytes.count - start - Swift.max(0, received))
        return received
    }

    static func milliseconds(until deadline: Int64) -> Int32 {
        Int32(clamping: Swift.max(0, (deadline - mix_now() + 999_999) / 1_000_000))
    }
}

extension String {
    /// From a NUL-ended array that C has filled.
    init(fromCharacters characters: [CChar]) {
        self = String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
