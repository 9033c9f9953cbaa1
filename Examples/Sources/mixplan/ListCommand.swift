import ArgumentParser
import MixPlanner

/// Prints the names of models and clusters.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the models and clusters that have a name.")

    func run() {
        print("models:")
        for (name, model) in ModelSpec.presets {
            let parameters = model.parameters
            print(
                "  \(name.padded(18)) \(billions(parameters.total).padded(8)) \(billions(parameters.active)) active, "
                    + "\(Int(model.keyValueBytesPerToken())) bytes of keys and values per token")
        }
        print("clusters:")
        for (name, cluster) in ClusterSpec.presets { print("  \(name.padded(18)) \(cluster.name)") }
    }

    private func billions(_ parameters: Int) -> String {
        "\((Double(parameters) / 1e8).rounded() / 10)B"
    }
}
