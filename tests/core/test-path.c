/* point.h and path.h: what they return, against the optimality conditions of the problem
 * as it was given (columns, T before any rotation). */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "path.h"

enum { N_OBS = NL_CHUNK + 94, N_COL = MIXED_COLUMNS };

static const double tol = 1e-8;

/* ---- problems ---------------------------------------------------------------------- */

static double *uneven_prior(void) {
  double *prior = new_doubles(N_OBS);
  for (int t = 0; t < N_OBS; t++) {
    prior[t] = random_below(8) > 0 ? random_between(0.3, 2) : 0;
  }
  return prior;
}

static double *small_offset(void) {
  double *offset = new_normals(N_OBS);
  for (int t = 0; t < N_OBS; t++) offset[t] = 0.3 * offset[t] - 1;
  return offset;
}

static problem *plain_problem(transform_kind kind) {
  seed_random(81);
  return mixed_problem(N_OBS, mixed_penalty(kind), NULL, NULL);
}

/* With offset, prior weights, and two groups that are not penalised. */
static problem *rich_problem(transform_kind kind) {
  seed_random(82);
  nl_penalty penalty = mixed_penalty(kind);
  set_weight(&penalty, 2, 0);
  set_weight(&penalty, 0, 0);
  return mixed_problem(N_OBS, penalty, small_offset(), uneven_prior());
}

/* ---- fitting ----------------------------------------------------------------------- */

/* Fits at shares of lambda_max (1 where that is zero). */
static nl_path fit_shares_within(problem *p, const double *share, int n, int max_passes) {
  nl_path path = new_path(p, n);
  path.max_passes = max_passes;
  double *lambda = new_doubles((size_t)n), null_loss;
  nl_path_null(&p->solver, tol, &path, &null_loss);
  for (int l = 0; l < n; l++) {
    lambda[l] = share[l] * (path.lambda_max > 0 ? path.lambda_max : 1);
  }
  path.lambda = lambda;
  nl_path_fit(&p->solver, tol, &path);
  return path;
}

static nl_path fit_shares(problem *p, const double *share, int n) {
  return fit_shares_within(p, share, n, 1000);
}

static const double usual_shares[] = {1, 0.8, 0.5, 0.3, 0.1, 0.03, 0.003, 1e-4};
enum { N_USUAL = sizeof usual_shares / sizeof usual_shares[0] };

static nl_path fit_usual(problem *p) { return fit_shares(p, usual_shares, N_USUAL); }

static const double *beta_at(const problem *p, const nl_path *path, int l) {
  return path->beta + l * p->design.n_col;
}

static double norm_at(const problem *p, const nl_path *path, int l, int g) {
  return path->norm[g + l * p->penalty.n_group];
}

static int count_active(const problem *p, const nl_path *path, int l) {
  int n = 0;
  for (int g = 0; g < p->penalty.n_group; g++) {
    n += p->penalty.weight[g] > 0 && norm_at(p, path, l, g) > 0;
  }
  return n;
}

/* ---- the problem's optimality conditions ------------------------------------------- */

/* theta of a group with T theta = b, by the normal equations; *misfit: ||T theta - b||.
 */
static double *coordinates_of(const problem *p, int g, const double *beta,
                              double *misfit) {
  const nl_penalty *penalty = &p->penalty;
  const int size = nl_group_size(penalty, g), rank = nl_group_rank(penalty, g);
  const double *t = p->given_transform + penalty->t_start[g];
  double *b = new_doubles((size_t)size);
  for (int i = 0; i < size; i++) b[i] = beta[penalty->column[penalty->start[g] + i]];
  const double *square = cross_times(rank, size, rank, t, t);
  double *theta =
      times(rank, rank, 1, inverse(rank, square), cross_times(rank, size, 1, t, b));
  *misfit = distance((size_t)size, times(size, rank, 1, t, theta), b);
  return theta;
}

/* T'gradient of a group. */
static double *slope_of(const problem *p, int g, const double *gradient) {
  const nl_penalty *penalty = &p->penalty;
  const int size = nl_group_size(penalty, g), rank = nl_group_rank(penalty, g);
  double *own = new_doubles((size_t)size);
  for (int i = 0; i < size; i++)
    own[i] = gradient[penalty->column[penalty->start[g] + i]];
  return cross_times(rank, size, 1, p->given_transform + penalty->t_start[g], own);
}

