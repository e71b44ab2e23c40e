/* link.h: rows against the loss by its definition and differences of it, and what is made
 * of sums over rows. */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "link.h"

/* ---- rows one by one --------------------------------------------------------------- */

/* Rows of a model without covariates. */
typedef struct {
  problem *p;
  nl_thread_space own;
} setting;

static setting setting_of(nl_link link, size_t n_obs, const double *y,
                          const double *prior) {
  setting s;
  s.p = new_problem(link, design_of(n_obs, 0, NULL), penalty_of(0, 0, NULL, T_IDENTITY),
                    y, NULL, prior);
  s.own.ext = NULL;
  s.own.eta = new_doubles(NL_CHUNK * NL_LANES);
  for (int v = 0; v < NL_LANES; v++) s.own.total[v] = s.own.slope[v] = s.own.loss[v] = 0;
  return s;
}

typedef struct {
  double r, h, loss, slope, total;
} row_result;

/* Row t at eta, by itself, in a lane of its own. */
static row_result row_at(setting *s, size_t t, double eta) {
  const nl_model *models[NL_LANES];
  const int lane = (int)t % NL_LANES;
  double *kept[NL_LANES] = {NULL};
  kept[lane] = new_doubles(s->p->design.n_obs);
  for (int v = 0; v < NL_LANES; v++) {
    models[v] = &s->p->model;
    s->own.eta[v] = v == lane ? eta : 0.1 * v;
    s->own.total[v] = s->own.slope[v] = s->own.loss[v] = 0;
  }
  nl_link_rows(models, NL_LANES, t, 1, &s->own, kept);
  const row_result it = {s->own.eta[lane], kept[lane][t], s->own.loss[lane],
                         s->own.slope[lane], s->own.total[lane]};
  return it;
}

static const double counts[] = {0, 1, 2, 7, 150};
enum { N_COUNT = sizeof counts / sizeof counts[0] };

static double *many_etas(int n) {
  double *eta = new_doubles((size_t)n);
  for (int i = 0; i < n; i++) {
    eta[i] = i % 3 == 0   ? random_between(-45, 45)
             : i % 3 == 1 ? random_between(-800, 800)
                          : random_between(-3, 3);
  }
  const double special[] = {0, 700, -700, 36, -36, -36.0001, -35.9999, 1e-9, -1e-9, -745};
  for (int i = 0; i < 10; i++) eta[i] = special[i];
  return eta;
}

static void test_softplus_rows(void) {
  enum { N = 3000 };
  seed_random(80);
  setting s = setting_of(NL_SOFTPLUS, N_COUNT, counts, NULL);
  const double *eta = many_etas(N);
  double loss = 0, slope = 0, curvature = 0, sums = 0;
  int negative = 0;
  for (size_t t = 0; t < N_COUNT; t++) {
    const double y = counts[t];
    for (int i = 0; i < N; i++) {
      const row_result it = row_at(&s, t, eta[i]);
      const double expected = reference_row_loss(NL_SOFTPLUS, eta[i], y);
      loss = larger(loss, fabs(it.loss - expected) / (1 + fabs(expected)));
      slope = larger(slope,
                     fabs(it.r - reference_row_slope(NL_SOFTPLUS, eta[i], y)) / (1 + y));
      curvature =
          larger(curvature,
                 fabs(it.h - reference_row_curvature(NL_SOFTPLUS, eta[i], y)) / (1 + y));
      sums = larger(sums, fabs(it.slope - it.r) + fabs(it.total - it.h));
      negative += !(it.h >= 0);
    }
  }
  CHECK_NEAR(loss, 0, 1e-14);
  CHECK_NEAR(slope, 0, 1e-14);
  CHECK_NEAR(curvature, 0, 1e-14);
  CHECK(sums == 0);
  CHECK(negative == 0);
  free_all();
}

/* The definition mu - y log(mu), mu = log(1 + exp(eta)), with nothing done for rounding.
 */
static double plain_loss(double eta, double y) {
  const double mu = log1p(exp(eta));
  return mu - y * log(mu);
}

