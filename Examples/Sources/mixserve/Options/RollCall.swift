import Decoder
import MixCollectives
import MixMoE

/// Finds out which rank was lost, when a collective of some ranks failed.
///
/// A rank that hears of a loss ends, and those that wait for it elsewhere hear of that first. All ranks that fail meet here, in
/// a communicator that is used for nothing else, whose failure names the one that began.
struct RollCall {
    private let everybody: Communicator

    /// Collective.
    init(_ world: Communicator) throws(CollectiveError) {
        everybody = try world.split(color: 0)
        everybody.timeout = .seconds(1)
    }

    /// What made this rank fail: the loss of a rank, if one is lost, or else the error itself.
    func cause(of error: any Error) -> any Error {
        guard isCollective(error) else { return error }
        do throws(CollectiveError) {
            try everybody.barrier()
        } catch let loss where loss.code == .rankLost {
            return loss
        } catch {}
        return error
    }

    private func isCollective(_ error: any Error) -> Bool {
        switch error {
        case is CollectiveError: true
        case let error as MoEError: error.collective != nil
        case DecoderError.communication: true
        case DecoderError.layer(let error): error.collective != nil
        default: false
        }
    }
}
