// Polynomials of vector math, lowest power first. Made by generate/coefficients.py;
// each states what it approximates, where, and its largest error.
#pragma once

namespace cudapy::codegen::math {

// clang-format off
// ln 2, in parts of 15, 24 bits
inline constexpr double kLn2Parts32[] = {0x1.62e4000000000p-1, 0x1.7f7d1c0000000p-20};

// ln 2, in parts of 42, 53 bits
inline constexpr double kLn2Parts64[] = {0x1.62e42fefa3800p-1, 0x1.ef35793c76730p-45};

// ln 2, in parts of 24, 24 bits
inline constexpr double kLn2Full32[] = {0x1.62e4300000000p-1, -0x1.05c6100000000p-29};

// ln 2, in parts of 53, 53 bits
inline constexpr double kLn2Full64[] = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};

// ln 10, in parts of 24, 24 bits
inline constexpr double kLn10Full32[] = {0x1.26bb1c0000000p+1, -0x1.12aaba0000000p-25};

// ln 10, in parts of 53, 53 bits
inline constexpr double kLn10Full64[] = {0x1.26bb1bbb55516p+1, -0x1.f48ad494ea3e9p-53};

// ln 2, in parts of 42, 53, 53 bits
inline constexpr double kLn2Pair64[] = {0x1.62e42fefa3800p-1, 0x1.ef35793c76730p-45, 0x1.f97b57a079a19p-103};

// log10 2, in parts of 15, 24 bits
inline constexpr double kLog10Of2Parts32[] = {0x1.3440000000000p-2, 0x1.3509f80000000p-18};

// log10 2, in parts of 42, 53 bits
inline constexpr double kLog10Of2Parts64[] = {0x1.34413509f7800p-2, 0x1.fef311f12b358p-46};

// 1 / ln 2, in parts of 24, 24 bits
inline constexpr double kLog2EParts32[] = {0x1.7154760000000p+0, 0x1.4ae0c00000000p-26};

// 1 / ln 2, in parts of 53, 53 bits
inline constexpr double kLog2EParts64[] = {0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56};

// 1 / ln 10, in parts of 24, 24 bits
inline constexpr double kLog10EParts32[] = {0x1.bcb7b20000000p-2, -0x1.5b235e0000000p-27};

// 1 / ln 10, in parts of 53, 53 bits
inline constexpr double kLog10EParts64[] = {0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57};

// log2 10, in parts of 53 bits
inline constexpr double kLog2Of10[] = {0x1.a934f0979a371p+1};

// pi / 2, in parts of 24, 24, 24 bits
inline constexpr double kHalfPiParts32[] = {0x1.921fb60000000p+0, -0x1.777a5c0000000p-25, -0x1.ee59da0000000p-50};

// pi / 2, in parts of 53, 53, 53 bits
inline constexpr double kHalfPiParts64[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110};

// pi / 2, for integers below 2^20 without fma, in parts of 33, 33, 33, 53 bits
inline constexpr double kHalfPiShort[] = {0x1.921fb54400000p+0, 0x1.0b4611a600000p-34, 0x1.3198a2e000000p-69, 0x1.b839a252049c1p-104};

// pi / 4, exact times 0 to 4, in parts of 21, 24 bits
inline constexpr double kQuarterPiParts32[] = {0x1.921fb00000000p-1, 0x1.5110b40000000p-23};

// pi / 4, exact times 0 to 4, in parts of 50, 53 bits
inline constexpr double kQuarterPiParts64[] = {0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55};

// pi, in parts of 24, 24 bits
inline constexpr double kPiParts32[] = {0x1.921fb60000000p+1, -0x1.777a5c0000000p-24};

// pi, in parts of 53, 53 bits
inline constexpr double kPiParts64[] = {0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53};

// sqrt(1/2), in parts of 53, 53 bits
inline constexpr double kRootHalf[] = {0x1.6a09e667f3bcdp-1, -0x1.bdd3413b26456p-55};

// sqrt 2, in parts of 53, 53 bits
inline constexpr double kRootTwo[] = {0x1.6a09e667f3bcdp+0, -0x1.bdd3413b26456p-54};

// 1 / sqrt pi, in parts of 53, 53 bits
inline constexpr double kInverseRootPi[] = {0x1.20dd750429b6dp-1, 0x1.1ae3a914fed80p-57};

