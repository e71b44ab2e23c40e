/* penalty.h against nested loops and the optimality conditions. */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "penalty.h"

/* ---- groups ------------------------------------------------------------------------ */

static void test_sizes(void) {
  const int size[] = {4, 1, 3, 4, 6, 12, 8, 6, 12};
  const nl_penalty full = mixed_penalty(T_RANDOM), deficient = mixed_penalty(T_DEFICIENT);
  for (int g = 0; g < MIXED_GROUPS; g++) {
    CHECK(nl_group_size(&full, g) == size[g]);
    CHECK(nl_group_rank(&full, g) == size[g]);
    CHECK(nl_group_size(&deficient, g) == size[g]);
    CHECK(nl_group_rank(&deficient, g) == size[g] - 1);
  }
  free_all();
}

/* b += T theta at the group's columns; the others stay. */
static double coefficients_error(const nl_penalty *penalty, int g, const double *theta) {
  const int size = nl_group_size(penalty, g), rank = nl_group_rank(penalty, g);
  const double *t = penalty->transform + penalty->t_start[g];
  double *beta = new_normals((size_t)penalty->n_col);
  double *expected = copy_doubles(beta, (size_t)penalty->n_col);
  for (int i = 0; i < size; i++) {
    double *b = expected + penalty->column[penalty->start[g] + i];
    for (int k = 0; k < rank; k++) *b += t[i + k * size] * theta[k];
  }
  nl_group_add(penalty, g, theta, beta);
  return distance((size_t)penalty->n_col, beta, expected);
}

static void test_coefficients(void) {
  seed_random(31);
  const nl_penalty penalty = mixed_penalty(T_DEFICIENT);
  for (int g = 0; g < MIXED_GROUPS; g++) {
    double *theta = new_normals((size_t)nl_group_rank(&penalty, g));
    CHECK_NEAR(coefficients_error(&penalty, g, theta), 0, 1e-13);
    if (nl_group_rank(&penalty, g) > 0) theta[0] = 0;
    CHECK_NEAR(coefficients_error(&penalty, g, theta), 0, 1e-13);
  }
  free_all();
}

/* The coefficient of a column in several groups is the sum of theirs: b = sum T theta has
 * <gradient, b> = sum <T'gradient, theta>. */
static void test_shared_columns(void) {
  seed_random(33);
  const nl_penalty penalty = overlapping_penalty(T_RANDOM);
  const double *gradient = new_normals(MIXED_COLUMNS);
  double *beta = new_zeros(MIXED_COLUMNS), left = 0, right = 0;
  for (int g = 0; g < MIXED_GROUPS; g++) {
    const int rank = nl_group_rank(&penalty, g);
    double *theta = new_normals((size_t)rank), *slope = new_doubles((size_t)rank);
    CHECK_NEAR(coefficients_error(&penalty, g, theta), 0, 1e-13);
    nl_group_add(&penalty, g, theta, beta);
    nl_group_gradient(&penalty, g, gradient, slope);
    for (int i = 0; i < rank; i++) right += slope[i] * theta[i];
  }
  for (int j = 0; j < MIXED_COLUMNS; j++) left += gradient[j] * beta[j];
  CHECK_NEAR(left, right, 1e-11);
  CHECK(beta[LONELY_COLUMN] == 0);
  free_all();
}

static void test_gradient(void) {
  seed_random(32);
  const nl_penalty penalty = mixed_penalty(T_DEFICIENT);
  const double *gradient = new_normals(MIXED_COLUMNS);
  for (int g = 0; g < MIXED_GROUPS; g++) {
    const int size = nl_group_size(&penalty, g), rank = nl_group_rank(&penalty, g);
    const double *t = penalty.transform + penalty.t_start[g];
    double *expected = new_zeros((size_t)rank), *out = new_doubles((size_t)rank);
    for (int k = 0; k < rank; k++) {
      for (int i = 0; i < size; i++) {
        expected[k] += t[i + k * size] * gradient[penalty.column[penalty.start[g] + i]];
      }
    }
    nl_group_gradient(&penalty, g, gradient, out);
    CHECK_NEAR(distance((size_t)rank, out, expected), 0, 1e-13);
  }
  free_all();
}

/* ---- one block --------------------------------------------------------------------- */

enum { MAX_BLOCK = 12 };

typedef struct {
  int n;
  double d[MAX_BLOCK];
  double c[MAX_BLOCK];
  double tau;
} block_case;

