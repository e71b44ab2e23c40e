/* terms.h against its definition: perturbations, differences, and the roots of what it
 * says about zero. */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "terms.h"

enum { RANK = 7, N_PARTS = 4 };

/* Runs 0-1, 0-2 around it, 4-5, and 4-6 around that; coordinate 3 is in none. */
static const nl_part parts[N_PARTS] = {
    {0, 2, 0.7}, {0, 3, 0.4}, {4, 6, 1.1}, {4, 7, 0.3}};

static nl_terms random_terms(void) {
  nl_terms terms = {0, 0, 0, 1, 0, 0, NULL};
  terms.norm = random_below(4) ? random_uniform() : 0;
  terms.lasso = random_below(2) ? 0.5 * random_uniform() : 0;
  terms.ridge = random_below(2) ? random_uniform() : 0;
  terms.unit = random_between(0.5, 2);
  if (random_below(3)) {
    terms.part = random_uniform();
    terms.n_part = N_PARTS;
    terms.parts = parts;
  }
  return terms;
}

static double value_by_hand(const nl_terms *terms, const double *x) {
  double sum = terms->norm * norm_of(RANK, x);
  for (int k = 0; k < terms->n_part; k++) {
    const nl_part *s = terms->parts + k;
    sum += terms->part * s->weight * norm_of(s->end - s->from, x + s->from);
  }
  for (int i = 0; i < RANK; i++)
    sum += terms->lasso * fabs(x[i]) + 0.5 * terms->ridge * x[i] * x[i];
  return sum;
}

static void random_point(double *x) {
  const int zeros = random_below(3);
  for (int i = 0; i < RANK; i++) x[i] = random_below(4) < zeros ? 0 : random_normal();
  if (random_below(4) == 0) x[0] = x[1] = x[2] = 0;
}

static void test_value(void) {
  seed_random(71);
  for (int i = 0; i < 200; i++) {
    const nl_terms terms = random_terms();
    double x[RANK], y[RANK];
    random_point(x);
    random_point(y);
    const double at_x = value_by_hand(&terms, x), at_y = value_by_hand(&terms, y);
    CHECK_NEAR(nl_terms_value(&terms, RANK, x), at_x, 1e-13);
    CHECK_NEAR(nl_terms_change(&terms, RANK, x, y), at_y - at_x, 1e-13);
  }
}

/* 0.5 ||z - x||^2 + step * norms: no point near the proximal map's, nor along a coordinate, is
 * lower. */
static void test_shrink_is_proximal(void) {
  seed_random(72);
  double worst = 0;
  for (int i = 0; i < 400; i++) {
    nl_terms terms = random_terms();
    terms.ridge = 0;
    const double step = random_between(0.1, 3);
    double x[RANK], z[RANK], other[RANK];
    random_point(x);
    for (int k = 0; k < RANK; k++) z[k] = x[k];
    nl_terms_shrink(&terms, RANK, step, z);
    double lowest = step * value_by_hand(&terms, z);
    for (int k = 0; k < RANK; k++) lowest += 0.5 * (z[k] - x[k]) * (z[k] - x[k]);
    for (int trial = 0; trial < 60; trial++) {
      const double size = pow(10, random_between(-6, 0));
      const int alone = random_below(RANK + 1);
      for (int k = 0; k < RANK; k++)
        other[k] = z[k] + (alone == RANK || alone == k ? size * random_normal() : 0);
      double value = step * value_by_hand(&terms, other);
      for (int k = 0; k < RANK; k++) value += 0.5 * (other[k] - x[k]) * (other[k] - x[k]);
      worst = larger(worst, lowest - value);
    }
  }
  CHECK_NEAR(worst, 0, 1e-14);
}

/* z = prox(x) is stationary for 0.5 ||z - x||^2 and the norms: the gradient there is z - x; and
 * is not, when the gradient is another by d: what is missing is at most ||d||. */
static void test_residual(void) {
  seed_random(73);
  for (int i = 0; i < 400; i++) {
    const nl_terms terms = random_terms();
    nl_terms norms = terms;
    double x[RANK], z[RANK], gradient[RANK], space[RANK];
    norms.ridge = 0;
    for (int k = 0; k < RANK; k++) x[k] = z[k] = 1.5 * random_normal();
    nl_terms_shrink(&norms, RANK, 1, z);
    for (int k = 0; k < RANK; k++) gradient[k] = z[k] - x[k] - terms.ridge * z[k];
    CHECK_NEAR(nl_terms_residual(&terms, RANK, z, gradient, space), 0, 1e-13);
    for (int k = 0; k < RANK; k++) {
      if (z[k] == 0) continue;
      gradient[k] += 0.25; /* a coordinate that is in leaves no room */
      CHECK_NEAR(nl_terms_residual(&terms, RANK, z, gradient, space), 0.25 / terms.unit,
                 1e-12);
      break;
    }
    const double apart = nl_terms_residual(&terms, RANK, z, gradient, space);
    CHECK(nl_terms_residual(&terms, RANK, z, gradient, gradient) == apart);
  }
}