/* Gradient and curvature are differences of the definition. */
static void test_softplus_by_differences(void) {
  const double h = 1e-4;
  setting s = setting_of(NL_SOFTPLUS, N_COUNT, counts, NULL);
  double slope = 0, curvature = 0;
  for (size_t t = 0; t < N_COUNT; t++) {
    const double y = counts[t];
    for (double eta = -12; eta < 30; eta += 0.37) {
      const row_result it = row_at(&s, t, eta);
      const double above = plain_loss(eta + h, y), below = plain_loss(eta - h, y);
      slope = larger(slope, fabs((above - below) / (2 * h) - it.r) / (1 + y));
      curvature = larger(
          curvature,
          fabs((row_at(&s, t, eta + h).r - row_at(&s, t, eta - h).r) / (2 * h) - it.h) /
              (1 + y));
    }
  }
  CHECK_NEAR(slope, 0, 1e-8);
  CHECK_NEAR(curvature, 0, 1e-8);
  free_all();
}

/* Where the terms of the curvature cancel, rounding does not make it negative. */
static void test_softplus_curvature_is_not_negative(void) {
  const double many[] = {1, 3, 1e3, 1e6, 1e9};
  setting s = setting_of(NL_SOFTPLUS, 5, many, NULL);
  int negative = 0;
  for (size_t t = 0; t < 5; t++) {
    for (int i = 0; i < 20000; i++) negative += !(row_at(&s, t, -40 + i * 5e-4).h >= 0);
  }
  CHECK(negative == 0);
  free_all();
}

/* Far out the mean is eta, or exp(eta). */
static void test_softplus_far_out(void) {
  setting s = setting_of(NL_SOFTPLUS, N_COUNT, counts, NULL);
  for (size_t t = 0; t < N_COUNT; t++) {
    const double y = counts[t];
    const row_result high = row_at(&s, t, 700), low = row_at(&s, t, -700);
    CHECK_NEAR(high.loss, 700 - y * log(700), 1e-12 * 700);
    CHECK_NEAR(high.r, 1 - y / 700, 1e-15);
    CHECK_NEAR(high.h, y / (700.0 * 700.0), 1e-18);
    CHECK_NEAR(low.loss, 700 * y, 1e-12 * (1 + 700 * y));
    CHECK_NEAR(low.r, -y, 1e-15);
    CHECK(low.h >= 0 && low.h < 1e-13 * (1 + y));
  }
  free_all();
}

static void test_log_rows(void) {
  enum { N = 200 };
  seed_random(81);
  const double *y = new_zeros(N);
  double *base = copy_doubles(y, N);
  base[0] = 1;
  setting s = setting_of(NL_LOG, N, base, NULL);
  const nl_model *models[] = {&s.p->model, &s.p->model};
  double *eta = new_normals(N * NL_LANES), *kept = new_doubles(N), total[NL_LANES];
  double worst = 0;
  for (int v = 0; v < NL_LANES; v++) total[v] = s.own.total[v] = v;
  for (int i = 0; i < N * NL_LANES; i++) s.own.eta[i] = eta[i];
  double *const kept_of[] = {NULL, kept};
  nl_link_rows(models, 2, 0, N, &s.own, kept_of);
  for (int i = 0; i < N * NL_LANES; i++) {
    total[i % NL_LANES] += exp(eta[i]);
    worst = larger(worst, fabs(s.own.eta[i] / exp(eta[i]) - 1));
    if (i % NL_LANES == 1 && kept[i / NL_LANES] != s.own.eta[i]) worst = INFINITY;
  }
  CHECK_NEAR(worst, 0, 1e-15);
  for (int v = 0; v < 2; v++) CHECK_NEAR(s.own.total[v], total[v], 1e-12 * total[v]);
  free_all();
}

/* ---- prior weights ----------------------------------------------------------------- */

/* Weights multiply everything. */
static void test_softplus_prior(void) {
  const double prior[] = {0.5, 2, 3, 1e-3, 10};
  setting s = setting_of(NL_SOFTPLUS, N_COUNT, counts, prior);
  setting one = setting_of(NL_SOFTPLUS, N_COUNT, counts, NULL);
  for (size_t t = 0; t < N_COUNT; t++) {
    for (double eta = -5; eta < 6; eta++) {
      const row_result with = row_at(&s, t, eta), without = row_at(&one, t, eta);
      CHECK_NEAR(with.r, prior[t] * without.r, 1e-12);
      CHECK_NEAR(with.h, prior[t] * without.h, 1e-12);
      CHECK_NEAR(with.loss, prior[t] * without.loss, 1e-11);
    }
  }
  free_all();
}

/* Nothing comes of a weight of zero, wherever eta is. */
static void test_softplus_without_prior(void) {
  const double y[] = {3, 3, 3, 3, 3, 1}, prior[] = {0, 0, 0, 0, 0, 1};
  const double eta[] = {0, -INFINITY, 700, INFINITY, NAN};
  setting s = setting_of(NL_SOFTPLUS, 6, y, prior);
  for (size_t t = 0; t < 5; t++) {
    const row_result it = row_at(&s, t, eta[t]);
    CHECK(it.r == 0 && it.h == 0 && it.loss == 0 && it.slope == 0 && it.total == 0);
  }
  free_all();
}

