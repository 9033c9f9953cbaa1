extension ClusterSpec {
    /// The clusters that have a name, by it.
    public static let presets: [(name: String, cluster: ClusterSpec)] = [
        ("910b-4x8", .ascend910B(nodes: 4)), ("h20-2x8", .h20(nodes: 2)), ("h100-2x8", .h100(nodes: 2)),
        ("h100-4x8", .h100(nodes: 4)), ("h100-128x8", .h100(nodes: 128)), ("h200-1x8", .h200(nodes: 1)),
        ("h200-2x8", .h200(nodes: 2)), ("h200-4x8", .h200(nodes: 4)), ("cpu-2", .twoSocketServer()),
        ("mac-studio-2", .macStudio(count: 2)), ("mac-studio-4", .macStudio(count: 4)),
    ]

    /// The cluster of that name in ``presets``, if there is one.
    public static func preset(_ name: String) -> ClusterSpec? { presets.first { $0.name == name }?.cluster }

    /// The paper's cluster (a): 8 × NVIDIA H20 per node, NVLink at 450 GB/s per direction, and InfiniBand at 400 Gb/s per GPU.
    ///
    /// By data sheet 96 GB at 4.0 TB/s, 148 TFLOP/s in bf16 and 296 in fp8. Latencies: 64 bytes over one switch (2.8 µs), and
    /// over NVLink (3.3 µs).
    public static func h20(nodes: Int = 2) -> ClusterSpec {
        nvidia("H20", nodes: nodes, memory: 96e9, memoryBandwidth: 4.0e12, bfloat16: 148e12)
    }

    /// The paper's cluster (b): 8 × Ascend 910B per node, HCCS at 480 Gb/s, and RoCE at 200 Gb/s per card.
    ///
    /// By data sheet 64 GB at 1.6 TB/s, and 376 TFLOP/s in bf16; there is no fp8. Latencies: 64 bytes over RoCE (3.6 µs);
    /// for HCCS none is published, and NVLink's is taken. Efficiency is the one number that is fitted: with it DeepSeek-R1 has
    /// the inter-token latency that "MixServe" reports.
    public static func ascend910B(nodes: Int = 4) -> ClusterSpec {
        ClusterSpec(
            name: "\(nodes) × 8 Ascend 910B", nodes: nodes, ranksPerNode: 8,
            insideNode: LinkClass(name: "HCCS", latency: 3.3e-6, bandwidth: .flat(60e9)),
            betweenNodes: LinkClass(name: "RoCE 200 Gb/s", latency: 3.6e-6, bandwidth: .flat(25e9)),
            memoryBandwidth: 1.6e12, memory: 64e9, compute: [.bfloat16: 376e12, .float16: 376e12],
            efficiency: 0.113, source: "data sheets")
    }

    /// 8 × NVIDIA H100 SXM per node, with the wires of ``h20(nodes:)``: 80 GB at 3.35 TB/s, 989 TFLOP/s in bf16.
    public static func h100(nodes: Int = 128) -> ClusterSpec {
        nvidia("H100", nodes: nodes, memory: 80e9, memoryBandwidth: 3.35e12, bfloat16: 989e12)
    }

    /// 8 × NVIDIA H200 per node, with the wires of ``h20(nodes:)``: 141 GB at 4.8 TB/s, 989 TFLOP/s in bf16.
    public static func h200(nodes: Int = 1) -> ClusterSpec {
        nvidia("H200", nodes: nodes, memory: 141e9, memoryBandwidth: 4.8e12, bfloat16: 989e12)
    }

    private static func nvidia(
        _ card: String, nodes: Int, memory: Double, memoryBandwidth: Double, bfloat16: Double
    ) -> ClusterSpec {
        ClusterSpec(
            name: "\(nodes) × 8 \(card)", nodes: nodes, ranksPerNode: 8, insideNode: .nvLink4,
            betweenNodes: .infiniBand400, memoryBandwidth: memoryBandwidth, memory: memory,
            compute: [.bfloat16: bfloat16, .float16: bfloat16, .float8: 2 * bfloat16], efficiency: 0.5,
            source: "data sheets")
    }

    /// One server with two sockets of 32 cores with AMX, a rank per socket: 512 GB of DDR5-4800 in 8 channels (307 GB/s) and
    /// 2048 bf16 operations per core and cycle at 2 GHz for each, joined by three links of 16 GT/s (about 48 GB/s per direction).
    public static func twoSocketServer() -> ClusterSpec {
        ClusterSpec(
            name: "two-socket server", nodes: 1, ranksPerNode: 2,
            insideNode: LinkClass(name: "UPI", latency: 0.5e-6, bandwidth: .flat(48e9)),
            betweenNodes: LinkClass(name: "25 Gbit/s Ethernet", latency: 10e-6, bandwidth: .flat(3.1e9)),
            memoryBandwidth: 307e9, memory: 512e9, compute: [.bfloat16: 131e12, .float32: 4.1e12], efficiency: 0.5,
            source: "data sheets")
    }

    /// Mac Studios with M3 Ultra and 512 GB, a rank each, over Thunderbolt 5 with RDMA: 80 Gb/s per direction.
    ///
    /// By data sheet 819 GB/s; 28 TFLOP/s are the GPU's in float32, which 16-bit formats do not exceed. Latency: a few
    /// µs are reported for RDMA over Thunderbolt, and 10 are taken.
    public static func macStudio(count: Int = 2) -> ClusterSpec {
        let wire = LinkClass(name: "Thunderbolt 5", latency: 10e-6, bandwidth: .flat(10e9))
        return ClusterSpec(
            name: "\(count) Mac Studios", nodes: count, ranksPerNode: 1, insideNode: wire, betweenNodes: wire,
            memoryBandwidth: 819e9, memory: 512e9, compute: [.float32: 28e12, .bfloat16: 28e12, .float16: 28e12],
            efficiency: 0.5, source: "data sheets")
    }
}

extension LinkClass {
    /// NVLink 4: 450 GB/s per direction, 3.3 µs.
    public static let nvLink4 = LinkClass(name: "NVLink", latency: 3.3e-6, bandwidth: .flat(450e9))
    /// InfiniBand at 400 Gb/s over one switch: 50 GB/s per direction, 2.8 µs.
    public static let infiniBand400 = LinkClass(
        name: "InfiniBand 400 Gb/s", latency: 2.8e-6, bandwidth: .flat(50e9))
}
