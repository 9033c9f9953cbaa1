import ArgumentParser

/// The experts of one layer of a well-known model.
enum ExpertShape: String, CaseIterable, ExpressibleByArgument {
    case qwen3 = "qwen3-30b-a3b"
    case mixtral = "mixtral-8x7b"
    case deepseek = "deepseek-v3"

    var hidden: Int {
        switch self {
        case .qwen3: 2048
        case .mixtral: 4096
        case .deepseek: 7168
        }
    }

    var experts: Int {
        switch self {
        case .qwen3: 128
        case .mixtral: 8
        case .deepseek: 256
        }
    }

    var width: Int {
        switch self {
        case .qwen3: 768
        case .mixtral: 14336
        case .deepseek: 2048
        }
    }

    /// Experts of a token.
    var choices: Int { self == .mixtral ? 2 : 8 }
    /// Width of the shared expert; 0: none.
    var sharedWidth: Int { self == .deepseek ? 2048 : 0 }
}