/* Curvatures from 1e-12 to 1e6, slopes of very different sizes, some of them zero. */
static block_case random_case(void) {
  block_case it;
  const double low = random_between(-12, 6), spread = random_between(0, 6);
  it.n = 1 + random_below(MAX_BLOCK);
  for (int i = 0; i < it.n; i++) {
    it.d[i] = pow(10, random_between(low, 6));
    it.c[i] = random_normal() * pow(10, random_between(-spread, spread));
    if (random_below(10) == 0) it.c[i] = 0;
  }
  if (random_below(3) == 0) { /* the extremes side by side */
    it.d[0] = 1e-12;
    it.d[it.n - 1] = 1e6;
  }
  it.c[random_below(it.n)] = random_normal();
  return it;
}

/* ||d x - c + tau x / ||x|| || / ||c||, or the excess of ||c|| over tau where x is zero.
 */
static double stationarity(const block_case *it, const double *x) {
  const double norm = norm_of(it->n, x), size = norm_of(it->n, it->c);
  double residual[MAX_BLOCK];
  if (norm == 0 && it->tau > 0) return size > it->tau ? (size - it->tau) / size : 0;
  for (int i = 0; i < it->n; i++) {
    residual[i] = it->d[i] * x[i] - it->c[i] + (it->tau > 0 ? it->tau * x[i] / norm : 0);
  }
  return norm_of(it->n, residual) / size;
}

/* From no guess, the solution's own norm, and guesses that are off. */
static double solve_and_measure(const block_case *it) {
  double x[MAX_BLOCK], near = 0, worst = 0;
  for (int try = 0; try < 5; try++) {
    for (int i = 0; i < it->n; i++) x[i] = NAN;
    nl_block_solve(it->n, it->d, it->c, it->tau, near, x);
    worst = larger(worst, stationarity(it, x));
    near = norm_of(it->n, x) * (try == 0 ? 1 : pow(10, random_between(-6, 6)));
  }
  return worst;
}

/* tau as a share of ||c||: none, tiny, anything, nearly all of it. */
static double random_share(int kind) {
  switch (kind % 5) {
    case 0:
      return 0;
    case 1:
      return pow(10, random_between(-30, -5));
    case 2:
      return 1 - pow(10, random_between(-13, -3));
    case 3:
      return 1 - 4e-16;
    default:
      return random_uniform();
  }
}

static void test_block_solve_is_stationary(void) {
  seed_random(34);
  double worst = 0;
  for (int i = 0; i < 5000; i++) {
    block_case it = random_case();
    it.tau = random_share(i) * norm_of(it.n, it.c);
    worst = larger(worst, solve_and_measure(&it));
  }
  CHECK_NEAR(worst, 0, 1e-10);
}

static int all_zero(int n, const double *x) {
  for (int i = 0; i < n; i++) {
    if (x[i] != 0) return 0;
  }
  return 1;
}

static void test_block_solve_zero(void) {
  const double d[] = {2, 1e-12}, c[] = {3, -4};
  double x[] = {NAN, NAN};
  nl_block_solve(2, d, c, 5, 0, x);
  CHECK(all_zero(2, x));
  nl_block_solve(2, d, c, 7, 0, x);
  CHECK(all_zero(2, x));
  nl_block_solve(2, d, c, 5 * (1 - 1e-13), 0, x); /* above by rounding only */
  CHECK(all_zero(2, x));
  nl_block_solve(2, d, c, 5 * (1 - 1e-11), 0, x);
  CHECK(!all_zero(2, x));
  nl_block_solve(0, d, c, 1, 0, x);
  x[0] = NAN;
  const double zero[] = {0, 0};
  nl_block_solve(2, d, zero, 0, 0, x);
  CHECK(all_zero(2, x));
}

/* Equal curvatures: soft thresholding of the norm. */
static void test_block_solve_closed_form(void) {
  const double d[] = {2, 2}, c[] = {3, -4}, expected[] = {3 * 0.8 / 2, -4 * 0.8 / 2};
  double x[] = {NAN, NAN};
  nl_block_solve(2, d, c, 1, 0, x);
  CHECK_NEAR(distance(2, x, expected), 0, 1e-15);
}

static double block_objective(const block_case *it, const double *x) {
  double sum = it->tau * norm_of(it->n, x);
  for (int i = 0; i < it->n; i++) sum += x[i] * (0.5 * it->d[i] * x[i] - it->c[i]);
  return sum;
}

