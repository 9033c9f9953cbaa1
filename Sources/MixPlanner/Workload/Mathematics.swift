#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// baseᵉˣᵖᵒⁿᵉⁿᵗ.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

/// eᵉˣᵖᵒⁿᵉⁿᵗ.
func exponential(_ exponent: Double) -> Double { exp(exponent) }

/// The natural logarithm.
func logarithm(_ value: Double) -> Double { log(value) }

/// E[the largest of n standard normal numbers], by Blom's approximation Φ⁻¹((n − 0.375)/(n + 0.25)), 0 for one.
func expectedMaximum(ofNormals count: Int) -> Double {
    guard count > 1 else { return 0 }
    let tail = 0.625 / (Double(count) + 0.25)
    // Abramowitz and Stegun 26.2.23: the quantile of a tail below one half, to 4.5e-4.
    let t = (-2 * log(tail)).squareRoot()
    return t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
}

/// E[the largest of n binomial numbers] = Σ over x of 1 − F(x)ⁿ.
///
/// - Complexity: O(trials).
func expectedMaximum(ofBinomials count: Int, trials: Int, probability: Double) -> Double {
    guard probability < 1 else { return Double(trials) }
    let odds = probability / (1 - probability)
    var (mass, below, sum) = (power(1 - probability, Double(trials)), 0.0, 0.0)
    for successes in 0..<trials {
        below += mass
        sum += 1 - power(min(1, below), Double(count))
        mass *= Double(trials - successes) / Double(successes + 1) * odds
    }
    return sum
}
