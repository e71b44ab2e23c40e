/* model.h: passes over the data against the loss by its definition and differences of it.
 */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "model.h"
#include "setup.h"

enum { N_OBS = NL_CHUNK + 44, N_COL = MIXED_COLUMNS };

/* ---- making problems and points ---------------------------------------------------- */

static const nl_link links[] = {NL_LOG, NL_SOFTPLUS};

static double *random_offset(void) { return new_normals(N_OBS); }

/* Some of them zero. */
static double *random_prior(void) {
  double *prior = new_doubles(N_OBS);
  for (int t = 0; t < N_OBS; t++)
    prior[t] = random_below(4) > 0 ? random_between(0.2, 3) : 0;
  return prior;
}

/* Bit 0: with offset; bit 1: with prior weights. */
static problem *some_problem(nl_link link, int variant) {
  seed_random(90);
  const double *offset = variant & 1 ? random_offset() : NULL;
  const double *prior = variant & 2 ? random_prior() : NULL;
  return mixed_problem(link, N_OBS, mixed_penalty(T_IDENTITY), offset, prior);
}

static double *random_beta(double size) {
  double *beta = new_normals(N_COL);
  for (int j = 0; j < N_COL; j++) beta[j] *= size;
  for (int j = 10; j < 16; j++) beta[j] = 0; /* a block that is off */
  return beta;
}

/* The intercept that a state stands for, of the design as it stands. */
static double intercept_of(const problem *p, const nl_state *state) {
  return nl_link_intercept(&p->model, state);
}

/* Checks a point against the definition, relative to the size of the loss. */
static void check_state_at(const problem *p, const nl_state *state, const double *beta,
                           double tol) {
  const double intercept =
      p->link == NL_LOG ? reference_intercept(p, p->x, beta) : state->intercept;
  const double loss = reference_loss_at(p, p->x, beta, intercept);
  const double *gradient = reference_gradient(p, p->x, beta, intercept);
  const double size = 1 + fabs(loss) + norm_of(N_COL, gradient);
  CHECK_NEAR(nl_link_objective(&p->model, state), loss, tol * size);
  CHECK_NEAR(intercept_of(p, state), intercept, tol * (1 + fabs(intercept)));
  CHECK_NEAR(state->slope, reference_slope(p, p->x, beta, intercept), tol * size);
  CHECK_NEAR(distance(N_COL, state->gradient, gradient), 0, tol * size);
}

/* ---- value, intercept, gradient ---------------------------------------------------- */

static void test_against_definition(void) {
  for (int k = 0; k < 8; k++) {
    problem *p = some_problem(links[k % 2], k / 2);
    const double *betas[] = {new_zeros(N_COL), random_beta(0.1), random_beta(0.7)};
    for (int i = 0; i < 3; i++) {
      const nl_state state = pass_at(p, betas[i], -0.3 * i, NULL);
      check_state_at(p, &state, betas[i], 1e-12);
    }
    free_all();
  }
}

static void test_init(void) {
  problem *p = some_problem(NL_LOG, 2);
  CHECK_NEAR(p->model.mean_count, mean_count(p), 1e-13);
  CHECK_NEAR(p->model.total_prior, prior_total(p), 1e-11);
  CHECK_NEAR(p->model.log_total, log(mean_count(p) * prior_total(p)), 1e-13);
  for (int j = 0; j < N_COL; j++) {
    double score = 0;
    for (int t = 0; t < N_OBS; t++) score += p->x[t + j * N_OBS] * p->prior[t] * p->y[t];
    CHECK_NEAR(p->model.score[j], score / prior_total(p), 1e-12);
  }
  free_all();
}

/* What is kept are the weights of the curvature, and no multiple of them for the softplus
 * link; zero where the prior weight is. */
static void test_kept_weights(void) {
  for (int k = 0; k < 8; k++) {
    problem *p = some_problem(links[k % 2], k / 2);
    const double *beta = random_beta(0.3);
    double *kept = new_doubles(N_OBS), total = 0, sum = 0, worst = 0;
    const nl_state state = pass_at(p, beta, 0.4, kept);
    const double *expected = reference_weights(p, beta, intercept_of(p, &state));
    for (int t = 0; t < N_OBS; t++) {
      total += expected[t];
      sum += kept[t];
      if (prior_of(p, (size_t)t) == 0 && kept[t] != 0) worst = INFINITY;
      if (p->link == NL_SOFTPLUS) worst = larger(worst, fabs(kept[t] - expected[t]));
    }
    for (int t = 0; t < N_OBS; t++)
      worst = larger(worst, fabs(kept[t] / sum - expected[t] / total));
    CHECK_NEAR(worst, 0, 1e-13);
    CHECK_NEAR(state.curvature, total / prior_total(p), 1e-12);
    free_all();
  }
}

