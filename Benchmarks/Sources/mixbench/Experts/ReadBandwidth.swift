import Foundation

/// How fast threads read memory that is in no cache: what the products of few rows are bound by.
final class ReadBandwidth {
    private let bytesPerThread = 256 << 20
    private let memory: UnsafeMutableRawPointer
    private let threads: Int
    /// Keeps the sums from being left out.
    private let sums: UnsafeMutablePointer<SIMD16<Float>>

    init(threads: Int) {
        self.threads = threads
        memory = .allocate(byteCount: threads * bytesPerThread, alignment: 2 << 20)
        #if os(Linux)
        madvise(memory, threads * bytesPerThread, Int32(MADV_HUGEPAGE))
        #endif
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: threads * bytesPerThread)
        sums = .allocate(capacity: threads)
        sums.initialize(repeating: .zero, count: threads)
    }

    deinit {
        memory.deallocate()
        sums.deallocate()
    }

    /// Bytes per second of all threads together, each of which reads its part once.
    func measure() -> Double {
        // Addresses of memory that lives as long as self; every thread has its own part.
        nonisolated(unsafe) let (memory, sums) = (memory, sums)
        let bytes = bytesPerThread
        let start = Clock.now()
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let lines = (memory + thread * bytes).assumingMemoryBound(to: SIMD16<Float>.self)
            var (a, b, c, d) = (SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero)
            var index = 0
            while index < bytes / 64 {
                a += lines[index]
                b += lines[index + 1]
                c += lines[index + 2]
                d += lines[index + 3]
                index += 4
            }
            sums[thread] = a + b + c + d
        }
        return Double(threads * bytes) / (Double(Clock.now() - start) * 1e-9)
    }
}
