internal import CMixSystem
internal import Glibc

/// How the ranks of one machine find each other and exchange their heaps.
///
/// Rank 0 listens on an abstract Unix socket named after the job; every other rank says who it is and hands
/// over its heap's descriptor; when all have come, rank 0 hands everybody everybody's. The kernel vouches for the
/// user at the other end, and nothing is left when the sockets close.
struct LocalRendezvous {
    let job: Job
    private let tuning: TuningWish
    private let deadline: Int64

    init(_ job: Job, _ tuning: TuningWish) {
        self.job = job
        self.tuning = tuning
        deadline = mix_now() + job.timeout.nanoseconds
    }

    /// What a rank says of itself.
    private struct Hello: BitwiseCopyable {
        static let expectedMagic: UInt64 = 0x3245_5652_4553_584d  // "MXSERVE2"
        var magic = expectedMagic
        var rank: Int32 = 0
        var worldSize: Int32 = 0
        var capacity: Int64 = 0
        var process: Int64 = 0
        var processors: InlineArray<16, UInt64> = .init(repeating: 0)
        var host: InlineArray<64, UInt8> = .init(repeating: 0)
        var node: InlineArray<128, UInt8> = .init(repeating: 0)
        var tuning: InlineArray<512, UInt8> = .init(repeating: 0)
    }

    /// What rank 0 answers: 0, or the code of an error whose text follows.
    private struct Answer: BitwiseCopyable {
        var code: UInt32 = 0
        var rank: Int32 = -1
        var host: InlineArray<64, UInt8> = .init(repeating: 0)
        var message: InlineArray<512, UInt8> = .init(repeating: 0)
    }

    /// This rank's view of its node, once all ranks have come.
    func meet() throws(CollectiveError) -> Node {
        let heap = try Node.makeHeap(worldSize: job.worldSize)
        var hello = Hello()
        hello.rank = Int32(job.rank)
        hello.worldSize = Int32(job.worldSize)
        hello.capacity = Int64(heap.capacity)
        hello.process = Int64(mix_process_id())
        hello.host = .init(text: Host.name)
        hello.node = .init(text: job.node)
        hello.tuning = .init(text: tuning.text)
        var processors = hello.processors
        unsafe withUnsafeMutableBytes(of: &processors) {
            mix_processor_set($0.baseAddress!.assumingMemoryBound(to: UInt64.self))
        }
        hello.processors = processors
        let marked = mix_liveness_mark(heap.file)
        guard marked == 0 else { throw .system("marking this process as alive", -marked) }

        let (hellos, files) = job.rank == 0 ? try lead(hello, heap) : try follow(hello, heap)
        var heaps: [SharedHeap] = []
        for rank in 0..<job.worldSize {
            heaps.append(
                rank == job.rank ? heap : try SharedHeap(file: files[rank], capacity: Int(hellos[rank].capacity)))
        }
        return try Node(
            heaps: heaps, index: job.rank, hosts: hellos.map { $0.host.text },
            sameProcess: hellos.map { $0.process == hello.process },
            oversubscribed: job.worldSize > Self.processorCount(hellos))
    }

    // MARK: Rank 0

