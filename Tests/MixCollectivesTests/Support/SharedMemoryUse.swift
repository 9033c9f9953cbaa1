import Foundation

/// What the library's memory files of a process take.
enum SharedMemoryUse {
    /// Bytes with pages behind them, all heaps of this process together.
    static func ofThisProcess() throws -> Int {
        let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        return files.reduce(0) { total, file in
            let path = "/proc/self/fd/" + file
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path),
                target.hasPrefix("/memfd:mixserve-heap")
            else { return total }
            var status = stat()
            return stat(path, &status) == 0 ? total + Int(status.st_blocks) * 512 : total
        }
    }
}
