import Glibc

#if DEBUG || MIX_TESTABLE

@testable import MixCollectives

extension LinkPair {
    /// Random messages both ways on many channels, received in another order than they are sent; what is to come is
    /// known from the seed, which both ranks have.
    func messages() throws {
        let seed = number ?? 1
        if rank == 0 { report("seed \(seed)") }
        var random = SplitMix(state: seed)
        let memory = (ours: try memory(64 << 20), theirs: try memory(64 << 20))
        for round in 0..<12 {
            var offset = (ours: 0, theirs: 0)
            var receives: [(address: UnsafeMutableRawPointer, bytes: Int, value: UInt8, channel: Int)] = []
            var starts: [() -> LinkTicket] = []
            for index in 0..<80 {
                let bytes = [0, 1, 8, 4095, 4096, 4097, Int(random.next() % 5000), Int(random.next() % 300_000)]
                    .randomElement(using: &random)!
                let channel = Int(random.next() % 7)
                let value = UInt8(truncatingIfNeeded: random.next() | 1)
                let isMine = Int(random.next() % 2) == rank
                let signature = UInt64(round * 1000 + index)
                if isMine {
                    let address = memory.ours + offset.ours
                    offset.ours += bytes
                    memset(address, Int32(value), bytes)
                    starts.append { self.link.send(address, bytes, channel: channel, signature: signature) }
                } else {
                    let address = memory.theirs + offset.theirs
                    offset.theirs += bytes
                    memset(address, 0, bytes)
                    receives.append((address, bytes, value, channel))
                    starts.append { self.link.receive(address, bytes, channel: channel, signature: signature) }
                }
            }
            // Each rank starts in steps of its own, so that messages come early and late.
            var tickets: [LinkTicket] = []
            let step = 1 + (round + rank * 5) % 9
            for (index, start) in starts.enumerated() {
                tickets.append(start())
                if index % step == 0 { try link.advance() }
            }
            try finish(tickets)
            for receive in receives {
                let bytes = UnsafeRawBufferPointer(start: receive.address, count: receive.bytes)
                guard bytes.allSatisfy({ $0 == receive.value }) else {
                    throw TestFailure(
                        "\(receive.bytes) bytes on channel \(receive.channel) are wrong in round \(round)")
                }
            }
            try meet()
        }
        report("rank \(rank): \(link.counters)")
        link.close()
    }

    /// 64 MiB both ways at once, with no copy, and progress to be seen meanwhile.
    func large() throws {
        let bytes = 64 << 20
        let (from, to) = (try memory(bytes), try memory(bytes))
        for word in 0..<(bytes / 8) { from.storeBytes(of: word &* 31 &+ rank, toByteOffset: word * 8, as: Int.self) }
        try meet()
        let before = link.counters
        let tickets = [
            link.receive(to, bytes, channel: 3, signature: 5), link.send(from, bytes, channel: 3, signature: 5),
        ]
        var seen = Set<Int>()
        while !link.isComplete(tickets[0]) {
            try link.advance()
            seen.insert(min(bytes, link.moved(tickets[0])))
        }
        try finish(tickets)
        for word in 0..<(bytes / 8) where to.load(fromByteOffset: word * 8, as: Int.self) != word &* 31 &+ (1 - rank) {
            throw TestFailure("word \(word) is wrong")
        }
        // How often depends on who gets the processor; that it is more than the end does not.
        guard seen.count > 1 else { throw TestFailure("progress was seen only \(seen.count) times") }
        // The peer's next eight bytes may be here already.
        guard link.counters.bytesCopied - before.bytesCopied <= 8 else { throw TestFailure("bytes were copied") }
        guard link.counters.bytesSent - before.bytesSent == bytes else { throw TestFailure("other bytes were sent") }
        try meet()
        report("rank \(rank): \(link.counters)")
        link.close()
    }

    /// Memory that nobody registered, and that is mapped anew at the same address.
    func foreign() throws {
        let bytes = 3 << 20
        for round in 0..<20 {
            let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
            memset(memory, rank == 0 ? Int32(round) : 255, bytes)
            let ticket =
                rank == 0
                ? link.send(memory + 100, bytes - 200, channel: 0, signature: 7)
                : link.receive(memory + 100, bytes - 200, channel: 0, signature: 7)
            try finish([ticket])
            if rank == 1 {
                let got = UnsafeRawBufferPointer(start: memory + 100, count: bytes - 200)
                guard got.allSatisfy({ $0 == UInt8(round) }) else { throw TestFailure("round \(round) is wrong") }
            }
            endpoint.forgetForeignMemory()
            munmap(memory, bytes)
        }
        try meet()
        link.close()
    }

