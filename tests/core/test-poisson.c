/* poisson.h against the loss by its definition and differences of it. */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "poisson.h"

enum { N_OBS = NL_CHUNK + 44, N_COL = MIXED_COLUMNS };

/* ---- making problems and points ---------------------------------------------------- */

static double *random_offset(void) { return new_normals(N_OBS); }

/* Some of them zero. */
static double *random_prior(void) {
  double *prior = new_doubles(N_OBS);
  for (int t = 0; t < N_OBS; t++) {
    prior[t] = random_below(4) > 0 ? random_between(0.2, 3) : 0;
  }
  return prior;
}

/* Bit 0: with offset; bit 1: with prior weights. */
static problem *random_problem(int variant) {
  seed_random(41);
  const double *offset = variant & 1 ? random_offset() : NULL;
  const double *prior = variant & 2 ? random_prior() : NULL;
  return mixed_problem(N_OBS, mixed_penalty(T_IDENTITY), offset, prior);
}

static double *random_beta(double size) {
  double *beta = new_normals(N_COL);
  for (int j = 0; j < N_COL; j++) beta[j] *= size;
  for (int j = 10; j < 15; j++) beta[j] = 0; /* a block that is off */
  return beta;
}

/* A pass at beta over all blocks, from a guess of the shift. */
static nl_state pass_from(problem *p, const double *beta, double shift) {
  nl_state state = new_state(&p->design);
  int wanted[MIXED_BLOCKS];
  for (int b = 0; b < MIXED_BLOCKS; b++) wanted[b] = 1;
  for (int j = 0; j < N_COL; j++) state.beta[j] = beta[j];
  state.shift = shift;
  nl_poisson_pass(&p->model, &state, wanted, &p->solver.pass, NULL);
  return state;
}

/* Checks a point against the definition, relative to the size of the loss. */
static void check_state_at(problem *p, const nl_state *state, const double *beta,
                           double tol) {
  const double intercept = reference_intercept(p, p->x, beta);
  const double loss = reference_loss(p, beta);
  const double *mean = reference_mean(p, p->x, beta, intercept);
  const double *gradient = reference_gradient(p, p->x, mean);
  const double size = 1 + fabs(loss) + norm_of(N_COL, gradient);
  CHECK_NEAR(nl_poisson_objective(&p->model, state), loss, tol * size);
  CHECK_NEAR(nl_poisson_intercept(&p->model, state), intercept,
             tol * (1 + fabs(intercept)));
  CHECK_NEAR(distance(N_COL, state->gradient, gradient), 0, tol * size);
}

/* ---- value, intercept, gradient ---------------------------------------------------- */

static void test_against_definition(void) {
  for (int variant = 0; variant < 4; variant++) {
    problem *p = random_problem(variant);
    const double *betas[] = {new_zeros(N_COL), random_beta(0.1), random_beta(0.7)};
    for (int k = 0; k < 3; k++) {
      const nl_state state = pass_from(p, betas[k], 0);
      check_state_at(p, &state, betas[k], 1e-12);
    }
    free_all();
  }
}

static void test_mean_count(void) {
  problem *p = random_problem(2);
  double counts = 0, total = 0;
  for (int t = 0; t < N_OBS; t++) {
    counts += p->prior[t] * p->y[t];
    total += p->prior[t];
  }
  CHECK_NEAR(p->model.mean_count, counts / total, 1e-13);
  CHECK_NEAR(p->model.log_total, log(counts), 1e-13);
  free_all();
}

/* weight / total are the shares of the weighted means, zero where the prior weight is. */
static void test_weights(void) {
  problem *p = random_problem(3);
  const double *beta = random_beta(0.3);
  const nl_state state = pass_from(p, beta, 0);
  const double intercept = reference_intercept(p, p->x, beta);
  const double *mean = reference_mean(p, p->x, beta, intercept);
  double total = 0, worst = 0, sum = 0;
  for (int t = 0; t < N_OBS; t++) total += p->prior[t] * mean[t];
  for (int t = 0; t < N_OBS; t++) {
    const double expected = p->prior[t] * mean[t] / total;
    worst = larger(worst, fabs(state.weight[t] / state.total - expected));
    sum += state.weight[t];
    if (p->prior[t] == 0 && state.weight[t] != 0) worst = INFINITY;
  }
  CHECK_NEAR(worst, 0, 1e-13);
  CHECK_NEAR(sum, state.total, 1e-12 * sum);
  CHECK_NEAR(exp(nl_poisson_lse(&state)), total / exp(intercept), 1e-10 * total);
  free_all();
}

