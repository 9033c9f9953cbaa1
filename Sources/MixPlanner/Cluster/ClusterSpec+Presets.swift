extension ClusterSpec {
    /// The paper's cluster (a): 8 × NVIDIA H20 per node, NVLink at 450 GB/s per direction, and InfiniBand at 400 Gb/s per GPU.
    ///
    /// Memory: 4.0 TB/s by data sheet. Latencies: 64 bytes over one switch (2.8 µs), and over NVLink (3.3 µs).
    public static func h20(nodes: Int = 2) -> ClusterSpec {
        ClusterSpec(
            name: "\(nodes) × 8 H20", nodes: nodes, ranksPerNode: 8, insideNode: .nvLink4, betweenNodes: .infiniBand400,
            memoryBandwidth: 4.0e12)
    }

    /// The paper's cluster (b): 8 × Ascend 910B per node, HCCS at 480 Gb/s, and RoCE at 200 Gb/s per card.
    ///
    /// Memory: 1.6 TB/s by data sheet. Latencies: 64 bytes over RoCE (3.6 µs); for HCCS none is published, and NVLink's is taken.
    public static func ascend910B(nodes: Int = 4) -> ClusterSpec {
        ClusterSpec(
            name: "\(nodes) × 8 Ascend 910B", nodes: nodes, ranksPerNode: 8,
            insideNode: LinkClass(name: "HCCS", latency: 3.3e-6, bandwidth: .flat(60e9)),
            betweenNodes: LinkClass(name: "RoCE 200 Gb/s", latency: 3.6e-6, bandwidth: .flat(25e9)),
            memoryBandwidth: 1.6e12)
    }

    /// 8 × NVIDIA H100 per node, with the wires of ``h20(nodes:)`` and 3.35 TB/s of memory bandwidth.
    public static func h100(nodes: Int = 128) -> ClusterSpec {
        ClusterSpec(
            name: "\(nodes) × 8 H100", nodes: nodes, ranksPerNode: 8, insideNode: .nvLink4,
            betweenNodes: .infiniBand400, memoryBandwidth: 3.35e12)
    }
}

extension LinkClass {
    /// NVLink 4: 450 GB/s per direction, 3.3 µs.
    public static let nvLink4 = LinkClass(name: "NVLink", latency: 3.3e-6, bandwidth: .flat(450e9))
    /// InfiniBand at 400 Gb/s over one switch: 50 GB/s per direction, 2.8 µs.
    public static let infiniBand400 = LinkClass(
        name: "InfiniBand 400 Gb/s", latency: 2.8e-6, bandwidth: .flat(50e9))
}
