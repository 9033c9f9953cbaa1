import Glibc

#if DEBUG || MIX_TESTABLE

@testable import MixCollectives

struct TestFailure: Error {
    var what: String
    init(_ what: String) { self.what = what }
}

func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// One of two ranks with a verbs link between them.
final class LinkPair {
    let rank: Int
    let number: UInt64?
    let folder: String
    let endpoint: VerbsEndpoint
    let link: VerbsLink

    static let tests: [String: @Sendable (LinkPair) throws -> Void] = [
        "messages": { try $0.messages() },
        "large": { try $0.large() },
        "foreign": { try $0.foreign() },
        "signature": { try $0.disagreement(bytes: (8, 8), signatures: (1, 2)) },
        "signature-large": { try $0.disagreement(bytes: (1 << 20, 1 << 20), signatures: (1, 2)) },
        "size": { try $0.disagreement(bytes: (1 << 20, 16), signatures: (1, 1)) },
        "size-small": { try $0.disagreement(bytes: (16, 1 << 20), signatures: (1, 1)) },
        "token": { try $0.token() },
        "kill": { try $0.kill() },
        "down": { try $0.down() },
        "wait": { try $0.wait() },
        "speed": { try $0.speed() },
        "latency": { try $0.latency() },
    ]

    init(rank: Int, folder: String, number: UInt64?, presentsWrongToken: Bool) throws {
        self.rank = rank
        self.number = number
        self.folder = folder
        let choice = try VerbsChoice.make()
        if rank == 0 { report("uses \(choice)") }
        endpoint = try VerbsEndpoint(choice, rank: rank, peers: 1)
        let deadline = Int64((now() + 20) * 1e9)
        let tokens = [[UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32)]
        if rank == 0 {
            // Renamed when whole, so that nobody reads half of it.
            let file = fopen("\(folder)/new", "w")
            fwrite(endpoint.address, 1, endpoint.address.count, file)
            fclose(file)
            guard rename("\(folder)/new", "\(folder)/address") == 0 else { throw TestFailure("no folder \(folder)") }
            link = try endpoint.accept(deadline: deadline) { $0 == 1 ? (expected: tokens[1], answer: tokens[0]) : nil }
        } else {
            var address = [UInt8](repeating: 0, count: 18)
            while true {
                if let file = fopen("\(folder)/address", "r") {
                    fread(&address, 1, address.count, file)
                    fclose(file)
                    break
                }
                guard Int64(now() * 1e9) < deadline else { throw TestFailure("no address in \(folder)") }
                usleep(10_000)
            }
            if presentsWrongToken {
                do {
                    _ = try endpoint.connect(
                        to: 0, at: address, token: tokens[0], expecting: tokens[0], deadline: deadline)
                    throw TestFailure("a wrong token was accepted")
                } catch let error as CollectiveError {
                    report("refused: \(error.message)")
                }
            }
            link = try endpoint.connect(
                to: 0, at: address, token: tokens[1], expecting: tokens[0], deadline: deadline)
        }
    }

    /// Advances until all are complete.
    func finish(_ tickets: [LinkTicket], within seconds: Double = 60) throws {
        var end: Double?
        var idle = 0
        var left = tickets[...]
        while let ticket = left.first {
            if link.isComplete(ticket) {
                left.removeFirst()
                continue
            }
            try link.advance()
            // The time is a system call in the guest.
            idle += 1
            guard idle % 256 == 0 else { continue }
            end = end ?? now() + seconds
            guard now() < end ?? 0 else {
                throw TestFailure(
                    "\(left.count) messages still under way, the first \(ticket), moved \(link.moved(ticket))")
            }
        }
    }

    /// Spins for a while and then sleeps, as the executor does: whoever spins on takes the processor from the kernel's
    /// threads, which are the device here.
    func finish(_ ticket: LinkTicket) throws {
        var idle = 0
        while !link.isComplete(ticket) {
            try link.advance()
            idle += 1
            guard idle % 200 == 0, !link.isComplete(ticket) else { continue }
            var entry = pollfd(fd: link.descriptor.file, events: Int16(POLLIN), revents: 0)
            _ = poll(&entry, 1, 100)
            guard idle < 200_000 else { throw TestFailure("\(ticket) is still under way") }
        }
    }

    /// Both ranks come here.
    func meet() throws {
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 8)
        defer { bytes.deallocate() }
        let receive = link.receive(bytes, 8, channel: 0, signature: 99)
        let send = link.send(bytes + 8, 8, channel: 0, signature: 99)
        try finish([receive, send])
    }

    /// Registered memory, never given back: the process ends soon.
    func memory(_ bytes: Int) throws -> UnsafeMutableRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 4096)
        try endpoint.register(memory, bytes: bytes)
        return memory
    }

    /// Runs until the link is lost, and says how long that took; throws when it never is.
    func expectLoss(within seconds: Double, _ body: () throws -> Void) throws {
        let start = now()
        while now() < start + seconds {
            do {
                try body()
            } catch LinkError.lost(let reason, let error) {
                report("rank \(rank): lost after \(Int((now() - start) * 1000)) ms: \(reason) (errno \(error))")
                return
            }
        }
        throw TestFailure("not lost within \(seconds) s")
    }
}

#endif
