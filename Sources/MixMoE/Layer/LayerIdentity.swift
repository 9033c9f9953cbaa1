internal import MixCollectives
internal import MixPlanner

/// What ranks must have in common to run one layer together, in few numbers.
struct LayerIdentity: Sendable, Hashable {
    /// config.json.
    var configuration: UInt64
    /// The router's weights.
    var router: UInt64
    /// Layer, strategy and options.
    var settings: UInt64

    init(
        _ source: any WeightSource, _ router: StoredMatrix, _ layer: Int, _ strategy: Strategy,
        _ options: MoELayerOptions
    ) {
        var options = options
        options.threads = nil
        configuration = Self.hash(source.configJSON)
        self.router = (0..<router.rows).reduce(Self.start) { hash, row in
            let first = router.base + row * router.rowStride * router.type.size
            return Self.hash(
                UnsafeRawBufferPointer(start: first, count: router.columns * router.type.size), after: hash)
        }
        settings = Self.hash(Array("\(layer) \(strategy) \(options)".utf8))
    }

    private static let start: UInt64 = 0xcbf2_9ce4_8422_2325

    /// FNV-1a: the same in every process.
    private static func hash(_ bytes: some Sequence<UInt8>, after hash: UInt64 = start) -> UInt64 {
        bytes.reduce(hash) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

extension Communicator {
    /// Makes every rank's part of a layer, or on all ranks an error that says which rank has failed, or has something else.
    func agree(_ make: () throws(MoEError) -> LayerPart) throws(MoEError) -> LayerPart {
        let textBytes = 480
        var failure: MoEError?
        var part: LayerPart?
        do throws(MoEError) {
            part = try make()
        } catch {
            failure = error
        }
        // Another rank may have much more to read; one that ends is noticed all the same.
        let usual = timeout
        timeout = usual * 20
        defer { timeout = usual }
        // 1 or 0, three hashes, and the beginning of what went wrong.
        var note = [UInt8](repeating: 0, count: 32 + textBytes)
        let numbers = [
            part == nil ? 0 : 1, part?.identity.configuration ?? 0, part?.identity.router ?? 0,
            part?.identity.settings ?? 0,
        ]
        for (index, number) in numbers.enumerated() {
            withUnsafeBytes(of: UInt64(number).littleEndian) {
                note.replaceSubrange(8 * index..<8 * index + 8, with: $0)
            }
        }
        if let failure {
            let text = Array(failure.description.utf8.prefix(textBytes))
            note.replaceSubrange(32..<32 + text.count, with: text)
        }
        var notes = [UInt8](repeating: 0, count: note.count * size)
        do throws(CollectiveError) {
            try allGather(note, into: &notes)
        } catch {
            throw failure ?? MoEError(error)
        }
        if let failure { throw failure }
        func number(_ rank: Int, _ index: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(notes[rank * note.count + 8 * index + $1]) << UInt64(8 * $1) }
        }
        for other in 0..<size where number(other, 0) == 0 {
            let text = notes[other * note.count + 32..<(other + 1) * note.count].prefix { $0 != 0 }
            throw MoEError(
                .peerFailed,
                "rank \(other) on \(host(of: other)) could not make its part of the layer: "
                    + String(decoding: text, as: UTF8.self))
        }
        for (index, what) in [(3, "layer, strategy or options"), (1, "config.json"), (2, "router weights")] {
            // Most ranks are right; of two, the first.
            let values = (0..<size).map { number($0, index) }
            let right = values.max { first, second in
                values.count { $0 == first } < values.count { $0 == second }
            }!
            guard let other = values.firstIndex(where: { $0 != right }) else { continue }
            throw MoEError(
                .mismatch,
                "rank \(other) on \(host(of: other)) has another \(what) than most of the \(size) ranks; all must be "
                    + "given the same")
        }
        return part!
    }
}
