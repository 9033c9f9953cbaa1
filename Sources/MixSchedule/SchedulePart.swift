/// One of the two levels that a schedule on nodes works on.
public enum SchedulePart: String, Sendable, Hashable, CaseIterable {
    /// Between ranks of one node: copies, reductions, events, and messages between them.
    case insideNodes = "inside-nodes"
    /// Messages between ranks of different nodes.
    case betweenNodes = "between-nodes"
}

extension Schedule {
    /// This schedule with only the steps of one level, to measure what that level takes by itself. It computes nothing.
    ///
    /// Steps of the other level become waits that are over at once, so that counts of steps stay what they are and waits of
    /// one stream for another hold. Events order ranks of one node, and so belong to that level.
    public func only(_ part: SchedulePart, _ topology: Topology) -> Schedule {
        var result = self
        for (index, stream) in streams.enumerated() {
            result.streams[index].steps = stream.steps.map { step in
                let level: SchedulePart
                switch step {
                case .wait: return step
                case .copy, .reduce, .signal, .await: level = .insideNodes
                case .send(_, let peer), .receive(_, let peer), .receiveReduce(_, _, let peer):
                    level = topology.node(of: peer) == topology.node(of: rank) ? .insideNodes : .betweenNodes
                }
                return level == part ? step : .wait(stream: index, steps: 0)
            }
        }
        return result
    }
}