static double residual_of(int rank, const double *theta, const double *slope, double tau,
                          double unit) {
  const double norm = norm_of(rank, theta);
  double sum = 0;
  if (norm == 0) return fmax(norm_of(rank, slope) - tau, 0) / unit;
  for (int i = 0; i < rank; i++) {
    const double r = slope[i] + tau * theta[i] / norm;
    sum += r * r;
  }
  return sqrt(sum) / unit;
}

/* One point of a path, by the definitions. */
typedef struct {
  double kkt;      /* over groups */
  double misfit;   /* how far the coefficients are from the range of T */
  double balance;  /* sum v (mu - y) / sum v y: the intercept's own condition */
  double norm[16]; /* ||theta|| */
  double score[16];
} truth;

static double balance_of(const problem *p, const double *mean) {
  double difference = 0, counts = 0;
  for (size_t t = 0; t < p->design.n_obs; t++) {
    const double v = p->prior ? p->prior[t] : 1;
    difference += v * (mean[t] - p->y[t]);
    counts += v * p->y[t];
  }
  return difference / counts;
}

static truth truth_at(const problem *p, const nl_path *path, int l, double lambda) {
  const double *beta = beta_at(p, path, l);
  const double *mean = reference_mean(p, p->raw, beta, path->intercept[l]);
  const double *gradient = reference_gradient(p, p->raw, mean);
  truth it = {0, 0, balance_of(p, mean), {0}, {0}};
  for (int g = 0; g < p->penalty.n_group; g++) {
    const int rank = nl_group_rank(&p->penalty, g);
    const double weight = p->penalty.weight[g], tau = weight > 0 ? lambda * weight : 0;
    const double unit = tau > 0 ? tau : path->lambda_max * p->penalty.scale[g];
    double misfit;
    const double *theta = coordinates_of(p, g, beta, &misfit);
    const double *slope = slope_of(p, g, gradient);
    it.misfit = larger(it.misfit, misfit);
    it.norm[g] = norm_of(rank, theta);
    it.score[g] = norm_of(rank, slope) / (weight > 0 ? weight : p->penalty.scale[g]);
    if (rank > 0) it.kkt = larger(it.kkt, residual_of(rank, theta, slope, tau, unit));
  }
  return it;
}

/* Everything that is reported of a point is true of it. */
static void check_report(const problem *p, const nl_path *path, int l, double lambda) {
  const size_t n_group = (size_t)p->penalty.n_group;
  const truth it = truth_at(p, path, l, lambda);
  /* a gradient is a sum of rounded terms, and a residual is relative to lambda */
  const double rounding = lambda > 0 ? 1e-15 / lambda : 0;
  CHECK_NEAR(it.kkt, path->kkt[l], 1e-3 * path->kkt[l] + 1e-10 + rounding);
  CHECK_NEAR(it.misfit, 0, 1e-12);
  CHECK_NEAR(it.balance, 0, 1e-12);
  CHECK_NEAR(distance(n_group, path->norm + (size_t)l * n_group, it.norm), 0, 1e-11);
  CHECK_NEAR(distance(n_group, path->score + (size_t)l * n_group, it.score), 0, 1e-11);
  CHECK_NEAR(path->loss[l], reference_loss(p, beta_at(p, path, l)), 1e-12);
}

static void check_solved(const problem *p, const nl_path *path, int l) {
  CHECK(path->status[l] == NL_OK);
  CHECK(path->kkt[l] <= tol);
  CHECK_NEAR(truth_at(p, path, l, path->lambda[l]).kkt, 0, 1.01 * tol);
  check_report(p, path, l, path->lambda[l]);
}

/* ---- the path is the solution ------------------------------------------------------ */

static void check_usual_path(problem *p) {
  const nl_path path = fit_usual(p);
  for (int l = 0; l < N_USUAL; l++) check_solved(p, &path, l);
  CHECK(count_active(p, &path, 0) == 0);
  CHECK(count_active(p, &path, N_USUAL - 1) > 2);
  free_all();
}

static void test_path_is_optimal(void) {
  check_usual_path(plain_problem(T_IDENTITY));
  check_usual_path(plain_problem(T_RANDOM));
  check_usual_path(plain_problem(T_DEFICIENT));
}

static void test_path_with_offset_prior_and_free_groups(void) {
  check_usual_path(rich_problem(T_IDENTITY));
  check_usual_path(rich_problem(T_RANDOM));
  check_usual_path(rich_problem(T_DEFICIENT));
}

