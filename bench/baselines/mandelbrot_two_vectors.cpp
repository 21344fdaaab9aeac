// The Mandelbrot set by hand: the bar for cudapy's generated code.
//
// One vector's iteration is a chain of dependent multiplications and additions, so a core that runs
// one vector waits most of the time; two vectors, one above the other in the picture, hide each
// other's latency. A point that has escaped stays escaped (|c| <= |z| and 2 < |z| imply growth, and
// infinities and NaNs compare false), so nothing is blended: the escape test alone stops a count.
// Rows are handed out dynamically, in pairs. The same with four vectors stands beside it.
//
// Built for the machine it runs on: AVX-512, else AVX2 with FMA. The width must be a multiple of
// the lanes of a vector (16 or 8), the height one of the vectors in flight.
#include <immintrin.h>

#include <cstdint>

#include "parallel.h"

namespace {

#if defined(__AVX512F__)

struct Lanes {
  using Floats = __m512;
  using Counts = __m512i;
  using Mask = __mmask16;
  static constexpr int kCount = 16;

  static Floats all(float value) { return _mm512_set1_ps(value); }
  static Floats ramp(int32_t first) {
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_cvtepi32_ps(_mm512_add_epi32(lane, _mm512_set1_epi32(first)));
  }
  static Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  static Floats subtract(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
  static Floats multiply(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats fma(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
  static Floats minus_fma(Floats a, Floats b, Floats c) { return _mm512_fnmadd_ps(a, b, c); }
  static Mask at_most(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
  static Mask either(Mask a, Mask b) { return _kor_mask16(a, b); }
  static bool none(Mask a, Mask b) { return _kortestz_mask16_u8(a, b); }
  static Counts zero() { return _mm512_setzero_si512(); }
  static Counts count(Counts counts, Mask mask) {
    return _mm512_mask_add_epi32(counts, mask, counts, _mm512_set1_epi32(1));
  }
  static void store(int32_t* to, Counts counts) { _mm512_storeu_si512(to, counts); }
};

#elif defined(__AVX2__) && defined(__FMA__)

struct Lanes {
  using Floats = __m256;
  using Counts = __m256i;
  using Mask = __m256;
  static constexpr int kCount = 8;

  static Floats all(float value) { return _mm256_set1_ps(value); }
  static Floats ramp(int32_t first) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cvtepi32_ps(_mm256_add_epi32(lane, _mm256_set1_epi32(first)));
  }
  static Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  static Floats subtract(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
  static Floats multiply(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static Floats fma(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
  static Floats minus_fma(Floats a, Floats b, Floats c) { return _mm256_fnmadd_ps(a, b, c); }
  static Mask at_most(Floats a, Floats b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
  static Mask either(Mask a, Mask b) { return _mm256_or_ps(a, b); }
  static bool none(Mask a, Mask b) { return _mm256_movemask_ps(_mm256_or_ps(a, b)) == 0; }
  static Counts zero() { return _mm256_setzero_si256(); }
  static Counts count(Counts counts, Mask mask) {  // a lane that is on holds -1
    return _mm256_sub_epi32(counts, _mm256_castps_si256(mask));
  }
  static void store(int32_t* to, Counts counts) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), counts);
  }
};

#else
#error "the hand-written Mandelbrot needs AVX-512 or AVX2 with FMA"
#endif

using Floats = Lanes::Floats;

// Counts the iterations, at least one, of kVectors vectors of points at once.
template <int kVectors>
void iterate(const Floats (&cr)[kVectors], const Floats (&ci)[kVectors], int32_t limit,
             Lanes::Counts (&counts)[kVectors]) {
  const Floats four = Lanes::all(4.0f);
  Floats zr[kVectors];
  Floats zi[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    zr[v] = zi[v] = Lanes::all(0.0f);
    counts[v] = Lanes::zero();
  }
  int32_t n = 0;
  do {
    Lanes::Mask inside[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      const Floats square = Lanes::multiply(zi[v], zi[v]);
      inside[v] = Lanes::at_most(Lanes::fma(zr[v], zr[v], square), four);
      counts[v] = Lanes::count(counts[v], inside[v]);
      // The chain that the next iteration waits for is shorter with one more multiplication, and
      // two vectors leave the multiplier idle; four don't.
      const Floats rest =
          kVectors > 2 ? Lanes::subtract(cr[v], square) : Lanes::minus_fma(zi[v], zi[v], cr[v]);
      zi[v] = Lanes::fma(Lanes::add(zr[v], zr[v]), zi[v], ci[v]);
      zr[v] = Lanes::fma(zr[v], zr[v], rest);
    }
    Lanes::Mask any = inside[0];
    for (int v = 1; v < kVectors - 1; ++v) any = Lanes::either(any, inside[v]);
    if (Lanes::none(any, inside[kVectors - 1])) return;
  } while (++n < limit);
}

template <int kVectors>
void picture(int32_t width, int32_t height, int32_t limit, float left, float top, float step,
             int32_t* counts, int32_t threads) {
  baselines::parallel_dynamic(height / kVectors, 1, threads, [=](int64_t begin, int64_t end) {
    for (int64_t y = begin * kVectors; y < end * kVectors; y += kVectors) {
      for (int32_t x = 0; x < width; x += Lanes::kCount) {
        Floats cr[kVectors];
        Floats ci[kVectors];
        Lanes::Counts found[kVectors];
        for (int v = 0; v < kVectors; ++v) {
          cr[v] = Lanes::fma(Lanes::ramp(x), Lanes::all(step), Lanes::all(left));
          ci[v] = Lanes::all(top + static_cast<float>(y + v) * step);
        }
        iterate<kVectors>(cr, ci, limit, found);
        for (int v = 0; v < kVectors; ++v) Lanes::store(counts + (y + v) * width + x, found[v]);
      }
    }
  });
}

}  // namespace

extern "C" void mandelbrot_two_vectors(int32_t width, int32_t height, int32_t limit, float left,
                                       float top, float step, int32_t* counts, int32_t threads) {
  picture<2>(width, height, limit, left, top, step, counts, threads);
}

extern "C" void mandelbrot_four_vectors(int32_t width, int32_t height, int32_t limit, float left,
                                        float top, float step, int32_t* counts, int32_t threads) {
  picture<4>(width, height, limit, left, top, step, counts, threads);
}
