/* linalg.h against loops. */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "linalg.h"

static void test_dot_axpy_fill_copy(void) {
  const double x[] = {1, -2, 3}, y[] = {4, 5, 6};
  double z[] = {10, 20, 30};
  CHECK(nl_dot(3, x, y) == 12);
  CHECK(nl_dot(0, x, y) == 0);
  nl_axpy(3, 2, x, z);
  CHECK(z[0] == 12 && z[1] == 16 && z[2] == 36);
  nl_fill(2, 7, z);
  CHECK(z[0] == 7 && z[1] == 7 && z[2] == 36);
  nl_copy(2, x, z + 1);
  CHECK(z[0] == 7 && z[1] == 1 && z[2] == -2);
  nl_copy(2, z, z + 1); /* may overlap */
  CHECK(z[0] == 7 && z[1] == 7 && z[2] == 1);
  nl_copy(0, NULL, NULL);
}

static void test_long_dot(void) {
  for (int n = 0; n < 70; n++) { /* around the lengths at which it goes by vectors */
    double x[70], y[70], sum = 0;
    for (int i = 0; i < 70; i++) x[i] = y[i] = i < n ? i % 5 - 2 : 1000;
    for (int i = 0; i < n; i++) sum += x[i] * y[i];
    CHECK(nl_dot(n, x, y) == sum);
  }
}

static void test_norm(void) {
  const double plain[] = {3, 0, -4}, huge[] = {3e200, 4e200}, tiny[] = {3e-200, -4e-200};
  const double infinite[] = {1, -INFINITY}, missing[] = {1, NAN, 2};
  const double missing_among_huge[] = {1e200, NAN}, zero[] = {0, 0};
  CHECK_NEAR(nl_norm(3, plain), 5, 1e-15);
  CHECK_NEAR(nl_norm(2, huge), 5e200, 1e186);
  CHECK_NEAR(nl_norm(2, tiny), 5e-200, 1e-214);
  CHECK_NEAR(nl_norm(2, infinite), INFINITY, 0);
  CHECK(isnan(nl_norm(3, missing)));
  CHECK(isnan(nl_norm(2, missing_among_huge)));
  CHECK(nl_norm(2, zero) == 0);
  CHECK(nl_norm(0, plain) == 0);
}

/* A'A for a random n x n matrix. */
static double *random_definite(int n) {
  const double *a = new_normals((size_t)n * (size_t)n);
  return cross_times(n, n, n, a, a);
}

static void test_eigen(void) {
  for (int n = 0; n < 9; n++) {
    seed_random(3);
    double *a = random_definite(n), *values = new_doubles((size_t)n);
    const size_t n_work = nl_eigen_work(n), n_all = (size_t)n * (size_t)n;
    double *vectors = copy_doubles(a, n_all);
    CHECK(nl_eigen(n, vectors, values, new_doubles(n_work), n_work) == 0);
    double *product = times(n, n, n, a, vectors),
           *expected = copy_doubles(vectors, n_all);
    double *identity = cross_times(n, n, n, vectors, vectors);
    for (int i = 0; i < n; i++) identity[i + i * n] -= 1;
    for (int j = 0; j < n; j++) {
      for (int i = 0; i < n; i++) expected[i + j * n] *= values[j];
      CHECK(j == 0 || values[j] >= values[j - 1]);
    }
    CHECK_NEAR(distance(n_all, product, expected), 0, 1e-12);
    CHECK_NEAR(distance(n_all, identity, new_zeros(n_all)), 0, 1e-13);
    free_all();
  }
}

/* Sizes from nothing to several panels, one short of them, and one beyond. */
static const int factor_sizes[] = {0, 1, 2, 5, 31, 32, 33, 63, 64, 65, 97, 3 * NL_PANEL};
enum { N_FACTOR_SIZE = sizeof factor_sizes / sizeof factor_sizes[0] };

/* Well conditioned, with NaN where nothing is to be read. */
static double *definite_with_hole(int n) {
  double *a = random_definite(n);
  for (int i = 0; i < n; i++) a[i + i * n] += n;
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < j; i++) a[i + j * n] = NAN;
  }
  return a;
}

/* L L', of the lower triangle. */
static double lower_square(int n, const double *l, int i, int j) {
  double sum = 0;
  for (int k = 0; k <= j; k++) sum += l[i + k * n] * l[j + k * n];
  return sum;
}