/* The group of each column. */
static void write_groups(const nl_penalty *penalty, int *group_of) {
  for (int g = 0; g < penalty->n_group; g++) {
    for (int i = penalty->start[g]; i < penalty->start[g + 1]; i++) {
      group_of[penalty->column[i]] = g;
    }
  }
}

/* Columns of groups that are not zero, or not penalised. */
static int list_active(const problem *p, const nl_path *path, int l, const int *group_of,
                       int *column) {
  int n = 0;
  for (int j = 0; j < p->design.n_col; j++) {
    const int g = group_of[j];
    if (norm_at(p, path, l, g) > 0 || p->penalty.weight[g] == 0) column[n++] = j;
  }
  return n;
}

/* Second derivative of the penalty of one group at its columns i and j, T the identity.
 */
static double penalty_curvature(const problem *p, const nl_path *path, int l, int g,
                                int i, int j) {
  const double *beta = beta_at(p, path, l), norm = norm_at(p, path, l, g);
  const double tau = path->lambda[l] * p->penalty.weight[g];
  if (tau == 0) return 0;
  return tau / norm * ((i == j) - beta[i] / norm * beta[j] / norm);
}

/* 1 + trace of H (H + D)^-1 at the solution, for T the identity. */
static double df_by_hand(const problem *p, const nl_path *path, int l) {
  const double *all = reference_curvature(p, beta_at(p, path, l));
  int group_of[N_COL], column[N_COL];
  write_groups(&p->penalty, group_of);
  const int n = list_active(p, path, l, group_of, column);
  double *h = new_doubles((size_t)(n * n)), *sum = new_doubles((size_t)(n * n));
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < n; i++) {
      const int row = column[i], col = column[j], g = group_of[col];
      h[i + j * n] = sum[i + j * n] = all[row + col * p->design.n_col];
      if (group_of[row] == g)
        sum[i + j * n] += penalty_curvature(p, path, l, g, row, col);
    }
  }
  const double *product = times(n, n, n, h, inverse(n, sum));
  double trace = 1;
  for (int i = 0; i < n; i++) trace += product[i + i * n];
  return trace;
}

/* The Gram may be from a point nearby, so this is not exact. */
static void check_df(problem *p, double df_of_null) {
  const nl_path path = fit_usual(p);
  for (int l = 0; l < N_USUAL; l++) {
    CHECK_NEAR(path.df[l], df_by_hand(p, &path, l), 0.02 * path.df[l]);
  }
  CHECK_NEAR(path.df[0], df_of_null, 1e-8);
  free_all();
}

static void test_df(void) {
  check_df(plain_problem(T_IDENTITY), 1);
  check_df(rich_problem(T_IDENTITY), 1 + 4 + 3);
}

/* ---- both ends --------------------------------------------------------------------- */

static void check_lambda_max(problem *p) {
  const double share[] = {1, 1 - 1e-6, 0.99};
  const nl_path path = fit_shares(p, share, 3);
  const truth at_max = truth_at(p, &path, 0, path.lambda_max);
  double most = 0;
  for (int g = 0; g < p->penalty.n_group; g++) {
    if (p->penalty.weight[g] > 0) most = fmax(most, at_max.score[g]);
  }
  CHECK_NEAR(path.lambda_max, most, 1e-7 * most);
  CHECK(count_active(p, &path, 0) == 0);
  CHECK(count_active(p, &path, 2) > 0);
  free_all();
}

static void test_lambda_max(void) {
  check_lambda_max(plain_problem(T_IDENTITY));
  check_lambda_max(plain_problem(T_RANDOM));
  check_lambda_max(rich_problem(T_RANDOM));
}

/* Without groups that are free: the loss of the intercept alone, in closed form. */
static void test_null_loss(void) {
  problem *p = rich_problem(T_RANDOM);
  nl_path path = new_path(p, 1);
  double null_loss;
  nl_path_null(&p->solver, tol, &path, &null_loss);
  CHECK_NEAR(null_loss, reference_loss(p, new_zeros(N_COL)), 1e-13);
  free_all();
}

/* Newton's method on all columns, from dense matrices. */
static double *newton_by_hand(const problem *p) {
  double *beta = new_zeros(N_COL);
  for (int step = 0; step < 30; step++) {
    const double intercept = reference_intercept(p, p->x, beta);
    const double *mean = reference_mean(p, p->x, beta, intercept);
    const double *gradient = reference_gradient(p, p->x, mean);
    const double *curvature = inverse(N_COL, reference_curvature(p, beta));
    const double *change = times(N_COL, N_COL, 1, curvature, gradient);
    const double size = norm_of(N_COL, change);
    for (int j = 0; j < N_COL; j++) beta[j] -= change[j] / fmax(1, size);
  }
  return beta;
}

