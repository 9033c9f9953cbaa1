import MixTestSupport
import Foundation

/// Which pages of a file are in memory.
enum PageUse {
    static let page = Int(getpagesize())

    /// Writes the file out and asks the system to forget its contents. Throws where that is not heeded, as on a file
    /// system in memory.
    static func forget(_ path: String) throws {
        let file = open(path, O_RDONLY)
        defer { close(file) }
        guard file >= 0, fsync(file) == 0, posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0 else {
            throw Wrong("\(path): errno \(errno)")
        }
        let kept = try cached(path)
        guard kept.isEmpty else {
            throw Wrong("\(kept.count) pages of \(path) stay in memory; TMPDIR must be on a disk")
        }
    }

    /// The numbers of the pages that the system holds in memory, whoever read them.
    static func cached(_ path: String) throws -> [Int] {
        let file = open(path, O_RDONLY)
        defer { close(file) }
        let bytes = Int(lseek(file, 0, SEEK_END))
        let address = mmap(nil, bytes, PROT_READ, MAP_SHARED, file, 0)
        guard let address, address != MAP_FAILED else { throw Wrong("\(path): errno \(errno)") }
        defer { munmap(address, bytes) }
        var states = [UInt8](repeating: 0, count: (bytes + page - 1) / page)
        guard mincore(address, bytes, &states) == 0 else { throw Wrong("\(path): errno \(errno)") }
        return states.indices.filter { states[$0] & 1 == 1 }
    }

    /// Bytes of this process's memory that are mapped from the file.
    static func mapped(_ path: String) throws -> Int {
        let smaps = try FileHandle(forReadingFrom: URL(filePath: "/proc/self/smaps")).readToEnd() ?? Data()
        let text = String(decoding: smaps, as: UTF8.self)
        var isThisFile = false
        var kibibytes = 0
        for line in text.split(separator: "\n") {
            if line.hasSuffix(" kB") || line.hasPrefix("VmFlags") || line.hasPrefix("THPeligible")
                || line.hasPrefix("ProtectionKey")
            {
                if isThisFile, line.hasPrefix("Rss:") { kibibytes += Int(line.split(separator: " ")[1]) ?? 0 }
            } else {
                isThisFile = line.hasSuffix(" " + path)
            }
        }
        return kibibytes * 1024
    }
}