/* Central differences of the loss by its definition. */
static void test_gradient_by_differences(void) {
  const double h = 1e-5;
  for (int k = 0; k < 8; k++) {
    problem *p = some_problem(links[k % 2], k / 2);
    double *beta = random_beta(0.3), worst = 0;
    const nl_state state = pass_at(p, beta, 0.3, NULL);
    const double b = state.intercept;
    for (int j = 0; j < N_COL; j++) {
      double value[2];
      for (int i = 0; i < 2; i++) {
        double *moved = copy_doubles(beta, N_COL);
        moved[j] += i == 0 ? h : -h;
        value[i] = p->link == NL_LOG ? reference_loss(p, moved)
                                     : reference_loss_at(p, p->x, moved, b);
      }
      worst = larger(worst, fabs((value[0] - value[1]) / (2 * h) - state.gradient[j]));
    }
    CHECK_NEAR(worst, 0, 1e-7);
    CHECK(norm_of(N_COL, state.gradient) > 1e-2);
    free_all();
  }
}

/* Only the columns that were asked for are written. */
static void test_wanted(void) {
  for (int k = 0; k < 2; k++) {
    problem *p = some_problem(links[k], 3);
    const double *beta = random_beta(0.3);
    const nl_state full = pass_at(p, beta, 0, NULL);
    const nl_model *models = &p->model;
    p->counts.n_check = 0;
    for (int trial = 0; trial < 40; trial++) {
      nl_state state = new_state(&p->design), *states = &state;
      int wanted[MIXED_BLOCKS], wrong = 0;
      double worst = 0;
      for (int b = 0; b < MIXED_BLOCKS; b++) wanted[b] = random_below(2);
      for (int j = 0; j < N_COL; j++) state.beta[j] = beta[j];
      nl_model_pass(1, &models, &states, wanted, NULL, &p->pass, &p->hook);
      for (int j = 0; j < N_COL; j++) {
        const int is_wanted = wanted[p->design.block_of_column[j]];
        wrong += isnan(state.gradient[j]) == is_wanted;
        if (is_wanted) worst = larger(worst, fabs(state.gradient[j] - full.gradient[j]));
      }
      CHECK(wrong == 0 && worst == 0);
      CHECK(state.loss == full.loss && state.slope == full.slope);
    }
    CHECK(p->counts.n_check >= 40);
    free_all();
  }
}

/* ---- large numbers ----------------------------------------------------------------- */

/* The intercept takes up a shift of the offset, and nothing else changes. */
static void check_shift(double shift) {
  const double tol = 1e-13 * (1 + fabs(shift));
  problem *p = some_problem(NL_LOG, 3);
  const double *beta = random_beta(0.3);
  const nl_state state = pass_at(p, beta, 0, NULL);
  double *offset = copy_doubles(p->offset, N_OBS);
  for (int t = 0; t < N_OBS; t++) offset[t] += shift;
  problem *moved = new_problem(NL_LOG, p->design, p->penalty, p->y, offset, p->prior);
  const nl_state other = pass_at(moved, beta, 0, NULL);
  CHECK_NEAR(nl_link_objective(&moved->model, &other),
             nl_link_objective(&p->model, &state), tol);
  CHECK_NEAR(distance(N_COL, other.gradient, state.gradient), 0, tol);
  CHECK_NEAR(intercept_of(moved, &other), intercept_of(p, &state) - shift, tol);
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
  problem *p = some_problem(NL_LOG, 3);
  const double *beta = random_beta(0.3);
  for (int k = 0; k < 7; k++) {
    double *kept = new_doubles(N_OBS), sum = 0;
    const nl_state state = pass_at(p, beta, guess[k], kept);
    check_state_at(p, &state, beta, 1e-12 + 1e-15 * fabs(guess[k]));
    for (int t = 0; t < N_OBS; t++) sum += kept[t];
    CHECK_NEAR(sum, state.total, 1e-12 * sum);
  }
  free_all();
}

