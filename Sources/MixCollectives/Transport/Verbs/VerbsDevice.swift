internal import CMixVerbs
internal import Glibc

/// A port of an RDMA device, with the addresses it has.
struct VerbsDevice {
    var name: String
    var port: Int
    var isActive: Bool
    var state: String
    /// Bytes per packet.
    var mtu: Int
    var gids: [VerbsGID]

    /// Why there is no RDMA on this machine; nil when there is.
    static var reasonForAbsence: String? {
        var reason: UnsafePointer<CChar>?
        guard mix_verbs_available(&reason) == 0 else { return nil }
        return reason.map { String(cString: $0) } ?? "unknown"
    }

    /// Every port of every device.
    static func all() -> [VerbsDevice] {
        let room = 64
        let ports = [mix_verbs_port](unsafeUninitializedCapacity: room) { buffer, count in
            count = Swift.min(room, Swift.max(0, Int(mix_verbs_ports(buffer.baseAddress, Int32(room)))))
        }
        return ports.map { port in
            VerbsDevice(
                name: text(port.device), port: Int(port.number), isActive: port.is_active != 0,
                state: text(port.state), mtu: Int(port.mtu),
                gids: VerbsGID.all(device: text(port.device), port: Int(port.number)))
        }
    }

    /// A string in a C array.
    static func text<Characters>(_ characters: Characters) -> String {
        withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension VerbsDevice: CustomStringConvertible {
    var description: String {
        "\(name) port \(port) \(state) MTU \(mtu)" + gids.map { "\n    \($0)" }.joined()
    }
}
