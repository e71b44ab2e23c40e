/* lanes.h against exp() and plain copies. */
#include <float.h>
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "lanes.h"

/* ---- exp --------------------------------------------------------------------------- */

/* Distance in units in the last place of exp(x), itself from long double. */
static double ulps(double x, double got) {
  const long double exact = expl((long double)x);
  int exponent;
  frexp((double)exact, &exponent);
  return (double)(fabsl((long double)got - exact) / ldexpl(1, exponent - DBL_MANT_DIG));
}

/* The worst over n values, which are overwritten. */
static double worst_ulps(int n, double *x) {
  const double *given = copy_doubles(x, (size_t)n);
  double worst = 0;
  nl_exp(n, x);
  for (int i = 0; i < n; i++) worst = larger(worst, ulps(given[i], x[i]));
  return worst;
}

static void test_exp_on_a_grid(void) {
  enum { N = 100000 };
  double *x = new_doubles(N);
  for (int i = 0; i < N; i++) x[i] = -708 + 1417 * (i / (N - 1.0));
  CHECK_NEAR(worst_ulps(N, x), 0, 2);
  for (int i = 0; i < N; i++) x[i] = -1 + 2 * (i / (N - 1.0));
  CHECK_NEAR(worst_ulps(N, x), 0, 2);
  free_all();
}

/* Where the rounding to multiples of log 2 changes, and next to them. */
static void test_exp_between_multiples(void) {
  enum { MOST = 1020 };
  double *x = new_doubles(8 * 2 * MOST), worst = 0;
  for (int k = -MOST; k < MOST; k++) {
    double *at = x + 8 * (k + MOST);
    const double half = (k + 0.5) * log(2), whole = k * log(2);
    const double around[] = {
        half,  nextafter(half, 1e3),  nextafter(half, -1e3),  half + 1e-9,
        whole, nextafter(whole, 1e3), nextafter(whole, -1e3), whole - 1e-9};
    for (int i = 0; i < 8; i++) at[i] = around[i];
  }
  worst = worst_ulps(8 * 2 * MOST, x);
  CHECK_NEAR(worst, 0, 2);
  free_all();
}

static void test_exp_of_small_numbers(void) {
  double x[8] = {0, -0.0, 1e-300, -1e-300, 1e-17, -1e-17, 5e-324, 1e-8};
  const double expected[] = {1, 1, 1, 1, 1, 1, 1, 1 + 1e-8};
  nl_exp(8, x);
  CHECK_NEAR(distance(8, x, expected), 0, 2.3e-16);
  CHECK(x[0] == 1 && x[1] == 1);
}

static void test_exp_beyond_the_ends(void) {
  double x[16] = {-INFINITY, NAN,   -708.0001, -709,  -745, -1e4, -1e308, -DBL_MAX,
                  INFINITY,  1e308, 709,       709.5, 710,  1e4,  -NAN,   -708};
  nl_exp(16, x);
  for (int i = 0; i < 8; i++) CHECK(x[i] == 0 && !signbit(x[i]));
  for (int i = 8; i < 14; i++) CHECK(ulps(709, x[i]) <= 2);
  CHECK(x[14] == 0);
  CHECK(ulps(-708, x[15]) <= 2);
}

/* A number's neighbours have no say in its exponential. */
static void test_exp_of_each_alone(void) {
  seed_random(8);
  int wrong = 0;
  for (int trial = 0; trial < 500; trial++) {
    double x[8], alone[8];
    for (int i = 0; i < 8; i++) {
      x[i] = random_below(4) == 0 ? 2000 * random_normal() : 30 * random_normal();
      if (random_below(9) == 0) x[i] = NAN;
    }
    for (int i = 0; i < 8; i++) {
      double same[8];
      for (int k = 0; k < 8; k++) same[k] = x[i];
      nl_exp(8, same);
      alone[i] = same[0];
      for (int k = 1; k < 8; k++) wrong += same[k] != same[0];
    }
    nl_exp(8, x);
    wrong += !same_bits(8, x, alone);
  }
  CHECK(wrong == 0);
}

/* As many as were asked for. */
static void test_exp_length(void) {
  double *x = new_doubles(24), *all = new_doubles(24);
  for (int i = 0; i < 24; i++) x[i] = all[i] = 0.1 * i - 1;
  nl_exp(0, x);
  CHECK(same_bits(24, x, all));
  nl_exp(24, all);
  nl_exp(16, x);
  CHECK(same_bits(16, x, all));
  for (int i = 16; i < 24; i++) CHECK(x[i] == 0.1 * i - 1);
  free_all();
}

/* ---- single lanes ------------------------------------------------------------------ */

static void test_set_and_get(void) {
  enum { N = 5 };
  seed_random(9);
  for (int lane = 0; lane < NL_LANES; lane++) {
    const double *from = new_normals(N), *before = new_normals(N * NL_LANES);
    double *x = copy_doubles(before, N * NL_LANES), *to = new_doubles(N);
    nl_lane_set(N, from, lane, x);
    for (int i = 0; i < N * NL_LANES; i++) {
      const double expected = i % NL_LANES == lane ? from[i / NL_LANES] : before[i];
      CHECK(x[i] == expected);
    }
    nl_lane_get(N, x, lane, to);
    CHECK(same_bits(N, to, from));
    free_all();
  }
  nl_lane_set(0, NULL, 0, NULL);
  nl_lane_get(0, NULL, 0, NULL);
}

void suite_lanes(void);

void suite_lanes(void) {
  RUN(test_exp_on_a_grid);
  RUN(test_exp_between_multiples);
  RUN(test_exp_of_small_numbers);
  RUN(test_exp_beyond_the_ends);
  RUN(test_exp_of_each_alone);
  RUN(test_exp_length);
  RUN(test_set_and_get);
}
