/// Which memory of a rank a ``Slice`` lies in.
public enum Buffer: Int, Sendable, Hashable, CaseIterable, BitwiseCopyable {
    /// What the caller passes in. Read only, unless the operation runs in place.
    case input
    /// What the caller gets back.
    case output
    /// Working memory that lasts for one collective and whose content at the start is undefined.
    /// Its size follows from ``Schedule/scratchBlocks``.
    case scratch
}
