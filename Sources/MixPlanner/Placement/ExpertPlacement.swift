/// Which expert every place of every device has: R places, the same number on each of D devices, which are numbered node by node.
public struct ExpertPlacement: Sendable, Hashable {
    /// How many devices and nodes there are, and how many places for experts.
    public struct Shape: Sendable, Hashable {
        /// R: places for experts over all devices; more than experts for replicas.
        public var replicas: Int
        /// Groups of experts that routers choose together; 1 where there are none.
        public var groups: Int
        /// Nodes.
        public var nodes: Int
        /// D: devices of all nodes.
        public var devices: Int

        /// Describes devices and places.
        public init(replicas: Int, groups: Int = 1, nodes: Int, devices: Int) {
            self.replicas = replicas
            self.groups = groups
            self.nodes = nodes
            self.devices = devices
        }

        /// Places of each device.
        public var replicasPerDevice: Int { replicas / devices }
        /// Places of each node.
        public var replicasPerNode: Int { replicas / nodes }

        /// Checks that places, groups, nodes and devices divide.
        func validate(experts: Int) throws(PlannerError) {
            func require(_ condition: Bool, _ key: String, _ value: Int, _ expected: String) throws(PlannerError) {
                guard condition else {
                    throw .invalidValue(file: "placement", key: key, value: "\(value)", expected: expected)
                }
            }
            let most = 1 << 20
            try require((1...most).contains(devices), "devices", devices, "1 or more")
            try require(
                (1...most).contains(nodes) && devices % nodes == 0, "nodes", nodes, "a divisor of \(devices) devices")
            try require(
                (1...most).contains(groups) && experts % groups == 0, "groups", groups,
                "a divisor of \(experts) experts")
            try require(
                (experts...max(experts, most)).contains(replicas) && replicas % devices == 0, "replicas", replicas,
                "a multiple of \(devices) devices, and at least the \(experts) experts")
        }
    }

    /// Devices and places.
    public let shape: Shape
    /// Experts of each layer.
    public let experts: Int
    /// The expert of every place, [layer][place]: `phy2log` of EPLB.
    public let expertOfPlace: [[Int]]

    /// Which of its expert's replicas every place has, counted from 0 in the order in which they were made, [layer][place]:
    /// `phyrank` of EPLB.
    public let replicaOfPlace: [[Int]]

    /// - Parameter replicaOfPlace: without it, an expert's replicas are counted in the order of places.
    init(shape: Shape, experts: Int, expertOfPlace: [[Int]], replicaOfPlace: [[Int]]? = nil) {
        self.shape = shape
        self.experts = experts
        self.expertOfPlace = expertOfPlace
        self.replicaOfPlace =
            replicaOfPlace
            ?? expertOfPlace.map { places in
                var counts = Array(repeating: 0, count: experts)
                return places.map { expert in
                    defer { counts[expert] += 1 }
                    return counts[expert]
                }
            }
    }

    /// How many places each expert has, [layer][expert]: `logcnt` of EPLB.
    public var replicasOfExpert: [[Int]] {
        expertOfPlace.map { places in
            places.reduce(into: Array(repeating: 0, count: experts)) { $0[$1] += 1 }
        }
    }

    /// The places of each expert, [layer][expert][replica]: `log2phy` of EPLB without its padding.
    public var placesOfExpert: [[[Int]]] {
        zip(expertOfPlace, zip(replicaOfPlace, replicasOfExpert)).map { experts, layer in
            let (replicas, counts) = layer
            var places = counts.map { Array(repeating: 0, count: $0) }
            for (place, expert) in experts.enumerated() { places[expert][replicas[place]] = place }
            return places
        }
    }

    /// The node of a place.
    public func node(of place: Int) -> Int { place / shape.replicasPerNode }
}