static void test_residual_not_finite(void) {
  const nl_terms terms = {1, 0.5, 0.1, 1, 0, 0, NULL};
  const double zero[RANK] = {0}, bad[RANK] = {0, NAN}, large[RANK] = {INFINITY};
  double space[RANK];
  CHECK_NEAR(nl_terms_residual(&terms, RANK, zero, bad, space), INFINITY, 0);
  CHECK_NEAR(nl_terms_residual(&terms, RANK, zero, large, space), INFINITY, 0);
}

static void test_moving(void) {
  nl_terms terms = {1, 0, 0, 1, 1, N_PARTS, parts};
  const double x[RANK] = {0, 2, 0, 0, 0, 0, 1};
  int index[RANK];
  /* parts 4-5 hold theirs; the others have something that is not zero */
  CHECK(nl_terms_moving(&terms, RANK, x, 10, index) == 5);
  CHECK(index[0] == 10 && index[1] == 11 && index[2] == 12 && index[3] == 13 &&
        index[4] == 16);
  terms.lasso = 0.1;
  CHECK(nl_terms_moving(&terms, RANK, x, 10, index) == 2);
  CHECK(index[0] == 11 && index[1] == 16);
  terms.lasso = 0;
  terms.n_part = 0;
  CHECK(nl_terms_moving(&terms, RANK, x, 0, index) == RANK);
}

/* Differences of the value, in moving coordinates. */
static void test_gradient_and_curvature(void) {
  seed_random(74);
  for (int i = 0; i < 100; i++) {
    const nl_terms terms = random_terms();
    double x[RANK], gradient[RANK] = {0}, h[RANK * RANK] = {0};
    int index[RANK];
    random_point(x);
    if (norm_of(RANK, x) < 0.1) continue;
    const int n = nl_terms_moving(&terms, RANK, x, 5, index);
    nl_terms_gradient(&terms, RANK, x, gradient);
    nl_terms_curvature(&terms, RANK, x, 5, index, n, h, (size_t)n);
    for (int j = 0; j < n; j++) {
      const int at = index[j] - 5;
      const double by = 1e-5, keep = x[at];
      double up[RANK] = {0}, down[RANK] = {0};
      x[at] = keep + by;
      const double above = value_by_hand(&terms, x);
      nl_terms_gradient(&terms, RANK, x, up);
      x[at] = keep - by;
      const double below = value_by_hand(&terms, x);
      nl_terms_gradient(&terms, RANK, x, down);
      x[at] = keep;
      CHECK_NEAR(gradient[at], (above - below) / (2 * by), 1e-5);
      for (int k = 0; k < n; k++) {
        const int to = index[k] - 5;
        CHECK_NEAR(h[k + j * n], (up[to] - down[to]) / (2 * by), 1e-4);
      }
    }
  }
}

static void test_kink(void) {
  nl_terms terms = {1, 0.5, 0, 1, 0, 0, NULL};
  const double x[RANK] = {1, -2, 3, 0, 1}, d[RANK] = {-4, 4, 3, 1, 0};
  CHECK_NEAR(nl_terms_kink(&terms, RANK, x, d, 1), 0.5, 0);
  CHECK_NEAR(nl_terms_kink(&terms, RANK, x, d, 0.5), 0.25, 0);
  CHECK(nl_terms_kink(&terms, RANK, x, d, 0.25) == 0);
  CHECK(nl_moved(1, -1) == 0 && nl_moved(1, -1 + 1e-15) == 0 && nl_moved(0, 1) == 1);
  terms.lasso = 0;
  CHECK(nl_terms_kink(&terms, RANK, x, d, 1) == 0);
}

/* ---- of a penalty ------------------------------------------------------------------ */

