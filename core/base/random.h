#pragma once
#include <cstdint>

namespace idast {

// SplitMix64 (Steele, Lea, Flood 2014): one 64-bit state, the same sequence on every machine. For
// simulation, jitter and identities that need no secrecy; not for keys.
class Random {
 public:
  constexpr explicit Random(std::uint64_t seed) : state_{seed} {}

  constexpr std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // Uniform in [0, 1).
  constexpr double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  // A whole number from 0 to count - 1, count > 0.
  constexpr std::uint64_t below(std::uint64_t count) { return next() % count; }
  // Uniform in [low, high).
  constexpr double between(double low, double high) { return low + (high - low) * unit(); }
  // Approximately normal, mean 0, standard deviation 1 (sum of twelve uniforms; |x| <= 6).
  constexpr double normal() {
    double sum = -6.0;
    for (int i = 0; i < 12; ++i) sum += unit();
    return sum;
  }
  // An independent stream for one purpose.
  constexpr Random fork(std::uint64_t purpose) const {
    Random child{state_ ^ (purpose * 0xd1342543de82ef95u + 0x632be59bd9b4e019u)};
    child.next();
    return child;
  }

 private:
  std::uint64_t state_;
};

}  // namespace idast
