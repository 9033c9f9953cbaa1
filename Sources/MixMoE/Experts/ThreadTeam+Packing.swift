internal import CMixProducts
internal import Synchronization

extension ThreadTeam {
    /// Packs matrices from where they lie in memory by all members, each of which touches memory first where it packs.
    ///
    /// - Complexity: reads each weight once and writes it once.
    func pack(_ packings: [MatrixPacking]) { run(PackingPass(packings, from: nil, members: threads)) }

    /// Reads matrices of `source` past the mapping of their files and packs them, otherwise as ``pack(_:)``. After an error no
    /// further piece is begun.
    ///
    /// - Complexity: takes memory of one piece per member besides.
    func pack(_ packings: [MatrixPacking], from source: any WeightSource) throws(MoEError) {
        let pass = PackingPass(packings, from: source, members: threads)
        run(pass)
        // Weights were read past the mapping; scales were not.
        for part in packings.flatMap(\.parts) where part.scales != nil { source.didRead(part) }
        if let failure = pass.failure.withLock({ $0 }) { throw failure }
    }

    private func run(_ pass: PackingPass) {
        withExtendedLifetime(pass) {
            run(
                { Unmanaged<PackingPass>.fromOpaque($0!).takeUnretainedValue().work(member: Int($1)) },
                Unmanaged.passUnretained(pass).toOpaque())
        }
    }
}

/// One call, as its threads see it.
private final class PackingPass {
    /// Storage is fastest when it knows of some 100 MiB ahead.
    private static let bytesAhead = 128 << 20

    let failure = Mutex<MoEError?>(nil)
    private let packings: [MatrixPacking]
    private let tasks: [(packing: Int, piece: Int)]
    /// Nil: what is packed lies in memory.
    private let source: (any WeightSource)?
    /// Packings that come near with the first piece of each, and one more entry.
    private let near: [Int]
    private let members: Int
    private let copyBytes: Int
    private let queue = TaskQueue()

    init(_ all: [MatrixPacking], from source: (any WeightSource)?, members: Int) {
        // Each has a first piece.
        let packings = all.filter { $0.pieceCount > 0 }
        self.packings = packings
        self.source = source
        self.members = members
        tasks = packings.indices.flatMap { packing in
            (0..<packings[packing].pieceCount).map { (packing, $0) }
        }
        copyBytes = source == nil ? 0 : packings.reduce(0) { max($0, $1.copyByteCount) }
        var near = [0]
        var (end, bytes) = (0, 0)
        for packing in packings {
            while end < packings.count, bytes <= Self.bytesAhead {
                bytes += packings[end].byteCount
                end += 1
            }
            near.append(end)
            bytes -= packing.byteCount
        }
        self.near = near
    }

    func work(member: Int) {
        guard let source else {
            return queue.forEach(of: tasks.count, members: members) {
                packings[tasks[$0].packing].pack(tasks[$0].piece)
            }
        }
        let page = 4096
        let copy = UnsafeMutableRawPointer.allocate(byteCount: copyBytes, alignment: page)
        defer { copy.deallocate() }
        queue.forEach(of: tasks.count, members: members) { task in
            guard failure.withLock({ $0 == nil }) else { return }
            let (packing, piece) = tasks[task]
            if piece == 0 {
                for next in near[packing]..<near[packing + 1] { packings[next].parts.forEach(source.willRead) }
            }
            do throws(MoEError) {
                try packings[packing].pack(piece, through: copy)
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
    }
}
