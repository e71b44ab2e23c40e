/* path.h: what it returns, against the optimality conditions of the problem as it was
 * given.
 */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "path.h"

enum { N_OBS = NL_CHUNK + 94, N_COL = MIXED_COLUMNS };

static const double tol = 1e-8;
static const nl_link links[] = {NL_LOG, NL_SOFTPLUS};

/* ---- problems ---------------------------------------------------------------------- */

static double *uneven_prior(void) {
  double *prior = new_doubles(N_OBS);
  for (int t = 0; t < N_OBS; t++)
    prior[t] = random_below(8) > 0 ? random_between(0.3, 2) : 0;
  return prior;
}

static double *small_offset(void) {
  double *offset = new_normals(N_OBS);
  for (int t = 0; t < N_OBS; t++) offset[t] = 0.3 * offset[t] - 1;
  return offset;
}

static problem *plain_problem(nl_link link, transform_kind kind) {
  seed_random(130);
  return mixed_problem(link, N_OBS, mixed_penalty(kind), NULL, NULL);
}

/* With offset, prior weights, and two groups that are not penalised. */
static problem *rich_problem(nl_link link, transform_kind kind) {
  seed_random(131);
  nl_penalty penalty = mixed_penalty(kind);
  set_weight(&penalty, 2, 0);
  set_weight(&penalty, 0, 0);
  return mixed_problem(link, N_OBS, penalty, small_offset(), uneven_prior());
}

/* ---- fitting ----------------------------------------------------------------------- */

/* Fits at shares of lambda_max (1 where that is zero). */
static nl_path fit_shares_within(problem *p, const double *share, int n, double to,
                                 int max_passes) {
  nl_path path = new_path(p, n);
  path.max_passes = max_passes;
  double *lambda = new_doubles((size_t)n), null_loss;
  start_pipeline(p, n);
  nl_path_null(&p->line, to, &path, &null_loss);
  for (int l = 0; l < n; l++)
    lambda[l] = share[l] * (path.lambda_max > 0 ? path.lambda_max : 1);
  path.lambda = lambda;
  p->line.path = &path;
  nl_convoy convoy = {&p->line, 1, p->solver.some, 0, n, 0, 0};
  nl_path_fit_all(&convoy, to);
  return path;
}

static nl_path fit_shares(problem *p, const double *share, int n) {
  return fit_shares_within(p, share, n, tol, 1000);
}

static const double usual_shares[] = {1, 0.8, 0.5, 0.3, 0.1, 0.03, 0.003, 1e-4};
enum { N_USUAL = sizeof usual_shares / sizeof usual_shares[0] };

static nl_path fit_usual(problem *p) { return fit_shares(p, usual_shares, N_USUAL); }

/* From 1 down to `last`, n of them. */
static double *even_shares(int n, double last) {
  double *share = new_doubles((size_t)n);
  for (int l = 0; l < n; l++) share[l] = pow(last, l / (n - 1.0));
  return share;
}

static const double *beta_at(const problem *p, const nl_path *path, int l) {
  return path->beta + l * p->design.n_col;
}

static double norm_at(const problem *p, const nl_path *path, int l, int g) {
  return path->norm[g + l * p->penalty.n_group];
}

static int count_active(const problem *p, const nl_path *path, int l) {
  int n = 0;
  for (int g = 0; g < p->penalty.n_group; g++)
    n += p->penalty.weight[g] > 0 && norm_at(p, path, l, g) > 0;
  return n;
}

/* ---- the problem's optimality conditions ------------------------------------------- */

static truth truth_of(const problem *p, const nl_path *path, int l) {
  return truth_at(p, beta_at(p, path, l), path->intercept[l], path->lambda[l],
                  path->reference > 0 ? path->reference : mean_count(p));
}

static double largest_score(const problem *p, const truth *it) {
  double most = 0;
  for (int g = 0; g < p->penalty.n_group; g++) {
    if (p->penalty.weight[g] > 0) most = fmax(most, it->score[g]);
  }
  return most;
}

/* Everything that is reported of a point is true of it. */
static void check_report(const problem *p, const nl_path *path, int l) {
  const size_t n_group = (size_t)p->penalty.n_group;
  const truth it = truth_of(p, path, l);
  const double *beta = beta_at(p, path, l), lambda = path->lambda[l];
  const double size = 1 + norm_of(p->design.n_col, beta);
  /* a gradient is a sum of rounded terms, and a residual is relative to lambda */
  const double unit = p->penalty.off ? 1e-12 : 1e-14;
  const double rounding = lambda > 0 ? unit / lambda : 0;
  CHECK_NEAR(it.kkt, path->kkt[l], 1e-3 * path->kkt[l] + 1e-10 + rounding);
  CHECK_NEAR(it.misfit, 0, 1e-11 * size);
  CHECK_NEAR(distance(n_group, path->norm + (size_t)l * n_group, it.norm), 0,
             1e-10 * size);
  CHECK_NEAR(distance(n_group, path->score + (size_t)l * n_group, it.score), 0, 1e-11);
  CHECK_NEAR(path->loss[l], reference_loss_at(p, p->raw, beta, path->intercept[l]),
             1e-12);
}

static void check_solved(const problem *p, const nl_path *path, int l) {
  CHECK(path->status[l] == NL_OK);
  CHECK(path->kkt[l] <= tol);
  CHECK_NEAR(truth_of(p, path, l).kkt, 0, 1.01 * tol);
  check_report(p, path, l);
}

