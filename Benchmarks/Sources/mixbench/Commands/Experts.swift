import ArgumentParser
import MixCollectives
import MixMoE

/// `mixbench experts`: the products of one layer's experts in one process.
struct Experts: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure one layer's experts on one rank, beside the bandwidth of memory.",
        discussion: """
            GB/s counts the weights of the experts that were chosen, once for each call. Read is what as many threads read \
            in the same run, and share is one divided by the other.

            What a harness sets, options do not: BENCH_SHAPE, BENCH_DTYPE, BENCH_EXPERTS, BENCH_TOKENS, BENCH_SECONDS, \
            BENCH_THREADS, BENCH_NAME, BENCH_ROUTING (a file with each token's choices), BENCH_JSON (a file to append to).
            """)

    @Option(help: "qwen3-30b-a3b, mixtral-8x7b or deepseek-v3.")
    var shape = ExpertShape.qwen3

    @Option(help: "bf16, f32, or fp8 (weights of fp8, rows of bf16).")
    var type = "bf16"

    @Option(help: "Keep only so many experts.")
    var experts: Int?

    @Option(help: "Tokens of a call.")
    var tokens = CommaSeparated<Int>(1, 2, 4, 8, 32, 64, 128, 512)

    @Option(help: "Threads.")
    var threads = 2

    @Option(help: "Of each number of tokens.")
    var seconds = 0.5

    func validate() throws {
        guard ["bf16", "f32", "fp8"].contains(type) else { throw ValidationError("--type is bf16, f32 or fp8.") }
        guard threads > 0, seconds > 0, tokens.values.allSatisfy({ $0 > 0 }) else {
            throw ValidationError("--threads, --seconds and --tokens must be positive.")
        }
    }

    func run() throws {
        let environment = ProcessIdentity.environmentVariable
        let shape = environment("BENCH_SHAPE").flatMap(ExpertShape.init) ?? shape
        let type = environment("BENCH_DTYPE") ?? type
        let count = min(shape.experts, environment("BENCH_EXPERTS").flatMap(Int.init) ?? experts ?? shape.experts)
        let threads = environment("BENCH_THREADS").flatMap(Int.init) ?? threads
        let seconds = environment("BENCH_SECONDS").flatMap(Double.init) ?? seconds
        let tokens = environment("BENCH_TOKENS").flatMap(CommaSeparated<Int>.init) ?? tokens
        let lines = try environment("BENCH_JSON").map { try JSONLines(appendingTo: $0, isWriter: true) }

        let shared = shape.sharedWidth > 0 ? count : nil
        let widths = Array(repeating: shape.width, count: count) + (shared == nil ? [] : [shape.sharedWidth])
        let bank = ExpertBank(hidden: shape.hidden, activation: .silu, widths: widths, threads: threads)
        let stored: StoredType = type == "f32" ? .float32 : type == "bf16" ? .bfloat16 : .float8E4M3
        for slot in widths.indices { bank.fill(slot: slot, with: stored, seed: UInt64(slot)) }
        let memory = ReadBandwidth(threads: threads)
        _ = memory.measure()

        Console.write("\(shape.rawValue), \(type), \(count) experts, \(threads) threads\n")
        Console.write("  tokens   experts   time(us)     min(us)      GB/s   read GB/s   share    TFLOP/s\n")
        for tokens in tokens.values {
            let routes =
                try environment("BENCH_ROUTING").map {
                    try ExpertRoutes(file: $0, shape: shape, type: type, tokens: tokens)
                } ?? ExpertRoutes(tokens: tokens, experts: count, choices: min(count, shape.choices))
            let before = memory.measure()
            var times: [Double]
            if type == "f32" {
                var exercise = ExpertExercise<Float>(bank: bank, routes: routes, shared: shared) { $0 }
                times = exercise.measure(seconds: seconds)
            } else {
                var exercise = ExpertExercise<BFloat16>(bank: bank, routes: routes, shared: shared, make: BFloat16.init)
                times = exercise.measure(seconds: seconds)
            }
            let read = max(before, memory.measure()) * 1e-9
            times.sort()
            let median = times[times.count / 2]
            let touched = routes.touched
            let bytes =
                touched * Double(bank.byteCount(ofSlot: 0)) + (shared.map { Double(bank.byteCount(ofSlot: $0)) } ?? 0)
            let rate = bytes / median * 1e-9
            let widthsOfToken = routes.inputs[0][0].count * shape.width + shape.sharedWidth
            let work = 6 * Double(tokens * widthsOfToken * shape.hidden)
            Console.write(
                pad("\(tokens)", 8) + pad(fixed(touched, 1), 10) + pad(fixed(median * 1e6, 1), 11)
                    + pad(fixed(times[0] * 1e6, 1), 12) + pad(fixed(rate, 1), 10) + pad(fixed(read, 1), 12)
                    + pad(fixed(rate / read, 2), 8) + pad(fixed(work / median * 1e-12, 3), 11) + "\n")
            lines?.append(
                "{\"peer\":\"\(environment("BENCH_NAME") ?? "mix")\",\"shape\":\"\(shape.rawValue)\",\"tokens\":\(tokens),"
                    + "\"dtype\":\"\(type)\",\"time_us_median\":\(median * 1e6),\"time_us_min\":\(times[0] * 1e6),"
                    + "\"tokens_per_s\":\(Double(tokens) / median),\"weight_bytes_touched\":\(Int(bytes)),\"GBps\":\(rate),"
                    + "\"experts\":\(touched),\"experts_of\":\(count),\"calls\":\(times.count),\"threads\":\(threads)}")
        }
    }
}