static double spread_of(const problem *p, const double *beta) {
  const double *eta = reference_predictor(p, p->x, beta);
  double low = INFINITY, high = -INFINITY;
  for (int t = 0; t < N_OBS; t++) {
    low = fmin(low, eta[t]);
    high = fmax(high, eta[t]);
  }
  return high - low;
}

/* Coefficients so large that the linear predictor spans -1000 to 1000 and more. */
static void test_extreme_coefficients(void) {
  const double scale[] = {200, -200, 400};
  for (int i = 0; i < 2; i++) {
    problem *p = some_problem(links[i], 1);
    for (int k = 0; k < 3; k++) {
      double *beta = random_beta(scale[k]), *kept = new_doubles(N_OBS);
      CHECK(spread_of(p, beta) > 2000);
      const nl_state state = pass_at(p, beta, 0, kept);
      CHECK(isfinite(state.loss) && state.curvature > 0);
      CHECK(all_finite(N_COL, state.gradient) && all_finite(N_OBS, kept));
      check_state_at(p, &state, beta, 1e-11);
    }
    free_all();
  }
}

/* From -2000 to 2000 exactly, in one column. */
static void test_extreme_predictor(void) {
  enum { N = 5 };
  const double x[N] = {-1, -0.5, 0, 0.5, 1}, y[N] = {1, 0, 2, 0, 3};
  const double beta = 2000;
  nl_block block = dense_block(N, 1, 0);
  const int group_of = 0;
  block.x = x;
  problem *p = new_problem(NL_LOG, design_of(N, 1, &block),
                           penalty_of(1, 1, &group_of, T_IDENTITY), y, NULL, NULL);
  const nl_state state = pass_at(p, &beta, 0, NULL);
  /* all mass is at x = 1: mean 6 there; log mean = log 6 + 2000 (x - 1) */
  const double log_means = 6 * log(6) - 2000 * (1 * 2 + 2 * 1);
  CHECK_NEAR(nl_link_intercept(&p->model, &state), log(6) - 2000, 1e-12);
  CHECK_NEAR(nl_link_objective(&p->model, &state), (6 - log_means) / N, 1e-11);
  CHECK_NEAR(state.gradient[0], (6.0 - (-1 + 3)) / N, 1e-13);
  free_all();
}

/* ---- many rows --------------------------------------------------------------------- */

/* Sums over many rows keep their digits: the solver takes differences of the loss below
 * 1e-14 of it for rounding, and none above. */
static void test_sums_over_many_rows(void) {
  enum { N = 400000 };
  const int group_of = 0;
  const double beta = 0.1, intercept = 0.3;
  for (int k = 0; k < 2; k++) {
    seed_random(92);
    const nl_block block = dense_block(N, 1, 0);
    double *y = new_doubles(N);
    for (int t = 0; t < N; t++) y[t] = random_below(3);
    problem *p = new_problem(links[k], design_of(N, 1, &block),
                             penalty_of(1, 1, &group_of, T_IDENTITY), y, NULL, NULL);
    long double total = 0, loss = 0, slope = 0, size = 0;
    for (int t = 0; t < N; t++) {
      const double eta = intercept + beta * block.x[t];
      const double r = reference_row_slope(NL_SOFTPLUS, eta, y[t]);
      total += expl(eta);
      loss += reference_row_loss(NL_SOFTPLUS, eta, y[t]);
      slope += r;
      size += fabs(r);
    }
    const nl_state state = pass_at(p, &beta, k == 0 ? -intercept : intercept, NULL);
    if (k == 0) {
      CHECK_NEAR(state.total / (double)total, 1, 4e-15);
    } else {
      CHECK_NEAR(state.loss / (double)(loss / N), 1, 4e-15);
      CHECK_NEAR(state.slope, (double)(slope / N), 4e-15 * (double)(size / N));
    }
    free_all();
  }
}

/* ---- prior weights ----------------------------------------------------------------- */

