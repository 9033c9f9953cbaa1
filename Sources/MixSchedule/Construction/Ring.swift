/// Ranks that pass blocks round in a circle, seen from one of them: it sends to the next and receives from the one before.
///
/// Block `i` of what is passed belongs to the rank at position `i`.
struct Ring {
    let count: Int
    let position: Int
    let next: Int
    let previous: Int
    /// The streams that send and that receive.
    let sending: Int
    let receiving: Int

    /// The block of the rank so many positions back.
    func block(back distance: Int) -> Int {
        (position + 2 * count - distance) % count
    }
}

extension ScheduleDraft {
    /// Adds the two streams of a ring over `ranks`, of which this rank is one.
    mutating func addRing(over ranks: [Int], named name: String, channel: Int = 0) -> Ring {
        guard let position = ranks.firstIndex(of: rank) else {
            preconditionFailure("rank \(rank) is not on its own ring")
        }
        return Ring(
            count: ranks.count, position: position,
            next: ranks[(position + 1) % ranks.count],
            previous: ranks[(position + ranks.count - 1) % ranks.count],
            sending: addStream(name + "send", channel: channel),
            receiving: addStream(name + "receive", channel: channel))
    }

    /// Reduce-scatter: each block starts at the rank after its owner and collects a contribution at every rank until it
    /// comes home. Each rank sends (n−1)/n of the data.
    ///
    /// - Parameters:
    ///   - own: where this rank's contribution to a block lies.
    ///   - partial: where the sum of a block so far is kept before it is passed on.
    ///   - result: where the finished block of this rank goes.
    ///   - ready: when each piece of this rank's contribution to a block is there, if not from the start.
    /// - Returns: when each piece of the result is there.
    @discardableResult
    mutating func reduceScatter(
        on ring: Ring, pieces: Int = 1,
        own: (Int) -> Slice, partial: (Int) -> Slice, result: Slice,
        ready: (_ block: Int, _ piece: Int) -> Completion? = { _, _ in nil }
    ) -> [Completion?] {
        var arrived = (0..<pieces).map { ready(ring.position, $0) }
        for round in 0..<ring.count - 1 {
            let leaving = ring.block(back: round + 1)
            let arriving = ring.block(back: round + 2)
            let source = round == 0 ? own(leaving) : partial(leaving)
            let destination = round == ring.count - 2 ? result : partial(arriving)
            for piece in 0..<pieces {
                append(
                    .send(source.piece(piece, of: pieces), to: ring.next), to: ring.sending,
                    after: [round == 0 ? ready(leaving, piece) : arrived[piece]])
                arrived[piece] = append(
                    .receiveReduce(
                        into: destination.piece(piece, of: pieces),
                        with: own(arriving).piece(piece, of: pieces), from: ring.previous),
                    to: ring.receiving, after: [ready(arriving, piece)])
            }
        }
        return arrived
    }

    /// All-gather: every block goes once round the ring. Each rank sends (n−1)/n of the result.
    ///
    /// - Parameters:
    ///   - own: where this rank's block lies.
    ///   - result: where a block goes. This rank's own is not copied there.
    ///   - ready: when each piece of this rank's block is there, if not from the start.
    /// - Returns: when each piece of all blocks is there.
    @discardableResult
    mutating func allGather(
        on ring: Ring, pieces: Int = 1,
        own: Slice, result: (Int) -> Slice, ready: [Completion?]? = nil
    ) -> [Completion?] {
        let ready = ready ?? Array(repeating: nil, count: pieces)
        return allGatherByRound(on: ring, pieces: pieces, own: own, result: result, ready: ready).last ?? ready
    }

    /// The same; returns for each round when each piece of the block that comes in it is there.
    mutating func allGatherByRound(
        on ring: Ring, pieces: Int, own: Slice, result: (Int) -> Slice, ready: [Completion?]? = nil
    ) -> [[Completion?]] {
        var rounds: [[Completion?]] = []
        for round in 0..<ring.count - 1 {
            let source = round == 0 ? own : result(ring.block(back: round))
            let destination = result(ring.block(back: round + 1))
            var arrived: [Completion?] = []
            for piece in 0..<pieces {
                let cause = round == 0 ? ready?[piece] : rounds[round - 1][piece]
                append(.send(source.piece(piece, of: pieces), to: ring.next), to: ring.sending, after: [cause])
                arrived.append(
                    append(.receive(destination.piece(piece, of: pieces), from: ring.previous), to: ring.receiving))
            }
            rounds.append(arrived)
        }
        return rounds
    }
}
