/// A kind of wire: α + bytes/bandwidth, in each direction by itself.
public struct LinkClass: Sendable, Hashable, Codable {
    /// What people call it, such as `InfiniBand NDR`.
    public var name: String
    /// α: how long a message of hardly any bytes takes, in seconds.
    public var latency: Double
    /// What it carries in one direction, in bytes per second, by the size of the message.
    public var bandwidth: BandwidthCurve

    /// Describes a kind of wire.
    public init(name: String, latency: Double, bandwidth: BandwidthCurve) {
        self.name = name
        self.latency = latency
        self.bandwidth = bandwidth
    }

    /// α + bytes/bandwidth(bytes): the time of one message on an idle wire, in seconds.
    public func seconds(_ bytes: Int) -> Double { latency + bandwidth.seconds(bytes) }
}
