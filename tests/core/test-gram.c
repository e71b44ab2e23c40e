/* gram.h against c T'(X'EX - X'e e'X)T from dense matrices. */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "gram.h"

enum { N_OBS = NL_CHUNK + 20, N_COL = MIXED_COLUMNS };

/* A problem at a point. */
typedef struct {
  problem *p;
  double *beta;
  double *kept;
  nl_state state;
} setting;

static void move_to(setting *s, double *beta) {
  s->beta = beta;
  s->state = pass_at(s->p, beta, 0.2, s->kept);
}

static setting setting_of(problem *p) {
  setting s;
  const size_t n_col = (size_t)p->design.n_col;
  double *beta = new_normals(n_col);
  for (size_t j = 0; j < n_col; j++) beta[j] *= 0.2;
  s.p = p;
  s.kept = new_doubles(p->design.n_obs);
  start_pipeline(p, 1);
  move_to(&s, beta);
  return s;
}

static setting grouped_setting(nl_link link, nl_penalty penalty) {
  double *prior = new_doubles(N_OBS);
  for (int t = 0; t < N_OBS; t++) prior[t] = random_below(6) > 0 ? random_uniform() : 0;
  return setting_of(mixed_problem(link, N_OBS, penalty, NULL, prior));
}

static setting mixed_setting(nl_link link, transform_kind kind) {
  seed_random(100);
  return grouped_setting(link, mixed_penalty(kind));
}

/* So little room that it must grow. */
static void tighten(setting *s, int capacity) {
  nl_gram *gram = &s->p->solver.gram;
  gram->capacity = capacity;
  gram->h = new_doubles((size_t)(capacity * capacity));
  gram->n_spare = (size_t)(capacity * capacity);
  gram->spare = new_doubles(gram->n_spare);
}

static void reset(setting *s) {
  nl_gram_reset(&s->p->solver.gram, &s->p->penalty, &s->kept, s->p->design.n_obs,
                s->state.curvature);
}

static void extend(setting *s, const int *groups, int n) {
  nl_gram_extend(&s->p->solver.gram, &s->p->design, &s->p->penalty, groups, n,
                 &s->p->pass, &s->p->hook);
}

/* ---- what H should be -------------------------------------------------------------- */

/* T of the groups inside, side by side in the order of the Gram: n_col x size. */
static double *wide_transform(const nl_gram *gram, const nl_penalty *penalty) {
  double *wide = new_zeros((size_t)penalty->n_col * (size_t)gram->size);
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], size = penalty->start[g + 1] - penalty->start[g];
    const double *t = penalty->transform + penalty->t_start[g];
    const int rank = penalty->theta_start[g + 1] - penalty->theta_start[g];
    for (int l = 0; l < rank; l++) {
      double *column = wide + (gram->position[g] + l) * penalty->n_col;
      for (int i = 0; i < size; i++)
        column[penalty->column[penalty->start[g] + i]] = t[i + l * size];
    }
  }
  return wide;
}

/* c (X'EX - X'e e'X) in columns, at weights e. */
static double *curvature_at(const problem *p, const double *e, double c) {
  const int n = (int)p->design.n_obs, n_col = p->design.n_col;
  const double *mean = cross_times(n_col, n, 1, p->x, e);
  double *h = reference_cross(&p->design, e);
  for (int j = 0; j < n_col; j++) {
    for (int i = 0; i < n_col; i++)
      h[i + j * n_col] = c * (h[i + j * n_col] - mean[i] * mean[j]);
  }
  return h;
}

static double *in_coordinates(const setting *s, const double *curvature) {
  const nl_gram *gram = &s->p->solver.gram;
  const int n_col = s->p->design.n_col;
  const double *wide = wide_transform(gram, &s->p->penalty);
  return cross_times(gram->size, n_col, gram->size, wide,
                     times(n_col, n_col, gram->size, curvature, wide));
}