static void check_no_penalty(problem *p) {
  const double share[] = {1, 0.1, 0};
  const nl_path path = fit_shares(p, share, 3);
  check_solved(p, &path, 2);
  CHECK_NEAR(distance(N_COL, beta_at(p, &path, 2), newton_by_hand(p)), 0, 1e-6);
  CHECK_NEAR(path.df[2], 1 + N_COL, 1e-5);
  free_all();
}

static void test_no_penalty(void) {
  check_no_penalty(plain_problem(T_RANDOM));
  check_no_penalty(rich_problem(T_IDENTITY));
}

/* No group is penalised: every lambda is zero. */
static void test_all_groups_free(void) {
  seed_random(83);
  nl_penalty penalty = mixed_penalty(T_IDENTITY);
  for (int g = 0; g < MIXED_GROUPS; g++) set_weight(&penalty, g, 0);
  problem *p = mixed_problem(N_OBS, penalty, NULL, NULL);
  const double share[] = {1, 0.5};
  const nl_path path = fit_shares(p, share, 2);
  const double *beta = newton_by_hand(p);
  CHECK(path.lambda_max == 0);
  for (int l = 0; l < 2; l++) {
    CHECK(path.status[l] == NL_OK);
    CHECK_NEAR(distance(N_COL, beta_at(p, &path, l), beta), 0, 1e-6);
  }
  free_all();
}

/* ---- symmetries -------------------------------------------------------------------- */

/* The same problem with its blocks in reverse order, and its groups numbered anew. */
static problem *reversed_problem(const problem *p, const int *new_group) {
  nl_block blocks[MIXED_BLOCKS];
  int before[N_COL], group_of[N_COL], n = 0;
  write_groups(&p->penalty, before);
  for (int b = 0; b < MIXED_BLOCKS; b++) {
    const int old = MIXED_BLOCKS - 1 - b;
    blocks[b] = p->design.block[old];
    for (int j = p->design.start[old]; j < p->design.start[old + 1]; j++) {
      group_of[n++] = new_group[before[j]];
    }
  }
  nl_penalty penalty = penalty_of(N_COL, MIXED_GROUPS, group_of, T_IDENTITY);
  for (int g = 0; g < MIXED_GROUPS; g++) {
    set_weight(&penalty, new_group[g], p->penalty.weight[g]);
  }
  return new_problem(design_of(N_OBS, MIXED_BLOCKS, blocks), penalty, p->y, p->offset,
                     p->prior);
}

/* Coefficients of the reversed problem in the order of the first. */
static double *reverse_back(const problem *p, const problem *reversed,
                            const double *beta) {
  double *back = new_doubles(N_COL);
  for (int b = 0; b < MIXED_BLOCKS; b++) {
    const int old = MIXED_BLOCKS - 1 - b;
    for (int i = 0; i < p->design.block[old].n_col; i++) {
      back[p->design.start[old] + i] = beta[reversed->design.start[b] + i];
    }
  }
  return back;
}

static void test_permuted_groups(void) {
  const int new_group[] = {4, 2, 5, 0, 1, 3};
  problem *p = rich_problem(T_IDENTITY), *q = reversed_problem(p, new_group);
  const nl_path path = fit_usual(p), other = fit_usual(q);
  CHECK_NEAR(path.lambda_max, other.lambda_max, 1e-7);
  for (int l = 0; l < N_USUAL; l++) {
    const double *beta = reverse_back(p, q, beta_at(q, &other, l));
    CHECK_NEAR(distance(N_COL, beta, beta_at(p, &path, l)), 0, 1e-6);
    CHECK_NEAR(path.intercept[l], other.intercept[l], 1e-6);
    for (int g = 0; g < MIXED_GROUPS; g++) {
      CHECK_NEAR(norm_at(p, &path, l, g), norm_at(q, &other, l, new_group[g]), 1e-6);
    }
  }
  free_all();
}

