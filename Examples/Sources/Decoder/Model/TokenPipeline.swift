/// What a model does with tokens, whatever its rows are made of.
protocol TokenPipeline: AnyObject {
    /// Runs the layers on new tokens.
    func forward(_ batch: Batch, _ places: TokenPlaces) throws(DecoderError)
    /// Sets `logits` to [rows, vocabulary] after these rows of the last pass.
    func predict(_ positions: [Int], into logits: inout [Float]) throws(DecoderError)
    /// Sets `tokens` to the most likely one after each of these rows of the last pass.
    func choose(_ positions: [Int], into tokens: inout [Int]) throws(DecoderError)
    /// Begins to record what the next passes do.
    func startRecording()
    /// Ends that, and returns it.
    func stopRecording() -> StepRecording
    /// Leaves the communicators.
    func close()
}