static void check_all_solved(const problem *p, const nl_path *path) {
  for (int l = 0; l < path->n_lambda; l++) check_solved(p, path, l);
}

/* ---- the path is the solution ------------------------------------------------------ */

static void check_usual_path(problem *p) {
  const nl_path path = fit_usual(p);
  check_all_solved(p, &path);
  CHECK(count_active(p, &path, 0) == 0);
  CHECK(count_active(p, &path, N_USUAL - 1) > 3);
  free_all();
}

static void test_path_is_optimal(void) {
  for (int k = 0; k < 2; k++) {
    check_usual_path(plain_problem(links[k], T_IDENTITY));
    check_usual_path(plain_problem(links[k], T_RANDOM));
    check_usual_path(plain_problem(links[k], T_DEFICIENT));
  }
}

static void test_path_with_offset_prior_and_free_groups(void) {
  for (int k = 0; k < 2; k++) {
    check_usual_path(rich_problem(links[k], T_IDENTITY));
    check_usual_path(rich_problem(links[k], T_RANDOM));
    check_usual_path(rich_problem(links[k], T_DEFICIENT));
  }
}

/* The softplus link's intercept is at its best only within tol, which shows in the
 * gradients of columns that are far from zero. */
static void test_columns_far_from_zero(void) {
  for (int k = 0; k < 4; k++) {
    problem *p = k < 2 ? plain_problem(links[k % 2], T_RANDOM)
                       : rich_problem(links[k % 2], T_DEFICIENT);
    double *off = new_normals(N_COL);
    for (int j = 0; j < N_COL; j++) off[j] *= 30;
    p->penalty.off = off;
    check_usual_path(p);
  }
}

/* Blocks, groups, weights, data and lambdas of anything. */
static void test_random_problems(void) {
  enum { N_PROBLEM = 60, MOST = 14 };
  int n_active = 0, n_group = 0;
  for (int i = 0; i < N_PROBLEM; i++) {
    problem *p = random_problem(links[i % 2], (unsigned)i);
    double share[MOST];
    const int n = 1 + random_below(MOST);
    share[0] = random_below(2) ? 1 : random_between(0.05, 1.5);
    for (int l = 1; l < n; l++) /* close together, or far apart */
      share[l] = share[l - 1] * pow(random_below(4) ? 0.8 : 0.1, random_uniform());
    const nl_path path = fit_shares(p, share, n);
    check_all_solved(p, &path);
    n_active += count_active(p, &path, n - 1);
    n_group += p->penalty.n_group;
    free_all();
  }
  CHECK(n_active > n_group / 4 && n_active < n_group); /* not all of them are trivial */
}

/* A hundred lambdas: they share their passes. */
static void test_many_lambdas(void) {
  enum { N = 100 };
  for (int k = 0; k < 2; k++) {
    problem *p = rich_problem(links[k], T_RANDOM);
    const nl_path path = fit_shares(p, even_shares(N, 1e-3), N);
    int rides = 0, most = 0;
    for (int l = 0; l < N; l++) {
      CHECK(path.status[l] == NL_OK && path.kkt[l] <= tol);
      if (l % 9 == 0) check_solved(p, &path, l);
      rides += path.n_pass[l];
      most = path.n_pass[l] > most ? path.n_pass[l] : most;
    }
    CHECK(p->solver.n_pass < rides / 2);
    CHECK(most < 60);
    free_all();
  }
}

/* Penalised groups larger than those that get eigenvectors. */
static void test_large_group(void) {
  enum { N = 400, LARGE = NL_LARGE_GROUP + 4, ALL = LARGE + 8 };
  const factor_spec levels = {NL_VALUES, 2, LARGE, 0, 0, CELL_WIDE};
  for (int k = 0; k < 2; k++) {
    const double share[] = {0.5, 0.05};
    int *group_of = new_ints(ALL);
    seed_random(132);
    const nl_block blocks[] = {local_block(N, 1, &levels), dense_block(N, 8, 0)};
    const nl_design design = design_of(N, 2, blocks);
    double *beta = new_zeros(ALL);
    for (int j = 0; j < ALL; j++) {
      group_of[j] = j < LARGE ? 0 : 1 + j % 2;
      beta[j] = 0.4 * random_normal();
    }
    const double *y =
        simulate_counts(links[k], N, ALL, reference_matrix(&design, 1), beta);
    nl_penalty penalty = penalty_of(ALL, 3, group_of, T_IDENTITY);
    set_weight(&penalty, 0, 2);
    problem *p = new_problem(links[k], design, penalty, y, NULL, NULL);
    const nl_path path = fit_shares(p, share, 2);
    check_all_solved(p, &path);
    CHECK(norm_at(p, &path, 1, 0) > 0);
    free_all();
  }
}

/* ---- degrees of freedom ------------------------------------------------------------ */

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
  const double *beta = beta_at(p, path, l);
  const double *all = reference_curvature(p, beta, reference_intercept(p, p->x, beta));
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
  for (int l = 0; l < N_USUAL; l++)
    CHECK_NEAR(path.df[l], df_by_hand(p, &path, l), 0.03 * path.df[l]);
  CHECK_NEAR(path.df[0], df_of_null, 1e-8);
  free_all();
}

static void test_df(void) {
  for (int k = 0; k < 2; k++) {
    check_df(plain_problem(links[k], T_IDENTITY), 1);
    check_df(rich_problem(links[k], T_IDENTITY), 1 + 4 + 3);
  }
}

