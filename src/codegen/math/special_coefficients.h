// Polynomials of vector math, lowest power first. Made by generate/special_functions.py;
// each states what it approximates, where, and its largest error.
#pragma once

namespace cudapy::codegen::math {

// clang-format off
// log pi, in parts of 53, 53 bits
inline constexpr double kLogPi[] = {0x1.250d048e7a1bdp+0, 0x1.7abf2ad8d5088p-57};

// 2 / pi, in parts of 53, 53 bits
inline constexpr double kTwoOverPiPair[] = {0x1.45f306dc9c883p-1, -0x1.6b01ec5417056p-55};

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

// I0(x) in x^2, relative; 0.0 to 100.0: error 2.59e-19 (2^-61.75, 0.0023 ulp)
inline constexpr double kI0Series64[] = {
    0x1.0000000000000p+0,
    0x1.0000000000000p-2,
    0x1.0000000000000p-6,
    0x1.c71c71c71c71bp-12,
    0x1.c71c71c71c733p-18,
    0x1.23456789abbacp-24,
    0x1.02e85c089a07ep-31,
    0x1.522a43f635200p-39,
    0x1.522a43f868182p-47,
    0x1.0b31327016bfdp-55,
    0x1.56018a3605bbbp-64,
    0x1.69ca83729cb4ap-73,
    0x1.4198b341cce20p-82,
    0x1.e714cccb72046p-92,
    0x1.3e851f26d3c55p-101,
    0x1.669da5854cdb5p-111,
    0x1.7ebe27c9af862p-121,
    0x1.d62008ac3cbeap-132,
    0x1.c93dccb583c63p-141,
};

// what the first of them lack
inline constexpr double kI0Series64Low[] = {0x1.c1a957ea30000p-69, -0x1.5f02f9b30d000p-65, 0x1.53fbe4eaff480p-64, 0x1.ecc82209cde90p-66, -0x1.f9949469d7540p-75, -0x1.c8049b6c9b0acp-78, 0x1.62f124b31df80p-91, 0x1.31ab59a3e1e50p-96, -0x1.838bc2241f7a0p-104};

// I0(x) in x^2, relative; 0.0 to 100.0: error 2.3e-11 (2^-35.34, 2.1e+5 ulp)
inline constexpr double kI0SeriesMedium[] = {
    0x1.0000000019ca1p+0,
    0x1.fffffffa445fcp-3,
    0x1.000000301f53cp-6,
    0x1.c71c6d471d1d5p-12,
    0x1.c71ca57aad020p-18,
    0x1.23441c4e207edp-24,
    0x1.02f2709163656p-31,
    0x1.51c5c24c7d02bp-39,
    0x1.54bd04ee0713dp-47,
    0x1.00095af673041p-55,
    0x1.94e2d1380b049p-64,
    0x1.1ef0313cf111bp-74,
    0x1.6c347344c0d6cp-81,
};

// I0(x) e^-x sqrt(x) in 1 / x; x from 10, relative; 0.00138889 to 0.1: error 2.82e-18 (2^-58.3, 0.025 ulp)
inline constexpr double kI0Far64[] = {
    0x1.9884533d43652p-2,
    0x1.9884533d3e9c8p-5,
    0x1.cb94ddc028f6bp-6,
    0x1.debae7c7b5abap-6,
    0x1.6e9aea9777928p-5,
    0x1.6cee04b04bc92p-4,
    0x1.981f925c23fddp-2,
    -0x1.a9689fbbe2bd2p+3,
    0x1.af4a694cecfd6p+9,
    -0x1.3b680d8d3a1a2p+15,
    0x1.6609f289770c4p+20,
    -0x1.3cff7cddfdb4dp+25,
    0x1.b7c92f5b0f9e4p+29,
    -0x1.ddf996fad3e9ap+33,
    0x1.9521576a3c882p+37,
    -0x1.093c645cc1a15p+41,
    0x1.07fb013f34cf2p+44,
    -0x1.858179b350cbep+46,
    0x1.999824624a140p+48,
    -0x1.1f9b4f1aef53fp+50,
    0x1.dd70c43e643b9p+50,
    -0x1.5b512cfc38418p+50,
};

// what the first of them lack
inline constexpr double kI0Far64Low[] = {-0x1.b0ef334dfa468p-58};

// I0(x) e^-x sqrt(x) in 1 / x; x from 10, relative; 0.00138889 to 0.1: error 2.88e-11 (2^-35.01, 2.6e+5 ulp)
inline constexpr double kI0FarMedium[] = {
    0x1.9884533ca0848p-2,
    0x1.98845f9de5874p-5,
    0x1.cb8526df18dd6p-6,
    0x1.e2e1efb43d092p-6,
    0x1.286550742ec9dp-5,
    0x1.f517421bafdd8p-3,
    -0x1.36211c62d41ffp+0,
    0x1.a011e1b881d5dp+2,
};

// I1(x) / x in x^2, relative; 0.0 to 100.0: error 1.38e-19 (2^-62.65, 0.0012 ulp)
inline constexpr double kI1Series64[] = {
    0x1.0000000000000p-1,
    0x1.0000000000000p-4,
    0x1.5555555555555p-9,
    0x1.c71c71c71c71cp-15,
    0x1.6c16c16c16c1fp-21,
    0x1.845c8a0ce5059p-28,
    0x1.27e4fb778aca0p-35,
    0x1.522a43f641f77p-43,
    0x1.2c9758dc1ec6cp-51,
    0x1.ab81ea5ab8618p-60,
    0x1.f17699ae92268p-69,
    0x1.e26363062a60ep-78,
    0x1.8bcf546cc846cp-87,
    0x1.1656f026917d1p-96,
    0x1.53af65f600e79p-106,
    0x1.6713ed4ec8952p-116,
    0x1.662876ef33771p-126,
    0x1.ad18a5bbc7edap-137,
    0x1.7a21165d333aap-146,
};

// what the first of them lack
inline constexpr double kI1Series64Low[] = {0x1.1594bf9cc0000p-72, -0x1.6f1dc0c1a0000p-69, 0x1.5f06e4b60622ap-63, 0x1.b099f6087f630p-72, 0x1.89c3874164e20p-78, -0x1.6ca9f1e5a1260p-85, -0x1.8a3fb44dedf60p-90, 0x1.7613bc24d3130p-97, 0x1.8d44ea80b2020p-105};

// I1(x) / x in x^2, relative; 0.0 to 100.0: error 5.03e-12 (2^-37.53, 4.5e+4 ulp)
inline constexpr double kI1SeriesMedium[] = {
    0x1.00000000059bcp-1,
    0x1.fffffffdfe25ep-5,
    0x1.55555571a2787p-9,
    0x1.c71c6f7a84d7cp-15,
    0x1.6c16d8f8e04ebp-21,
    0x1.845b77a2fd180p-28,
    0x1.27ecb20a03b1bp-35,
    0x1.51e25ae9c3631p-43,
    0x1.2e54746308b5cp-51,
    0x1.9d276c6a92b89p-60,
    0x1.1f83cae6f4853p-68,
    0x1.bd232c7c40e7bp-79,
    0x1.b10c51379586fp-86,
};

// I1(x) e^-x sqrt(x) in 1 / x; x from 10, relative; 0.00138889 to 0.1: error 3.99e-18 (2^-57.8, 0.036 ulp)
inline constexpr double kI1Far64[] = {
    0x1.9884533d4364fp-2,
    -0x1.32633e6df149ep-3,
    -0x1.7efc0e17bafbcp-5,
    -0x1.4f1c76671d863p-5,
    -0x1.d754bc5c595c0p-5,
    -0x1.bf2158ba318d6p-4,
    -0x1.c9d26396f15bep-2,
    0x1.b76b7dbb74c36p+3,
    -0x1.bf2d5b80f12dfp+9,
    0x1.462cfbf7539bcp+15,
    -0x1.7161116fc12adp+20,
    0x1.4634716d4cfc8p+25,
    -0x1.c3523871661b0p+29,
    0x1.e90aa2db1e8f3p+33,
    -0x1.9d1e149affcbdp+37,
    0x1.0d6b847fdb75ep+41,
    -0x1.0aeb188611110p+44,
    0x1.87a34b1d700c9p+46,
    -0x1.98e930f0070b0p+48,
    0x1.1c698083d0829p+50,
    -0x1.d1cfde819393dp+50,
    0x1.4bd078cd80085p+50,
};

// what the first of them lack
inline constexpr double kI1Far64Low[] = {0x1.1802fdf15b8c8p-57};

// I1(x) e^-x sqrt(x) in 1 / x; x from 10, relative; 0.00138889 to 0.1: error 3.26e-11 (2^-34.84, 2.9e+5 ulp)
inline constexpr double kI1FarMedium[] = {
    0x1.9884533dfa9bbp-2,
    -0x1.326341e634cffp-3,
    -0x1.7ef346ea0b35cp-5,
    -0x1.516c4ed016d5ep-5,
    -0x1.895f453119c51p-5,
    -0x1.2036d5a83dc4bp-2,
    0x1.52ce4a545976ep+0,
    -0x1.ceb33c2fa1d93p+2,
};

// sqrt(pi x / 2) |J0 + iY0| in s = 1/2 - 4 / (x + 2); x from 2, relative; -0.5 to 0.4999: error 3.04e-19 (2^-61.51, 0.0027 ulp)
inline constexpr double kJ0Modulus64[] = {
    0x1.ff25b4a41d859p-1,
    0x1.180439367d56bp-7,
    -0x1.fae4248c72aaep-7,
    0x1.b3706ecb78a36p-7,
    -0x1.09f97361c0b0cp-7,
    0x1.1f8d36a4c5556p-8,
    -0x1.528e729d7c93dp-9,
    0x1.96ed80d711e68p-10,
    -0x1.cc2f4b1d6a975p-11,
    0x1.194f20bf8b25dp-11,
    -0x1.5762ff61c26a4p-12,
    0x1.879d0b3bc09b8p-13,
    -0x1.01f01255bd998p-13,
    0x1.2dc3d0e197385p-14,
    -0x1.62c6019624ad8p-15,
    0x1.01936c9e76188p-15,
    -0x1.e54797717cacdp-17,
    0x1.d72c4e43f312fp-17,
    -0x1.7a6650527710bp-18,
    -0x1.5b6b24bee4875p-19,
    -0x1.3762e0d063a7bp-17,
    0x1.55ed376104c6ap-18,
    0x1.67b6a431b9c56p-19,
};

// what the first of them lack
inline constexpr double kJ0Modulus64Low[] = {-0x1.552434a8b11c6p-55};

// sqrt(pi x / 2) |J0 + iY0| in s = 1/2 - 4 / (x + 2); x from 2, relative; -0.5 to 0.4999: error 3.29e-12 (2^-38.15, 3.0e+4 ulp)
inline constexpr double kJ0ModulusMedium[] = {
    0x1.ff25b4a41b68bp-1,
    0x1.180439099432dp-7,
    -0x1.fae423db95dcep-7,
    0x1.b37082387d4bep-7,
    -0x1.09f999e6d35f4p-7,
    0x1.1f886e26f67fep-8,
    -0x1.5281b51409dc5p-9,
    0x1.97ee3740de01cp-10,
    -0x1.ce33afd58540bp-11,
    0x1.0c67e89bc932cp-11,
    -0x1.427eb538f0013p-12,
    0x1.10bc885d9af7dp-12,
    -0x1.6a5002ad4b1cap-13,
};

// x (arg(J0 + iY0) - x + pi/4) in s = 1/2 - 4 / (x + 2); x from 2, relative; -0.5 to 0.4999: error 4.07e-18 (2^-57.77, 0.037 ulp)
inline constexpr double kJ0Phase64[] = {
    -0x1.f925ed1963e64p-4,
    -0x1.1021296323b6bp-7,
    0x1.c3095ad0cf73dp-7,
    -0x1.2635d11367b47p-7,
    0x1.67cea9dad0a11p-9,
    -0x1.32b104dff3561p-11,
    0x1.4773621fea654p-11,
    -0x1.292707b2dd457p-12,
    0x1.6c7fd965b80cfp-16,
    -0x1.ddce480f15cf8p-14,
    0x1.c0b9573c8e51ap-16,
    0x1.47795f3757ba2p-17,
    0x1.636420d9c836ep-15,
    0x1.1b849649cd806p-16,
    0x1.c586e53c17906p-18,
    -0x1.e8b684a999469p-17,
    -0x1.4bdd6b53e5f0cp-16,
    -0x1.0c04780bdf02bp-16,
    -0x1.4bd2b1997a88cp-17,
    -0x1.2503599bcddd0p-16,
    0x1.563eaf7ff8c24p-18,
    0x1.19312e0750aebp-14,
    0x1.ae56ffce484c4p-15,
    -0x1.6d1be7759ec11p-15,
    -0x1.968ae2d8d5a93p-15,
};

// what the first of them lack
inline constexpr double kJ0Phase64Low[] = {0x1.45c1480f1add8p-60};

// x (arg(J0 + iY0) - x + pi/4) in s = 1/2 - 4 / (x + 2); x from 2, relative; -0.5 to 0.4999: error 3.76e-11 (2^-34.63, 3.4e+5 ulp)
inline constexpr double kJ0PhaseMedium[] = {
    -0x1.f925ed19b54c4p-4,
    -0x1.1021295ed63dep-7,
    0x1.c3095db334d9dp-7,
    -0x1.2635d28389bbfp-7,
    0x1.67cc8a0c5ae1cp-9,
    -0x1.32af0934636eap-11,
    0x1.480641cddc3b2p-11,
    -0x1.2942d850a57bfp-12,
    0x1.b8ec0261ce652p-17,
    -0x1.de57d98af8cc3p-14,
    0x1.e643e3cf064c8p-15,
    0x1.dc6ceda278b5bp-17,
};

// J0(x) in x^2, relative; 0.0 to 4.0: error 4.31e-19 (2^-61.01, 0.0039 ulp)
inline constexpr double kJ0Series64[] = {
    0x1.0000000000000p+0,
    -0x1.0000000000000p-2,
    0x1.0000000000000p-6,
    -0x1.c71c71c71c71cp-12,
    0x1.c71c71c71c71cp-18,
    -0x1.23456789abcddp-24,
    0x1.02e85c0898a33p-31,
    -0x1.522a43f646a05p-39,
    0x1.522a43efa85ecp-47,
    -0x1.0b313054caabap-55,
    0x1.56008b3839d24p-64,
    -0x1.698129f329c4fp-73,
    0x1.351d756b461d5p-82,
};

// what the first of them lack
inline constexpr double kJ0Series64Low[] = {-0x1.c94e000000000p-90, 0x1.1269cd8000000p-83, -0x1.bb5ac2ac00000p-80, -0x1.c6f8ec74c09cap-66};

// J0(x) in x^2, relative; 0.0 to 4.0: error 3.42e-14 (2^-44.73, 3.1e+2 ulp)
inline constexpr double kJ0SeriesMedium[] = {
    0x1.ffffffffffecap-1,
    -0x1.fffffffff7a16p-3,
    0x1.fffffffd8e147p-7,
    -0x1.c71c7138b1ac0p-12,
    0x1.c71c516c2aea5p-18,
    -0x1.23415c2e1ce42p-24,
    0x1.02574f75e7020p-31,
    -0x1.3cbb8d800111bp-39,
};

// Y0(x) - 2/pi log(x/2) J0(x) in x^2, relative; 0.0 to 4.0: error 1.48e-19 (2^-62.55, 0.0013 ulp)
inline constexpr double kY0Series64[] = {
    0x1.78493e90ba294p-2,
    0x1.139ccf287ee71p-4,
    -0x1.2cc7eb028db7ap-7,
    0x1.6bf03b3a279c2p-12,
    -0x1.b45f204ebc2bbp-18,
    0x1.3c5d153ae0f9fp-24,
    -0x1.34aedc49b57d9p-31,
    0x1.b1eeb943f2270p-39,
    -0x1.ccd7bee97ceb0p-47,
    0x1.7f046503656a4p-55,
    -0x1.ff90a492ef8ecp-64,
    0x1.0d819ac6b224ap-72,
};

// what the first of them lack
inline constexpr double kY0Series64Low[] = {0x1.90d5a7abf53b0p-58, 0x1.8b8ba096b5bb0p-59, 0x1.4be3af8a3fa80p-63, 0x1.bf0ac62147d94p-66};

// Y0(x) - 2/pi log(x/2) J0(x) in x^2, relative; 0.0 to 4.0: error 5.35e-14 (2^-44.09, 4.8e+2 ulp)
inline constexpr double kY0SeriesMedium[] = {
    0x1.78493e90ba3f9p-2,
    0x1.139ccf2873214p-4,
    -0x1.2cc7eb008aba9p-7,
    0x1.6bf03ab555e41p-12,
    -0x1.b45efedef5d02p-18,
    0x1.3c58875ed8f9dp-24,
    -0x1.33ff29735c753p-31,
    0x1.9649085c3dffdp-39,
};

// sqrt(pi x / 2) |J1 + iY1| in s = 1/2 - 4 / (x + 2); x from 2, relative; -0.5 to 0.4999: error 5.74e-19 (2^-60.6, 0.0052 ulp)
inline constexpr double kJ1Modulus64[] = {
    0x1.014c79037b699p+0,
    -0x1.b07ef0a4f3afdp-6,
    0x1.95f87ae8308bep-5,
    -0x1.80d760d084fafp-5,
    0x1.1770bd3dcbdcfp-5,
    -0x1.698f92abbda3ap-6,
    0x1.cac35edcbf0cfp-7,
    -0x1.1fcd8246a5cabp-7,
    0x1.61bbf5073f0e3p-8,
    -0x1.b890170eb80a5p-9,
    0x1.13e3f3fd3c0e4p-9,
    -0x1.56decbf743d35p-10,
    0x1.b72d9aff8afcep-11,
    -0x1.161bb17ba3fd6p-11,
    0x1.6114d50a426fdp-12,
    -0x1.d2e9e92ed7259p-13,
    0x1.216e8602246b9p-13,
    -0x1.831df0b2d0c31p-14,
    0x1.edcf1e91632d1p-15,
    -0x1.38a86bdecc736p-15,
    0x1.06b1ab6c46b92p-15,
    -0x1.428eff17000c7p-17,
    0x1.a0951692b00a3p-18,
    -0x1.bff638dd76a2ep-17,
    0x1.9c6f37ed1fed0p-18,
    -0x1.007d7284583c9p-18,
};

// what the first of them lack
inline constexpr double kJ1Modulus64Low[] = {-0x1.554b3326c3888p-56};

// sqrt(pi x / 2) |J1 + iY1| in s = 1/2 - 4 / (x + 2); x from 2, relative; -0.5 to 0.4999: error 2.4e-11 (2^-35.28, 2.2e+5 ulp)
inline constexpr double kJ1ModulusMedium[] = {
    0x1.014c790383794p+0,
    -0x1.b07ef000d6156p-6,
    0x1.95f879920895ep-5,
    -0x1.80d78466adce5p-5,
    0x1.177108aab52fdp-5,
    -0x1.6986cb8a66726p-6,
    0x1.caaa25569ab97p-7,
    -0x1.20b956108fb85p-7,
    0x1.63c05fe5f48adp-8,
    -0x1.a0d6ab68d8dfdp-9,
    0x1.fda21059973c1p-10,
    -0x1.e4644ee128e82p-10,
    0x1.455c88629cce6p-10,
};

// x (arg(J1 + iY1) - x + pi/4 + pi/2) in s = 1/2 - 4 / (x + 2); x from 2, relative; -0.5 to 0.4999: error 3.74e-18 (2^-57.89, 0.034 ulp)
inline constexpr double kJ1Phase64[] = {
    0x1.7b963373a3d6ap-2,
    0x1.65a2772b4544dp-6,
    -0x1.38c1f018054dap-5,
    0x1.e5870da9ef5e3p-6,
    -0x1.dc9b8b0c9ca8ap-7,
    0x1.76fb3c54854a1p-8,
    -0x1.556825c553619p-9,
    0x1.e2f332b305a45p-11,
    -0x1.4dad19d7e7cc4p-14,
    0x1.568e671fd650ep-15,
    0x1.acd39534fb5fcp-15,
    -0x1.46bbd0202deb2p-14,
    -0x1.98e56163c5cdap-17,
    -0x1.231c3a8bdbea7p-15,
    0x1.f035998fd32a9p-19,
    0x1.ede864248b30dp-17,
    0x1.9edf03afaa218p-16,
    0x1.4dec1e2d2b630p-16,
    0x1.66d6285365a36p-18,
    0x1.17a36462e860ap-18,
    0x1.d51dd04c82b4fp-18,
    -0x1.65767856dd43bp-15,
    -0x1.77fede50f0a7ap-14,
    0x1.6341f16bf1e51p-18,
    0x1.b55e643893e3ap-14,
    0x1.d6029e255aad7p-16,
    -0x1.0b187c0db769cp-15,
};

// what the first of them lack
inline constexpr double kJ1Phase64Low[] = {0x1.197631cbe4af6p-56};

// x (arg(J1 + iY1) - x + pi/4 + pi/2) in s = 1/2 - 4 / (x + 2); x from 2, relative; -0.5 to 0.4999: error 1.88e-12 (2^-38.95, 1.7e+4 ulp)
inline constexpr double kJ1PhaseMedium[] = {
    0x1.7b963373a425dp-2,
    0x1.65a2773022915p-6,
    -0x1.38c1f01b61954p-5,
    0x1.e5870ba2e3be2p-6,
    -0x1.dc9b874e183e6p-7,
    0x1.76fc36e01f2e6p-8,
    -0x1.5569db6a1cd53p-9,
    0x1.e2888d01bff5fp-11,
    -0x1.4ac5aa91eeb06p-14,
    0x1.84e07d682d750p-15,
    0x1.8743911a0aef1p-15,
    -0x1.9b1421f615bbap-14,
};

// J1(x) / x in x^2, relative; 0.0 to 4.0: error 2.41e-20 (2^-65.17, 0.00022 ulp)
inline constexpr double kJ1Series64[] = {
    0x1.0000000000000p-1,
    -0x1.0000000000000p-4,
    0x1.5555555555555p-9,
    -0x1.c71c71c71c71cp-15,
    0x1.6c16c16c16c17p-21,
    -0x1.845c8a0ce5128p-28,
    0x1.27e4fb7789ec0p-35,
    -0x1.522a43f64d812p-43,
    0x1.2c9758d780cc6p-51,
    -0x1.ab81e81ed421dp-60,
    0x1.f17585883b39bp-69,
    -0x1.e21252dfd368bp-78,
    0x1.7dc4b6302b41ap-87,
};

// what the first of them lack
inline constexpr double kJ1Series64Low[] = {-0x1.6160000000000p-95, 0x1.bf06a00000000p-89, 0x1.55554f6d033e4p-63, -0x1.c7148db216654p-69};

// J1(x) / x in x^2, relative; 0.0 to 4.0: error 2.7e-15 (2^-48.4, 24.0 ulp)
inline constexpr double kJ1SeriesMedium[] = {
    0x1.fffffffffffe9p-2,
    -0x1.fffffffffea0ap-5,
    0x1.55555554e7600p-9,
    -0x1.c71c719222dbcp-15,
    0x1.6c16b4cbba1e4p-21,
    -0x1.84594041a71efp-28,
    0x1.276ad5b731415p-35,
    -0x1.3f90cd7c6db32p-43,
};

// (Y1(x) - 2/pi log(x/2) J1(x) + 2/(pi x)) / x in x^2, relative; 0.0 to 4.0: error 4.42e-20 (2^-64.3, 0.0004 ulp)
inline constexpr double kY1Series64[] = {
    0x1.92b1bda0ed08cp-6,
    0x1.b6965296cd2b3p-6,
    -0x1.d97973c2a6da3p-10,
    0x1.9027adc471e43p-15,
    -0x1.7446a0977e65dp-21,
    0x1.ba6bde09442e5p-28,
    -0x1.6e3c5cab6dd79p-35,
    0x1.bf633ec5c4cb5p-43,
    -0x1.a444eefd145fap-51,
    0x1.39380c4ec30b4p-59,
    -0x1.7b4e7ddf77ea7p-68,
    0x1.6f056fe1b9554p-77,
};

// what the first of them lack
inline constexpr double kY1Series64Low[] = {-0x1.86455429cca90p-60, -0x1.efba4d3c108c8p-60, -0x1.2ce10af921bd4p-65, -0x1.d27ffed520300p-70};

// (Y1(x) - 2/pi log(x/2) J1(x) + 2/(pi x)) / x in x^2, relative; 0.0 to 4.0: error 2.27e-14 (2^-45.33, 2.0e+2 ulp)
inline constexpr double kY1SeriesMedium[] = {
    0x1.92b1bda0ed12ep-6,
    0x1.b6965296cb884p-6,
    -0x1.d97973c20217bp-10,
    0x1.9027ad95660dfp-15,
    -0x1.744693cd3b945p-21,
    0x1.ba682b0085cd9p-28,
    -0x1.6da6a5d19c171p-35,
    0x1.a6e78ec097df3p-43,
};

// clang-format on

}  // namespace cudapy::codegen::math