/* Lanes of different models, and sums over rows. */
static void test_softplus_lanes(void) {
  enum { N = 77 };
  seed_random(82);
  setting s[3];
  const nl_model *models[3];
  double *kept = new_doubles(N), *eta = new_normals(N * NL_LANES);
  for (int v = 0; v < 3; v++) {
    double *y = new_doubles(N), *prior = new_doubles(N);
    for (int t = 0; t < N; t++) {
      y[t] = random_poisson(1.5);
      prior[t] = random_below(4) > 0 ? random_uniform() : 0;
    }
    s[v] = setting_of(NL_SOFTPLUS, N, y, v == 1 ? NULL : prior);
    models[v] = &s[v].p->model;
  }
  nl_thread_space *own = &s[0].own;
  for (int i = 0; i < N * NL_LANES; i++) own->eta[i] = eta[i];
  double *const kept_of[] = {NULL, NULL, kept};
  nl_link_rows(models, 3, 0, N, own, kept_of);
  for (int v = 0; v < 3; v++) {
    double loss = 0, slope = 0, total = 0, worst = 0;
    for (size_t t = 0; t < N; t++) {
      const double weight = prior_of(s[v].p, t), y = s[v].p->y[t];
      const double at = eta[t * NL_LANES + (size_t)v];
      const double r = weight * reference_row_slope(NL_SOFTPLUS, at, y);
      const double h = weight * reference_row_curvature(NL_SOFTPLUS, at, y);
      loss += weight * reference_row_loss(NL_SOFTPLUS, at, y);
      slope += r;
      total += h;
      worst = larger(worst, fabs(own->eta[t * NL_LANES + (size_t)v] - r));
      if (v == 2) worst = larger(worst, fabs(kept[t] - h));
    }
    CHECK_NEAR(worst, 0, 1e-13);
    CHECK_NEAR(own->loss[v], loss, 1e-12);
    CHECK_NEAR(own->slope[v], slope, 1e-12);
    CHECK_NEAR(own->total[v], total, 1e-12);
  }
  free_all();
}

/* ---- a point from sums ------------------------------------------------------------- */

enum { N_OBS = 25, N_COL = MIXED_COLUMNS };

static problem *small_problem(nl_link link) {
  seed_random(83);
  double *prior = new_doubles(N_OBS);
  for (int t = 0; t < N_OBS; t++) prior[t] = random_between(0.5, 2);
  return mixed_problem(link, N_OBS, mixed_penalty(T_IDENTITY), new_normals(N_OBS), prior);
}

static nl_state state_of_beta(const problem *p, const double *beta) {
  nl_state state = new_state(&p->design);
  for (int j = 0; j < N_COL; j++) state.beta[j] = beta[j];
  return state;
}

static void random_wanted(int *wanted) {
  for (int b = 0; b < MIXED_BLOCKS; b++) wanted[b] = random_below(2);
}

/* scale * sums - score where wanted; what was there before elsewhere. */
static double gradient_error(const problem *p, const nl_state *state, const double *sums,
                             int lane, const int *wanted, double scale,
                             const double *score) {
  double worst = 0;
  for (int j = 0; j < N_COL; j++) {
    if (!wanted[p->design.block_of_column[j]]) {
      if (!isnan(state->gradient[j])) worst = INFINITY;
      continue;
    }
    const double expected = scale * sums[j * NL_LANES + lane] - (score ? score[j] : 0);
    worst = larger(worst, fabs(state->gradient[j] - expected));
  }
  return worst;
}