static void check_h(const setting *s, const double *expected) {
  const nl_gram *gram = &s->p->solver.gram;
  double worst = 0, asymmetry = 0;
  for (int j = 0; j < gram->size; j++) {
    for (int i = 0; i < gram->size; i++) {
      const double h = gram->h[i + j * gram->capacity];
      worst = larger(worst, fabs(h - expected[i + j * gram->size]));
      asymmetry = larger(asymmetry, fabs(h - gram->h[j + i * gram->capacity]));
    }
  }
  CHECK_NEAR(worst, 0, 1e-11);
  CHECK_NEAR(asymmetry, 0, 1e-14);
}

/* Eigenvalues and vectors of each group's own block: H U = U diag(d), U'U = 1. */
static void check_own_blocks(const setting *s) {
  const nl_gram *gram = &s->p->solver.gram;
  double worst = 0, skew = 0;
  int unordered = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g];
    const int rank = s->p->penalty.theta_start[g + 1] - s->p->penalty.theta_start[g];
    const double *u = gram->vectors + gram->vector_start[g], *d = gram->curvature + at;
    double *own = new_doubles((size_t)(rank * rank));
    if (rank == 0) continue;
    for (int i = 0; i < rank * rank; i++)
      own[i] = gram->h[at + i % rank + (at + i / rank) * gram->capacity];
    const double *product = times(rank, rank, rank, own, u);
    const double *square = cross_times(rank, rank, rank, u, u);
    for (int i = 0; i < rank * rank; i++) {
      const int row = i % rank, column = i / rank;
      worst = larger(worst, fabs(product[i] - u[i] * d[column]));
      skew = larger(skew, fabs(square[i] - (row == column)));
    }
    for (int i = 0; i < rank; i++)
      unordered += !(d[i] > 0) || (i > 0 && !(d[i] >= d[i - 1]));
    CHECK(gram->has_vectors[g]);
  }
  CHECK_NEAR(worst, 0, 1e-11);
  CHECK_NEAR(skew, 0, 1e-12);
  CHECK(unordered == 0);
}

/* The shares of the rows in the curvature at the point, and mean = T'X'e. */
static void check_mean_and_weights(const setting *s) {
  const nl_gram *gram = &s->p->solver.gram;
  const int n = (int)s->p->design.n_obs, n_col = s->p->design.n_col;
  const double *means = cross_times(n_col, n, 1, s->p->x, gram->weight);
  const double *weights =
      reference_weights(s->p, s->beta, nl_link_intercept(&s->p->model, &s->state));
  double total = 0, worst = 0;
  for (int t = 0; t < n; t++) total += weights[t];
  for (int t = 0; t < n; t++)
    worst = larger(worst, fabs(gram->weight[t] - weights[t] / total));
  CHECK_NEAR(worst, 0, 1e-14);
  const double *expected =
      cross_times(gram->size, n_col, 1, wide_transform(gram, &s->p->penalty), means);
  CHECK_NEAR(distance((size_t)gram->size, gram->mean, expected), 0, 1e-12);
}

static int at_most(int limit, int n, const int *x) {
  for (int i = 0; i < n; i++) {
    if (x[i] < 0 || x[i] >= limit) return 0;
  }
  return 1;
}

/* Each group inside has its own stretch of coordinates. */
static void check_places(const setting *s) {
  const nl_gram *gram = &s->p->solver.gram;
  int expected = 0;
  if (!CHECK(at_most(s->p->penalty.n_group, gram->n_in, gram->group))) return;
  for (int k = 0; k < gram->n_in; k++) {
    CHECK(gram->position[gram->group[k]] == expected);
    expected += nl_group_rank(&s->p->penalty, gram->group[k]);
  }
  CHECK(gram->size == expected);
  CHECK(gram->size <= gram->capacity);
}

