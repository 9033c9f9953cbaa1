/// Where ranks of several machines meet, as `MIX_RENDEZVOUS` says it.
enum RendezvousPlace: Hashable {
    /// `tcp://host:port`: rank 0 is there.
    case tcp(NetworkAddress)
    /// `file:///shared/path`: rank 0 writes there where it is.
    case file(String)

    /// Nil when the text has neither form: then it is a name for the ranks of one machine.
    init?(_ text: String) throws(CollectiveError) {
        if text.hasPrefix("tcp://") {
            guard let address = NetworkAddress(text.dropFirst(6)) else {
                throw CollectiveError(
                    .invalidJob,
                    "the rendezvous \"\(text)\" makes no sense: tcp://host:port belongs here, with IPv6 addresses in brackets"
                )
            }
            self = .tcp(address)
        } else if text.hasPrefix("file://") {
            let path = String(text.dropFirst(7))
            guard path.hasPrefix("/"), !path.hasSuffix("/") else {
                throw CollectiveError(
                    .invalidJob,
                    "the rendezvous \"\(text)\" makes no sense: file:///path belongs here, a file that all ranks can see"
                )
            }
            self = .file(path)
        } else {
            return nil
        }
    }
}