/* A rotation of T changes nothing. */
static void test_rotated_coordinates(void) {
  problem *p = plain_problem(T_RANDOM), *q = plain_problem(T_RANDOM);
  for (int g = 0; g < MIXED_GROUPS; g++) {
    const int size = nl_group_size(&q->penalty, g);
    double *t = q->penalty.transform + q->penalty.t_start[g];
    const double *rotated = times(size, size, size, t, random_rotation(size));
    for (int i = 0; i < size * size; i++) t[i] = rotated[i];
  }
  const nl_path path = fit_usual(p), other = fit_usual(q);
  for (int l = 0; l < N_USUAL; l++) {
    CHECK_NEAR(distance(N_COL, beta_at(q, &other, l), beta_at(p, &path, l)), 0, 1e-6);
  }
  free_all();
}

/* The intercept takes up a shift of the offset, however large. */
static void test_shifted_offset(void) {
  const double shift[] = {800, -800};
  for (int k = 0; k < 2; k++) {
    problem *p = rich_problem(T_RANDOM);
    const nl_path path = fit_usual(p);
    double *offset = copy_doubles(p->offset, N_OBS);
    for (int t = 0; t < N_OBS; t++) offset[t] += shift[k];
    problem *q = rich_problem(T_RANDOM); /* its T is as it was given */
    q = new_problem(q->design, q->penalty, p->y, offset, p->prior);
    const nl_path other = fit_usual(q);
    for (int l = 0; l < N_USUAL; l++) {
      CHECK_NEAR(distance(N_COL, beta_at(q, &other, l), beta_at(p, &path, l)), 0, 1e-6);
      CHECK_NEAR(other.intercept[l] + shift[k], path.intercept[l], 1e-6);
      CHECK_NEAR(other.loss[l], path.loss[l], 1e-9);
    }
    free_all();
  }
}

/* ---- unusual lambdas --------------------------------------------------------------- */

static void test_identical_lambdas(void) {
  const double share[] = {0.3, 0.3, 0.3, 0.05, 0.05};
  problem *p = plain_problem(T_RANDOM);
  const nl_path path = fit_shares(p, share, 5);
  for (int l = 0; l < 5; l++) check_solved(p, &path, l);
  CHECK(distance(N_COL, beta_at(p, &path, 1), beta_at(p, &path, 0)) == 0);
  CHECK(distance(N_COL, beta_at(p, &path, 2), beta_at(p, &path, 0)) == 0);
  CHECK(distance(N_COL, beta_at(p, &path, 4), beta_at(p, &path, 3)) == 0);
  CHECK(path.n_pass[1] == 0 && path.n_pass[4] == 0);
  free_all();
}

static void test_large_lambdas(void) {
  const double share[] = {INFINITY, 1e9, 1, 0.2};
  problem *p = rich_problem(T_RANDOM);
  const nl_path path = fit_shares(p, share, 4);
  for (int l = 0; l < 3; l++) {
    CHECK(path.status[l] == NL_OK);
    CHECK(count_active(p, &path, l) == 0);
    CHECK_NEAR(distance(N_COL, beta_at(p, &path, l), beta_at(p, &path, 0)), 0, 1e-12);
    CHECK(isfinite(path.kkt[l]) && isfinite(path.df[l]) && isfinite(path.loss[l]));
  }
  check_solved(p, &path, 3);
  free_all();
}

/* One jump from the top to a small lambda. */
static void test_far_lambda(void) {
  const double share[] = {1e-5};
  problem *p = plain_problem(T_RANDOM);
  const nl_path path = fit_shares(p, share, 1);
  check_solved(p, &path, 0);
  free_all();
}

/* Nothing to find: counts that do not depend on anything, one column of zeros. */
static void test_no_signal(void) {
  enum { N = 20 };
  const int group_of = 0;
  nl_block block = dense_block(N, 1, 0);
  double *y = new_doubles(N);
  for (int t = 0; t < N; t++) y[t] = 2;
  block.x = new_zeros(N);
  problem *p = new_problem(design_of(N, 1, &block),
                           penalty_of(1, 1, &group_of, T_IDENTITY), y, NULL, NULL);
  const double share[] = {1, 0.1, 0};
  const nl_path path = fit_shares(p, share, 3);
  CHECK(path.lambda_max == 0);
  for (int l = 0; l < 3; l++) {
    CHECK(path.status[l] == NL_OK);
    CHECK(path.beta[l] == 0);
    CHECK_NEAR(path.intercept[l], log(2), 1e-14);
  }
  free_all();
}