/* Rows with weight zero have no say, whatever they hold. */
static void test_zero_prior(void) {
  for (int k = 0; k < 2; k++) {
    problem *p = some_problem(links[k], 3);
    const double *beta = random_beta(0.3);
    const nl_state state = pass_at(p, beta, 0, NULL);
    double *y = copy_doubles(p->y, N_OBS), *offset = copy_doubles(p->offset, N_OBS);
    for (int t = 0; t < N_OBS; t++) {
      if (p->prior[t] > 0) continue;
      y[t] = 1e6;
      offset[t] = t % 3 == 0 ? 1e5 : t % 3 == 1 ? -1e5 : -INFINITY;
    }
    problem *changed = new_problem(links[k], p->design, p->penalty, y, offset, p->prior);
    const nl_state other = pass_at(changed, beta, 0, NULL);
    CHECK(other.loss == state.loss);
    CHECK(nl_link_objective(&changed->model, &other) ==
          nl_link_objective(&p->model, &state));
    CHECK(distance(N_COL, other.gradient, state.gradient) == 0);
    free_all();
  }
}

/* A common factor of the weights cancels, and NULL stands for ones and zeros. */
static void test_prior_and_offset_defaults(void) {
  for (int k = 0; k < 2; k++) {
    problem *p = some_problem(links[k], 0);
    const double *beta = random_beta(0.3);
    double *prior = new_doubles(N_OBS);
    for (int t = 0; t < N_OBS; t++) prior[t] = 7;
    problem *sevens =
        new_problem(links[k], p->design, p->penalty, p->y, new_zeros(N_OBS), prior);
    const nl_state state = pass_at(p, beta, 0, NULL),
                   other = pass_at(sevens, beta, 0, NULL);
    CHECK_NEAR(nl_link_objective(&sevens->model, &other),
               nl_link_objective(&p->model, &state), 1e-13);
    CHECK_NEAR(distance(N_COL, other.gradient, state.gradient), 0, 1e-13);
    CHECK_NEAR(intercept_of(sevens, &other), intercept_of(p, &state), 1e-13);
    free_all();
  }
}

/* ---- several points in one pass ---------------------------------------------------- */

/* Eight models over one design, some of them the same. */
typedef struct {
  problem *p;
  nl_model own[NL_LANES];
  const nl_model *model[NL_LANES];
  double *beta[NL_LANES];
  double start[NL_LANES];
} crowd;

static void fill_crowd(crowd *c, nl_link link, int same_model) {
  c->p = some_problem(link, 3);
  for (int v = 0; v < NL_LANES; v++) {
    double *y = new_doubles(N_OBS);
    for (int t = 0; t < N_OBS; t++) y[t] = random_poisson(1 + 0.3 * v);
    nl_model_init(c->own + v, link, &c->p->design, y, v % 3 ? random_offset() : NULL,
                  v % 2 ? random_prior() : NULL, new_doubles(N_OBS), new_doubles(N_COL),
                  new_doubles(N_OBS), &c->p->pass);
    c->model[v] = c->own + (same_model ? 0 : v == 5 ? 4 : v);
    c->beta[v] = random_beta(0.1 * (v + 1));
    if (v == 2) c->beta[v] = new_zeros(N_COL);
    c->start[v] = 0.1 * v;
  }
}

static nl_state state_for(const crowd *c, int v) {
  nl_state state = new_state(&c->p->design);
  for (int j = 0; j < N_COL; j++) state.beta[j] = c->beta[v][j];
  state.shift = c->own[0].link == NL_LOG ? c->start[v] : 0;
  state.intercept = c->own[0].link == NL_LOG ? 0 : c->start[v];
  return state;
}

static const int all_blocks[MIXED_BLOCKS] = {1, 1, 1, 1, 1, 1, 1, 1, 1};

/* The first n points in one pass. kept: n arrays for their weights, or NULL for some. */
static void pass_together(crowd *c, int n, nl_state *state, double *const *kept) {
  nl_state *states[NL_LANES];
  for (int v = 0; v < n; v++) {
    state[v] = state_for(c, v);
    states[v] = state + v;
  }
  nl_model_pass(n, c->model, states, all_blocks, kept, &c->p->pass, &c->p->hook);
}

static void pass_alone(crowd *c, int v, nl_state *state, double *kept) {
  const nl_model *model = c->model[v];
  *state = state_for(c, v);
  nl_model_pass(1, &model, &state, all_blocks, &kept, &c->p->pass, &c->p->hook);
}

