internal import CMixSystem
internal import Glibc

/// The file in which rank 0 says where it listens, for ranks that know the job's secret.
///
/// A file of an earlier job with another secret is not believed. One with the same secret leads to nobody, or to
/// somebody who does not know its nonce, and is read again until rank 0 of this job has replaced it.
struct RendezvousFile {
    let path: String
    let secret: Secret

    struct Content {
        var addresses: [NetworkAddress]
        /// Distinguishes this run from earlier ones with the same secret.
        var nonce: [UInt8]
    }

    /// Nobody ever sees half of it: it is written beside its place and moved there.
    func write(_ content: Content) throws(CollectiveError) {
        let temporary = "\(path).\(Self.hexadecimal(content.nonce.prefix(8)))"
        // Not to follow or reuse anything that lies there; for this user alone.
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system("writing the rendezvous file \(temporary)", errno) }
        let bytes = encoded(content)
        let written = unsafe bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        let wasWritten = written == bytes.count && fsync(file) == 0
        var error = errno
        mix_close(file)
        if wasWritten, rename(temporary, path) == 0 { return }
        if wasWritten { error = errno }
        unlink(temporary)
        throw .system("writing the rendezvous file \(path)", error)
    }

    /// Nil while there is none, or none that is proven.
    func read() -> Content? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { mix_close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
        guard count > 0 else { return nil }
        let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
        guard lines.count > 2, lines[0] == Self.title, let nonce = Self.bytes(lines[1]), nonce.count == 32 else {
            return nil
        }
        let content = Content(addresses: lines[2..<lines.count - 1].compactMap { NetworkAddress($0) }, nonce: nonce)
        guard Secret.areEqual(encoded(content), Array(bytes[..<count])) else { return nil }
        return content
    }

    /// Removes this run's file, not that of a later one.
    func remove(_ nonce: [UInt8]) {
        if read()?.nonce == nonce { unlink(path) }
    }

    private static let title = "MixServe rendezvous 1"

    private func encoded(_ content: Content) -> [UInt8] {
        let lines = [Self.title, Self.hexadecimal(content.nonce[...])] + content.addresses.map(\.description)
        let text = Array((lines.joined(separator: "\n") + "\n").utf8)
        return text + Array((Self.hexadecimal(secret.proof("file", text)[...]) + "\n").utf8)
    }

    private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue.map { UInt8($0) } }
        guard digits.count == text.utf8.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
