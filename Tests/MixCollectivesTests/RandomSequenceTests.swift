import MixCollectives
import MixSchedule
import Testing

extension CollectiveTests {
    /// Long random sequences on one communicator: what one operation leaves behind must not reach the next.
    @Suite struct RandomSequences {
        @Test(arguments: [(2, 3000), (3, 2000), (4, 3000), (8, 700)])
        func mixed(ranks: Int, operations: Int) async throws {
            let seed = UInt64.random(in: 0..<1 << 32)
            let results = try await withWorld(ranks) { communicator in
                var common = Generator(seed: seed)
                var own = Generator(seed: seed &+ UInt64(communicator.rank) + 1)
                for number in 0..<operations {
                    for _ in 0..<(own.below(6) == 0 ? own.below(20) : 0) { giveWay() }
                    do {
                        try randomStep(&common, communicator)
                    } catch let wrong as Wrong {
                        throw Wrong("operation \(number): \(wrong)")
                    }
                }
            }
            succeeding(results, "seed \(seed)")
        }
    }
}

/// One operation of any kind and size, the same on all ranks.
func randomStep(_ generator: inout Generator, _ communicator: Communicator, values: Pattern.Values = .any) throws {
    let ranks = communicator.size
    switch generator.below(16) {
    case 0: try communicator.barrier()
    case 1...3:
        try BlocksCase.random(&generator, ranks: ranks, limit: generator.pick([20, 3000])).run(on: communicator)
    case 4: try passOn(generator.next(), communicator)
    default:
        let operation = generator.pick(CollectiveCase.operations)
        var type = generator.pick(DataType.allCases)
        if !type.isReducible { type = .float16 }
        let limit = [12, 100, 4000, 30_000][min(generator.below(5), 3)]
        try CollectiveCase(
            operation: operation, type: type, reduction: generator.pick(Reduction.allCases),
            count: generator.below(limit), root: generator.below(ranks),
            inPlace: generator.pick(CollectiveCase.forms(of: operation)),
            placement: generator.pick(CollectiveCase.Placement.allCases), seed: generator.below(3), values: values
        ).run(on: communicator)
    }
}

/// A message round the ring, forth and back with two tags.
private func passOn(_ seed: UInt64, _ communicator: Communicator) throws {
    let (rank, ranks) = (communicator.rank, communicator.size)
    let count = Int(seed % 900)
    let (next, previous) = ((rank + 1) % ranks, (rank + ranks - 1) % ranks)
    func content(_ rank: Int, _ tag: Int) -> [Int64] {
        (0..<count).map { Int64(bitPattern: mix(seed &+ UInt64(rank * 10_000_000 + tag * 100_000 + $0))) }
    }
    // Messages of mapped memory are read by the receiver; these are plain and fit the channel.
    for tag in 0..<2 { try communicator.send(content(rank, tag), to: next, tag: UInt32(tag)) }
    for tag in [1, 0] {
        var output = [Int64](repeating: 0, count: count + 1)
        let got = try communicator.receive(&output, from: previous, tag: UInt32(tag))
        guard got == count, output.dropLast() == content(previous, tag)[...] else { throw Wrong("message \(tag)") }
    }
}