/* ---- both ends --------------------------------------------------------------------- */

static void check_lambda_max(problem *p) {
  const double share[] = {1, 1 - 1e-6, 0.99};
  const nl_path path = fit_shares(p, share, 3);
  const truth at_max = truth_of(p, &path, 0);
  const double most = largest_score(p, &at_max);
  CHECK_NEAR(path.lambda_max, most, 1e-7 * most);
  CHECK(count_active(p, &path, 0) == 0);
  CHECK(count_active(p, &path, 2) > 0);
  free_all();
}

static void test_lambda_max(void) {
  for (int k = 0; k < 2; k++) {
    check_lambda_max(plain_problem(links[k], T_IDENTITY));
    check_lambda_max(plain_problem(links[k], T_RANDOM));
    check_lambda_max(rich_problem(links[k], T_RANDOM));
  }
}

/* lambda_max if every weight were the scale. */
static void test_reference(void) {
  for (int k = 0; k < 2; k++) {
    problem *p = plain_problem(links[k], T_RANDOM);
    double most = 0;
    for (int g = 0; g < MIXED_GROUPS; g++)
      set_weight(&p->penalty, g, (1.5 + 0.2 * g) * p->penalty.scale[g]);
    const double share[] = {1.0};
    const nl_path path = fit_shares(p, share, 1);
    const truth it = truth_of(p, &path, 0);
    for (int g = 0; g < MIXED_GROUPS; g++)
      most = fmax(most, it.score[g] * p->penalty.weight[g] / p->penalty.scale[g]);
    CHECK_NEAR(path.reference, most, 1e-7 * most);
    CHECK(path.reference != path.lambda_max);
    free_all();
  }
}

/* Without groups that are free: the loss of the best intercept alone. */
static void test_null_loss(void) {
  for (int k = 0; k < 2; k++) {
    problem *p = rich_problem(links[k], T_RANDOM);
    nl_path path = new_path(p, 1);
    double null_loss = NAN;
    start_pipeline(p, 1);
    nl_path_null(&p->line, tol, &path, &null_loss);
    CHECK_NEAR(null_loss, reference_loss(p, new_zeros(N_COL)), 1e-13);
    free_all();
  }
}

/* Counts that are rare, usual and large, with offsets that spread, or put the best
 * intercept far from where one would look for it. */
static problem *intercept_problem(nl_link link, double level, double spread,
                                  double shift) {
  enum { N = 500 };
  const int group_of = 0;
  seed_random(133);
  const nl_block block = dense_block(N, 1, 0);
  double *y = new_doubles(N), *offset = new_normals(N);
  for (int t = 0; t < N; t++) {
    y[t] = floor(level * 2 * random_uniform() + 0.5 * (t % 2));
    if (level < 0.1) y[t] = random_uniform() < level;
    offset[t] = shift + spread * offset[t];
  }
  y[0] = 1;
  return new_problem(link, design_of(N, 1, &block),
                     penalty_of(1, 1, &group_of, T_IDENTITY), y, offset, NULL);
}

/* The errors of the null model's loss and intercept, relative to their sizes. */
static double intercept_error(problem *p) {
  nl_path path = new_path(p, 1);
  double null_loss = NAN;
  start_pipeline(p, 1);
  nl_path_null(&p->line, tol, &path, &null_loss);
  const double *zero = new_zeros(1), loss = reference_loss(p, zero);
  const double expected = reference_intercept(p, p->x, zero);
  const double intercept = nl_link_intercept(&p->model, &p->line.origin->now);
  return larger(1e4 * fabs(null_loss - loss) / (1 + fabs(loss)),
                fabs(intercept - expected) / (1 + fabs(expected)));
}

static void test_null_intercept(void) {
  const double level[] = {1e-3, 0.05, 1, 20, 300}, spread[] = {0, 1, 30};
  const double shift[] = {0, 50, -50, 1000, -1000};
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < 5; i++) {
      double worst = 0;
      for (int j = 0; j < 5 * 3; j++) {
        worst = larger(worst, intercept_error(intercept_problem(
                                  links[k], level[j / 3], spread[j % 3], shift[i])));
        free_all();
      }
      CHECK_NEAR(worst, 0, 1e-6);
    }
  }
}

/* Newton's method on all columns, from dense matrices. */
static double *newton_by_hand(const problem *p) {
  double *beta = new_zeros(N_COL);
  for (int step = 0; step < 30; step++) {
    const double intercept = reference_intercept(p, p->x, beta);
    const double *gradient = reference_gradient(p, p->x, beta, intercept);
    const double *curvature = inverse(N_COL, reference_curvature(p, beta, intercept));
    const double *change = times(N_COL, N_COL, 1, curvature, gradient);
    const double size = norm_of(N_COL, change);
    for (int j = 0; j < N_COL; j++) beta[j] -= change[j] / fmax(1, size);
    if (size < 1e-12) break;
  }
  return beta;
}

static void check_no_penalty(problem *p) {
  const double share[] = {1, 0.1, 0};
  const nl_path path = fit_shares(p, share, 3);
  check_solved(p, &path, 2);
  CHECK_NEAR(distance(N_COL, beta_at(p, &path, 2), newton_by_hand(p)), 0, 1e-5);
  CHECK_NEAR(path.df[2], 1 + N_COL, 1e-5);
  free_all();
}

