/// How rows get to experts and back.
public enum Exchange: String, Sendable, Hashable, CaseIterable, Codable {
    /// Rows move as in the library, one per token and group: fused dispatch and combine where experts are cut over lanes, which
    /// each send their part; an all-to-all of each rank's share of the tokens where experts are whole.
    case fused
    /// As engines without fusion do it: after an all-reduce every lane sends whole rows of all tokens that it holds, one
    /// for each choice. Equation (12) of "MixServe".
    case unfused
    /// As the library does it unfused, for comparison: every lane sends whole rows, but one per token and group. Where experts
    /// are whole it is the same as ``fused``.
    case wholeRows = "whole-rows"
}
