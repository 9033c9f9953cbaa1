public import MixPlanner

extension Checkpoint: WeightSource {
    /// What `config.json` says of the model.
    ///
    /// - Throws: ``MoEError/Code/malformed``, with what the planner says of the file.
    public func modelSpec() throws(MoEError) -> ModelSpec {
        let file = path + "/config.json"
        do throws(PlannerError) {
            return try ModelSpec(json: configJSON, file: file)
        } catch {
            throw MoEError(.malformed, error.description, file: file)
        }
    }
}
