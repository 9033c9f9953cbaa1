import Foundation

/// Sets x to exp(x - max x), and returns the sum.
func exponentials(_ x: UnsafeMutablePointer<Float>, _ count: Int) -> Float {
    var most = -Float.infinity
    for index in 0..<count { most = max(most, x[index]) }
    var sum: Float = 0
    for index in 0..<count {
        x[index] = exp(x[index] - most)
        sum += x[index]
    }
    return sum
}
