/// The layouts of the three buffers of one rank.
public struct Layouts: Sendable, Hashable {
    /// How the input is laid out.
    public var input: Layout
    /// How the output is laid out.
    public var output: Layout
    /// How the scratch memory is laid out: like the input, unless the builder of the schedule says otherwise.
    public var scratch: Layout

    /// Makes the layouts of a rank; scratch is laid out like the input.
    public init(input: Layout, output: Layout, scratch: Layout? = nil) {
        self.input = input
        self.output = output
        self.scratch = scratch ?? input
    }

    /// The layout of one buffer.
    public subscript(buffer: Buffer) -> Layout {
        switch buffer {
        case .input: input
        case .output: output
        case .scratch: scratch
        }
    }

    /// The elements of a slice, counted from the start of its buffer.
    public func range(of slice: Slice) -> Range<Int> {
        self[slice.buffer].range(of: slice)
    }
}