    private func lead(_ own: Hello, _ heap: SharedHeap) throws(CollectiveError) -> ([Hello], [Int32]) {
        var hellos = [Hello?](repeating: nil, count: job.worldSize)
        var files = [Int32](repeating: -1, count: job.worldSize)
        var connections = [Int32](repeating: -1, count: job.worldSize)
        hellos[0] = own
        files[0] = heap.file
        var silent: [Int32] = []
        defer { for connection in connections + silent where connection >= 0 { mix_close(connection) } }

        let name = socketName
        let listener = mix_socket_listen(name, name.count)
        guard listener >= 0 else {
            throw listener == -EADDRINUSE
                ? CollectiveError(
                    .rendezvousFailed,
                    "the rendezvous \"\(job.rendezvous)\" is in use: another job has it, or a second process is rank 0 too",
                    rank: 0, host: Host.name)
                : .system("listening at the rendezvous \"\(job.rendezvous)\"", -listener)
        }
        defer { mix_close(listener) }

        do throws(CollectiveError) {
            while hellos.contains(where: { $0 == nil }) {
                // Whoever connects and says nothing is kept waiting beside the ranks, not before them.
                let waited = [listener] + silent
                let left = millisecondsLeft
                _ = mix_wait_ready(waited, Int32(waited.count), left)
                try accept(listener, &silent)
                for connection in silent where mix_wait_ready([connection], 1, 0) != 0 {
                    silent.removeAll { $0 == connection }
                    var hello = Hello()
                    var file: Int32 = -1
                    // A rank says it all at once.
                    let received = unsafe withUnsafeMutableBytes(of: &hello) {
                        mix_socket_receive(connection, $0.baseAddress, $0.count, &file, 50)
                    }
                    guard received == 0, hello.magic == Hello.expectedMagic, file >= 0 else {
                        if file >= 0 { mix_close(file) }
                        mix_close(connection)
                        continue
                    }
                    if let refusal = refusal(of: hello, hellos) {
                        answer(connection, refusal)
                        mix_close(file)
                        mix_close(connection)
                        // A rank that does not fit means that the job can never be complete.
                        throw refusal
                    }
                    hellos[Int(hello.rank)] = hello
                    files[Int(hello.rank)] = file
                    connections[Int(hello.rank)] = connection
                }
                if left == 0, hellos.contains(where: { $0 == nil }) { throw missing(hellos) }
            }
            let complete = hellos.map { $0! }
            try checkNodes(complete)
            try checkTunings(complete)
            for connection in connections where connection >= 0 {
                answer(connection, nil)
                for rank in 0..<job.worldSize {
                    var hello = complete[rank]
                    // A second descriptor of a rank's own heap would be one too many: closing it drops the mark of life.
                    let file = connections[rank] == connection ? -1 : files[rank]
                    // A rank that died meanwhile is noticed by the first operation.
                    _ = unsafe withUnsafeBytes(of: &hello) {
                        mix_socket_send(connection, $0.baseAddress, $0.count, file)
                    }
                }
            }
            return (complete, files)
        } catch {
            // Also those who are still at the door.
            for _ in 0..<job.worldSize { try? accept(listener, &silent) }
            for connection in connections + silent where connection >= 0 { answer(connection, error) }
            for rank in 1..<job.worldSize where files[rank] >= 0 { mix_close(files[rank]) }
            throw error
        }
    }

    /// Lets in one who knocks, if there is one; those who have said nothing for the longest make room.
    private func accept(_ listener: Int32, _ silent: inout [Int32]) throws(CollectiveError) {
        let connection = mix_socket_accept(listener, 0)
        if connection >= 0 {
            silent.append(connection)
        } else if connection == -EMFILE || connection == -ENFILE {
            guard !silent.isEmpty else {
                throw .system("accepting a rank (is there a limit, ulimit -n?)", -connection)
            }
            mix_close(silent.removeFirst())
        }
        // Any other error: another user's process, or one that is gone already, no concern of this job.
    }

    private func refusal(of hello: Hello, _ hellos: [Hello?]) -> CollectiveError? {
        let host = hello.host.text
        let process = "process \(hello.process) on \(host)"
        if Int(hello.worldSize) != job.worldSize {
            return CollectiveError(
                .invalidJob, "\(process) says that the job has \(hello.worldSize) ranks, rank 0 says \(job.worldSize)",
                rank: Int(hello.rank), host: host)
        }
        guard hello.rank >= 0, hello.rank < job.worldSize else {
            return CollectiveError(
                .invalidJob, "\(process) says it is rank \(hello.rank), outside 0 ..< \(job.worldSize)", host: host)
        }
        if let other = hellos[Int(hello.rank)] {
            return CollectiveError(
                .invalidJob,
                "two processes are rank \(hello.rank): \(other.process) on \(other.host.text), and \(hello.process) on \(host)",
                rank: Int(hello.rank), host: host)
        }
        return nil
    }

    private func checkNodes(_ hellos: [Hello]) throws(CollectiveError) {
        let first = hellos[0].node.text
        for hello in hellos where hello.node.text != first {
            throw CollectiveError(
                .unsupported,
                "rank 0 is on node \(first) and rank \(hello.rank) on node \(hello.node.text), but the "
                    + "rendezvous \"\(job.rendezvous)\" is for ranks of one node; for several set MIX_RENDEZVOUS=tcp://host:port "
                    + "or file:///path, and MIX_SECRET",
                rank: Int(hello.rank), host: hello.host.text)
        }
    }

    private func checkTunings(_ hellos: [Hello]) throws(CollectiveError) {
        let wishes = hellos.map {
            TuningWish(text: $0.tuning.text) ?? .refused(reason: "what it says makes no sense; is it another version?")
        }
        _ = try TuningWish.agreed(wishes, hosts: hellos.map(\.host.text))
    }

