/// Requests whose tokens choose similar experts, by k-means over their choices while decoding.
///
/// A request is the vector of its counts for every layer and expert, of length 1.
///
/// - Source: "Scaling Multi-Node Mixture-of-Experts Inference Using Expert Activation Patterns" (arXiv 2604.23150).
public struct RequestGroups: Sendable, Hashable {
    /// The mean of each group's vectors, of length 1.
    public let centers: [[Double]]
    /// The group of each request of the trace.
    public let groupOfRequest: [Int]

    /// Groups the requests of a trace.
    ///
    /// - Parameters:
    ///   - trace: what experts the requests chose.
    ///   - count: how many groups at most.
    ///   - seed: decides which requests are the first centers (k-means++); the same gives the same groups.
    /// - Complexity: O(iterations · requests · groups · layers · experts), with 50 iterations at most.
    public init(_ trace: ExpertTrace, count: Int, seed: UInt64 = 1) {
        let vectors = trace.requests.map { RequestGroups.vector($0.decode) }
        var centers = RequestGroups.spread(vectors, count: max(1, min(count, vectors.count)), seed: seed)
        var groups: [Int] = []
        for _ in 0..<50 {
            let next = vectors.map { RequestGroups.nearest($0, centers) }
            guard next != groups else { break }
            groups = next
            for group in centers.indices {
                let members = vectors.indices.filter { groups[$0] == group }
                // A group that has lost all of its requests stays where it was.
                guard !members.isEmpty else { continue }
                let sum = members.reduce(into: Array(repeating: 0.0, count: centers[group].count)) { sum, member in
                    for index in sum.indices { sum[index] += vectors[member][index] }
                }
                centers[group] = RequestGroups.normalized(sum)
            }
        }
        self.centers = centers
        groupOfRequest = groups
    }

    /// The group that a request's prefill resembles most: what is known of a new request.
    public func group(ofPrefill counts: [[Double]]) -> Int {
        RequestGroups.nearest(RequestGroups.vector(counts), centers)
    }

    private static func vector(_ counts: [[Double]]) -> [Double] { normalized(counts.flatMap(\.self)) }

    private static func normalized(_ vector: [Double]) -> [Double] {
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? vector.map { $0 / length } : vector
    }

    private static func similarity(_ one: [Double], _ two: [Double]) -> Double {
        var sum = 0.0
        for index in one.indices { sum += one[index] * two[index] }
        return sum
    }

    private static func nearest(_ vector: [Double], _ centers: [[Double]]) -> Int {
        var best = (group: 0, similarity: -Double.infinity)
        for (group, center) in centers.enumerated() {
            let similarity = similarity(vector, center)
            if similarity > best.similarity { best = (group, similarity) }
        }
        return best.group
    }

    /// k-means++: each next center far from those before, at random.
    private static func spread(_ vectors: [[Double]], count: Int, seed: UInt64) -> [[Double]] {
        var random = SplitMix64(state: seed)
        var centers = [vectors[Int.random(in: 0..<vectors.count, using: &random)]]
        while centers.count < count {
            let distances = vectors.map { vector in
                centers.map { max(0, 2 - 2 * similarity(vector, $0)) }.min() ?? 0
            }
            let total = distances.reduce(0, +)
            guard total > 1e-12 else { break }
            var left = Double.random(in: 0..<total, using: &random)
            let next = distances.firstIndex {
                left -= $0
                return left < 0
            }
            centers.append(vectors[next ?? vectors.count - 1])
        }
        return centers
    }
}