/* Central differences of the loss by its definition. */
static void test_gradient_by_differences(void) {
  const double h = 1e-5;
  for (int variant = 0; variant < 4; variant++) {
    problem *p = random_problem(variant);
    double *beta = random_beta(0.3), worst = 0;
    const nl_state state = pass_from(p, beta, 0);
    for (int j = 0; j < N_COL; j++) {
      const double at = beta[j];
      beta[j] = at + h;
      const double above = reference_loss(p, beta);
      beta[j] = at - h;
      const double below = reference_loss(p, beta);
      beta[j] = at;
      worst = larger(worst, fabs((above - below) / (2 * h) - state.gradient[j]));
    }
    CHECK_NEAR(worst, 0, 1e-7);
    CHECK(norm_of(N_COL, state.gradient) > 1e-2);
    free_all();
  }
}

/* Only the columns that were asked for are written; the rest can follow. */
static void test_wanted(void) {
  problem *p = random_problem(3);
  const double *beta = random_beta(0.3);
  const nl_state full = pass_from(p, beta, 0);
  for (int bits = 0; bits < 1 << MIXED_BLOCKS; bits++) {
    nl_state state = new_state(&p->design);
    int wanted[MIXED_BLOCKS], wrong = 0;
    for (int b = 0; b < MIXED_BLOCKS; b++) wanted[b] = (bits >> b) & 1;
    for (int j = 0; j < N_COL; j++) state.beta[j] = beta[j];
    nl_poisson_pass(&p->model, &state, wanted, &p->solver.pass, &p->hook);
    for (int j = 0; j < N_COL; j++) {
      wrong += isnan(state.gradient[j]) == wanted[p->design.block_of_column[j]];
    }
    CHECK(wrong == 0);
    for (int b = 0; b < MIXED_BLOCKS; b++) wanted[b] = !wanted[b];
    nl_poisson_gradient(&p->model, &state, wanted, &p->solver.pass, &p->hook);
    CHECK_NEAR(distance(N_COL, state.gradient, full.gradient), 0, 1e-12);
    CHECK(state.loss == full.loss);
  }
  CHECK(p->counts.n_check > 0);
  free_all();
}

/* ---- large numbers ----------------------------------------------------------------- */

/* The intercept takes up a shift of the offset, and nothing else changes. */
static void check_shift(double shift) {
  const double tol = 1e-13 * (1 + fabs(shift));
  problem *p = random_problem(3);
  const double *beta = random_beta(0.3);
  const nl_state state = pass_from(p, beta, 0);
  double *offset = copy_doubles(p->offset, N_OBS);
  for (int t = 0; t < N_OBS; t++) offset[t] += shift;
  problem *moved = new_problem(p->design, p->penalty, p->y, offset, p->prior);
  const nl_state other = pass_from(moved, beta, 0);
  CHECK_NEAR(nl_poisson_objective(&moved->model, &other),
             nl_poisson_objective(&p->model, &state), tol);
  CHECK_NEAR(distance(N_COL, other.gradient, state.gradient), 0, tol);
  CHECK_NEAR(nl_poisson_intercept(&moved->model, &other),
             nl_poisson_intercept(&p->model, &state) - shift, tol);
  free_all();
}

static void test_offset_shift(void) {
  check_shift(800);
  check_shift(-800);
  check_shift(1e4);
  check_shift(-1e4);
}

/* The guess to start from does not matter, however bad. */
static void test_any_guess(void) {
  const double guess[] = {3, -290, 290, 2000, -2000, 1e6, -1e6};
  problem *p = random_problem(3);
  const double *beta = random_beta(0.3);
  for (int k = 0; k < 7; k++) {
    const nl_state state = pass_from(p, beta, guess[k]);
    check_state_at(p, &state, beta, 1e-11);
  }
  free_all();
}

