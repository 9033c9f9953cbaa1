extension Duration {
    /// Whole nanoseconds, at most those that 292 years have.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max / 2 : Swift.min(whole + attoseconds / 1_000_000_000, .max / 2)
    }
}
