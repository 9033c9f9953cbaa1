import ArgumentParser
import MixCollectives

// Options that are one of a few words.

/// Where a result goes.
enum Place: Sendable, Hashable, CaseIterable {
    case outOfPlace, inPlace
}

/// Which places `--place` asks for.
enum PlaceChoice: String, CaseIterable, Sendable, ExpressibleByArgument {
    case out, `in`, both

    var places: [Place] {
        switch self {
        case .out: [.outOfPlace]
        case .in: [.inPlace]
        case .both: [.outOfPlace, .inPlace]
        }
    }
}

/// What the measured buffers are made of.
enum MemoryKind: String, CaseIterable, Sendable, ExpressibleByArgument {
    /// From `Communicator.allocate`.
    case shared
    /// Ordinary private memory.
    case plain
}

/// What carries the bytes between nodes, in the words of `MIX_TRANSPORT`.
enum Transport: String, CaseIterable, Sendable, ExpressibleByArgument {
    case auto, shm, tcp, verbs
}

/// Whether ranks are bound to cores.
enum Binding: String, CaseIterable, Sendable, ExpressibleByArgument {
    case auto, core, none

    var launcherBinding: Launcher.Binding {
        switch self {
        case .auto: .automatic
        case .core: .core
        case .none: .none
        }
    }
}
