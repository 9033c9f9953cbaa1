extension Timeline {
    /// Something that one step uses at a time: a wire of a rank in one direction, its memory.
    public struct Resource: Sendable, Hashable {
        /// Whose it is.
        public var rank: Int
        /// Which of that rank's resources, by the caller's own numbering.
        public var kind: Int

        /// Names a resource.
        public init(rank: Int, kind: Int) {
            self.rank = rank
            self.kind = kind
        }
    }

    /// What a step takes once it can begin: all of its resources at once, for some time, then time alone.
    public struct Demand: Sendable, Hashable {
        /// What it keeps busy. It begins when they are free.
        public var resources: [Resource]
        /// For how long it keeps them, in seconds.
        public var occupation: Double
        /// How long after that a message or a signal is there, in seconds, while its own stream goes on; other steps last
        /// that much longer.
        public var latency: Double
        /// What a message keeps busy at its other end for as long, not before it begins.
        public var destination: [Resource]

        /// Describes what a step takes.
        public init(
            resources: [Resource] = [], occupation: Double = 0, latency: Double = 0, destination: [Resource] = []
        ) {
            self.resources = resources
            self.occupation = occupation
            self.latency = latency
            self.destination = destination
        }
    }

    /// Simulates schedules whose steps compete for resources.
    ///
    /// A resource serves one step after the other, in the order in which they ask; where several ask at the same moment,
    /// always in the same order, so that same schedules and demands give the same times. A message begins as soon as its
    /// send can: receives are taken to be posted. What a receive demands comes after the arrival. O(s log s) for s steps.
    ///
    /// - Parameters:
    ///   - schedules: those of all ranks in rank order; or, of a collective in which every group of g consecutive ranks does
    ///     what the first g do with all ranks moved on by a multiple of g, those of the first g. Such a group is
    ///     simulated against itself: what it sends to another group comes back from the one as far away on the other side.
    ///   - layouts: the layouts of the buffers of the ranks whose schedules are given.
    ///   - demand: what a step takes. Ranks in resources may be any ranks.
    /// - Throws: if the schedules cannot run to their ends.
    public init(
        _ schedules: [Schedule], layouts: [Layouts], demand: (Work) -> Demand
    ) throws(VerificationError) {
        try self.init(schedules, layouts: layouts, meets: false, demand: demand)
    }

    /// Simulates schedules whose sends begin only with their receives, if `meets`.
    init(
        _ schedules: [Schedule], layouts: [Layouts], meets: Bool, demand: (Work) -> Demand
    ) throws(VerificationError) {
        guard layouts.count == schedules.count else {
            throw VerificationError(
                .malformed("\(layouts.count) layouts for \(schedules.count) schedules"))
        }
        let rankCount = schedules.first?.rankCount ?? 0
        guard schedules.isEmpty || rankCount % schedules.count == 0 else {
            throw VerificationError(
                .malformed("\(rankCount) ranks are not groups of \(schedules.count), as many as there are schedules"))
        }
        for (rank, schedule) in schedules.enumerated() {
            try Interleaving.check(schedule, rank: rank, rankCount: rankCount)
        }
        var simulation = Simulation(schedules, rankCount: rankCount, layouts: layouts, meets: meets)
        simulation.run(demand)
        try simulation.checkEnd()
        rows = simulation.rows
    }
}