static void check_times(const setting *s) {
  const nl_gram *gram = &s->p->solver.gram;
  const int n = gram->size;
  double *x = new_normals((size_t)n), *out = new_doubles((size_t)n), worst = 0;
  if (n > 1) x[n / 2] = 0;
  nl_gram_times(gram, x, out);
  for (int i = 0; i < n; i++) {
    double expected = 0;
    for (int j = 0; j < n; j++) expected += gram->h[i + j * gram->capacity] * x[j];
    worst = larger(worst, fabs(out[i] - expected));
  }
  CHECK_NEAR(worst, 0, 1e-11);
}

static void check_setting(const setting *s) {
  const double b = nl_link_intercept(&s->p->model, &s->state);
  check_places(s);
  check_h(s, in_coordinates(s, reference_curvature(s->p, s->beta, b)));
  check_own_blocks(s);
  check_mean_and_weights(s);
  check_times(s);
}

/* ---- built in every way ------------------------------------------------------------ */

static const int scrambled[MIXED_GROUPS] = {3, 0, 8, 5, 1, 7, 2, 6, 4};
static const transform_kind kinds[] = {T_IDENTITY, T_RANDOM, T_DEFICIENT};
static const nl_link links[] = {NL_LOG, NL_SOFTPLUS};

static void test_at_once(void) {
  for (int k = 0; k < 6; k++) {
    setting s = mixed_setting(links[k % 2], kinds[k / 2]);
    reset(&s);
    CHECK(s.p->solver.gram.valid && s.p->solver.gram.n_built == 1);
    extend(&s, scrambled, MIXED_GROUPS);
    CHECK(s.p->solver.gram.n_in == MIXED_GROUPS);
    check_setting(&s);
    free_all();
  }
}

/* Columns that follow each other in a block, and triangular transforms. */
static void test_in_runs(void) {
  for (int k = 0; k < 2; k++) {
    setting s = mixed_setting(links[k], T_RANDOM);
    nl_penalty *penalty = &s.p->penalty;
    int *column = new_ints(N_COL);
    double *transform = copy_doubles(penalty->transform, penalty->t_start[MIXED_GROUPS]);
    for (int g = 0; g < penalty->n_group; g++) {
      const int from = penalty->start[g], size = penalty->start[g + 1] - from;
      double *t = transform + penalty->t_start[g];
      for (int i = 0; i < size; i++) { /* they stand backwards */
        column[from + i] = penalty->column[from + size - 1 - i];
        for (int j = 0; j < i; j++) t[i + j * size] = 0;
      }
    }
    penalty->column = column;
    penalty->transform = transform;
    reset(&s);
    extend(&s, scrambled, MIXED_GROUPS);
    check_setting(&s);
    free_all();
  }
}

static void test_group_by_group(void) {
  for (int k = 0; k < 3; k++) {
    setting s = mixed_setting(NL_LOG, kinds[k]);
    tighten(&s, 1);
    reset(&s);
    s.p->counts.n_more = 0;
    for (int g = 0; g < MIXED_GROUPS; g++) {
      extend(&s, scrambled + g, 1);
      CHECK(s.p->solver.gram.n_in == g + 1);
      check_setting(&s);
    }
    CHECK(s.p->counts.n_more > 0);
    CHECK(s.p->solver.gram.capacity <= s.p->penalty.n_theta);
    free_all();
  }
}

/* Groups that share a block with one inside, or with one that comes in along with them.
 */
static void test_in_pieces(void) {
  for (int cut = 1; cut < MIXED_GROUPS; cut++) {
    setting s = mixed_setting(links[cut % 2], T_RANDOM);
    tighten(&s, 3);
    reset(&s);
    extend(&s, scrambled, cut);
    extend(&s, scrambled + cut, MIXED_GROUPS - cut);
    check_setting(&s);
    free_all();
  }
}

