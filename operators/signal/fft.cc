#include "signal/fft.h"

#include <numbers>

namespace tenon::operators {
namespace {

int64_t LeastFactor(int64_t number) {
  for (int64_t factor = 2; factor * factor <= number; ++factor) {
    if (number % factor == 0) return factor;
  }
  return number;
}

Complex Times(const Complex& a, const Complex& b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

}  // namespace

Fft::Fft(int64_t length, bool inverse, Complex* roots) : length_(length), roots_(roots) {
  const double turn = (inverse ? 2 : -2) * std::numbers::pi / static_cast<double>(length);
  for (int64_t k = 0; k < length; ++k) {
    const double angle = turn * static_cast<double>(k);
    roots[k] = {std::cos(angle), std::sin(angle)};
  }
}

// Cooley and Tukey's decimation in time by the least prime factor; a prime length by its definition.
void Fft::Step(int64_t length, const Complex* from, int64_t stride, Complex* to,
               Complex* scratch) const {
  if (length == 1) {
    to[0] = from[0];
    return;
  }
  const int64_t factor = LeastFactor(length), part = length / factor;
  for (int64_t q = 0; q < factor; ++q)
    Step(part, from + q * stride, stride * factor, to + q * part, scratch);
  const int64_t step = length_ / length;  // of the roots
  if (factor == 2) {
    for (int64_t k = 0; k < part; ++k) {
      const Complex even = to[k], odd = Times(to[part + k], roots_[k * step]);
      to[k] = even + odd;
      to[part + k] = even - odd;
    }
    return;
  }
  for (int64_t k = 0; k < part; ++k) {
    for (int64_t q = 0; q < factor; ++q) scratch[q] = Times(to[q * part + k], roots_[q * k * step]);
    for (int64_t r = 0; r < factor; ++r) {
      Complex sum = scratch[0];
      int64_t turn = 0;  // q * r modulo factor
      for (int64_t q = 1; q < factor; ++q) {
        turn += r;
        if (turn >= factor) turn -= factor;
        sum += Times(scratch[q], roots_[turn * part * step]);
      }
      to[k + r * part] = sum;
    }
  }
}

}  // namespace tenon::operators
