import Decoder
import MixCollectives
import MixMoE

/// Finds out which rank began it, when a collective of some ranks failed.
///
/// A rank that hears of a failure ends, and those that wait for it elsewhere hear of that first, by its number among a few.
/// All ranks that fail meet here, in a communicator of all that is used for nothing else, and say what they know at first hand.
struct RollCall {
    /// What another rank is the cause of.
    private struct Hearsay: Error, CustomStringConvertible {
        let description: String
    }

    private let everybody: Communicator
    /// How long others may go on to wait for a rank that this one has given up.
    private let patience: Duration
    private static let textBytes = 480

    /// Collective.
    init(_ world: Communicator) throws(CollectiveError) {
        everybody = try world.split(color: 0)
        patience = world.timeout + .seconds(1)
    }

    /// What made this rank fail: what happened to another rank, where that was first, or else the error itself.
    func cause(of error: any Error) -> any Error {
        let isOwn = !isAboutOthers(error)
        // Of a rank that ended, all hear at once; of one that is silent, each at its own deadline.
        everybody.timeout = code(of: error) == .deadlineExceeded ? patience : .seconds(1)
        var note = [UInt8](repeating: 0, count: Self.textBytes)
        if isOwn {
            let text = Array("\(error)".utf8.prefix(Self.textBytes))
            note.replaceSubrange(..<text.count, with: text)
        }
        var notes = [UInt8](repeating: 0, count: Self.textBytes * everybody.size)
        do throws(CollectiveError) {
            try everybody.allGather(note, into: &notes)
        } catch let loss {
            if isOwn { return error }
            guard loss.code == .deadlineExceeded, let rank = loss.rank, rank != everybody.rank else {
                return loss.code == .rankLost ? loss : error
            }
            return Hearsay(
                description:
                    "rank \(rank) on \(everybody.host(of: rank)) does not answer, or waits itself; here: \(error)")
        }
        guard !isOwn, let rank = (0..<everybody.size).first(where: { notes[$0 * Self.textBytes] != 0 }) else {
            return error
        }
        let text = notes[rank * Self.textBytes..<(rank + 1) * Self.textBytes].prefix { $0 != 0 }
        return Hearsay(
            description: "rank \(rank) on \(everybody.host(of: rank)) failed: \(String(decoding: text, as: UTF8.self))")
    }

    /// Whether all that this rank knows is that it waited for others in vain.
    private func isAboutOthers(_ error: any Error) -> Bool {
        [.rankLost, .deadlineExceeded].contains(code(of: error))
    }

    private func code(of error: any Error) -> CollectiveError.Code? {
        switch error {
        case let error as CollectiveError: error.code
        case let error as MoEError: error.collective?.code
        case DecoderError.communication(let error): error.code
        case DecoderError.layer(let error): error.collective?.code
        default: nil
        }
    }
}