/* Groups that share columns with one inside, or with one that comes in along with them. */
static void test_shared_columns(void) {
  for (int cut = 1; cut <= MIXED_GROUPS; cut++) {
    seed_random(106);
    setting s = grouped_setting(links[cut % 2], overlapping_penalty(kinds[cut % 3]));
    tighten(&s, 3);
    reset(&s);
    extend(&s, scrambled, cut);
    check_setting(&s);
    extend(&s, scrambled + cut, MIXED_GROUPS - cut);
    check_setting(&s);
    free_all();
  }
}

static void test_nothing_to_add(void) {
  setting s = mixed_setting(NL_LOG, T_RANDOM);
  reset(&s);
  extend(&s, scrambled, 0);
  CHECK(s.p->solver.gram.n_in == 0 && s.p->solver.gram.size == 0);
  extend(&s, scrambled, 2);
  extend(&s, scrambled, 0);
  check_setting(&s);
  free_all();
}

/* The weights are the Gram's own, and what was its own can be written to again. */
static void test_keeps_its_weights(void) {
  setting s = mixed_setting(NL_LOG, T_RANDOM);
  double *given = s.kept, *before = s.p->solver.gram.weight;
  reset(&s);
  CHECK(s.p->solver.gram.weight == given && s.kept == before);
  for (int t = 0; t < N_OBS; t++) s.kept[t] = NAN;
  extend(&s, scrambled, MIXED_GROUPS);
  check_setting(&s);
  free_all();
}

static void test_reset(void) {
  setting s = mixed_setting(NL_SOFTPLUS, T_RANDOM);
  double *other = copy_doubles(s.beta, N_COL);
  reset(&s);
  extend(&s, scrambled, 4);
  for (int j = 0; j < N_COL; j++) other[j] = -other[j];
  move_to(&s, other);
  reset(&s);
  CHECK(s.p->solver.gram.n_built == 2);
  CHECK(s.p->solver.gram.n_in == 0 && s.p->solver.gram.size == 0);
  for (int g = 0; g < MIXED_GROUPS; g++) CHECK(s.p->solver.gram.position[g] == -1);
  extend(&s, scrambled, MIXED_GROUPS);
  check_setting(&s);
  free_all();
}

/* More columns than fit into one batch of cross products. */
static void test_in_batches(void) {
  enum { N = 5, N_BLOCK = 30, SIZE = 60, ALL = N_BLOCK * SIZE };
  nl_block blocks[N_BLOCK];
  int *group_of = new_ints(ALL), order[N_BLOCK];
  double y[N] = {1, 0, 2, 1, 3};
  seed_random(101);
  for (int b = 0; b < N_BLOCK; b++) {
    blocks[b] = dense_block(N, SIZE, b % 2);
    order[b] = N_BLOCK - 1 - b;
  }
  for (int j = 0; j < ALL; j++) group_of[j] = j / SIZE;
  setting s = setting_of(new_problem(NL_LOG, design_of(N, N_BLOCK, blocks),
                                     penalty_of(ALL, N_BLOCK, group_of, T_IDENTITY), y,
                                     NULL, NULL));
  nl_gram *gram = &s.p->solver.gram;
  reset(&s);
  extend(&s, order, N_BLOCK);
  CHECK(gram->size == ALL && gram->cross.size < (size_t)ALL * ALL);
  const double *e = gram->weight, *mean = cross_times(ALL, N, 1, s.p->x, e);
  double worst = 0;
  for (int trial = 0; trial < 200000; trial++) { /* the columns of groups run backwards */
    const int i = random_below(ALL), j = random_below(ALL);
    const double *x = s.p->x + N * (ALL - 1 - i), *z = s.p->x + N * (ALL - 1 - j);
    double product = 0;
    for (int t = 0; t < N; t++) product += e[t] * x[t] * z[t];
    product -= mean[ALL - 1 - i] * mean[ALL - 1 - j];
    worst = larger(worst, fabs(gram->h[i + j * gram->capacity] - gram->scale * product));
  }
  CHECK_NEAR(worst, 0, 1e-12);
  free_all();
}