static void test_grid(void) {
  double lambda[5] = {NAN, NAN, NAN, NAN, NAN};
  nl_lambda_grid(8, 1.0 / 16, 5, lambda);
  const double expected[] = {8, 4, 2, 1, 0.5};
  CHECK_NEAR(distance(5, lambda, expected), 0, 1e-14);
  CHECK(lambda[0] == 8);
  nl_lambda_grid(3, 0.01, 1, lambda);
  CHECK(lambda[0] == 3 && lambda[1] != 3);
  nl_lambda_grid(3, 0.01, 2, lambda);
  CHECK(lambda[0] == 3);
  CHECK_NEAR(lambda[1], 0.03, 1e-16);
}

/* ---- unusual data ------------------------------------------------------------------ */

/* Solved down to a lambda ten thousand times smaller, and finite without a penalty. */
static void check_hard(problem *p) {
  const double share[] = {1, 0.5, 0.1, 1e-2, 1e-3, 1e-4, 0};
  const nl_path path = fit_shares(p, share, 7);
  for (int l = 0; l < 6; l++) {
    CHECK(path.status[l] == NL_OK);
    CHECK_NEAR(truth_at(p, &path, l, path.lambda[l]).kkt, 0, 1.2 * tol);
  }
  CHECK(all_finite((size_t)p->design.n_col, beta_at(p, &path, 6)));
  CHECK(isfinite(path.loss[6]) && path.loss[6] <= path.loss[5]);
  free_all();
}

/* Two covariates that are the same but for centring, and a third that nearly is. */
static void test_collinear_covariates(void) {
  const int group_of[] = {0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3};
  const double beta[] = {0.5, -0.5, 0, 0, 0, 0, 0.3, 0, 0, 0, 0};
  seed_random(84);
  const nl_block first = dense_block(N_OBS, 3, 1);
  nl_block blocks[] = {first, first, dense_block(N_OBS, 2, 0), first};
  double *x = copy_doubles(first.x, 3 * N_OBS);
  for (int i = 0; i < 3 * N_OBS; i++) x[i] += 1e-5 * random_normal();
  blocks[1].centre = NULL;
  blocks[3].x = x;
  const nl_design design = design_of(N_OBS, 4, blocks);
  const double *y = simulate_counts(N_OBS, 11, reference_matrix(&design, 1), beta);
  check_hard(new_problem(design, penalty_of(11, 4, group_of, T_RANDOM), y, NULL, NULL));
}

static void test_more_columns_than_rows(void) {
  seed_random(85);
  check_hard(mixed_problem(20, mixed_penalty(T_IDENTITY), NULL, NULL));
}

static void test_one_spike(void) {
  seed_random(86);
  const nl_design design = mixed_design(N_OBS);
  double *y = new_zeros(N_OBS);
  y[17] = 1;
  check_hard(new_problem(design, mixed_penalty(T_RANDOM), y, NULL, NULL));
}

/* Two rows a thousand times as far out as the others. */
static void test_outliers(void) {
  seed_random(87);
  nl_design design = mixed_design(N_OBS);
  double *x = copy_doubles(design.block[0].x, 3 * N_OBS), *y = new_doubles(N_OBS);
  for (int t = 0; t < N_OBS; t++) y[t] = random_poisson(1);
  x[7] = 300;
  x[9 + N_OBS] = -1000;
  y[7] = 50;
  y[9] = 80;
  design.block[0].x = x;
  check_hard(new_problem(design, mixed_penalty(T_IDENTITY), y, NULL, NULL));
}

/* A free column that is one only where the count is zero: its coefficient has no end. */
static void test_separable_free_group(void) {
  const int group_of[] = {0, 1, 1, 1};
  seed_random(88);
  nl_block blocks[] = {dense_block(N_OBS, 1, 0), dense_block(N_OBS, 3, 0)};
  double *x = new_zeros(N_OBS), *y = new_zeros(N_OBS);
  for (int t = 0; t < N_OBS; t++) {
    y[t] = random_poisson(1);
    x[t] = y[t] == 0 && t % 2;
  }
  blocks[0].x = x;
  nl_penalty penalty = penalty_of(4, 2, group_of, T_IDENTITY);
  set_weight(&penalty, 0, 0);
  check_hard(new_problem(design_of(N_OBS, 2, blocks), penalty, y, NULL, NULL));
}

/* ---- ends without convergence ------------------------------------------------------ */

static void check_finite(const problem *p, const nl_path *path, int l) {
  CHECK(all_finite(N_COL, beta_at(p, path, l)));
  CHECK(isfinite(path->intercept[l]) && isfinite(path->loss[l]));
  CHECK(isfinite(path->df[l]) && isfinite(path->kkt[l]));
}

