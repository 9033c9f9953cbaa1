import ArgumentParser
import MixCollectives
import MixSchedule

/// What the variables of a harness that compares libraries ask for.
struct PeerRequest {
    /// A variable's value, nil when it is not set.
    var environment: (String) -> String?

    /// This library's name in the results.
    var name: String { environment("BENCH_NAME") ?? "mix" }
    /// Where results go.
    var file: String? { environment("BENCH_JSON") }

    /// Operations asked for by names that are not known here.
    var unknownOperations: [String] {
        words("BENCH_OPS", "").filter { PeerNames.operation($0) == nil }
    }

    func ranks() throws -> Int { try number("BENCH_RANKS", 2) }
    func nodes() throws -> Int { try number("BENCH_NODES", 1) }

    func seconds() throws -> Double {
        let text = environment("BENCH_SECONDS") ?? "0.3"
        guard let value = Double(text), value > 0 else { throw ValidationError("BENCH_SECONDS=\(text) is no time.") }
        return value
    }

    /// Sums for every type asked for, everything else on bytes.
    func sweeps() throws -> [Sweep] {
        let sizes = try words("BENCH_SIZES", "8,64,256,1K,4K,16K,64K,256K,1M,4M,16M,64M").map { text in
            guard let size = ByteSize(text) else { throw ValidationError("BENCH_SIZES: \(text) is no size.") }
            return size.bytes
        }
        guard let place = PlaceChoice(rawValue: environment("BENCH_PLACE") ?? "both") else {
            throw ValidationError("BENCH_PLACE is out, in or both.")
        }
        let types = try words("BENCH_TYPES", "float").map { text in
            guard let type = PeerNames.type(text) else { throw ValidationError("BENCH_TYPES: no type \(text).") }
            return type
        }
        return words("BENCH_OPS", "allreduce,alltoall").compactMap(PeerNames.operation).flatMap { operation in
            (operation.reduces ? types : [.uint8]).map {
                Sweep(
                    operation: operation, type: $0, reduction: .sum, root: 0,
                    sizes: operation == .barrier ? [0] : sizes, places: place.places)
            }
        }
    }

    private func words(_ name: String, _ fallback: String) -> [String] {
        (environment(name) ?? fallback).split { $0 == "," || $0 == " " }.map(String.init)
    }

    private func number(_ name: String, _ fallback: Int) throws -> Int {
        guard let text = environment(name) else { return fallback }
        guard let value = Int(text), value > 0 else { throw ValidationError("\(name)=\(text) is no number of them.") }
        return value
    }
}
