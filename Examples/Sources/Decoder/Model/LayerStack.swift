/// What one stage of a model does with tokens, whatever its rows are made of.
protocol LayerStack: AnyObject {
    /// Runs this stage's layers on new tokens, or on what the stage before makes of them, and hands the result on.
    func forward(_ batch: Batch, _ places: TokenPlaces) throws(DecoderError)
    /// Sets `logits` to [rows, vocabulary] after these rows of the last pass. The last stage alone has any.
    func predict(_ positions: [Int], into logits: inout [Float]) throws(DecoderError)
    /// Sets `tokens` to the most likely one after each of these rows of the last pass, on the last stage.
    func choose(_ positions: [Int], into tokens: inout [Int]) throws(DecoderError)
    /// Begins to record what the next passes do.
    func startRecording()
    /// Ends that, and returns it.
    func stopRecording() -> StepRecording
    /// Leaves the communicators.
    func close()
}