/* Unfinished as it is, a point is described truly. */
static void test_one_pass(void) {
  problem *p = plain_problem(T_RANDOM);
  const double share[] = {1,   0.7,  0.4, 0.2,
                          0.1, 0.05, 1e-5}; /* the last one is far away */
  const nl_path path = fit_shares_within(p, share, 7, 1);
  int stopped = 0;
  for (int l = 0; l < 7; l++) {
    stopped += path.status[l] == NL_MAX_PASSES;
    CHECK(path.status[l] == (path.kkt[l] <= tol ? NL_OK : NL_MAX_PASSES));
    CHECK(path.n_pass[l] <= 1);
    check_finite(p, &path, l);
    check_report(p, &path, l, path.lambda[l]);
    CHECK(l == 0 || path.loss[l] <= path.loss[l - 1]);
  }
  CHECK(stopped > 3);
  free_all();
}

/* More than double precision has: it says so and stays close. */
static void test_impossible_tolerance(void) {
  problem *p = plain_problem(T_RANDOM);
  nl_path path = new_path(p, 2);
  double lambda[2], null_loss;
  nl_path_null(&p->solver, tol, &path, &null_loss);
  lambda[0] = 0.3 * path.lambda_max;
  lambda[1] = 0.1 * path.lambda_max;
  path.lambda = lambda;
  nl_path_fit(&p->solver, 1e-30, &path);
  for (int l = 0; l < 2; l++) {
    CHECK(path.status[l] == NL_STALLED);
    CHECK(path.kkt[l] < 1e-10);
    check_finite(p, &path, l);
    check_report(p, &path, l, lambda[l]);
  }
  free_all();
}

static void test_not_finite(void) {
  problem *p = plain_problem(T_IDENTITY);
  double *x = copy_doubles(p->design.block[0].x, 3 * N_OBS);
  x[N_OBS + 4] = INFINITY;
  p->design.block[0].x = x;
  p = new_problem(p->design, p->penalty, p->y, NULL, NULL);
  const double share[] = {0.5};
  const nl_path path = fit_shares(p, share, 1);
  CHECK(path.status[0] == NL_NOT_FINITE);
  CHECK(path.kkt[0] == INFINITY);
  free_all();
}

/* ---- what the host sees ------------------------------------------------------------ */

static void test_hook(void) {
  problem *p = plain_problem(T_RANDOM);
  fit_usual(p);
  CHECK(p->counts.n_progress == N_USUAL);
  CHECK(p->counts.done == N_USUAL && p->counts.n_lambda == N_USUAL);
  CHECK(p->counts.n_check >= N_USUAL);
  CHECK(p->counts.n_more > 0);
  free_all();
}

/* All but `more` may be missing. */
static void test_bare_hook(void) {
  problem *p = plain_problem(T_RANDOM);
  p->hook.check = NULL;
  p->hook.progress = NULL;
  const nl_path path = fit_usual(p);
  for (int l = 0; l < N_USUAL; l++) check_solved(p, &path, l);
  free_all();
}

/* ---- one point --------------------------------------------------------------------- */

static void test_include(void) {
  problem *p = plain_problem(T_IDENTITY);
  nl_point_include(&p->solver, 4);
  nl_point_include(&p->solver, 1);
  nl_point_include(&p->solver, 4);
  CHECK(p->solver.n_set == 2);
  CHECK(p->solver.set[0] == 4 && p->solver.set[1] == 1);
  CHECK(p->solver.in_set[4] && p->solver.in_set[1] && !p->solver.in_set[0]);
  free_all();
}

static void test_start(void) {
  problem *p = rich_problem(T_RANDOM);
  const double *beta = new_zeros(N_COL);
  nl_point_start(&p->solver);
  const double intercept = reference_intercept(p, p->x, beta);
  const double *mean = reference_mean(p, p->x, beta, intercept);
  const double *gradient = reference_gradient(p, p->x, mean);
  CHECK(p->solver.n_pass == 1);
  CHECK(distance(N_COL, p->solver.now.beta, beta) == 0);
  CHECK(norm_of(p->penalty.n_theta, p->solver.theta) == 0);
  for (int g = 0; g < MIXED_GROUPS; g++) {
    const double *at = p->solver.gradient + p->penalty.theta_start[g];
    const size_t rank = (size_t)nl_group_rank(&p->penalty, g);
    CHECK_NEAR(distance(rank, at, slope_of(p, g, gradient)), 0, 1e-13);
  }
  free_all();
}

