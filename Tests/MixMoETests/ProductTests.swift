import Testing

/// Tests that choose the instruction set for the whole process: one after the other.
@Suite(.serialized) enum ProductTests {}
