import Testing

/// Tests that multiply matrices, one after the other: some of them choose the instruction set, which is the whole process's.
@Suite(.serialized) enum ProductTests {}
