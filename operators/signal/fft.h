// The discrete Fourier transform of any length, in float64.
#pragma once

#include <complex>
#include <cstdint>

namespace tenon::operators {

using Complex = std::complex<double>;

class Fft {
 public:
  // `roots` has room for `length` values; they are written here and must outlive the transform.
  Fft(int64_t length, bool inverse, Complex* roots);

  // to[k] = sum of from[n] * root^(k n), where root is e^(-2 pi i / length), its conjugate for the
  // inverse; not divided by the length. `scratch` has room for `length` values; no two may overlap.
  void Run(const Complex* from, Complex* to, Complex* scratch) const {
    Step(length_, from, 1, to, scratch);
  }

 private:
  void Step(int64_t length, const Complex* from, int64_t stride, Complex* to,
            Complex* scratch) const;

  int64_t length_;
  const Complex* roots_;
};

}  // namespace tenon::operators
