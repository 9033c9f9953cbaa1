import CMixSystem
import Foundation
import Synchronization
@testable import MixCollectives

/// A port of the loopback that nobody listens at.
func freePort(_ host: String = "127.0.0.1") throws -> Int {
    var failure: Int32 = 0
    for _ in 0..<100 {
        var port: Int32 = 0
        let listener = mix_tcp_listen(host, Int32(nextPort.add(1, ordering: .relaxed).newValue), &port)
        failure = -listener
        guard listener >= 0 else { continue }
        mix_close(listener)
        return Int(port)
    }
    throw Wrong("listen: errno \(failure)")
}

/// Below those that the kernel gives to connections, any of which may have a port again that was just free.
private let nextPort = Atomic<Int>(10_000 + Int(getpid()) % 10_000)

/// What one rank of a test says at the rendezvous.
func gather(
    _ rank: Int, of worldSize: Int, at rendezvous: String, secret: String = "the job's",
    timeout: Duration = .seconds(20),
    _ contribution: [UInt8]? = nil
) throws -> [[UInt8]] {
    let job = Job(rank: rank, worldSize: worldSize, rendezvous: rendezvous, timeout: timeout)
    return try Rendezvous(job, secret: Secret(secret)).gather(contribution ?? networkContribution(rank))
}

/// Of another length and content for every rank.
func networkContribution(_ rank: Int) -> [UInt8] { (0..<rank * 37).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ rank) } }

/// The error of a rank that had to fail.
func collectiveError<Value>(_ result: Result<Value, any Error>) throws -> CollectiveError {
    switch result {
    case .success(let value): throw Wrong("no error but \(value)")
    case .failure(let error as CollectiveError): return error
    case .failure(let error): throw error
    }
}

/// Connects as a stranger would; waits until somebody listens.
func strangerConnects(_ port: Int, _ host: String = "127.0.0.1", within seconds: Int64 = 10) throws -> Int32 {
    let deadline = mix_now() + seconds * 1_000_000_000
    while true {
        let socket = mix_tcp_connect(host, Int32(port), 5000)
        if socket >= 0 { return socket }
        guard mix_now() < deadline else { throw Wrong("nobody listens: errno \(-socket)") }
        mix_yield()
    }
}