/* The log link's numbers but for the shift, which need not be the same. */
static void check_same_state(const crowd *c, const nl_state *a, const nl_state *b) {
  const nl_model *model = &c->own[0];
  const double size = 1 + fabs(b->loss) + norm_of(N_COL, b->gradient);
  CHECK_NEAR(a->loss, b->loss, 1e-13 * size);
  CHECK_NEAR(a->slope, b->slope, 1e-13 * size);
  CHECK_NEAR(a->curvature, b->curvature, 1e-13 * (1 + b->curvature));
  CHECK_NEAR(distance(N_COL, a->gradient, b->gradient), 0, 1e-13 * size);
  if (model->link == NL_LOG)
    CHECK_NEAR(nl_link_lse(a), nl_link_lse(b), 1e-13 * (1 + fabs(nl_link_lse(b))));
}

/* Weights are the same up to the shift of the exponents. */
static void check_same_shares(const double *a, const double *b) {
  double sum_a = 0, sum_b = 0, worst = 0;
  for (int t = 0; t < N_OBS; t++) {
    sum_a += a[t];
    sum_b += b[t];
  }
  for (int t = 0; t < N_OBS; t++)
    worst = larger(worst, fabs(a[t] / sum_a - b[t] / sum_b));
  CHECK_NEAR(worst, 0, 1e-14);
}

static void check_crowd(crowd *c) {
  nl_state alone[NL_LANES], together[NL_LANES];
  double *kept_alone[NL_LANES];
  for (int v = 0; v < NL_LANES; v++) {
    kept_alone[v] = new_doubles(N_OBS);
    pass_alone(c, v, alone + v, kept_alone[v]);
  }
  for (int n = 1; n <= NL_LANES; n++) {
    double *kept[NL_LANES] = {NULL};
    for (int v = n / 2; v < n; v += 3) kept[v] = new_doubles(N_OBS);
    pass_together(c, n, together, kept);
    for (int v = 0; v < n; v++) {
      check_same_state(c, together + v, alone + v);
      if (kept[v]) check_same_shares(kept[v], kept_alone[v]);
    }
  }
}

static void test_together(void) {
  for (int k = 0; k < 4; k++) {
    crowd c;
    fill_crowd(&c, links[k % 2], k / 2);
    check_crowd(&c);
    free_all();
  }
}

/* One of the exponents overflows, another one underflows: all are right all the same. */
static void test_together_with_overflow(void) {
  for (int k = 0; k < 2; k++) {
    crowd c;
    fill_crowd(&c, NL_LOG, k);
    c.start[1] = -3000;
    c.start[6] = 5000;
    c.beta[3] = random_beta(300);
    check_crowd(&c);
    free_all();
  }
}

/* ---- rows left out ----------------------------------------------------------------- */

/* Runs of zeros, the first and the last row among them. */
static double *with_gaps(const double *prior, size_t *n_gap) {
  double *v = copy_doubles(prior, N_OBS);
  int inside = 0;
  *n_gap = 0;
  for (int t = 0; t < N_OBS; t++) {
    const int is_out = t < 3 || t == N_OBS - 1 || t / 5 % 4 == 1;
    if (is_out) v[t] = 0;
    *n_gap += is_out && !inside;
    inside = is_out;
  }
  return v;
}

/* A model on another one's base, less the gaps, is the model of its own weights. */
static void test_borrowed_base(void) {
  for (int k = 0; k < 4; k++) {
    problem *p = some_problem(links[k % 2], 3);
    double *prior = new_doubles(N_OBS), *base = new_doubles(N_OBS);
    size_t n_gap;
    for (int t = 0; t < N_OBS; t++) prior[t] = k < 2 ? 1 : random_between(0.5, 2);
    const double *v = with_gaps(prior, &n_gap);
    const double *other = k < 2 ? NULL : prior;
    nl_model whole, own, lent;
    double *score[3];
    for (int i = 0; i < 3; i++) score[i] = new_doubles(N_COL);
    nl_model_init(&whole, p->link, &p->design, p->y, p->offset, other, base, score[0],
                  new_doubles(N_OBS), &p->pass);
    nl_model_init(&own, p->link, &p->design, p->y, p->offset, v, new_doubles(N_OBS),
                  score[1], new_doubles(N_OBS), &p->pass);
    nl_model_init(&lent, p->link, &p->design, p->y, p->offset, v, NULL, score[2],
                  new_doubles(N_OBS), &p->pass);
    CHECK(nl_model_gaps(N_OBS, v, other, NULL) == n_gap);
    size_t *gap = new_sizes(2 * n_gap);
    CHECK(nl_model_gaps(N_OBS, v, other, gap) == n_gap);
    nl_model_borrow(&lent, base, gap, n_gap);
    const nl_model *models[] = {&whole, &own, &lent};
    nl_state state[3], *states[3];
    double *kept[3];
    for (int i = 0; i < 3; i++) {
      state[i] = new_state(&p->design);
      states[i] = state + i;
      kept[i] = new_doubles(N_OBS);
    }
    const double *beta = random_beta(0.2);
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < N_COL; j++) state[i].beta[j] = beta[j];
    }
    nl_model_pass(3, models, states, all_blocks, kept, &p->pass, &p->hook);
    CHECK(state[2].loss == state[1].loss && state[2].curvature == state[1].curvature);
    CHECK(state[2].slope == state[1].slope && state[2].loss != state[0].loss);
    CHECK(same_bits(N_COL, state[2].gradient, state[1].gradient));
    CHECK(same_bits(N_OBS, kept[2], kept[1]));
    free_all();
  }
}

