// Polynomials of vector math, lowest power first. Made by generate/special_functions.py;
// each states what it approximates, where, and its largest error.
#pragma once

namespace cudapy::codegen::math {

// clang-format off
// log pi, in parts of 53, 53 bits
inline constexpr double kLogPi[] = {0x1.250d048e7a1bdp+0, 0x1.7abf2ad8d5088p-57};

// log(2 pi) / 2 - 1/2, in parts of 53, 53 bits
inline constexpr double kHalfLog2Pi[] = {0x1.acfe390c97d69p-2, 0x1.3494bc9001442p-56};

// gamma(x) e^x x^(1/2 - x) in 1 / x, relative; x from 3; 0.005 to 0.333333: error 4.5e-18 (2^-57.62, 0.041 ulp)
inline constexpr double kStirling64[] = {
    0x1.40d931ff62705p+1,
    0x1.abcc42a9d8eaep-3,
    0x1.1d32d71963513p-7,
    -0x1.b8792e9de02e5p-8,
    -0x1.2d93704990848p-11,
    0x1.019eeed9ca26bp-9,
    0x1.68c14b23a677fp-13,
    -0x1.7e2e1dc64bd62p-10,
    -0x1.3d86a76ae5f95p-12,
    0x1.76eff69d4fcb5p-9,
    -0x1.da575877edcbfp-10,
    -0x1.83540d184618cp-9,
    0x1.66842d011afa4p-8,
    -0x1.6a8c1153e687bp-9,
};

// what the first of them lack
inline constexpr double kStirling64Low[] = {0x1.5a6b459b128dcp-53};

// gamma(x) e^x x^(1/2 - x) in 1 / x, relative; x from 3; 0.005 to 0.333333: error 6.66e-12 (2^-37.13, 6.0e+4 ulp)
inline constexpr double kStirlingMedium[] = {
    0x1.40d931ff44e37p+1,
    0x1.abcc43e903de7p-3,
    0x1.1d2f5127bc8fdp-7,
    -0x1.b7f38d7d0f60fp-8,
    -0x1.55b8477df35d9p-11,
    0x1.3655ee8770cddp-9,
    -0x1.fcdc8589c20b0p-11,
};

// x (lgamma(x) - (x - 1/2) log x + x - log(2 pi) / 2) in 1 / x^2, relative to lgamma(x); x from 3; 1.0e-6 to 0.111111: error 2.12e-20 (2^-65.36, 0.00019 ulp)
inline constexpr double kLogStirling64[] = {
    0x1.5555555555551p-4,
    -0x1.6c16c16c02203p-9,
    0x1.a01a01575ac65p-11,
    -0x1.38135f9435d12p-11,
    0x1.b948625499c1ap-11,
    -0x1.f5c651ce04218p-10,
    0x1.9c85e2cd42929p-8,
    -0x1.b4d60978a2debp-6,
    0x1.fd2ff60ef34a2p-4,
    -0x1.124af58a00964p-1,
    0x1.cfce243b486a6p+0,
    -0x1.01f8dfb2cad8ap+2,
    0x1.12a56d5739793p+2,
};

// x (lgamma(x) - (x - 1/2) log x + x - log(2 pi) / 2) in 1 / x^2, relative to lgamma(x); x from 3; 1.0e-6 to 0.111111: error 7.35e-14 (2^-43.63, 6.6e+2 ulp)
inline constexpr double kLogStirlingMedium[] = {
    0x1.55555551c615ep-4,
    -0x1.6c16808a3ab3fp-9,
    0x1.9fe4a1117dd9ep-11,
    -0x1.32adab250a605p-11,
    0x1.6c61161bd541ap-11,
    -0x1.6fb326259c348p-11,
};

// lgamma(3/2 + v) / (v^2 - 1/4), relative; -0.5 to 0.5: error 2.28e-18 (2^-58.6, 0.021 ulp)
inline constexpr double kLogGamma64[] = {
    0x1.eeb95b094c191p-2,
    -0x1.2aed059bd608ap-3,
    0x1.01af62a2929bfp-4,
    -0x1.007aa83cee0f7p-5,
    0x1.133423527f3efp-6,
    -0x1.34dbda14a684fp-7,
    0x1.64f0664c36289p-8,
    -0x1.a503522916f67p-9,
    0x1.f814babeeac4ap-10,
    -0x1.313e8bdfab964p-10,
    0x1.750a77cde98c2p-11,
    -0x1.cb44893edf70ep-12,
    0x1.1c7e4fe76a7b2p-12,
    -0x1.6244916662ab2p-13,
    0x1.b9e24bb9fb77bp-14,
    -0x1.15319e3d5e7b3p-14,
    0x1.68fe3018ab6bcp-15,
    -0x1.cb355033b5776p-16,
    0x1.ba11c9d52437fp-17,
    -0x1.0e3ce5873ff3bp-17,
    0x1.97a781d5627b8p-17,
    -0x1.0c1e66e3efa00p-17,
};

// what the first of them lack
inline constexpr double kLogGamma64Low[] = {0x1.3f23bcd6f46fep-56, -0x1.90406c520b220p-58, 0x1.421cdb5b0d97cp-58};

// lgamma(3/2 + v) / (v^2 - 1/4), relative; -0.5 to 0.5: error 1.51e-11 (2^-35.94, 1.4e+5 ulp)
inline constexpr double kLogGammaMedium[] = {
    0x1.eeb95b095165ap-2,
    -0x1.2aed05956b95dp-3,
    0x1.01af6282a9ec6p-4,
    -0x1.007ab35a6fc39p-5,
    0x1.133442ab72db6p-6,
    -0x1.34d65eaed66b5p-7,
    0x1.64e4e1b8b6409p-8,
    -0x1.a62a079fe2f36p-9,
    0x1.fa158a709506fp-10,
    -0x1.22660ec35000ep-10,
    0x1.5e73cf2975cabp-11,
    -0x1.3e83efb520836p-11,
    0x1.966cddd654524p-12,
};

// sin(pi r) / r in r^2, relative; 0.0 to 0.25: error 3.71e-19 (2^-61.22, 0.0033 ulp)
inline constexpr double kSinPi64[] = {
    0x1.921fb54442d18p+1,
    -0x1.4abbce625be53p+2,
    0x1.466bc6775aae2p+1,
    -0x1.32d2cce62bd51p-1,
    0x1.50783487ebdfcp-4,
    -0x1.e3074fdc28a1fp-8,
    0x1.e8f4337c9270ap-12,
    -0x1.6fad443f63499p-16,
    0x1.aabac0a0c20f9p-21,
    -0x1.7eb4a4712f955p-26,
};

// what the first of them lack
inline constexpr double kSinPi64Low[] = {0x1.1a61ae5bb74e0p-53, 0x1.065f2c7753c3cp-52, -0x1.c3f928fdad04cp-53};

// sin(pi r) / r in r^2, relative; 0.0 to 0.25: error 6.24e-14 (2^-43.87, 5.6e+2 ulp)
inline constexpr double kSinPiMedium[] = {
    0x1.921fb54442b5cp+1,
    -0x1.4abbce6247e82p+2,
    0x1.466bc66dc76f5p+1,
    -0x1.32d2c96c5d8a5p-1,
    0x1.5076fea112f29p-4,
    -0x1.e297d0868407bp-8,
    0x1.d4ec7d90bf92fp-12,
};

// clang-format on

}  // namespace cudapy::codegen::math