static void test_terms_of_a_group(void) {
  nl_penalty penalty = mixed_penalty(T_IDENTITY);
  nl_level level = {0.5, 7};
  set_weight(&penalty, 3, 0);
  set_weight(&penalty, 4, 3);
  CHECK(nl_penalty_is_plain(&penalty) && !nl_penalty_has_inner(&penalty));
  nl_terms terms = nl_group_terms(&penalty, &level, 4);
  CHECK(terms.norm == 1.5 && terms.lasso == 0 && terms.ridge == 0 && terms.unit == 1.5);
  penalty.lasso = 0.25;
  penalty.ridge = 0.2;
  CHECK(!nl_penalty_is_plain(&penalty) && nl_penalty_has_inner(&penalty));
  terms = nl_group_terms(&penalty, &level, 4); /* of six coordinates */
  CHECK_NEAR(terms.norm, 1.5 * 0.8 * 0.75, 1e-15);
  CHECK_NEAR(terms.lasso, 1.5 * 0.8 * 0.25 / sqrt(6), 1e-15);
  CHECK_NEAR(terms.ridge, 1.5 * 0.2, 1e-15);
  CHECK(terms.unit == 1.5 && nl_terms_have_inner(&terms));
  terms = nl_group_terms(&penalty, &level, 3); /* not penalised */
  CHECK(terms.norm == 0 && terms.lasso == 0 && terms.ridge == 0);
  CHECK(terms.unit == 0.5 * penalty.scale[3]);
  level.lambda = 0;
  terms = nl_group_terms(&penalty, &level, 4);
  CHECK(terms.norm == 0 && terms.lasso == 0 && terms.unit == 7 * penalty.scale[4]);
  free_all();
}

/* Zero is stationary from the score on, and not below it. */
static void test_scores(void) {
  seed_random(75);
  const double zero[12] = {0};
  for (int i = 0; i < 300; i++) {
    nl_penalty penalty = mixed_penalty(T_IDENTITY);
    const int g = random_below(MIXED_GROUPS), rank = nl_group_rank(&penalty, g);
    penalty.lasso = i % 4 == 0 ? 0 : i % 4 == 1 ? 1 : random_uniform();
    penalty.ridge = i % 3 == 0 ? 0 : 0.9 * random_uniform();
    double gradient[12], space[12];
    for (int k = 0; k < rank; k++) gradient[k] = random_normal();
    const double score = nl_group_score(&penalty, g, gradient, penalty.weight[g], space);
    nl_level level = {score, 0};
    nl_terms terms = nl_group_terms(&penalty, &level, g);
    CHECK_NEAR(nl_terms_residual(&terms, rank, zero, gradient, space), 0, 1e-12);
    level.lambda = score * (1 - 1e-6);
    terms = nl_group_terms(&penalty, &level, g);
    CHECK(nl_terms_residual(&terms, rank, zero, gradient, space) > 1e-9);
    CHECK_NEAR(nl_group_score(&penalty, g, gradient, 2 * penalty.weight[g], space),
               score / 2, 1e-12 * score);
    CHECK(nl_group_score(&penalty, g, gradient, 0, space) == 0);
    free_all();
  }
}

/* Of the parts of a group as well. */
static void test_scores_of_parts(void) {
  seed_random(76);
  nl_penalty penalty = mixed_penalty(T_IDENTITY);
  const int g = 7; /* of six coordinates */
  static const nl_part inside[] = {{0, 2, 0.7}, {0, 4, 0.9}, {4, 6, 1.1}};
  int *start = new_ints(MIXED_GROUPS + 1);
  for (int k = 0; k <= MIXED_GROUPS; k++) start[k] = k > g ? 3 : 0;
  penalty.part_start = start;
  penalty.part = inside;
  CHECK(nl_penalty_n_row(&penalty) == MIXED_GROUPS + 3);
  for (int i = 0; i < 100; i++) {
    double gradient[6], space[6];
    double x[6] = {1, 1, 1, 1, 1, 1};
    penalty.lasso = i % 2 ? 0.3 : 0;
    for (int k = 0; k < 6; k++) gradient[k] = random_normal();
    for (int k = 0; k < 3; k++) {
      const nl_part part = inside[k];
      const double score = nl_part_score(&penalty, g, k, gradient, space);
      for (int below = 0; below < 2; below++) {
        const nl_level level = {score * (below ? 1 - 1e-6 : 1), 0};
        const nl_terms terms = nl_group_terms(&penalty, &level, g);
        /* a point with this part at zero, and a gradient that the others balance */
        double at[6], slope[6], balance[6] = {0};
        for (int j = 0; j < 6; j++) at[j] = part.from <= j && j < part.end ? 0 : x[j];
        nl_terms_gradient(&terms, 6, at, balance);
        for (int j = 0; j < 6; j++) slope[j] = at[j] == 0 ? gradient[j] : -balance[j];
        const double residual = nl_terms_residual(&terms, 6, at, slope, space);
        CHECK(below ? residual > 1e-9 : residual < 1e-12);
      }
    }
  }
  free_all();
}

void suite_terms(void);

void suite_terms(void) {
  RUN(test_value);
  RUN(test_shrink_is_proximal);
  RUN(test_residual);
  RUN(test_residual_not_finite);
  RUN(test_moving);
  RUN(test_gradient_and_curvature);
  RUN(test_kink);
  RUN(test_terms_of_a_group);
  RUN(test_scores);
  RUN(test_scores_of_parts);
}