/* ---- sampled rows ------------------------------------------------------------------ */

/* Few coordinates and rows enough for them. */
enum { N_LONG = 6000, N_SMALL = 8 };

static setting long_setting(void) {
  const factor_spec spline = {NL_POWERS, 4, 6, 1, 6, CELL_BYTE};
  int group_of[N_SMALL];
  seed_random(105);
  const nl_block blocks[] = {local_block(N_LONG, 1, &spline), dense_block(N_LONG, 2, 1)};
  double *y = new_doubles(N_LONG), *prior = new_doubles(N_LONG);
  for (int j = 0; j < N_SMALL; j++) group_of[j] = j % 2;
  for (int t = 0; t < N_LONG; t++) {
    y[t] = random_poisson(1);
    prior[t] = random_below(6) > 0 ? random_between(0.5, 1) : 0;
  }
  return setting_of(new_problem(NL_SOFTPLUS, design_of(N_LONG, 2, blocks),
                                penalty_of(N_SMALL, 2, group_of, T_RANDOM), y, NULL,
                                prior));
}

/* Of so many runs of rows next to each other one counts, the others not at all. */
static void check_sample(int stride, int run) {
  setting s = long_setting();
  nl_gram *gram = &s.p->solver.gram;
  const double *all = copy_doubles(s.kept, N_LONG);
  const int groups[] = {0, 1};
  double total = 0, chosen = 0, worst = 0;
  int wrong = 0, n_first = 0, n_stretch = 0;
  gram->stride = stride;
  gram->run = run;
  reset(&s);
  for (int from = 0; from < N_LONG; from += stride * run, n_stretch++) {
    int taken = -1;
    for (int t = from; t < from + stride * run && t < N_LONG; t++) {
      if (gram->weight[t] == 0) continue;
      wrong += taken >= 0 && (t - from) / run != taken;
      taken = (t - from) / run;
    }
    for (int t = from; t < from + stride * run && t < N_LONG; t++) {
      if ((t - from) / run != taken) continue;
      wrong += (gram->weight[t] == 0) != (all[t] == 0);
      chosen += all[t];
    }
    n_first += taken == 0;
  }
  CHECK(wrong == 0);
  CHECK(stride == 1 || n_first < 0.8 * n_stretch); /* without pattern */
  for (int t = 0; t < N_LONG; t++) {
    total += gram->weight[t];
    if (gram->weight[t] != 0)
      worst = larger(worst, fabs(gram->weight[t] - all[t] / chosen));
  }
  CHECK_NEAR(total, 1, 1e-13);
  CHECK_NEAR(worst, 0, 1e-14);
  extend(&s, groups, 2);
  check_h(&s, in_coordinates(&s, curvature_at(s.p, gram->weight, s.state.curvature)));
  free_all();
}

static void test_sample(void) {
  check_sample(1, 1);
  check_sample(1, 16);
  check_sample(2, 1);
  check_sample(3, 1);
  check_sample(7, 1);
  check_sample(2, 16);
  check_sample(5, 4);
}

/* The rows that are taken may be without weight; what comes of it must be a number. */
static void test_sample_without_weight(void) {
  setting s = mixed_setting(NL_LOG, T_RANDOM);
  nl_gram *gram = &s.p->solver.gram;
  int not_finite = 0;
  for (int only = 0; only < 8; only++) { /* all the weight in a single row */
    for (int t = 0; t < N_OBS; t++) s.kept[t] = t == only;
    gram->stride = 8;
    gram->run = 1;
    reset(&s);
    not_finite += !all_finite(N_OBS, gram->weight);
  }
  CHECK(not_finite == 0);
  free_all();
}

/* ---- blocks without full curvature, and large ones --------------------------------- */