// 2 / pi, in parts of 53 bits
inline constexpr double kTwoOverPi[] = {0x1.45f306dc9c883p-1};

// (e^r - 1 - r) / r^2, relative to expm1(r); -0.346747 to 0.346747: error 3.33e-9 (2^-28.16, 0.056 ulp)
inline constexpr double kExp32[] = {
    0x1.0000000000000p-1,
    0x1.55552c0000000p-3,
    0x1.5555020000000p-5,
    0x1.1155a40000000p-7,
    0x1.6d2e480000000p-10,
    0x1.3b99bc0000000p-13,
};

// (e^r - 1 - r) / r^2, relative to expm1(r); -0.346747 to 0.346747: error 7.19e-18 (2^-56.95, 0.065 ulp)
inline constexpr double kExp64[] = {
    0x1.0000000000000p-1,
    0x1.5555555555559p-3,
    0x1.555555555555bp-5,
    0x1.111111110f701p-7,
    0x1.6c16c16c135f6p-10,
    0x1.a01a01af29486p-13,
    0x1.a01a01adf1b13p-16,
    0x1.71ddfcce638ebp-19,
    0x1.27e5037973e61p-22,
    0x1.af5152edde9b1p-26,
    0x1.1eaa67575660dp-29,
};

// (log(1+f) - f + f^2/2) / f^3, relative to log(1+f); -0.292893 to 0.414214: error 1.6e-9 (2^-29.22, 0.027 ulp)
inline constexpr double kLog32[] = {
    0x1.5555480000000p-2,
    -0x1.00006e0000000p-2,
    0x1.99a53e0000000p-3,
    -0x1.552fe00000000p-3,
    0x1.23041c0000000p-3,
    -0x1.00f7980000000p-3,
    0x1.efd13a0000000p-4,
    -0x1.bfa4b40000000p-4,
    0x1.b741fc0000000p-5,
};

// (log(1+f) - f + f^2/2) / f^3, relative to log(1+f); -0.292893 to 0.414214: error 3.0e-18 (2^-58.21, 0.027 ulp)
inline constexpr double kLog64[] = {
    0x1.555555555556bp-2,
    -0x1.ffffffffffe7fp-3,
    0x1.9999999994d24p-3,
    -0x1.555555556ad32p-3,
    0x1.24924927620dfp-3,
    -0x1.fffffff3eabb6p-4,
    0x1.c71c702c0b286p-4,
    -0x1.99999a90d4f4bp-4,
    0x1.745d590be8e6dp-4,
    -0x1.555578cb2574ep-4,
    0x1.3b0d75d9cd0a2p-4,
    -0x1.2489237c31939p-4,
    0x1.1169fe0eab20ep-4,
    -0x1.00d16973a8ed7p-4,
    0x1.dc9bae98374cdp-5,
    -0x1.b44aa1d52477ep-5,
    0x1.bb8361a9171a4p-5,
    -0x1.011649ab566c1p-4,
    0x1.d33dbf776c1adp-5,
    -0x1.8e84f7e6607cdp-6,
};

// (sin(x) - x) / x^3 in x^2, relative to sin(x); 0.0 to 0.617159: error 3.97e-9 (2^-27.91, 0.067 ulp)
inline constexpr double kSin32[] = {
    -0x1.5555460000000p-3,
    0x1.1107780000000p-7,
    -0x1.9953f80000000p-13,
};

// (sin(x) - x) / x^3 in x^2, relative to sin(x); 0.0 to 0.617159: error 3.72e-18 (2^-57.9, 0.033 ulp)
inline constexpr double kSin64[] = {
    -0x1.5555555555548p-3,
    0x1.111111110f734p-7,
    -0x1.a01a019be9fa8p-13,
    0x1.71de3556202d3p-19,
    -0x1.ae5e4c663001cp-26,
    0x1.5d8b9f56a059ep-33,
};

// (cos(x) - 1 + x^2/2) / x^4 in x^2, relative to cos(x); 0.0 to 0.617159: error 1.18e-10 (2^-32.99, 0.002 ulp)
inline constexpr double kCos32[] = {
    0x1.55554a0000000p-5,
    -0x1.6c0c280000000p-10,
    0x1.99e80c0000000p-16,
};