    /// The ranks disagree on size or signature: the receiver, at least, throws.
    func disagreement(bytes: (Int, Int), signatures: (UInt64, UInt64)) throws {
        let memory = try memory(1 << 20)
        try meet()
        let ticket =
            rank == 0
            ? link.send(memory, bytes.0, channel: 1, signature: signatures.0)
            : link.receive(memory, bytes.1, channel: 1, signature: signatures.1)
        do {
            try finish([ticket], within: 20)
            // A small message is on its way before anybody can object; its sender hears the end of the link.
            guard rank == 0, bytes.0 <= 4096 else { throw TestFailure("nobody objected") }
        } catch let error as LinkError {
            report("rank \(rank): \(error)")
        }
        usleep(300_000)
        link.close()
    }

    /// The first attempt with a wrong token was refused and counted; the second is this link.
    func token() throws {
        guard rank == 1 || endpoint.refused == 1 else { throw TestFailure("\(endpoint.refused) were refused") }
        try meet()
        link.close()
    }

    /// Rank 1 is killed in the middle of a large message.
    func kill() throws {
        let bytes = 256 << 20
        let memory = try memory(bytes)
        try meet()
        guard rank == 0 else {
            let ticket = link.receive(memory, bytes, channel: 0, signature: 1)
            while link.moved(ticket) < 8 << 20 { try link.advance() }
            raise(SIGKILL)
            return
        }
        let ticket = link.send(memory, bytes, channel: 0, signature: 1)
        try expectLoss(within: 20) { try finish([ticket]) }
    }

    /// Somebody takes the wire away.
    func down() throws {
        let memory = try memory(1 << 20)
        try meet()
        close(open("\(folder)/ready", O_CREAT | O_WRONLY, 0o600))
        try expectLoss(within: 30) {
            let tickets = [
                link.receive(memory, 1 << 19, channel: 0, signature: 1),
                link.send(memory + (1 << 19), 1 << 19, channel: 0, signature: 1),
            ]
            try finish(tickets, within: 25)
        }
    }

    /// Sleeps on the descriptor instead of asking again and again.
    func wait() throws {
        let memory = try memory(1 << 20)
        var slept = 0
        for round in 0..<50 {
            let bytes = round % 2 == 0 ? 8 : 100_000
            if rank == 0 { usleep(5_000) }
            let ticket =
                rank == 0
                ? link.send(memory, bytes, channel: 0, signature: 1)
                : link.receive(memory, bytes, channel: 0, signature: 1)
            try link.advance()
            while !link.isComplete(ticket) {
                var entry = pollfd(fd: link.descriptor.file, events: Int16(POLLIN), revents: 0)
                guard poll(&entry, 1, 5_000) == 1 else { throw TestFailure("slept through message \(round)") }
                slept += 1
                try link.advance()
            }
        }
        report("rank \(rank): slept \(slept) times")
        try meet()
        link.close()
    }

    /// Latency and bandwidth, as perftest takes them.
    func speed() throws {
        try measureLatency(samples: 150)
        try measureBandwidth()
        try meet()
        if rank == 0 { report("\(link.counters)") }
        link.close()
    }

    /// A few round trips, for tools that count instructions.
    func latency() throws {
        try measureLatency(samples: Int(number ?? 10))
        link.close()
    }

    /// Halves of round trips.
    private func measureLatency(samples: Int) throws {
        let memory = try memory(4096)
        // Ten round trips at a time, because in the guest the time is a system call.
        var times: [Double] = []
        for _ in 0..<samples {
            let start = now()
            for _ in 0..<10 {
                if rank == 0 { try finish(link.send(memory, 8, channel: 0, signature: 1)) }
                try finish(link.receive(memory + 64, 8, channel: 0, signature: 1))
                if rank == 1 { try finish(link.send(memory, 8, channel: 0, signature: 1)) }
            }
            times.append((now() - start) / 20)
        }
        try meet()
        times.sort()
        if rank == 0 { report("latency 8 B: typical \(times[samples / 2] * 1e6) us, least \(times[0] * 1e6) us") }
    }

    /// A window of messages one way, all of them from the same memory and into the same, and no sleep.
    private func measureBandwidth() throws {
        let memory = try memory(8 << 20)
        for (bytes, count) in [(65536, 1000), (1 << 20, 64), (8 << 20, 16)] {
            try meet()
            let start = now()
            var tickets: [LinkTicket] = []
            for _ in 0..<count {
                tickets.append(
                    rank == 0
                        ? link.send(memory, bytes, channel: 0, signature: 1)
                        : link.receive(memory, bytes, channel: 0, signature: 1))
                if tickets.count >= 64 { try finish([tickets.removeFirst()]) }
            }
            try finish(tickets)
            let seconds = now() - start
            if rank == 0 { report("bandwidth \(bytes) B: \(Double(bytes * count) / seconds / 0x1p20) MiB/s") }
        }
    }
}

/// A small generator that gives the same numbers everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

#endif