/* A spline block that sums to one in every row, and a column of zeros. */
static setting singular_setting(void) {
  enum { N = 50 };
  const factor_spec pairs = {NL_VALUES, 2, 4, 0, 0, CELL_BYTE};
  const int group_of[] = {0, 0, 0, 0, 1};
  seed_random(102);
  nl_block blocks[2] = {local_block(N, 1, &pairs), dense_block(N, 1, 0)};
  double *values = new_doubles(2 * N);
  for (int t = 0; t < N; t++) {
    values[2 * t] = random_uniform();
    values[2 * t + 1] = 1 - values[2 * t];
  }
  blocks[0].factor[0].values = values;
  blocks[1].x = new_zeros(N);
  const nl_design design = design_of(N, 2, blocks);
  const double *y =
      simulate_counts(NL_LOG, N, 5, reference_matrix(&design, 1), new_zeros(5));
  return setting_of(
      new_problem(NL_LOG, design, penalty_of(5, 2, group_of, T_RANDOM), y, NULL, NULL));
}

static void test_singular_blocks(void) {
  const int groups[] = {0, 1};
  setting s = singular_setting();
  const nl_gram *gram = &s.p->solver.gram;
  reset(&s);
  extend(&s, groups, 2);
  check_setting(&s);
  const double least = gram->curvature[0], most = gram->curvature[3];
  CHECK(least <= 1e-10 * most);    /* singular it is, */
  CHECK(least >= 0.99e-12 * most); /* but not to the last digit */
  CHECK(gram->curvature[4] > 0 && gram->curvature[4] < 1e-200);
  free_all();
}

/* Groups just small enough for eigenvectors, and one column larger. */
static void test_large_group(void) {
  enum {
    N = 300,
    SMALL = NL_LARGE_GROUP,
    LARGE = NL_LARGE_GROUP + 1,
    ALL = SMALL + LARGE
  };
  const int groups[] = {0, 1};
  int *group_of = new_ints(ALL);
  seed_random(103);
  const nl_block blocks[] = {dense_block(N, SMALL, 0), dense_block(N, LARGE, 1)};
  const nl_design design = design_of(N, 2, blocks);
  double *y = new_doubles(N), worst = 0;
  for (int t = 0; t < N; t++) y[t] = random_poisson(1);
  for (int j = 0; j < ALL; j++) group_of[j] = j >= SMALL;
  setting s = setting_of(new_problem(
      NL_LOG, design, penalty_of(ALL, 2, group_of, T_IDENTITY), y, NULL, NULL));
  nl_gram *gram = &s.p->solver.gram;
  move_to(&s, new_zeros(ALL));
  reset(&s);
  extend(&s, groups, 2);
  CHECK(gram->has_vectors[0] && !gram->has_vectors[1]);
  for (int k = SMALL; k < ALL; k++) CHECK(gram->curvature[k] == gram->curvature[SMALL]);
  /* a power iteration finds the largest eigenvalue; the bound is above it */
  double *x = new_normals(LARGE), largest = 0;
  for (int step = 0; step < 60; step++) {
    double *next = new_zeros(LARGE);
    const double norm = norm_of(LARGE, x);
    for (int j = 0; j < LARGE; j++) {
      const double *column = gram->h + SMALL + (SMALL + j) * gram->capacity;
      for (int i = 0; i < LARGE; i++) next[i] += column[i] * x[j] / norm;
    }
    x = next;
    largest = norm_of(LARGE, x);
  }
  CHECK(gram->curvature[SMALL] >= largest * (1 - 1e-9));
  CHECK(gram->curvature[SMALL] <= 30 * largest); /* nor is it out of all proportion */
  const double *u = gram->vectors + gram->vector_start[0];
  for (int trial = 0; trial < 20; trial++) { /* H u = d u for some of the small group's */
    const int k = random_below(SMALL);
    for (int i = 0; i < SMALL; i++) {
      double sum = 0;
      for (int j = 0; j < SMALL; j++)
        sum += gram->h[i + j * gram->capacity] * u[j + k * SMALL];
      worst = larger(worst, fabs(sum - gram->curvature[k] * u[i + k * SMALL]));
    }
  }
  CHECK_NEAR(worst, 0, 1e-10);
  free_all();
}