/* Coefficients so large that the linear predictor spans -2000 to 2000. */
static void test_extreme_coefficients(void) {
  problem *p = random_problem(1);
  const double scale[] = {150, -150, 300};
  for (int k = 0; k < 3; k++) {
    double *beta = random_beta(scale[k]);
    const double *eta = times(N_OBS, N_COL, 1, p->x, beta);
    double low = INFINITY, high = -INFINITY;
    for (int t = 0; t < N_OBS; t++) {
      low = fmin(low, eta[t]);
      high = fmax(high, eta[t]);
    }
    CHECK(high - low > 2000);
    const nl_state state = pass_from(p, beta, 0);
    CHECK(isfinite(state.loss) && isfinite(state.total) && state.total > 0);
    CHECK(all_finite(N_COL, state.gradient) && all_finite(N_OBS, state.weight));
    check_state_at(p, &state, beta, 1e-11);
  }
  free_all();
}

/* From -2000 to 2000 exactly, in one column. */
static void test_extreme_predictor(void) {
  enum { N = 5 };
  const double x[N] = {-1, -0.5, 0, 0.5, 1}, y[N] = {1, 0, 2, 0, 3};
  const double beta = 2000;
  nl_block block = dense_block(N, 1, 0);
  const int group_of = 0;
  block.x = x;
  problem *p = new_problem(design_of(N, 1, &block),
                           penalty_of(1, 1, &group_of, T_IDENTITY), y, NULL, NULL);
  const int wanted = 1;
  nl_state state = new_state(&p->design);
  state.beta[0] = beta;
  nl_poisson_pass(&p->model, &state, &wanted, &p->solver.pass, NULL);
  /* all mass is at x = 1: mean 6 there; log mean = log 6 + 2000 (x - 1) */
  const double log_means = 6 * log(6) - 2000 * (1 * 2 + 2 * 1);
  CHECK_NEAR(nl_poisson_intercept(&p->model, &state), log(6) - 2000, 1e-12);
  CHECK_NEAR(nl_poisson_objective(&p->model, &state), (6 - log_means) / N, 1e-11);
  CHECK_NEAR(state.gradient[0], (6.0 - (-1 + 3)) / N, 1e-13);
  free_all();
}

/* ---- prior weights ----------------------------------------------------------------- */

/* Rows with weight zero have no say, whatever they hold. */
static void test_zero_prior(void) {
  problem *p = random_problem(3);
  const double *beta = random_beta(0.3);
  const nl_state state = pass_from(p, beta, 0);
  double *y = copy_doubles(p->y, N_OBS), *offset = copy_doubles(p->offset, N_OBS);
  for (int t = 0; t < N_OBS; t++) {
    if (p->prior[t] > 0) continue;
    y[t] = 1e6;
    offset[t] = t % 3 == 0 ? 1e5 : t % 3 == 1 ? -1e5 : -INFINITY;
  }
  problem *changed = new_problem(p->design, p->penalty, y, offset, p->prior);
  const nl_state other = pass_from(changed, beta, 0);
  CHECK(other.loss == state.loss);
  CHECK(nl_poisson_objective(&changed->model, &other) ==
        nl_poisson_objective(&p->model, &state));
  CHECK(distance(N_COL, other.gradient, state.gradient) == 0);
  free_all();
}

/* A common factor of the weights cancels, and NULL stands for ones and zeros. */
static void test_prior_and_offset_defaults(void) {
  problem *p = random_problem(0);
  const double *beta = random_beta(0.3);
  double *prior = new_doubles(N_OBS);
  for (int t = 0; t < N_OBS; t++) prior[t] = 7;
  problem *sevens = new_problem(p->design, p->penalty, p->y, new_zeros(N_OBS), prior);
  const nl_state state = pass_from(p, beta, 0), other = pass_from(sevens, beta, 0);
  CHECK_NEAR(nl_poisson_objective(&sevens->model, &other),
             nl_poisson_objective(&p->model, &state), 1e-13);
  CHECK_NEAR(distance(N_COL, other.gradient, state.gradient), 0, 1e-13);
  CHECK_NEAR(nl_poisson_intercept(&sevens->model, &other),
             nl_poisson_intercept(&p->model, &state), 1e-13);
  free_all();
}

void suite_poisson(void);

void suite_poisson(void) {
  RUN(test_against_definition);
  RUN(test_mean_count);
  RUN(test_weights);
  RUN(test_gradient_by_differences);
  RUN(test_wanted);
  RUN(test_offset_shift);
  RUN(test_any_guess);
  RUN(test_extreme_coefficients);
  RUN(test_extreme_predictor);
  RUN(test_zero_prior);
  RUN(test_prior_and_offset_defaults);
}