    private func missing(_ hellos: [Hello?]) -> CollectiveError {
        let absent = hellos.indices.filter { hellos[$0] == nil }
        let shown = absent.prefix(16).map(String.init).joined(separator: ", ") + (absent.count > 16 ? ", …" : "")
        return CollectiveError(
            .deadlineExceeded,
            "\(absent.count == 1 ? "rank" : "ranks") \(shown) of \(job.worldSize) did not come to the rendezvous "
                + "\"\(job.rendezvous)\" within \(job.timeout) (MIX_TIMEOUT)",
            rank: absent.first)
    }

    private func answer(_ connection: Int32, _ error: CollectiveError?) {
        var answer = Answer()
        if let error {
            answer.code = error.code.rawValue
            answer.rank = Int32(error.rank ?? -1)
            answer.host = .init(text: error.host ?? "")
            answer.message = .init(text: error.message)
        }
        _ = unsafe withUnsafeBytes(of: &answer) { mix_socket_send(connection, $0.baseAddress, $0.count, -1) }
    }

    // MARK: Other ranks

    private func follow(_ own: Hello, _ heap: SharedHeap) throws(CollectiveError) -> ([Hello], [Int32]) {
        let connection = try connect()
        defer { mix_close(connection) }
        var own = own
        // Where rank 0 has given up already this fails, and the answer says why.
        _ = unsafe withUnsafeBytes(of: &own) { mix_socket_send(connection, $0.baseAddress, $0.count, heap.file) }

        var answer = Answer()
        // Rank 0 gives up at its own deadline and says so: wait a little longer than that.
        let received = unsafe withUnsafeMutableBytes(of: &answer) {
            mix_socket_receive(connection, $0.baseAddress, $0.count, nil, millisecondsLeft + 2000)
        }
        guard received == 0 else { throw lostRankZero(-received) }
        guard answer.code == 0 else {
            throw CollectiveError(
                .init(rawValue: answer.code), answer.message.text, rank: answer.rank < 0 ? nil : Int(answer.rank),
                host: answer.host[0] == 0 ? nil : answer.host.text)
        }
        var hellos: [Hello] = []
        var files: [Int32] = []
        for rank in 0..<job.worldSize {
            var hello = Hello()
            var file: Int32 = -1
            let received = unsafe withUnsafeMutableBytes(of: &hello) {
                mix_socket_receive(connection, $0.baseAddress, $0.count, &file, millisecondsLeft + 2000)
            }
            guard received == 0, file >= 0 || rank == job.rank else {
                for file in files where file >= 0 { mix_close(file) }
                throw lostRankZero(-received)
            }
            hellos.append(hello)
            files.append(file)
        }
        return (hellos, files)
    }

    private func connect() throws(CollectiveError) -> Int32 {
        let name = socketName
        while true {
            let connection = mix_socket_connect(name, name.count)
            if connection >= 0 { return connection }
            guard connection == -ECONNREFUSED || connection == -EAGAIN else {
                throw .system("connecting to rank 0 at the rendezvous \"\(job.rendezvous)\"", -connection)
            }
            guard millisecondsLeft > 0 else {
                throw CollectiveError(
                    .deadlineExceeded,
                    "rank 0, where all ranks meet, did not come to the rendezvous \"\(job.rendezvous)\" within "
                        + "\(job.timeout) (MIX_TIMEOUT)", rank: 0)
            }
            // An abstract socket can't be watched for; a look every few milliseconds costs next to nothing.
            mix_rest(5)
        }
    }

    private func lostRankZero(_ errno: Int32) -> CollectiveError {
        CollectiveError(
            .rendezvousFailed, "rank 0 went away during the rendezvous \"\(job.rendezvous)\"", rank: 0,
            host: Host.name, errno: errno)
    }

    // MARK: Small things

    private var millisecondsLeft: Int32 {
        Int32(clamping: Swift.max(0, (deadline - mix_now()) / 1_000_000))
    }

    /// The socket's name: readable where it fits, else its beginning and a hash of the whole.
    private var socketName: [CChar] {
        var text = "mixserve/" + job.rendezvous
        if text.utf8.count > 100 {
            let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            text = String(decoding: text.utf8.prefix(80), as: UTF8.self) + "#" + String(hash, radix: 16)
        }
        return text.utf8.map { CChar(bitPattern: $0) }
    }

    private static func processorCount(_ hellos: [Hello]) -> Int {
        (0..<16).reduce(0) { total, word in
            total + hellos.reduce(0 as UInt64) { $0 | $1.processors[word] }.nonzeroBitCount
        }
    }
}