// (cos(x) - 1 + x^2/2) / x^4 in x^2, relative to cos(x); 0.0 to 0.617159: error 5.66e-20 (2^-63.94, 0.00051 ulp)
inline constexpr double kCos64[] = {
    0x1.555555555554bp-5,
    -0x1.6c16c16c15013p-10,
    0x1.a01a019c8ec9dp-16,
    -0x1.27e4f7f1374c4p-22,
    0x1.1ee9db847a9cfp-29,
    -0x1.8fa65813136f8p-37,
};

// (asin(x) - x) / x^3 in x^2, relative to asin(x); 0.0 to 0.2501: error 2.88e-10 (2^-31.69, 0.0048 ulp)
inline constexpr double kAsin32[] = {
    0x1.55554c0000000p-3,
    0x1.3338ac0000000p-4,
    0x1.6ca7420000000p-5,
    0x1.04d4660000000p-5,
    0x1.d4fa500000000p-7,
    0x1.34db340000000p-5,
};

// (asin(x) - x) / x^3 in x^2, relative to asin(x); 0.0 to 0.2501: error 9.63e-19 (2^-59.85, 0.0087 ulp)
inline constexpr double kAsin64[] = {
    0x1.5555555555577p-3,
    0x1.333333332e110p-4,
    0x1.6db6db7214eccp-5,
    0x1.f1c71a93bc8b8p-6,
    0x1.6e8bdf086ec50p-6,
    0x1.1c49ed3059092p-6,
    0x1.ca1fe0df20c7dp-7,
    0x1.7582aa1ceae66p-7,
    0x1.614db068394c3p-7,
    0x1.e4e45aa6de317p-9,
    0x1.63f37f1422105p-6,
    -0x1.587de322e2dbcp-6,
    0x1.0b706b0178949p-5,
};

// (atan(x) - x) / x^3 in x^2, relative to atan(x); 0.0 to 0.171578: error 6.96e-10 (2^-30.42, 0.012 ulp)
inline constexpr double kAtan32[] = {
    -0x1.55554a0000000p-2,
    0x1.9991e20000000p-3,
    -0x1.23b9a80000000p-3,
    0x1.b2250c0000000p-4,
    -0x1.f2eaea0000000p-5,
};

// (atan(x) - x) / x^3 in x^2, relative to atan(x); 0.0 to 0.171578: error 1.28e-18 (2^-59.44, 0.012 ulp)
inline constexpr double kAtan64[] = {
    -0x1.555555555553dp-2,
    0x1.999999999586ap-3,
    -0x1.24924922ad67bp-3,
    0x1.c71c70e616e78p-4,
    -0x1.745cf8ddc478fp-4,
    0x1.3b11193d63ba1p-4,
    -0x1.10ebba2319910p-4,
    0x1.df0f6b95cd927p-5,
    -0x1.9cd3647d6e47fp-5,
    0x1.37d77fab417d2p-5,
    -0x1.256eca0feec51p-6,
};

// (sinh(x) - x) / x^3 in x^2, relative to sinh(x); 0.0 to 1.0: error 3.03e-10 (2^-31.62, 0.0051 ulp)
inline constexpr double kSinh32[] = {
    0x1.5555560000000p-3,
    0x1.1110e00000000p-7,
    0x1.a022bc0000000p-13,
    0x1.756c140000000p-19,
};

// (sinh(x) - x) / x^3 in x^2, relative to sinh(x); 0.0 to 1.0: error 2.53e-19 (2^-61.78, 0.0023 ulp)
inline constexpr double kSinh64[] = {
    0x1.5555555555556p-3,
    0x1.111111111101ep-7,
    0x1.a01a01a037264p-13,
    0x1.71de3a3b07c93p-19,
    0x1.ae646ff33e007p-26,
    0x1.6116f5ca75ca1p-33,
    0x1.b5c814f9c2309p-41,
};

// (tanh(x) - x) / x^3 in x^2, relative to tanh(x); 0.0 to 0.3601: error 2.81e-9 (2^-28.41, 0.047 ulp)
inline constexpr double kTanh32[] = {
    -0x1.55553e0000000p-2,
    0x1.1109be0000000p-3,
    -0x1.b89aba0000000p-5,
    0x1.54c3bc0000000p-6,
    -0x1.8287180000000p-8,
};

