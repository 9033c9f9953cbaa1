import ArgumentParser
import Decoder
import Foundation
import MixCollectives
import MixPlanner

/// One decode step of all ranks in the trace event format, which Perfetto and chrome://tracing read: a process per rank, with a
/// thread for what it computes, one for its collectives, and one per stream of their schedules, inside nodes and between.
struct StepTraceFile {
    let path: String

    private struct Event: Encodable {
        var name: String
        var ph: String
        var pid: Int
        var tid: Int
        var ts: Double?
        var dur: Double?
        var args: [String: String]
    }

    /// Records a step with as many sequences as there are slots, and writes it on rank 0. Collective.
    func record(_ model: DecoderModel, _ world: Communicator, sequences: Int, promptTokens: Int) throws {
        var batch = Batch()
        for slot in 0..<sequences {
            model.clear(slot: slot)
            batch.removeAll()
            batch.append(slot: slot, tokens: Array(repeating: 0, count: promptTokens))
            _ = try model.step(batch)
        }
        batch.removeAll()
        for slot in 0..<sequences { batch.append(slot: slot, tokens: [slot % model.spec.vocabulary]) }
        // Once to have all memory there.
        for slot in 0..<2 {
            if slot == 1 {
                try world.barrier()
                model.startRecording()
            }
            _ = try model.step(batch)
        }
        let recording = model.stopRecording()
        for slot in 0..<sequences { model.clear(slot: slot) }
        var origin = [recording.stages.map(\.start).min() ?? Int64.max]
        try world.allReduce(&origin, .min)
        let text = try gather(lines(recording, world, origin: origin[0]), world)
        guard let text else { return }
        let document = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n\(text)\n]}\n"
        try write(document)
    }

    /// Whether it can be written, before anything is run for it.
    func check() throws { try write(nil) }

    /// Writes into what is there, be it a link or a pipe, or creates it; nothing leaves it as it is.
    private func write(_ document: String?) throws {
        func refusal(_ error: Int32) -> ValidationError {
            ValidationError("--trace \(path) can't be written: \(String(cString: strerror(error)))")
        }
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (document == nil ? O_NONBLOCK : O_TRUNC), 0o666)
        guard file >= 0 else { throw refusal(errno) }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        do {
            if let document { try handle.write(contentsOf: Data(document.utf8)) }
        } catch {
            throw refusal(errno)
        }
    }

    /// This rank's events, one a line.
    private func lines(_ recording: StepRecording, _ world: Communicator, origin: Int64) throws -> String {
        func microseconds(_ time: Int64) -> Double { Double(time - origin) / 1000 }
        let rank = world.rank
        var events = [
            name("process_name", rank, 0, "rank \(rank), node \(world.grid.node(of: rank))"),
            name("thread_name", rank, 0, "compute"), name("thread_name", rank, 1, "collectives"),
        ]
        for stage in recording.stages where stage.end > stage.start {
            events.append(
                Event(
                    name: stage.name, ph: "X", pid: rank, tid: stage.isCompute ? 0 : 1, ts: microseconds(stage.start),
                    dur: Double(stage.end - stage.start) / 1000,
                    args: stage.layer.map { ["layer": "\($0)"] } ?? [:]))
        }
        var threads: [String: Int] = [:]
        for run in recording.collectives.runs {
            for stream in run.streams {
                for step in stream.steps where step.bytes > 0 && step.kind != .signal && step.kind != .await {
                    let thread = threads[stream.name] ?? threads.count + 2
                    if threads.updateValue(thread, forKey: stream.name) == nil {
                        events.append(name("thread_name", rank, thread, stream.name))
                    }
                    events.append(
                        Event(
                            name: "\(step.kind)", ph: "X", pid: rank, tid: thread, ts: microseconds(step.start),
                            dur: Double(step.end - step.start) / 1000,
                            args: ["operation": run.operation.rawValue, "bytes": "\(step.bytes)"]))
                }
            }
        }
        let encoder = JSONEncoder()
        return try events.map { String(decoding: try encoder.encode($0), as: UTF8.self) }.joined(separator: ",\n")
    }

    private func name(_ what: String, _ rank: Int, _ thread: Int, _ text: String) -> Event {
        Event(name: what, ph: "M", pid: rank, tid: thread, args: ["name": text])
    }

    /// The texts of all ranks, on rank 0.
    private func gather(_ text: String, _ world: Communicator) throws -> String? {
        let bytes = Array(text.utf8)
        var longest = [Int64(bytes.count)]
        try world.allReduce(&longest, .max)
        let width = Int(longest[0])
        var all = [UInt8](repeating: 0, count: world.rank == 0 ? width * world.size : 0)
        try world.gather(bytes + [UInt8](repeating: 0, count: width - bytes.count), into: &all, root: 0)
        guard world.rank == 0 else { return nil }
        return (0..<world.size).map { rank in
            String(decoding: all[rank * width..<(rank + 1) * width].prefix { $0 != 0 }, as: UTF8.self)
        }.joined(separator: ",\n")
    }
}