/* Weights that differ by more than rows left out have no gaps to tell. */
static void test_gaps(void) {
  const double one[] = {1, 0, 0, 1, 2, 0}, two[] = {1, 0, 1, 1, 2, 3};
  size_t gap[4] = {9, 9, 9, 9};
  CHECK(nl_model_gaps(6, one, two, gap) == 2);
  CHECK(gap[0] == 2 && gap[1] == 3 && gap[2] == 5 && gap[3] == 6);
  CHECK(nl_model_gaps(6, two, one, NULL) == SIZE_MAX);
  CHECK(nl_model_gaps(6, one, NULL, NULL) == SIZE_MAX);
  CHECK(nl_model_gaps(6, NULL, NULL, NULL) == 0 && nl_model_gaps(6, two, two, NULL) == 0);
}

/* ---- threads ----------------------------------------------------------------------- */

enum { MANY = 5000 };

static problem *long_problem(nl_link link, int n_thread) {
  seed_random(91);
  const nl_design design = mixed_design(MANY);
  double *y = new_doubles(MANY), *prior = new_doubles(MANY);
  for (int t = 0; t < MANY; t++) {
    y[t] = random_poisson(1.3);
    prior[t] = random_below(6) > 0 ? random_uniform() : 0;
  }
  return new_threaded_problem(link, design, mixed_penalty(T_IDENTITY), y,
                              new_normals(MANY), prior, n_thread);
}

/* Two threads agree with one but for rounding, and with two in every bit. */
static void test_threads(void) {
  for (int k = 0; k < 2; k++) {
    const double *beta = random_beta(0.1);
    problem *one = long_problem(links[k], 1), *two = long_problem(links[k], 2);
    double *kept[3];
    nl_state state[3];
    for (int i = 0; i < 3; i++) {
      kept[i] = new_doubles(MANY);
      state[i] = pass_at(i == 0 ? one : two, beta, 0.1, kept[i]);
    }
    CHECK_NEAR(state[1].loss, state[0].loss, 1e-12);
    CHECK_NEAR(state[1].slope, state[0].slope, 1e-12);
    CHECK_NEAR(state[1].curvature, state[0].curvature, 1e-12);
    CHECK_NEAR(distance(N_COL, state[1].gradient, state[0].gradient), 0, 1e-12);
    CHECK(same_bits(MANY, kept[1], kept[0]));
    CHECK(state[1].loss == state[2].loss && state[1].slope == state[2].slope);
    CHECK(state[1].total == state[2].total && state[1].curvature == state[2].curvature);
    CHECK(same_bits(N_COL, state[1].gradient, state[2].gradient));
    CHECK(two->counts.in_threads == 0);
    CHECK(!nl_has_threads() || !same_bits(N_COL, state[1].gradient, state[0].gradient));
    free_all();
  }
}

void suite_model(void);

void suite_model(void) {
  RUN(test_init);
  RUN(test_against_definition);
  RUN(test_kept_weights);
  RUN(test_gradient_by_differences);
  RUN(test_wanted);
  RUN(test_offset_shift);
  RUN(test_any_guess);
  RUN(test_extreme_coefficients);
  RUN(test_extreme_predictor);
  RUN(test_sums_over_many_rows);
  RUN(test_zero_prior);
  RUN(test_prior_and_offset_defaults);
  RUN(test_together);
  RUN(test_together_with_overflow);
  RUN(test_borrowed_base);
  RUN(test_gaps);
  RUN(test_threads);
}