// (tanh(x) - x) / x^3 in x^2, relative to tanh(x); 0.0 to 0.3601: error 4.11e-18 (2^-57.76, 0.037 ulp)
inline constexpr double kTanh64[] = {
    -0x1.5555555555530p-2,
    0x1.111111110e1d0p-3,
    -0x1.ba1ba1b781bbep-5,
    0x1.664f47f03cca4p-6,
    -0x1.226e2295ddfafp-7,
    0x1.d6d0c6707d020p-9,
    -0x1.7d79dbbce5aefp-10,
    0x1.33db208c61cd5p-11,
    -0x1.e32d70cf8fca7p-13,
    0x1.4caa83de06031p-14,
    -0x1.2034ddaae0ee0p-16,
};

// erf(x) / x in x^2, relative to erf(x); 0.0 to 1.3456: error 9.77e-10 (2^-29.93, 0.016 ulp)
inline constexpr double kErf32[] = {
    0x1.20dd750298c80p+0,
    -0x1.81274470da1e0p-2,
    0x1.ce2e980000000p-4,
    -0x1.b820360000000p-6,
    0x1.55c74e0000000p-8,
    -0x1.b8b04a0000000p-11,
    0x1.c2b3280000000p-14,
    -0x1.16cbf60000000p-17,
};

// what the first of them lack
inline constexpr double kErf32Low[] = {-0x1.face700000000p-25, -0x1.c368780000000p-28};

// erf(x) / x in x^2, relative to erf(x); 0.0 to 1.0: error 7.58e-18 (2^-56.87, 0.068 ulp)
inline constexpr double kErf64[] = {
    0x1.20dd750429b6dp+0,
    -0x1.812746b0379e7p-2,
    0x1.ce2f21a042bddp-4,
    -0x1.b82ce3128899bp-6,
    0x1.565bcd0e64aa6p-8,
    -0x1.c02db3fed8ccep-11,
    0x1.f9a326bfb30f8p-14,
    -0x1.f4d255e107f14p-17,
    0x1.b9e64d05870d8p-20,
    -0x1.5f6d6b48a1dc9p-23,
    0x1.fc411760683e9p-27,
    -0x1.4e55d1678301ap-30,
    0x1.7ecc232999703p-34,
    -0x1.29298497021a9p-38,
};

// what the first of them lack
inline constexpr double kErf64Low[] = {0x1.1ad8209566630p-56, 0x1.0858657558bccp-56};

// log(erfc(x)), its error times erfc(x); 1.15 to 4.0: error 3.99e-10 (2^-31.22, 0.0067 ulp)
inline constexpr double kLogErfc32[] = {
    0x1.2e7db40000000p-12,
    -0x1.214bf20000000p+0,
    -0x1.43b0320000000p-1,
    -0x1.c0f8ea0000000p-4,
    0x1.ab23fc0000000p-6,
    -0x1.2d3d760000000p-8,
    0x1.20c6040000000p-11,
    -0x1.45d75c0000000p-15,
    0x1.3621a00000000p-20,
};

// (a + 5/2) e^(a^2) erfc(a) in t = (a - 5/2) / (a + 5/2), relative; a to 27.5; -1.0 to 0.833333: error 1.16e-17 (2^-56.26, 0.1 ulp)
inline constexpr double kErfc64[] = {
    0x1.0dd50785280a5p+0,
    -0x1.9bfb53c4039d6p-1,
    0x1.d0cedcb8c904bp-2,
    -0x1.5eb8eba1dfe7ap-3,
    0x1.d0acf691f3945p-6,
    0x1.1305f56591aaep-7,
    -0x1.3bcdce38f7ee6p-8,
    -0x1.cc8b1265ceeb5p-12,
    0x1.7069f3f71d0fdp-11,
    0x1.e91f0d8388380p-15,
    -0x1.d84c6837ff438p-14,
    -0x1.47b1836c84420p-16,
    0x1.3215168ebd2a9p-16,
    0x1.c531ffcb5c16cp-18,
    -0x1.38dd65c5976dfp-19,
    -0x1.06e5bcbe7b463p-19,
    -0x1.20019ddf87246p-27,
    0x1.d89fd6f2fe68fp-22,
    0x1.2ec8109f7d443p-23,
    -0x1.0214bef0c1158p-24,
    -0x1.d768ab429b938p-25,
    -0x1.5e0b9b4834e29p-29,
    0x1.9537065ffcf35p-27,
    0x1.c1d49b2c7dc49p-29,
    -0x1.4a330ff285dcbp-30,
    -0x1.22969a531acd0p-31,
};