static void test_finish_log(void) {
  problem *p = small_problem(NL_LOG);
  const double *beta = new_normals(N_COL), *sums = new_normals(N_COL * NL_LANES);
  for (int lane = 0; lane < NL_LANES; lane++) {
    nl_state state = state_of_beta(p, beta);
    int wanted[MIXED_BLOCKS];
    const double total = 3 + lane, shift = 10 * lane;
    random_wanted(wanted);
    state.shift = shift;
    state.slope = NAN;
    CHECK(nl_link_finish(&p->model, &state, total, NAN, NAN, sums, lane, wanted) != 0);
    const double m = mean_count(p), lse = log(total) + shift;
    CHECK_NEAR(nl_link_lse(&state), lse, 1e-13);
    CHECK_NEAR(state.loss, m * lse - dot_of(N_COL, p->model.score, beta), 1e-12);
    CHECK(state.slope == 0);
    CHECK_NEAR(state.curvature, m, 1e-13);
    CHECK_NEAR(gradient_error(p, &state, sums, lane, wanted, m / total, p->model.score),
               0, 1e-13);
    CHECK_NEAR(nl_link_intercept(&p->model, &state), log(m * prior_total(p)) - lse,
               1e-12);
    CHECK(nl_link_intercept_residual(&p->model, &state) == 0);
    CHECK(nl_link_magnitude(&p->model, &state) >= fabs(state.loss));
    CHECK(nl_link_magnitude(&p->model, &state) >= fabs(m * lse) * (1 - 1e-12));
  }
  free_all();
}

/* A sum that lost digits, or all, is not taken. */
static void test_finish_log_out_of_range(void) {
  problem *p = small_problem(NL_LOG);
  const double *beta = new_normals(N_COL), *sums = new_normals(N_COL * NL_LANES);
  const double bad[] = {0, 1e-210, 1e210, INFINITY, NAN, -1}, good[] = {1e-150, 1e150};
  int wanted[MIXED_BLOCKS];
  random_wanted(wanted);
  for (int i = 0; i < 6; i++) {
    nl_state state = state_of_beta(p, beta);
    CHECK(!nl_link_finish(&p->model, &state, bad[i], 0, 0, sums, 0, wanted));
    CHECK(!isfinite(state.loss));
  }
  for (int i = 0; i < 2; i++) {
    nl_state state = state_of_beta(p, beta);
    CHECK(nl_link_finish(&p->model, &state, good[i], 0, 0, sums, 0, wanted));
    CHECK(isfinite(state.loss));
  }
  free_all();
}

static void test_finish_softplus(void) {
  problem *p = small_problem(NL_SOFTPLUS);
  const double *beta = new_normals(N_COL), *sums = new_normals(N_COL * NL_LANES);
  const double v = prior_total(p);
  for (int lane = 0; lane < NL_LANES; lane++) {
    nl_state state = state_of_beta(p, beta);
    int wanted[MIXED_BLOCKS];
    random_wanted(wanted);
    state.intercept = 0.7;
    CHECK(nl_link_finish(&p->model, &state, 5, -2, 9, sums, lane, wanted) != 0);
    CHECK_NEAR(state.loss, 9 / v, 1e-14);
    CHECK_NEAR(state.slope, -2 / v, 1e-14);
    CHECK_NEAR(state.curvature, 5 / v, 1e-14);
    CHECK_NEAR(gradient_error(p, &state, sums, lane, wanted, 1 / v, NULL), 0, 1e-14);
    CHECK(nl_link_intercept(&p->model, &state) == 0.7);
    CHECK_NEAR(nl_link_objective(&p->model, &state), 9 / v, 1e-14);
    CHECK_NEAR(nl_link_intercept_residual(&p->model, &state), 2 / v / mean_count(p),
               1e-13);
    CHECK(nl_link_magnitude(&p->model, &state) >= 9 / v);
  }
  free_all();
}

/* Even where no row has any curvature left, Newton's step is finite. */
static void test_finish_without_curvature(void) {
  problem *p = small_problem(NL_SOFTPLUS);
  nl_state state = state_of_beta(p, new_zeros(N_COL));
  const int wanted[MIXED_BLOCKS] = {0};
  nl_link_finish(&p->model, &state, 0, -2, 9, NULL, 0, wanted);
  CHECK(state.curvature > 0);
  free_all();
}

static void test_start(void) {
  nl_state state = {0};
  nl_model model = {0};
  state.shift = 5;
  state.intercept = 7;
  model.link = NL_LOG;
  CHECK(nl_link_start(&model, &state, 2) == -7);
  model.link = NL_SOFTPLUS;
  CHECK(nl_link_start(&model, &state, 2) == 5);
}

void suite_link(void);

void suite_link(void) {
  RUN(test_softplus_rows);
  RUN(test_softplus_by_differences);
  RUN(test_softplus_curvature_is_not_negative);
  RUN(test_softplus_far_out);
  RUN(test_log_rows);
  RUN(test_softplus_prior);
  RUN(test_softplus_without_prior);
  RUN(test_softplus_lanes);
  RUN(test_finish_log);
  RUN(test_finish_log_out_of_range);
  RUN(test_finish_softplus);
  RUN(test_finish_without_curvature);
  RUN(test_start);
}
