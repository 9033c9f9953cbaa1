import Testing

@testable import mixbench

@Suite struct AccuracyTests {
    private func layer(_ name: String, _ tokens: Int, _ measured: Double, _ predicted: Double) -> AccuracyCase {
        AccuracyCase(
            place: "4 ranks", kind: .layer, name: name, size: tokens, measured: measured, predicted: predicted)
    }

    private func collective(_ name: String, _ size: Int, _ measured: Double, _ predicted: Double) -> AccuracyCase {
        AccuracyCase(
            place: "2 ranks", kind: .collective, name: name, size: size, measured: measured, predicted: predicted)
    }

    @Test func sumsUpByPartition() throws {
        let summary = AccuracySummary([
            collective("a", 1, 2, 1), collective("a", 2, 1, 1), collective("b", 1, 1, 1.1), layer("c", 1, 1, 9),
        ])
        #expect(abs(try #require(summary.mean(.collective)) - 0.2) < 1e-9)
        #expect(summary.partitions(.collective).map(\.name) == ["a", "b"])
        #expect(summary.partitions(.collective)[0].mean == 0.25)
        #expect(summary.text.contains("worst partition 2 ranks, a: 25 %"))
    }

    @Test func findsWhetherTheBestWasKnown() {
        let summary = AccuracySummary([
            layer("TP", 8, 1.0, 2.0), layer("EP", 8, 1.5, 3.0),
            layer("TP", 64, 1.0, 2.0), layer("EP", 64, 1.25, 1.9),
            layer("alone", 512, 1, 1),
        ])
        #expect(summary.choices.map(\.isRight) == [true, false])
        #expect(summary.choices.map(\.loss) == [0, 0.25])
        #expect(summary.choices.map(\.chosen.name) == ["TP", "EP"])
    }
}