// what the first of them lack
inline constexpr double kErfc64Low[] = {-0x1.00e901d1c861cp-54, -0x1.bc2cb121faee4p-55, 0x1.b32f9ff568048p-58};

// (a + 4) e^(a^2) erfc(a) in t = (a - 4) / (a + 4), relative; a to 10.2; -1.0 to 0.43662: error 3.64e-10 (2^-31.36, 3.3e+6 ulp)
inline constexpr double kErfcMedium[] = {
    0x1.18932bf12f86ep+0,
    -0x1.f3fe3229eac0bp-1,
    0x1.8be202191477dp-1,
    -0x1.14eabd61dc758p-1,
    0x1.52caf54150050p-2,
    -0x1.6463111ed98bfp-3,
    0x1.38cf550c52fd3p-4,
    -0x1.af8704fb87505p-6,
    0x1.95cbf8cd34804p-8,
    -0x1.42e6e8734cbefp-12,
    -0x1.4fb822531aa75p-11,
    0x1.6c82ea6e88e3ap-15,
};

// erfinv(x) / x in x^2, relative; x to 1/2; 0.0 to 0.25: error 3.44e-19 (2^-61.33, 0.0031 ulp)
inline constexpr double kErfInverse64[] = {
    0x1.c5bf891b4ef6bp-1,
    0x1.db29fb2fee5e5p-3,
    0x1.053c2c0ab9062p-3,
    0x1.62847c47f49c0p-4,
    0x1.0a13189631f16p-4,
    0x1.a7c85e957c5a5p-5,
    0x1.5eeae50936ae1p-5,
    0x1.2abec1f41644dp-5,
    0x1.0360a3e2f93bbp-5,
    0x1.ceb305cc134eap-6,
    0x1.7baf5cd484637p-6,
    0x1.073263068692bp-5,
    -0x1.d4c385bac47a2p-7,
    0x1.b4635fcfe6584p-4,
    -0x1.eff7d6f587639p-4,
    0x1.07f50f93ca74dp-3,
};

// what the first of them lack
inline constexpr double kErfInverse64Low[] = {-0x1.61b16529633f0p-55, 0x1.31251f48e63a0p-61};

// erfinv(x) / x in x^2, relative; x to 1/2; 0.0 to 0.25: error 4.83e-11 (2^-34.27, 4.3e+5 ulp)
inline constexpr double kErfInverseMedium[] = {
    0x1.c5bf891af01d1p-1,
    0x1.db29fe1412c2ap-3,
    0x1.053b3f5dfe759p-3,
    0x1.62bddd32c7b0fp-4,
    0x1.06b0a4b73bbb7p-4,
    0x1.de5f901db2fe9p-5,
    0x1.ccabedd2421f0p-7,
    0x1.8817a0cb7c13ap-4,
};

// erfcinv(c) / w in t = (w - 3) / (w + 3), w = sqrt(-log c), relative; -0.565569 to 0.80198: error 3.05e-18 (2^-58.18, 0.028 ulp)
inline constexpr double kErfcInverse64[] = {
    0x1.cf51b7c467590p-1,
    0x1.183b86e50a732p-2,
    -0x1.5b1ac5639b646p-2,
    0x1.1d58c30bbdb60p-2,
    -0x1.6d88c5c8a4ba5p-3,
    0x1.1c8cf9696f62dp-4,
    0x1.49f01e114c7d0p-6,
    -0x1.3e85030d16eb0p-4,
    0x1.9502fcabf481cp-4,
    -0x1.6b22e870d284ap-4,
    0x1.d18e2e147812ap-5,
    -0x1.09c5bf038f455p-6,
    -0x1.5decd888ca1a7p-6,
    0x1.7eeb9feb71709p-5,
    -0x1.c6fd444f40c49p-5,
    0x1.893b99d6efa9ap-5,
    -0x1.d434d766a382ap-6,
    0x1.f07d86b1aff5ap-9,
    0x1.3bbc883dfb3a1p-6,
    -0x1.12470a1f16a50p-5,
    0x1.1bdb25fa5d3dcp-5,
    -0x1.f7996c0c7421cp-6,
    0x1.fa91e9e103f41p-6,
    -0x1.98f5cba25b97fp-8,
    -0x1.10a71c4c09045p-4,
    0x1.27854eed2d085p-4,
    0x1.74c8cc63754fdp-4,
    -0x1.24d0c27e8d144p-3,
    -0x1.7e54180143527p-3,
    0x1.804115e8dd040p-2,
    0x1.dfe26b456197ep-4,
    -0x1.2187d0599cd81p-1,
    0x1.48f4cda64c831p-3,
    0x1.a03c1c3b53a74p-2,
    -0x1.2a216a2b40d3dp-2,
    -0x1.5475275629d07p-4,
    0x1.25df91ce16395p-3,
    -0x1.4869f79903853p-5,
};