static void test_no_penalty(void) {
  for (int k = 0; k < 2; k++) {
    check_no_penalty(plain_problem(links[k], T_RANDOM));
    check_no_penalty(rich_problem(links[k], T_IDENTITY));
  }
}

/* No group is penalised: every lambda is zero. */
static void test_all_groups_free(void) {
  for (int k = 0; k < 2; k++) {
    seed_random(134);
    nl_penalty penalty = mixed_penalty(T_IDENTITY);
    for (int g = 0; g < MIXED_GROUPS; g++) set_weight(&penalty, g, 0);
    problem *p = mixed_problem(links[k], N_OBS, penalty, NULL, NULL);
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
  return new_problem(p->link, design_of(N_OBS, MIXED_BLOCKS, blocks), penalty, p->y,
                     p->offset, p->prior);
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
  const int new_group[] = {4, 2, 8, 0, 1, 3, 7, 5, 6};
  for (int k = 0; k < 2; k++) {
    problem *p = rich_problem(links[k], T_IDENTITY), *q = reversed_problem(p, new_group);
    const nl_path path = fit_usual(p), other = fit_usual(q);
    CHECK_NEAR(path.lambda_max, other.lambda_max, 1e-7);
    for (int l = 0; l < N_USUAL; l++) {
      const double *beta = reverse_back(p, q, beta_at(q, &other, l));
      CHECK_NEAR(distance(N_COL, beta, beta_at(p, &path, l)), 0, 1e-6);
      CHECK_NEAR(path.intercept[l], other.intercept[l], 1e-6);
      for (int g = 0; g < MIXED_GROUPS; g++)
        CHECK_NEAR(norm_at(p, &path, l, g), norm_at(q, &other, l, new_group[g]), 1e-6);
    }
    free_all();
  }
}

/* A rotation of T changes nothing. */
static void test_rotated_coordinates(void) {
  for (int k = 0; k < 2; k++) {
    problem *p = plain_problem(links[k], T_RANDOM),
            *q = plain_problem(links[k], T_RANDOM);
    const size_t n_t = q->penalty.t_start[MIXED_GROUPS];
    double *turned = copy_doubles(q->penalty.transform, n_t);
    for (int g = 0; g < MIXED_GROUPS; g++) {
      const int size = nl_group_size(&q->penalty, g);
      double *t = turned + q->penalty.t_start[g];
      const double *rotated = times(size, size, size, t, random_rotation(size));
      for (int i = 0; i < size * size; i++) t[i] = rotated[i];
    }
    q->penalty.transform = turned;
    const nl_path path = fit_usual(p), other = fit_usual(q);
    for (int l = 0; l < N_USUAL; l++)
      CHECK_NEAR(distance(N_COL, beta_at(q, &other, l), beta_at(p, &path, l)), 0, 1e-6);
    free_all();
  }
}

/* The log link's intercept takes up a shift of the offset, however large. */
static void test_shifted_offset(void) {
  const double shift[] = {800, -800};
  for (int k = 0; k < 2; k++) {
    problem *p = rich_problem(NL_LOG, T_RANDOM);
    const nl_path path = fit_usual(p);
    double *offset = copy_doubles(p->offset, N_OBS);
    for (int t = 0; t < N_OBS; t++) offset[t] += shift[k];
    problem *q = new_problem(NL_LOG, p->design, p->penalty, p->y, offset, p->prior);
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

/* Every second of close lambdas comes after the next one; those far apart stay in order. */
static void test_alternate(void) {
  problem *p = plain_problem(NL_LOG, T_IDENTITY);
  nl_path path = new_path(p, 12);
  double lambda[12];
  start_pipeline(p, 12);
  for (int l = 0; l < 12; l++) lambda[l] = pow(l < 8 ? 0.95 : 0.8, l);
  path.lambda = lambda;
  p->line.path = &path;
  nl_line_list(&p->line, 1e-6, 1);
  CHECK(p->line.n_job == 12);
  nl_line_alternate(&p->line);
  const int order[12] = {0, 1, 2, 4, 3, 6, 5, 7, 8, 9, 10, 11};
  for (int l = 0; l < 12; l++) CHECK(p->line.job[l].out == order[l]);
  free_all();
}

static void test_identical_lambdas(void) {
  const double share[] = {0.3, 0.3, 0.3, 0.05, 0.05};
  for (int k = 0; k < 2; k++) {
    problem *p = plain_problem(links[k], T_RANDOM);
    const nl_path path = fit_shares(p, share, 5);
    check_all_solved(p, &path);
    CHECK(distance(N_COL, beta_at(p, &path, 1), beta_at(p, &path, 0)) == 0);
    CHECK(distance(N_COL, beta_at(p, &path, 2), beta_at(p, &path, 0)) == 0);
    CHECK(distance(N_COL, beta_at(p, &path, 4), beta_at(p, &path, 3)) == 0);
    CHECK(path.df[2] == path.df[0] && path.df[4] == path.df[3]);
    free_all();
  }
}

/* All the same, all zero, all above lambda_max. */
static void test_one_lambda_many_times(void) {
  const double share[] = {0.2, 0, 1.5};
  for (int i = 0; i < 3; i++) {
    problem *p = plain_problem(links[i % 2], T_RANDOM);
    double all[40];
    for (int l = 0; l < 40; l++) all[l] = share[i];
    const nl_path path = fit_shares(p, all, 40);
    check_solved(p, &path, 0);
    check_solved(p, &path, 39);
    CHECK(distance(N_COL, beta_at(p, &path, 39), beta_at(p, &path, 0)) == 0);
    free_all();
  }
}

/* So close together that nothing can be extrapolated from them. */
static void test_nearly_identical_lambdas(void) {
  enum { N = 30 };
  for (int k = 0; k < 2; k++) {
    problem *p = rich_problem(links[k], T_RANDOM);
    double share[N];
    for (int l = 0; l < N; l++)
      share[l] = (l < 20 ? 0.2 : 0.02) * (1 - l * (l % 2 ? 1e-15 : 1e-12));
    for (int l = 1; l < N; l++) share[l] = fmin(share[l], share[l - 1]);
    const nl_path path = fit_shares(p, share, N);
    for (int l = 0; l < N; l += 3) check_solved(p, &path, l);
    free_all();
  }
}

static void test_large_lambdas(void) {
  const double share[] = {INFINITY, 1e9, 1.01, 1, 0.2};
  for (int k = 0; k < 2; k++) {
    problem *p = rich_problem(links[k], T_RANDOM);
    const nl_path path = fit_shares(p, share, 5);
    for (int l = 0; l < 4; l++) {
      CHECK(path.status[l] == NL_OK);
      CHECK(count_active(p, &path, l) == 0);
      CHECK_NEAR(distance(N_COL, beta_at(p, &path, l), beta_at(p, &path, 0)), 0, 1e-12);
      CHECK(isfinite(path.kkt[l]) && isfinite(path.df[l]) && isfinite(path.loss[l]));
    }
    check_solved(p, &path, 4);
    free_all();
  }
}

/* One jump from the top to a small lambda, and leaps in between. */
static void test_far_lambdas(void) {
  const double share[] = {1e-5}, leaps[] = {0.5, 0.01, 0.009, 1e-4, 0};
  for (int k = 0; k < 2; k++) {
    problem *p = plain_problem(links[k], T_RANDOM);
    const nl_path one = fit_shares(p, share, 1), many = fit_shares(p, leaps, 5);
    check_all_solved(p, &one);
    check_all_solved(p, &many);
    free_all();
  }
}

/* Nothing to find: counts that do not depend on anything, one column of zeros. */
static void test_no_signal(void) {
  enum { N = 20 };
  for (int k = 0; k < 2; k++) {
    const int group_of = 0;
    nl_block block = dense_block(N, 1, 0);
    double *y = new_doubles(N);
    for (int t = 0; t < N; t++) y[t] = 2;
    block.x = new_zeros(N);
    problem *p = new_problem(links[k], design_of(N, 1, &block),
                             penalty_of(1, 1, &group_of, T_IDENTITY), y, NULL, NULL);
    const double share[] = {1, 0.1, 0};
    const nl_path path = fit_shares(p, share, 3);
    CHECK(path.lambda_max == 0);
    for (int l = 0; l < 3; l++) {
      CHECK(path.status[l] == NL_OK);
      CHECK(path.beta[l] == 0);
      CHECK_NEAR(path.intercept[l], k == 0 ? log(2) : log(expm1(2)), 1e-9);
    }
    free_all();
  }
}

/* Groups without a coordinate, or no columns at all. */
static void test_nothing_to_fit(void) {
  const double y[] = {1, 0, 2, 4}, share[] = {1, 0.5, 0};
  const int group_of[] = {0, 1};
  for (int k = 0; k < 2; k++) {
    const nl_block block = dense_block(4, 2, 1);
    problem *empty = new_problem(links[k], design_of(4, 0, NULL),
                                 penalty_of(0, 0, NULL, T_IDENTITY), y, NULL, NULL);
    problem *flat = new_problem(links[k], design_of(4, 1, &block),
                                penalty_of(2, 2, group_of, T_DEFICIENT), y, NULL, NULL);
    const nl_path none = fit_shares(empty, share, 3), zero = fit_shares(flat, share, 3);
    for (int l = 0; l < 3; l++) {
      CHECK(none.status[l] == NL_OK && zero.status[l] == NL_OK);
      CHECK_NEAR(none.intercept[l], k == 0 ? log(1.75) : log(expm1(1.75)), 1e-9);
      CHECK(zero.beta[2 * l] == 0 && zero.beta[2 * l + 1] == 0);
      CHECK(none.df[l] == 1 && zero.df[l] == 1);
    }
    free_all();
  }
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
    CHECK_NEAR(truth_of(p, &path, l).kkt, 0, 1.2 * tol);
  }
  CHECK(all_finite((size_t)p->design.n_col, beta_at(p, &path, 6)));
  CHECK(isfinite(path.loss[6]) && path.loss[6] <= path.loss[5] + 1e-12);
  free_all();
}

/* Two covariates that are the same but for centring, and a third that nearly is. */
static void test_collinear_covariates(void) {
  const int group_of[] = {0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3};
  const double beta[] = {0.5, -0.5, 0, 0, 0, 0, 0.3, 0, 0, 0, 0};
  for (int k = 0; k < 2; k++) {
    seed_random(135);
    const nl_block first = dense_block(N_OBS, 3, 1);
    nl_block blocks[] = {first, first, dense_block(N_OBS, 2, 0), first};
    double *x = copy_doubles(first.x, 3 * N_OBS);
    for (int i = 0; i < 3 * N_OBS; i++) x[i] += 1e-5 * random_normal();
    blocks[1].centre = NULL;
    blocks[3].x = x;
    const nl_design design = design_of(N_OBS, 4, blocks);
    const double *y =
        simulate_counts(links[k], N_OBS, 11, reference_matrix(&design, 1), beta);
    check_hard(new_problem(links[k], design, penalty_of(11, 4, group_of, T_RANDOM), y,
                           NULL, NULL));
  }
}

static void test_more_columns_than_rows(void) {
  for (int k = 0; k < 2; k++) {
    seed_random(136);
    check_hard(mixed_problem(links[k], 30, mixed_penalty(T_IDENTITY), NULL, NULL));
  }
}

static void test_one_spike(void) {
  for (int k = 0; k < 2; k++) {
    seed_random(137);
    const nl_design design = mixed_design(N_OBS);
    double *y = new_zeros(N_OBS);
    y[17] = 1;
    check_hard(new_problem(links[k], design, mixed_penalty(T_RANDOM), y, NULL, NULL));
  }
}

/* Two rows a thousand times as far out as the others. */
static void test_outliers(void) {
  for (int k = 0; k < 2; k++) {
    seed_random(138);
    nl_design design = mixed_design(N_OBS);
    double *x = copy_doubles(design.block[0].x, 3 * N_OBS), *y = new_doubles(N_OBS);
    for (int t = 0; t < N_OBS; t++) y[t] = random_poisson(1);
    x[7] = 300;
    x[9 + N_OBS] = -1000;
    y[7] = 50;
    y[9] = 80;
    design.block[0].x = x;
    check_hard(new_problem(links[k], design, mixed_penalty(T_IDENTITY), y, NULL, NULL));
  }
}

/* A column that is the same in every row, and one of zeros, beside one that is not:
 * without a penalty they have no gradient, and no curvature. */
static void test_constant_columns(void) {
  const int group_of[] = {0, 0, 1, 1};
  const double share[] = {1, 0.1, 0};
  for (int k = 0; k < 2; k++) {
    seed_random(141);
    nl_block block = dense_block(N_OBS, 4, 0);
    double *x = copy_doubles(block.x, 4 * N_OBS), *beta = new_zeros(4);
    for (int t = 0; t < N_OBS; t++) {
      x[t] = 0.3;
      x[t + N_OBS] = 0;
    }
    block.x = x;
    beta[2] = 0.4;
    const nl_design design = design_of(N_OBS, 1, &block);
    const double *y =
        simulate_counts(links[k], N_OBS, 4, reference_matrix(&design, 1), beta);
    problem *p = new_problem(links[k], design, penalty_of(4, 2, group_of, T_IDENTITY), y,
                             NULL, NULL);
    const nl_path path = fit_shares(p, share, 3);
    check_all_solved(p, &path);
    CHECK_NEAR(path.df[2], 3, 1e-4);
    free_all();
  }
}

/* One, two, three rows. */
static void test_few_rows(void) {
  const int group_of[] = {0, 0};
  const double share[] = {1, 0.3, 0.1};
  for (int n = 1; n < 4; n++) {
    for (int k = 0; k < 2; k++) {
      const double y[] = {2, 0, 1};
      seed_random(142);
      const nl_block block = dense_block((size_t)n, 2, 0);
      problem *p = new_problem(links[k], design_of((size_t)n, 1, &block),
                               penalty_of(2, 1, group_of, T_IDENTITY), y, NULL, NULL);
      const nl_path path = fit_shares(p, share, 3);
      for (int l = 0; l < 3; l++) CHECK(path.status[l] == NL_OK);
      if (n > 1) check_all_solved(p, &path);
      free_all();
    }
  }
}

/* A free column that is one only where the count is zero: its coefficient has no end. */
static void test_separable_free_group(void) {
  const int group_of[] = {0, 1, 1, 1};
  for (int k = 0; k < 2; k++) {
    seed_random(139);
    nl_block blocks[] = {dense_block(N_OBS, 1, 0), dense_block(N_OBS, 3, 0)};
    double *x = new_zeros(N_OBS), *y = new_zeros(N_OBS);
    for (int t = 0; t < N_OBS; t++) {
      y[t] = random_poisson(1);
      x[t] = y[t] == 0 && t % 2;
    }
    blocks[0].x = x;
    nl_penalty penalty = penalty_of(4, 2, group_of, T_IDENTITY);
    set_weight(&penalty, 0, 0);
    check_hard(
        new_problem(links[k], design_of(N_OBS, 2, blocks), penalty, y, NULL, NULL));
  }
}

/* ---- many rows, of which the Gram takes a part ------------------------------------- */

enum { MANY = 20000, N_SMALL = 14 };

/* A factor with a rare level (one of `rare` rows), two covariates, a spline. */
static problem *long_problem(nl_link link, int rare, const double *prior, int n_thread) {
  const factor_spec level = {NL_VALUES, 1, 3, 0, 0, CELL_BYTE};
  const factor_spec spline = {NL_POWERS, 4, 9, 1, 9, CELL_BYTE};
  int group_of[N_SMALL];
  double *beta = new_zeros(N_SMALL), *ones = new_doubles(MANY);
  unsigned char *cell = new_bytes(MANY);
  seed_random(140);
  nl_block blocks[] = {local_block(MANY, 1, &level), dense_block(MANY, 2, 1),
                       local_block(MANY, 1, &spline)};
  for (int t = 0; t < MANY; t++) {
    cell[t] = t % rare == rare / 2 ? 2 : (unsigned char)random_below(2);
    ones[t] = 1;
  }
  blocks[0].factor[0].cell.byte = cell;
  blocks[0].factor[0].values = ones;
  for (int j = 0; j < N_SMALL; j++) {
    group_of[j] = j < 3 ? 0 : j < 5 ? 1 : 2;
    beta[j] = 0.3 * random_normal();
  }
  beta[2] = 1.5;
  const nl_design design = design_of(MANY, 3, blocks);
  const double *y =
      simulate_counts(link, MANY, N_SMALL, reference_matrix(&design, 1), beta);
  return new_threaded_problem(link, design, penalty_of(N_SMALL, 3, group_of, T_IDENTITY),
                              y, NULL, prior, n_thread);
}

static void check_long(problem *p, const double *share, int n) {
  const nl_path path = fit_shares(p, share, n);
  for (int l = 0; l < n; l++) {
    CHECK(path.status[l] == NL_OK && path.kkt[l] <= tol);
    if (l % 4 == 0) check_solved(p, &path, l);
  }
  free_all();
}

/* Runs of one row, or of several; few are left out, or nearly all. */
static const struct { int stride, run; } samples[] = {{1, 1}, {5, 1}, {60, 1}, {8, 16}};
enum { N_SAMPLE = sizeof samples / sizeof samples[0] };

static problem *sampled(problem *p, int sample) {
  p->stride = samples[sample].stride;
  p->run = samples[sample].run;
  return p;
}

static void test_many_rows(void) {
  for (int i = 0; i < N_SAMPLE; i++) {
    problem *p = long_problem(links[i % 2], 50, NULL, 1);
    check_long(sampled(p, i), even_shares(9, 1e-3), 9);
  }
}

/* A level that the rows of the Gram may miss altogether. */
static void test_rare_level(void) {
  for (int i = 0; i < N_SAMPLE; i++) {
    problem *p = long_problem(links[i % 2], MANY / 4, NULL, 1);
    check_long(sampled(p, i), even_shares(5, 1e-3), 5);
  }
}

/* Nearly all rows without weight: what the Gram takes of the others may be nothing. */
static void fit_few_rows(int sample) {
  double *prior = new_zeros(MANY);
  for (int t = 0; t < 300; t++) prior[7000 + t] = 1;
  problem *p = long_problem(links[sample % 2], 50, prior, 1);
  check_long(sampled(p, sample), even_shares(5, 1e-2), 5);
}

static void fit_few_rows_0(void) { fit_few_rows(0); }
static void fit_few_rows_1(void) { fit_few_rows(1); }
static void fit_few_rows_2(void) { fit_few_rows(2); }
static void fit_few_rows_3(void) { fit_few_rows(3); }

static void test_few_rows_with_weight(void) {
  CHECK(survives(fit_few_rows_0));
  CHECK(survives(fit_few_rows_1));
  CHECK(survives(fit_few_rows_2));
  CHECK(survives(fit_few_rows_3));
}

/* The same path with two threads, and bit for bit the same with two again. */
static void test_threads(void) {
  for (int k = 0; k < 2; k++) {
    const double *share = even_shares(6, 1e-2);
    nl_path path[3];
    for (int i = 0; i < 3; i++)
      path[i] = fit_shares(long_problem(links[k], 50, NULL, i == 0 ? 1 : 2), share, 6);
    CHECK_NEAR(distance(6 * N_SMALL, path[0].beta, path[1].beta), 0, 1e-6);
    CHECK_NEAR(path[0].lambda_max, path[1].lambda_max, 1e-12);
    CHECK(same_bits(6 * N_SMALL, path[1].beta, path[2].beta));
    CHECK(same_bits(6, path[1].loss, path[2].loss));
    CHECK(same_bits(6, path[1].df, path[2].df));
    for (int l = 0; l < 6; l++) {
      CHECK(path[1].status[l] == NL_OK);
      CHECK(path[1].n_pass[l] == path[2].n_pass[l]);
    }
    free_all();
  }
}

/* ---- ends without convergence ------------------------------------------------------ */

static void check_finite(const problem *p, const nl_path *path, int l) {
  CHECK(all_finite((size_t)p->design.n_col, beta_at(p, path, l)));
  CHECK(isfinite(path->intercept[l]) && isfinite(path->loss[l]));
  CHECK(isfinite(path->df[l]) && isfinite(path->kkt[l]));
}

/* Unfinished as it is, a point is described truly. */
static void check_few_passes(problem *p, int max_passes) {
  const double share[] = {1,   0.7,  0.4, 0.2,
                          0.1, 0.05, 1e-5}; /* the last one is far away */
  const nl_path path = fit_shares_within(p, share, 7, tol, max_passes);
  for (int l = 0; l < 7; l++) {
    CHECK(path.status[l] == (path.kkt[l] <= tol ? NL_OK : NL_MAX_PASSES));
    CHECK(path.n_pass[l] <= max_passes + 1); /* and a look at all groups */
    check_finite(p, &path, l);
    check_report(p, &path, l);
  }
  CHECK(path.status[6] == NL_MAX_PASSES);
  free_all();
}

static void test_few_passes(void) {
  for (int k = 0; k < 2; k++) {
    check_few_passes(plain_problem(links[k], T_RANDOM), 1);
    check_few_passes(plain_problem(links[k], T_RANDOM), 2);
    check_few_passes(rich_problem(links[k], T_RANDOM), 1);
    check_few_passes(rich_problem(links[k], T_RANDOM), 3);
  }
}

/* More than double precision has: it says so and stays close. */
static void test_impossible_tolerance(void) {
  const double share[] = {0.3, 0.1};
  for (int k = 0; k < 2; k++) {
    problem *p = plain_problem(links[k], T_RANDOM);
    const nl_path path = fit_shares_within(p, share, 2, 1e-30, 1000);
    for (int l = 0; l < 2; l++) {
      CHECK(path.status[l] == NL_STALLED);
      CHECK(path.kkt[l] < 1e-10);
      check_finite(p, &path, l);
      check_report(p, &path, l);
    }
    free_all();
  }
}

/* A loose tolerance is kept, too, and takes fewer passes. */
static void test_loose_tolerance(void) {
  enum { N = 20 };
  for (int k = 0; k < 2; k++) {
    problem *p = rich_problem(links[k], T_RANDOM);
    const nl_path loose = fit_shares_within(p, even_shares(N, 1e-2), N, 1e-2, 1000);
    const int n_loose = p->solver.n_pass;
    const nl_path tight = fit_shares(p, even_shares(N, 1e-2), N);
    for (int l = 0; l < N; l++) {
      CHECK(loose.status[l] == NL_OK);
      CHECK(truth_of(p, &loose, l).kkt <= 1.01e-2);
      check_report(p, &loose, l);
      CHECK(tight.kkt[l] <= tol);
    }
    CHECK(n_loose < p->solver.n_pass);
    free_all();
  }
}

static problem *broken_problem(nl_link link) {
  problem *p = plain_problem(link, T_IDENTITY);
  double *x = copy_doubles(p->design.block[0].x, 3 * N_OBS);
  x[N_OBS + 4] = INFINITY;
  p->design.block[0].x = x;
  return new_problem(link, p->design, p->penalty, p->y, NULL, NULL);
}

static void fit_broken(nl_link link, int n) {
  problem *p = broken_problem(link);
  const nl_path path = fit_shares(p, even_shares(n, 0.1), n);
  for (int l = 0; l < n; l++) {
    CHECK(path.status[l] != NL_OK);
    CHECK(path.kkt[l] == INFINITY);
  }
  free_all();
}

static void fit_broken_log(void) { fit_broken(NL_LOG, 2); }
static void fit_broken_softplus(void) { fit_broken(NL_SOFTPLUS, 2); }
static void fit_broken_often(void) { fit_broken(NL_LOG, 2 * NL_POINTS); }

static void test_not_finite(void) {
  CHECK(survives(fit_broken_log));
  CHECK(survives(fit_broken_softplus));
  CHECK(survives(fit_broken_often));
}

/* ---- what the host sees ------------------------------------------------------------ */

static void test_hook(void) {
  enum { N = 50 };
  for (int k = 0; k < 2; k++) {
    problem *p = plain_problem(links[k], T_RANDOM);
    fit_shares(p, even_shares(N, 1e-3), N);
    CHECK(p->counts.n_progress > 0 && p->counts.n_progress <= N);
    CHECK(p->counts.done == N && p->counts.n_lambda == N);
    CHECK(!p->counts.went_back);
    CHECK(p->counts.n_check >= p->solver.n_pass);
    CHECK(p->counts.n_more > 0);
    free_all();
  }
}

/* Stepping stones are no lambdas. */
static void test_progress_with_stones(void) {
  const double share[] = {0.9, 1e-4};
  problem *p = plain_problem(NL_LOG, T_RANDOM);
  fit_shares(p, share, 2);
  CHECK(p->counts.n_progress <= 2);
  CHECK(p->counts.done == 2 && p->counts.n_lambda == 2);
  free_all();
}

/* All but `more` may be missing. */
static void test_bare_hook(void) {
  problem *p = plain_problem(NL_LOG, T_RANDOM);
  p->hook.check = NULL;
  p->hook.progress = NULL;
  const nl_path path = fit_usual(p);
  check_all_solved(p, &path);
  free_all();
}

void suite_path(void);

void suite_path(void) {
  RUN(test_path_is_optimal);
  RUN(test_path_with_offset_prior_and_free_groups);
  RUN(test_columns_far_from_zero);
  RUN(test_random_problems);
  RUN(test_many_lambdas);
  RUN(test_large_group);
  RUN(test_df);
  RUN(test_lambda_max);
  RUN(test_reference);
  RUN(test_null_loss);
  RUN(test_null_intercept);
  RUN(test_no_penalty);
  RUN(test_all_groups_free);
  RUN(test_permuted_groups);
  RUN(test_rotated_coordinates);
  RUN(test_shifted_offset);
  RUN(test_alternate);
  RUN(test_identical_lambdas);
  RUN(test_one_lambda_many_times);
  RUN(test_nearly_identical_lambdas);
  RUN(test_large_lambdas);
  RUN(test_far_lambdas);
  RUN(test_no_signal);
  RUN(test_nothing_to_fit);
  RUN(test_grid);
  RUN(test_collinear_covariates);
  RUN(test_more_columns_than_rows);
  RUN(test_one_spike);
  RUN(test_outliers);
  RUN(test_constant_columns);
  RUN(test_few_rows);
  RUN(test_separable_free_group);
  RUN(test_many_rows);
  RUN(test_rare_level);
  RUN(test_few_rows_with_weight);
  RUN(test_threads);
  RUN(test_few_passes);
  RUN(test_impossible_tolerance);
  RUN(test_loose_tolerance);
  RUN(test_not_finite);
  RUN(test_hook);
  RUN(test_progress_with_stones);
  RUN(test_bare_hook);
}