/* ---- threads ----------------------------------------------------------------------- */

/* Every kind of block, or only such as have no dense columns. */
static nl_design sparse_design(size_t n_obs, int only_sparse) {
  const factor_spec four = {NL_VALUES, 4, 7, 0, 0, CELL_BYTE};
  const factor_spec circle = {NL_POWERS, 4, 6, 1, 6, CELL_BYTE};
  const factor_spec two[] = {{NL_VALUES, 2, 4, 0, 0, CELL_WIDE},
                             {NL_POWERS, 3, 3, 1, 3, CELL_BYTE}};
  const nl_block blocks[] = {local_block(n_obs, 2, two), local_block(n_obs, 1, &four),
                             local_block(n_obs, 1, &circle), dense_block(n_obs, 9, 1)};
  return design_of(n_obs, only_sparse ? 3 : 4, blocks);
}

/* The same H with any number of threads, and no thread leaves its own ground. */
static void check_threads(int only_sparse) {
  enum { N = 1500 };
  const int n_thread[] = {1, 2, 9}, order[] = {2, 0, 1, 3};
  double *first = NULL;
  for (int k = 0; k < 3; k++) {
    seed_random(104);
    const nl_design design = sparse_design(N, only_sparse);
    double *y = new_doubles(N);
    int *group_of = copy_ints(design.block_of_column, (size_t)design.n_col);
    for (int t = 0; t < N; t++) y[t] = random_poisson(1);
    problem *p = new_threaded_problem(
        NL_LOG, design, penalty_of(design.n_col, design.n_block, group_of, T_RANDOM), y,
        NULL, NULL, n_thread[k]);
    p->counts.n_guard = 512;
    setting s = setting_of(p);
    reset(&s);
    extend(&s, order, design.n_block);
    const nl_gram *gram = &p->solver.gram;
    const int n = gram->size;
    double *h = new_doubles((size_t)(n * n));
    for (int i = 0; i < n * n; i++) h[i] = gram->h[i % n + i / n * gram->capacity];
    if (!first) first = h;
    CHECK_NEAR(distance((size_t)(n * n), h, first), 0, 1e-12);
    CHECK(guards_are_whole());
    CHECK(p->counts.in_threads == 0);
  }
  free_all();
}

static void test_threads(void) {
  check_threads(0);
  check_threads(1);
}

/* A last group without columns, as where a neuron has no part in it, is read nowhere. */
static void test_empty_group(void) {
  int group_of[MIXED_COLUMNS];
  int groups[] = {2, 0, 1};
  seed_random(110);
  for (int j = 0; j < MIXED_COLUMNS; j++) group_of[j] = j % 2;
  setting s = setting_of(mixed_problem(
      NL_LOG, N_OBS, penalty_of(MIXED_COLUMNS, 3, group_of, T_RANDOM), NULL, NULL));
  reset(&s);
  extend(&s, groups, 3);
  CHECK(s.p->solver.gram.size == MIXED_COLUMNS);
  CHECK(s.p->solver.gram.n_in == 3);
  check_h(&s, in_coordinates(&s, curvature_at(s.p, s.p->solver.gram.weight,
                                              s.p->solver.gram.scale)));
  free_all();
}

void suite_gram(void);

void suite_gram(void) {
  RUN(test_at_once);
  RUN(test_in_runs);
  RUN(test_group_by_group);
  RUN(test_in_pieces);
  RUN(test_shared_columns);
  RUN(test_nothing_to_add);
  RUN(test_keeps_its_weights);
  RUN(test_reset);
  RUN(test_in_batches);
  RUN(test_sample);
  RUN(test_sample_without_weight);
  RUN(test_singular_blocks);
  RUN(test_large_group);
  RUN(test_empty_group);
  RUN(test_threads);
}