/* Brute force: no point of a fine grid around it is better. */
static void test_block_solve_on_a_grid(void) {
  const block_case it = {2, {0.5, 3}, {1.2, -2}, 0.7};
  double x[2], best = INFINITY;
  nl_block_solve(2, it.d, it.c, it.tau, 0, x);
  for (int i = -400; i <= 400; i++) {
    for (int k = -400; k <= 400; k++) {
      const double y[] = {i / 200.0, k / 200.0};
      best = fmin(best, block_objective(&it, y));
    }
  }
  CHECK(block_objective(&it, x) <= best);
  CHECK_NEAR(block_objective(&it, x), best, 1e-4);
}

/* ---- residuals --------------------------------------------------------------------- */

static void test_kkt(void) {
  const double theta[] = {3, -4}, zero[] = {0, 0};
  const double solved[] = {-0.6 * 2, 0.8 * 2}, off[] = {-0.6 * 2 + 0.3, 0.8 * 2 - 0.4};
  CHECK_NEAR(nl_group_kkt(2, theta, solved, 2, 5), 0, 1e-15);
  CHECK_NEAR(nl_group_kkt(2, theta, off, 2, 5), 0.1, 1e-15);
  CHECK_NEAR(nl_group_kkt(2, theta, off, 0, 1), norm_of(2, off), 1e-15);
  CHECK(nl_group_kkt(2, zero, theta, 5, 5) == 0);
  CHECK(nl_group_kkt(2, zero, theta, 9, 5) == 0);
  CHECK_NEAR(nl_group_kkt(2, zero, theta, 4, 2), 0.5, 1e-15);
  CHECK_NEAR(nl_group_kkt(2, zero, theta, 0, 10), 0.5, 1e-15);
  CHECK(nl_group_kkt(0, theta, theta, 1, 1) == 0);
}

static void test_kkt_not_finite(void) {
  const double zero[] = {0, 0}, theta[] = {1, 1};
  const double bad[][2] = {
      {NAN, 1}, {1, NAN}, {INFINITY, 0}, {-INFINITY, NAN}, {NAN, 1e200}};
  for (int i = 0; i < 5; i++) {
    CHECK_NEAR(nl_group_kkt(2, zero, bad[i], 1, 1), INFINITY, 0);
    CHECK_NEAR(nl_group_kkt(2, theta, bad[i], 1, 1), INFINITY, 0);
    CHECK_NEAR(nl_group_kkt(2, theta, bad[i], 0, 1), INFINITY, 0);
  }
}

/* A group whose unit is nothing has nothing to be measured in. */
static void test_kkt_without_unit(void) {
  const double theta[] = {1, 2};
  CHECK(nl_group_kkt(2, theta, theta, 0, 0) == 0);
}

/* ---- one lambda -------------------------------------------------------------------- */

static void test_level(void) {
  nl_penalty penalty = mixed_penalty(T_IDENTITY);
  nl_level level = {0.5, 7};
  set_weight(&penalty, 3, 0);
  set_weight(&penalty, 2, 4);
  CHECK(nl_level_tau(&level, &penalty, 3) == 0);
  CHECK(nl_level_tau(&level, &penalty, 2) == 2);
  CHECK(nl_level_unit(&level, &penalty, 3) == 0.5 * penalty.scale[3]);
  CHECK(nl_level_unit(&level, &penalty, 2) == 2);
  level.lambda = 0;
  CHECK(nl_level_tau(&level, &penalty, 2) == 0);
  CHECK(nl_level_unit(&level, &penalty, 2) == 7 * penalty.scale[2]);
  CHECK(nl_level_unit(&level, &penalty, 3) == 7 * penalty.scale[3]);
  level.lambda = INFINITY;
  CHECK(nl_level_tau(&level, &penalty, 3) == 0);
  free_all();
}

void suite_penalty(void);

void suite_penalty(void) {
  RUN(test_sizes);
  RUN(test_coefficients);
  RUN(test_shared_columns);
  RUN(test_gradient);
  RUN(test_block_solve_is_stationary);
  RUN(test_block_solve_zero);
  RUN(test_block_solve_closed_form);
  RUN(test_block_solve_on_a_grid);
  RUN(test_kkt);
  RUN(test_kkt_not_finite);
  RUN(test_kkt_without_unit);
  RUN(test_level);
}