// what the first of them lack
inline constexpr double kErfcInverse64Low[] = {-0x1.f2c7846550a52p-55, 0x1.4d2180d12e3e8p-57, 0x1.80c8c96a2f480p-57, 0x1.20ee4fd77ded6p-56, -0x1.732f5bdc31b1ap-57};

// erfcinv(c) / w in t = (w - 2) / (w + 2), w = sqrt(-log c), relative; -0.412194 to 0.672131: error 8.84e-11 (2^-33.4, 8.0e+5 ulp)
inline constexpr double kErfcInverseMedium[] = {
    0x1.ab0e63b4eca6dp-1,
    0x1.b9427f7f10b6fp-2,
    -0x1.b1eefbc845710p-2,
    0x1.9d92133088630p-3,
    0x1.b8b4935a4aea7p-8,
    -0x1.065aac8ba8605p-3,
    0x1.1a25129b20059p-3,
    -0x1.2a6263b30fbe9p-4,
    -0x1.bb50d703c4885p-7,
    0x1.2ae26af076e4ep-4,
    -0x1.490ec8567e603p-4,
    0x1.15ed9fbaedef4p-5,
    0x1.aeda3f1f45a1cp-6,
    -0x1.5a3a5743ab2d3p-5,
    0x1.0e2fd648fed90p-6,
};

// log((1+s)/(1-s)) = 2s + 2/3 s^3 + s^5 p(s^2), relative to it; 0.0 to 0.02945: error 1.11e-20 (2^-66.29, 0.0001 ulp)
inline constexpr double kLogOdd64[] = {
    0x1.9999999999b30p-2,
    0x1.2492492457cdcp-2,
    0x1.c71c722d7a4f8p-3,
    0x1.745ce9da54323p-3,
    0x1.3b1eedf9cf99ep-3,
    0x1.0f7fb6ced1aafp-3,
    0x1.0e44b0aeca8d5p-3,
};

// (log(1+f) - f) / f^2, relative to log(1+f); -0.292893 to 0.414214: error 2.75e-12 (2^-38.4, 2.5e+4 ulp)
inline constexpr double kLogMedium[] = {
    -0x1.fffffffeeefc3p-2,
    0x1.555555651ad15p-2,
    -0x1.00000157fcf12p-2,
    0x1.999988ac42e19p-3,
    -0x1.5554693bf97dap-3,
    0x1.2494e1275ba9bp-3,
    -0x1.00229fc77d5d1p-3,
    0x1.c6e46f49702b0p-4,
    -0x1.94b628fa82062p-4,
    0x1.71e0822267502p-4,
    -0x1.7da478818112ep-4,
    0x1.77be926da534cp-4,
    -0x1.8c824c310270bp-5,
};

// (e^r - 1) / r, relative to e^r; -0.346747 to 0.346747: error 4.67e-11 (2^-34.32, 4.2e+5 ulp)
inline constexpr double kExpMedium[] = {
    0x1.00000000e5a9cp+0,
    0x1.00000042698d1p-1,
    0x1.5555534fd9678p-3,
    0x1.55548172075b2p-5,
    0x1.11130c35a3f7bp-7,
    0x1.6d959b39a878fp-10,
    0x1.9e8d9259f6237p-13,
};

// clang-format on

}  // namespace cudapy::codegen::math
