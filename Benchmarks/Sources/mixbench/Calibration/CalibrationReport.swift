import MixPlanner

/// What was measured, for people.
struct CalibrationReport {
    private let calibration: Calibration

    init(_ calibration: Calibration) { self.calibration = calibration }

    var text: String {
        let cluster = calibration.cluster
        var text = "# \(cluster.name)\n"
        for link in cluster.nodes > 1 ? [cluster.insideNode, cluster.betweenNodes] : [cluster.insideNode] {
            text += "\(pad(link.name, 18, .left)) α \(microseconds(link.latency)) us, GB/s \(rates(link.bandwidth))\n"
        }
        if let measured = cluster.measured {
            if cluster.ranksPerNode > 1 {
                let messages = measured.messages
                text +=
                    "\(pad(messages.name, 18, .left)) α \(microseconds(messages.latency)) us, GB/s \(rates(messages.bandwidth))\n"
            }
            for (name, curve) in [("copy", measured.mates), ("reduction", measured.reduction)] {
                text += "\(pad(name, 18, .left)) GB/s \(rates(curve))\n"
            }
            text += "\(pad("block tables", 18, .left)) \(microseconds(measured.blockTables)) us\n"
        }
        if let element = cluster.measured?.expertRowElement {
            text += "\(pad("experts, rows", 18, .left)) \(fixed(element * 1e12, 1)) ps per element\n"
        }
        text += "\(pad("memory, read", 18, .left)) GB/s \(fixed(cluster.memoryBandwidth * 1e-9, 2))\n"
        for format in NumberFormat.allCases {
            let kernels = calibration.kernels.filter { $0.format == format }
            guard !kernels.isEmpty else { continue }
            text += "\(pad("experts, \(format.rawValue)", 18, .left)) GFLOP/s by rows: "
            text += kernels.map { "\($0.rowsPerExpert): \(fixed($0.operationsPerSecond * 1e-9, 0))" }.joined(
                separator: " ")
            text += "\n"
        }
        for correction in cluster.measured?.corrections ?? [] {
            text += "\(pad("\(correction.operation), \(correction.way)", 24, .left)) over its price: "
            text +=
                correction.points.map { "\(ByteSize($0.bytes)): \(fixed($0.factor, 2))" }.joined(separator: " ") + "\n"
        }
        for fit in calibration.fits {
            text += "\(pad(fit.name, 18, .left)) r² \(fixed(fit.determination, 4))\n"
        }
        return text
    }

    private func rates(_ curve: BandwidthCurve) -> String {
        curve.points.map { "\(ByteSize($0.bytes)): \(fixed($0.bytesPerSecond * 1e-9, 2))" }.joined(separator: " ")
    }
}
