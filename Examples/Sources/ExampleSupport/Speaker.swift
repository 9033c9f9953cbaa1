package import MixCollectives

/// Prints what ranks say in the order of ranks: rank 0 gathers the words, by the library itself.
package struct Speaker {
    package let world: Communicator

    package init(world: Communicator) { self.world = world }

    /// A line above what follows.
    package func heading(_ text: String) throws {
        if world.rank == 0 { print("\n\(text)") }
    }

    /// Prints one line per rank. All ranks call it together.
    package func say(_ text: String) throws {
        // Texts differ in length: first the longest length, then as many bytes from each.
        let bytes = Array(text.utf8)
        var longest = [Int64(bytes.count)]
        try world.allReduce(&longest, .max)
        let width = Int(longest[0])

        let padded = bytes + [UInt8](repeating: 0, count: width - bytes.count)
        var all = [UInt8](repeating: 0, count: world.rank == 0 ? width * world.size : 0)
        try world.gather(padded, into: &all, root: 0)

        guard world.rank == 0 else { return }
        for rank in 0..<world.size {
            let words = all[rank * width..<(rank + 1) * width].prefix { $0 != 0 }
            print("  [\(rank)] \(String(decoding: words, as: UTF8.self))")
        }
    }
}
