import MixPlanner
import Testing

/// The paper's test vectors: 4096 tokens, hidden 7168, k = 8, bf16.
@Suite struct PaperModelTests {
    private let hiddenBytes = 4096.0 * 7168 * 2

    @Test func ascend() {
        let model = PaperModel(.ascend910B(nodes: 4))
        let pure = model.pureExpertParallel(hiddenBytes: hiddenBytes, choices: 8)
        let hybrid = model.hybrid(hiddenBytes: hiddenBytes, choices: 8)
        #expect(abs(pure.total - 29.9e-3) < 0.05e-3)
        #expect(abs(hybrid.total - 12.1e-3) < 0.05e-3)
        #expect(abs(pure.betweenNodes - 28.2e-3) < 0.05e-3)
        #expect(abs(hybrid.betweenNodes - 3.5e-3) < 0.05e-3)
    }

    @Test func h20() {
        let model = PaperModel(.h20(nodes: 2))
        #expect(abs(model.pureExpertParallel(hiddenBytes: hiddenBytes, choices: 8).total - 9.62e-3) < 0.005e-3)
        #expect(abs(model.hybrid(hiddenBytes: hiddenBytes, choices: 8).total - 2.32e-3) < 0.005e-3)
    }
}