static void check_cholesky(int n) {
  const size_t n_all = (size_t)n * (size_t)n;
  const double *a = definite_with_hole(n), *x = new_normals((size_t)n);
  double *l = copy_doubles(a, n_all), *b = new_zeros((size_t)n), worst = 0;
  CHECK(nl_cholesky(n, l) == 0);
  for (int j = 0; j < n; j++) {
    for (int i = j; i < n; i++) {
      worst = larger(worst, fabs(lower_square(n, l, i, j) - a[i + j * n]));
      b[i] += a[i + j * n] * x[j];
      if (i > j) b[j] += a[i + j * n] * x[i];
    }
  }
  CHECK_NEAR(worst, 0, 1e-12 * (1 + n));
  nl_cholesky_solve(n, l, b);
  CHECK_NEAR(distance((size_t)n, b, x), 0, 1e-12 * (1 + n));
  double *inverted = copy_doubles(l, n_all);
  nl_triangle_invert(n, inverted, new_doubles((size_t)n * NL_PANEL));
  worst = 0;
  for (int j = 0; j < n; j++) { /* W L = 1 */
    for (int i = 0; i < n; i++) {
      double sum = 0;
      for (int k = j; k <= i; k++) sum += inverted[i + k * n] * l[k + j * n];
      if (i >= j) worst = larger(worst, fabs(sum - (i == j)));
    }
  }
  CHECK_NEAR(worst, 0, 1e-12);
  free_all();
}

static void test_cholesky(void) {
  seed_random(4);
  for (int k = 0; k < N_FACTOR_SIZE; k++) check_cholesky(factor_sizes[k]);
}

/* The first minor that is not positive, in whichever panel it is. */
static void test_cholesky_finds_minor(void) {
  enum { N = 70 };
  const int at[] = {0, 1, 30, 31, 32, 33, 64, 69};
  seed_random(6);
  for (int k = 0; k < 8; k++) {
    double *a = definite_with_hole(N);
    a[at[k] * (N + 1)] = -1;
    CHECK(nl_cholesky(N, a) == at[k] + 1);
  }
  double *a = definite_with_hole(N);
  a[40 * (N + 1)] = NAN;
  CHECK(nl_cholesky(N, a) == 41);
  free_all();
}

/* Lengths and numbers of columns that are no multiple of anything. */
static void test_add_columns(void) {
  seed_random(7);
  for (int n = 0; n < 12; n++) {
    for (int n_col = 0; n_col < 10; n_col++) {
      const size_t ld = (size_t)n + 3;
      const double *x = new_normals(ld * (size_t)n_col), *a = new_normals((size_t)n_col);
      double *y = new_normals((size_t)n + 1), *expected = copy_doubles(y, (size_t)n + 1);
      for (int j = 0; j < n_col; j++) {
        for (int i = 0; i < n; i++) expected[i] += a[j] * x[(size_t)i + (size_t)j * ld];
      }
      nl_add_columns(n, n_col, a, x, ld, y);
      CHECK_NEAR(distance((size_t)n + 1, y, expected), 0, 1e-14);
      free_all();
    }
  }
}

static void test_cholesky_refuses(void) {
  double indefinite[] = {1, 0, 0, 0, -1, 0, 0, 0, 1}, zero[] = {0};
  CHECK(nl_cholesky(3, indefinite) == 2);
  CHECK(nl_cholesky(1, zero) == 1);
}

static void test_is_zero(void) {
  const double x[] = {0, -0.0, 0, 5e-324, NAN};
  CHECK(nl_is_zero(0, x) && nl_is_zero(3, x));
  CHECK(!nl_is_zero(4, x) && !nl_is_zero(1, x + 4));
}

/* A share of the largest diagonal entry, and no other entry changes. */
static void test_ridge(void) {
  double x[] = {1, 2, 3, 4, 8, 6, 7, 5, -9};
  const double expected[] = {1.8, 2, 3, 4, 8.8, 6, 7, 5, -8.2};
  CHECK_NEAR(nl_add_ridge(3, 0.1, x), 0.8, 1e-16);
  CHECK_NEAR(distance(9, x, expected), 0, 1e-15);
  CHECK(nl_add_ridge(0, 0.1, x) == 0);
  CHECK(nl_add_ridge(3, 0, x) == 0);
}

void suite_linalg(void);

void suite_linalg(void) {
  RUN(test_dot_axpy_fill_copy);
  RUN(test_long_dot);
  RUN(test_norm);
  RUN(test_eigen);
  RUN(test_cholesky);
  RUN(test_cholesky_refuses);
  RUN(test_cholesky_finds_minor);
  RUN(test_add_columns);
  RUN(test_is_zero);
  RUN(test_ridge);
}
