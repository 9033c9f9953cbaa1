internal import CMixVerbs
internal import Glibc

/// An address of a port: on Ethernet one of its network interface's IP addresses.
struct VerbsGID {
    var index: Int
    var bytes: [UInt8]
    var type: String
    var interface: String
    /// The interface's index, for link-local addresses.
    var scope: UInt32

    var isIPv4: Bool { bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff }
    private var isLinkLocal: Bool { bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80 }

    /// Which to take if nobody says: routable RoCE v2 before all else, IPv4 first as most clusters are made that way.
    var preference: Int {
        (type == "RoCE v2" ? 8 : type == "IB" ? 4 : 0) + (isIPv4 ? 2 : isLinkLocal ? 0 : 1)
    }

    static func all(device: String, port: Int) -> [VerbsGID] {
        let room = 256
        let gids = [mix_verbs_gid](unsafeUninitializedCapacity: room) { buffer, count in
            let found = mix_verbs_gids(device, Int32(port), buffer.baseAddress, Int32(room))
            count = Swift.min(room, Swift.max(0, Int(found)))
        }
        return gids.map { gid in
            VerbsGID(
                index: Int(gid.index), bytes: withUnsafeBytes(of: gid.bytes) { Array($0) },
                type: VerbsDevice.text(gid.type), interface: VerbsDevice.text(gid.interface_name),
                scope: gid.interface)
        }
    }
}

extension VerbsGID: CustomStringConvertible {
    /// The IP address as people write it.
    var address: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let source = isIPv4 ? Array(bytes.suffix(4)) : bytes
        guard inet_ntop(isIPv4 ? AF_INET : AF_INET6, source, &buffer, socklen_t(buffer.count)) != nil else {
            return "?"
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var description: String { "GID \(index) \(address) \(type) on \(interface.isEmpty ? "no interface" : interface)" }
}
