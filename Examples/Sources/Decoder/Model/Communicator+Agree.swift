import MixCollectives
import MixMoE

extension Communicator {
    /// What `make` makes on this rank; where it fails on any, an error on all that says which rank failed. Collective.
    func agree<Part>(_ make: () throws(DecoderError) -> Part) throws(DecoderError) -> Part {
        let textBytes = 480
        let result = Result(catching: make)
        // Another rank may have much more to read; one that ends is noticed all the same.
        let usual = timeout
        timeout = usual * 20
        defer { timeout = usual }
        var note = [UInt8](repeating: 0, count: textBytes)
        if case .failure(let error) = result, !error.isHearsay {
            let text = Array(error.description.utf8.prefix(textBytes))
            note.replaceSubrange(..<text.count, with: text)
        }
        var notes = [UInt8](repeating: 0, count: textBytes * size)
        do throws(CollectiveError) {
            try allGather(note, into: &notes)
        } catch {
            _ = try result.get()
            throw .communication(error)
        }
        // A rank that failed itself says how; one that heard of it knows the other's number in a stage only.
        guard note[0] == 0 else { return try result.get() }
        for other in 0..<size where notes[other * textBytes] != 0 {
            let text = notes[other * textBytes..<(other + 1) * textBytes].prefix { $0 != 0 }
            throw .layer(
                MoEError(
                    .peerFailed,
                    "rank \(other) on \(host(of: other)) could not load its part of the model: "
                        + String(decoding: text, as: UTF8.self)))
        }
        return try result.get()
    }
}

extension DecoderError {
    /// Whether another rank failed, which says so itself.
    fileprivate var isHearsay: Bool {
        if case .layer(let error) = self { error.code == .peerFailed } else { false }
    }
}
