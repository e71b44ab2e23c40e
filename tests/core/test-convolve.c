/* convolve.h against the sum of its definition, row by row. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "convolve.h"
#include "fixture.h"

/* A signal of few values that are not 0, in runs, with random kernels. `nan`: how many
 * values are NaN, at random. */
static nl_convolution random_convolution(size_t n, int n_run, int window, int first_lag,
                                         int n_nan) {
  nl_convolution c = {n, NULL, n_run, NULL, window, first_lag, 1 + random_below(4), NULL};
  double *x = new_zeros(n);
  int *start = new_ints((size_t)n_run + 1);
  for (size_t t = 0; t < n; t++) {
    if (random_below(3) == 0) x[t] = random_normal();
  }
  for (int i = 0; i < n_nan; i++) x[random_below((int)n)] = NAN;
  for (int r = 0; r <= n_run; r++) start[r] = (int)(n * (size_t)r / (size_t)n_run);
  for (int r = 1; r < n_run; r++) { /* unequal lengths */
    const int low = start[r - 1] + 1, high = start[r + 1] - 1;
    start[r] = low + random_below(high - low + 1);
  }
  c.x = x;
  c.start = start;
  double *kernel = new_normals((size_t)window * (size_t)c.n_col);
  for (int j = 0; j < c.n_col; j++) { /* some end, or begin, with zeros, or are zero */
    const int low = random_below(window + 1), high = low + random_below(window - low + 1);
    for (int k = 0; k < window && j % 2; k++) {
      if (k < low || k >= high) kernel[k + j * window] = 0;
    }
  }
  c.kernel = kernel;
  return c;
}

static int run_of(const nl_convolution *c, int t) {
  int r = 0;
  while (c->start[r + 1] <= t) r++;
  return r;
}

/* The sum for one row, NaN where the window is not whole. */
static double reference_value(const nl_convolution *c, int t, int j) {
  const int run = run_of(c, t);
  double sum = 0;
  if (t < c->start[run] || t >= c->start[run + 1]) return NAN;
  for (int k = 0; k < c->window; k++) {
    const int s = t - c->first_lag - k;
    if (s < c->start[run] || s >= c->start[run + 1]) return NAN;
    sum += c->kernel[k + j * c->window] * c->x[s];
  }
  return sum;
}

static void check_convolution(const nl_convolution *c) {
  const size_t size = c->n_obs * (size_t)c->n_col;
  double *out = new_doubles(size), worst = 0;
  unsigned char *missing = (unsigned char *)new_bytes(c->n_obs);
  size_t n_missing = 0, wrong = 0;
  hook_counts counts;
  const nl_hook hook = counting_hook(&counts);
  nl_convolve(c, out, &hook);
  const size_t said = nl_convolve_missing(c, missing);
  for (int t = 0; t < (int)c->n_obs; t++) {
    for (int j = 0; j < c->n_col; j++) {
      const double value = reference_value(c, t, j);
      wrong += (isnan(value) != 0) != (missing[t] == 1);
      if (!isnan(value))
        worst = larger(worst, fabs(value - out[(size_t)t + c->n_obs * (size_t)j]));
    }
    n_missing += missing[t] == 1;
  }
  CHECK(wrong == 0);
  CHECK(said == n_missing);
  CHECK_NEAR(worst, 0, 1e-12);
  CHECK(counts.n_check >= c->n_col);
}

/* Past, future, around the row, far away; windows longer than some runs, and than all. */
static void test_definition(void) {
  for (unsigned trial = 0; trial < 200; trial++) {
    seed_random(300 + trial);
    const size_t n = 20 + (size_t)random_below(200);
    const int window = 1 + random_below(trial % 5 == 0 ? 250 : 12);
    const int lags[] = {1, -window, -(window / 2), 0, 7, -window - 4};
    const nl_convolution c =
        random_convolution(n, 1 + random_below(5), window, lags[trial % 6],
                           trial % 3 == 0 ? 0 : random_below(6));
    check_convolution(&c);
    free_all();
  }
}

/* All values NaN, all zero, one row. */
static void test_edges(void) {
  double x[6] = {NAN, NAN, NAN, NAN, NAN, NAN}, kernel[2] = {2, 3}, out[6];
  int start[2] = {0, 6}, two[3] = {0, 1, 6};
  unsigned char missing[6];
  nl_convolution c = {6, x, 1, start, 2, 1, 1, kernel};
  CHECK(nl_convolve_missing(&c, missing) == 6);
  memset(x, 0, sizeof x);
  CHECK(nl_convolve_missing(&c, missing) == 2);
  nl_convolve(&c, out, NULL);
  CHECK(out[2] == 0 && out[5] == 0);
  x[1] = 1;
  nl_convolve(&c, out, NULL);
  CHECK(out[2] == 2 && out[3] == 3 && out[4] == 0);
  c.n_run = 2; /* the first run has one row */
  c.start = two;
  CHECK(nl_convolve_missing(&c, missing) == 3);
  CHECK(missing[2] && !missing[3]);
  c.n_obs = 0;
  c.n_run = 0;
  CHECK(nl_convolve_missing(&c, missing) == 0);
}

/* Equal windows give equal bits, wherever they are. */
static void test_repeats(void) {
  enum { N = 90, PERIOD = 30, WINDOW = 11 };
  double *x = new_doubles(N), *out = new_doubles(N * 3);
  int start[2] = {0, N};
  seed_random(9);
  for (int t = 0; t < PERIOD; t++) x[t] = random_below(2) * random_normal();
  for (int t = PERIOD; t < N; t++) x[t] = x[t - PERIOD];
  nl_convolution c = {N, x, 1, start, WINDOW, 1, 3, new_normals(WINDOW * 3)};
  nl_convolve(&c, out, NULL);
  for (int j = 0; j < 3; j++)
    CHECK(same_bits(PERIOD, out + j * N + PERIOD, out + j * N + 2 * PERIOD));
  free_all();
}

void suite_convolve(void);

void suite_convolve(void) {
  RUN(test_definition);
  RUN(test_edges);
  RUN(test_repeats);
}