/* The reported coefficients as a path of one point, for truth_at. */
static nl_path as_path(const problem *p, double lambda_max) {
  nl_path path = new_path(p, 1);
  for (int j = 0; j < N_COL; j++) path.beta[j] = p->solver.now.beta[j];
  path.intercept[0] = nl_poisson_intercept(&p->model, &p->solver.now) -
                      nl_design_centre_shift(&p->design, p->solver.now.beta);
  path.lambda_max = lambda_max;
  return path;
}

/* Closed: the best over the working set, and the others stay zero. Open: the best. */
static void test_closed_and_open(void) {
  problem *p = plain_problem(T_RANDOM);
  const nl_level level = {0.02, 0.3};
  double residual = NAN;
  nl_point_start(&p->solver);
  nl_point_include(&p->solver, 5);
  nl_point_include(&p->solver, 2);
  CHECK(nl_point_solve(&p->solver, &level, tol, 1, &residual) == NL_OK);
  CHECK(residual <= tol);
  CHECK(p->solver.n_set == 2);
  for (int j = 0; j < N_COL; j++) {
    if (j < 3 || (j > 3 && j < 10 && j % 2) || (j > 9 && j < 15) || j > 26) {
      CHECK(p->solver.now.beta[j] == 0);
    }
  }
  nl_path path = as_path(p, level.reference);
  CHECK(truth_at(p, &path, 0, level.lambda).kkt > 1e-3);
  CHECK(nl_point_solve(&p->solver, &level, tol, 0, &residual) == NL_OK);
  path = as_path(p, level.reference);
  CHECK_NEAR(truth_at(p, &path, 0, level.lambda).kkt, 0, 1.01 * tol);
  CHECK(p->solver.n_set > 2);
  free_all();
}

/* Out of passes before anything outside the set was looked at: the residual knows of it.
 */
static void test_unfinished_point(void) {
  problem *p = plain_problem(T_RANDOM);
  const nl_level level = {0.02, 0.3};
  double residual = NAN;
  nl_point_start(&p->solver);
  nl_point_include(&p->solver, 1);
  p->solver.pass_limit = p->solver.n_pass + 1;
  CHECK(nl_point_solve(&p->solver, &level, tol, 0, &residual) == NL_MAX_PASSES);
  const nl_path path = as_path(p, level.reference);
  CHECK_NEAR(truth_at(p, &path, 0, level.lambda).kkt, residual, 1e-10);
  CHECK(p->solver.n_set == 1);
  free_all();
}

static void test_point_theta(void) {
  problem *p = plain_problem(T_RANDOM);
  const nl_level level = {0.02, 0.3};
  double residual, *x = new_doubles((size_t)p->penalty.n_theta);
  nl_point_start(&p->solver);
  nl_point_solve(&p->solver, &level, tol, 0, &residual);
  nl_point_theta(&p->solver, x);
  for (int k = 0; k < p->solver.gram.n_in; k++) {
    const int g = p->solver.gram.group[k];
    const double *theta = p->solver.theta + p->penalty.theta_start[g];
    const size_t rank = (size_t)nl_group_rank(&p->penalty, g);
    CHECK(distance(rank, x + p->solver.gram.position[g], theta) == 0);
  }
  CHECK(p->solver.gram.n_in > 2);
  free_all();
}

void suite_path(void);

void suite_path(void) {
  RUN(test_include);
  RUN(test_start);
  RUN(test_closed_and_open);
  RUN(test_unfinished_point);
  RUN(test_point_theta);
  RUN(test_path_is_optimal);
  RUN(test_path_with_offset_prior_and_free_groups);
  RUN(test_df);
  RUN(test_lambda_max);
  RUN(test_null_loss);
  RUN(test_no_penalty);
  RUN(test_all_groups_free);
  RUN(test_permuted_groups);
  RUN(test_rotated_coordinates);
  RUN(test_shifted_offset);
  RUN(test_identical_lambdas);
  RUN(test_large_lambdas);
  RUN(test_far_lambda);
  RUN(test_no_signal);
  RUN(test_grid);
  RUN(test_collinear_covariates);
  RUN(test_more_columns_than_rows);
  RUN(test_one_spike);
  RUN(test_outliers);
  RUN(test_separable_free_group);
  RUN(test_one_pass);
  RUN(test_impossible_tolerance);
  RUN(test_not_finite);
  RUN(test_hook);
  RUN(test_bare_hook);
}
