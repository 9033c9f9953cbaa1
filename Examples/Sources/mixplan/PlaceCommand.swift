import ArgumentParser
import Foundation
import MixPlanner

/// Places experts on devices.
struct PlaceCommand: ParsableCommand {
    enum Method: String, ExpressibleByArgument, CaseIterable {
        case linear, eplb, clustered
    }

    static let configuration = CommandConfiguration(
        commandName: "place", abstract: "Places experts on devices, and says what crosses between nodes.",
        discussion: """
            --weights is JSON: loads [layer][expert], counts [request][layer][expert], or a trace that MoELayer recorded \
            (Documentation/Planning.md). What crosses is counted where there is more than one request.
            """)

    @Option(help: "linear, eplb or clustered.")
    var method = Method.eplb

    @Option(help: "A file of loads or a trace.")
    var weights: String

    @Option(help: "Places for experts over all devices; without it as many as experts.")
    var replicas: Int?

    @Option(help: "Groups of experts that routers choose together.")
    var groups = 1

    @Option(help: "Nodes.")
    var nodes = 1

    @Option(help: "Devices of all nodes.")
    var devices: Int

    @Option(help: "Clusters of requests, for clustered; without it as many as nodes.")
    var clusters: Int?

    @Option(help: "Bytes per row.")
    var rowBytes = 14336.0

    @Option(help: "Write JSON to this file, or - for standard output, on which there is then nothing else.")
    var json: String?

    func run() throws {
        do {
            try place()
        } catch let error as PlannerError {
            FileHandle.standardError.write(Data("mixplan: \(error)\n".utf8))
            throw ExitCode.failure
        }
    }

    private func place() throws {
        let trace = try ExpertTrace(contentsOf: weights)
        let shape = ExpertPlacement.Shape(
            replicas: replicas ?? trace.experts, groups: groups, nodes: nodes, devices: devices)
        let turns = trace.requests.indices.map { $0 % max(1, nodes) }
        func placement(_ method: Method) throws -> (placement: ExpertPlacement, nodeOfRequest: [Int]) {
            switch method {
            case .linear: return (try .linear(layers: trace.layers, experts: trace.experts, shape: shape), turns)
            case .eplb: return (try .balanced(weights: trace.loads, shape: shape), turns)
            case .clustered:
                let nodeOfRequest = ExpertPlacement.nodes(
                    for: trace, clusters: clusters ?? nodes, nodes: max(1, nodes))
                return (try .clustered(trace, nodeOfRequest: nodeOfRequest, shape: shape), nodeOfRequest)
            }
        }
        let chosen = try placement(method)
        // Loads alone do not say where requests are.
        var traffic: [(method: Method, traffic: PlacementTraffic)] = []
        if trace.requests.count > 1, devices % max(1, nodes) == 0 {
            traffic = try Method.allCases.map { method in
                let (placement, nodeOfRequest) = try placement(method)
                return (
                    method,
                    PlacementTraffic(placement, trace, nodeOfRequest: nodeOfRequest, rowBytes: rowBytes)
                )
            }
        }
        if json != "-" { show(chosen.placement, traffic) }
        if let json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            try write(encoder.encode(PlacementReport(method.rawValue, chosen, traffic)), to: json)
        }
    }

    private func show(_ placement: ExpertPlacement, _ traffic: [(method: Method, traffic: PlacementTraffic)]) {
        for (layer, places) in placement.expertOfPlace.enumerated() {
            let size = placement.shape.replicasPerDevice
            let devices = stride(from: 0, to: places.count, by: size).map { start in
                places[start..<start + size].map { "\($0)" }.joined(separator: " ")
            }
            print("layer \(layer): " + devices.joined(separator: " | "))
        }
        guard !traffic.isEmpty else { return }
        print(
            "\n\("".padded(12))\("remote MB".right(12))\("busiest MB".right(12))\("padded MB".right(12))\("imbalance".right(12))"
        )
        for (method, traffic) in traffic {
            let cells = [
                traffic.remoteBytes / 1e6, traffic.busiestPeerBytes / 1e6, traffic.paddedBytes / 1e6, traffic.imbalance,
            ]
            print(method.rawValue.padded(12) + cells.map { String(format: "%.2f", $0).right(12) }.joined())
        }
    }
}
