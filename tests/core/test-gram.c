/* gram.h against m T'(X'EX - X'e e'X)T from dense matrices. */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "gram.h"

enum { N_OBS = NL_CHUNK + 20, N_COL = MIXED_COLUMNS };

/* A problem at a point, with vectors that go along with rotations. */
typedef struct {
  problem *p;
  double *beta;
  nl_state state;
  double *theta;
  double *gradient;
  double *given_theta;
  double *columns; /* the gradient in design columns: gradient = T' columns */
} setting;

static nl_state pass_at(problem *p, const double *beta) {
  nl_state state = new_state(&p->design);
  int *wanted = new_ints((size_t)p->design.n_block);
  for (int b = 0; b < p->design.n_block; b++) wanted[b] = 1;
  for (int j = 0; j < p->design.n_col; j++) state.beta[j] = beta[j];
  nl_poisson_pass(&p->model, &state, wanted, &p->solver.pass, NULL);
  return state;
}

/* T' columns of group g. */
static double *in_coordinates(const nl_penalty *penalty, int g, const double *columns) {
  const int size = nl_group_size(penalty, g), rank = nl_group_rank(penalty, g);
  const double *t = penalty->transform + penalty->t_start[g];
  double *out = new_zeros((size_t)rank);
  for (int k = 0; k < rank; k++) {
    for (int i = 0; i < size; i++) {
      out[k] += t[i + k * size] * columns[penalty->column[penalty->start[g] + i]];
    }
  }
  return out;
}

static void in_all_coordinates(const nl_penalty *penalty, const double *columns,
                               double *out) {
  for (int g = 0; g < penalty->n_group; g++) {
    const double *own = in_coordinates(penalty, g, columns);
    for (int k = 0; k < nl_group_rank(penalty, g); k++) {
      out[penalty->theta_start[g] + k] = own[k];
    }
  }
}

static setting setting_of(problem *p) {
  setting s;
  const size_t n_theta = (size_t)p->penalty.n_theta, n_col = (size_t)p->design.n_col;
  s.p = p;
  s.beta = new_normals(n_col);
  for (size_t j = 0; j < n_col; j++) s.beta[j] *= 0.2;
  s.state = pass_at(p, s.beta);
  s.given_theta = new_normals(n_theta);
  s.theta = copy_doubles(s.given_theta, n_theta);
  s.columns = new_normals(n_col);
  s.gradient = new_doubles(n_theta);
  in_all_coordinates(&p->penalty, s.columns, s.gradient);
  return s;
}

static setting mixed_setting(transform_kind kind) {
  seed_random(51);
  double *prior = new_doubles(N_OBS);
  for (int t = 0; t < N_OBS; t++) prior[t] = random_below(6) > 0 ? random_uniform() : 0;
  return setting_of(mixed_problem(N_OBS, mixed_penalty(kind), NULL, prior));
}

/* Gives the Gram the least room that its header allows. */
static void tighten(setting *s, int capacity) {
  const nl_design *design = &s->p->design;
  nl_gram *gram = &s->p->solver.gram;
  int widest = 0;
  for (int b = 0; b < design->n_block; b++) {
    if (design->block[b].n_ext > widest) widest = design->block[b].n_ext;
  }
  *gram = new_gram(design, &s->p->penalty, capacity);
  gram->batch = (size_t)design->n_ext * (size_t)widest;
  gram->raw = new_doubles(gram->batch);
  gram->cross = new_doubles(gram->batch);
}

static void reset(setting *s) {
  nl_gram_reset(&s->p->solver.gram, &s->p->model, &s->p->penalty, &s->state);
}

static void extend(setting *s, const int *groups, int n) {
  nl_gram_extend(&s->p->solver.gram, &s->p->model, &s->p->penalty, groups, n, s->theta,
                 s->gradient, &s->p->hook);
}

/* ---- what H should be -------------------------------------------------------------- */

/* T of the groups inside, side by side in the order of the Gram: n_col x size. */
static double *wide_transform(const nl_gram *gram, const nl_penalty *penalty) {
  double *wide = new_zeros((size_t)penalty->n_col * (size_t)gram->size);
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], size = nl_group_size(penalty, g);
    const double *t = penalty->transform + penalty->t_start[g];
    for (int l = 0; l < nl_group_rank(penalty, g); l++) {
      double *column = wide + (gram->position[g] + l) * penalty->n_col;
      for (int i = 0; i < size; i++) {
        column[penalty->column[penalty->start[g] + i]] = t[i + l * size];
      }
    }
  }
  return wide;
}

static double *h_by_hand(const setting *s) {
  const nl_gram *gram = &s->p->solver.gram;
  const int n_col = s->p->design.n_col;
  const double *wide = wide_transform(gram, &s->p->penalty);
  const double *curvature = reference_curvature(s->p, s->beta);
  const double *half = times(n_col, n_col, gram->size, curvature, wide);
  return cross_times(gram->size, n_col, gram->size, wide, half);
}

static void check_h(const setting *s) {
  const nl_gram *gram = &s->p->solver.gram;
  const double *expected = h_by_hand(s);
  double worst = 0, asymmetry = 0;
  for (int j = 0; j < gram->size; j++) {
    for (int i = 0; i < gram->size; i++) {
      const double h = gram->h[i + j * gram->capacity];
      worst = larger(worst, fabs(h - expected[i + j * gram->size]));
      asymmetry = larger(asymmetry, fabs(h - gram->h[j + i * gram->capacity]));
    }
  }
  CHECK_NEAR(worst, 0, 1e-11);
  CHECK(asymmetry == 0);
}

static void check_own_blocks(const setting *s) {
  const nl_gram *gram = &s->p->solver.gram;
  int off_diagonal = 0, not_positive = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g];
    for (int j = 0; j < nl_group_rank(&s->p->penalty, g); j++) {
      for (int i = 0; i < nl_group_rank(&s->p->penalty, g); i++) {
        const double h = gram->h[at + i + (at + j) * gram->capacity];
        off_diagonal += i != j && h != 0;
        not_positive += i == j && !(h > 0);
      }
    }
  }
  CHECK(off_diagonal == 0);
  CHECK(not_positive == 0);
}

/* mean = T'X'e, and e sums to one */
static void check_mean_and_weights(const setting *s) {
  const nl_gram *gram = &s->p->solver.gram;
  const int n = (int)s->p->design.n_obs, n_col = s->p->design.n_col;
  const double *means = cross_times(n_col, n, 1, s->p->x, gram->weight);
  double total = 0;
  for (int t = 0; t < n; t++) total += gram->weight[t];
  CHECK_NEAR(total, 1, 1e-13);
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

/* ---- what rotations leave alone ---------------------------------------------------- */

static double *outer(int size, int rank, const double *t) {
  double *product = new_zeros((size_t)size * (size_t)size);
  for (int j = 0; j < size; j++) {
    for (int i = 0; i < size; i++) {
      for (int k = 0; k < rank; k++) {
        product[i + j * size] += t[i + k * size] * t[j + k * size];
      }
    }
  }
  return product;
}

/* T T', T theta and the gradient in columns are what they were before. */
static void check_group_rotation(const setting *s, int g) {
  const nl_penalty *penalty = &s->p->penalty;
  const int size = nl_group_size(penalty, g), rank = nl_group_rank(penalty, g);
  const int at = penalty->theta_start[g];
  const double *now = penalty->transform + penalty->t_start[g];
  const double *given = s->p->given_transform + penalty->t_start[g];
  CHECK_NEAR(distance((size_t)size * (size_t)size, outer(size, rank, now),
                      outer(size, rank, given)),
             0, 1e-12);
  CHECK_NEAR(distance((size_t)size, times(size, rank, 1, now, s->theta + at),
                      times(size, rank, 1, given, s->given_theta + at)),
             0, 1e-12);
  CHECK_NEAR(
      distance((size_t)rank, s->gradient + at, in_coordinates(penalty, g, s->columns)), 0,
      1e-12);
}

static void check_setting(const setting *s) {
  check_places(s);
  check_h(s);
  check_own_blocks(s);
  check_mean_and_weights(s);
  for (int g = 0; g < s->p->penalty.n_group; g++) check_group_rotation(s, g);
}

/* ---- built in every way ------------------------------------------------------------ */

static const int scrambled[MIXED_GROUPS] = {3, 0, 5, 1, 2, 4};
static const transform_kind kinds[] = {T_IDENTITY, T_RANDOM, T_DEFICIENT};

static void test_at_once(void) {
  for (int k = 0; k < 3; k++) {
    setting s = mixed_setting(kinds[k]);
    reset(&s);
    CHECK(s.p->solver.gram.valid && s.p->solver.gram.n_built == 1);
    extend(&s, scrambled, MIXED_GROUPS);
    CHECK(s.p->solver.gram.n_in == MIXED_GROUPS);
    check_setting(&s);
    free_all();
  }
}

static void test_group_by_group(void) {
  for (int k = 0; k < 3; k++) {
    setting s = mixed_setting(kinds[k]);
    tighten(&s, 1);
    reset(&s);
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
    setting s = mixed_setting(T_RANDOM);
    tighten(&s, 3);
    reset(&s);
    extend(&s, scrambled, cut);
    extend(&s, scrambled + cut, MIXED_GROUPS - cut);
    check_setting(&s);
    free_all();
  }
}

static void test_in_batches(void) {
  setting s = mixed_setting(T_DEFICIENT);
  tighten(&s, 2);
  reset(&s);
  extend(&s, scrambled, MIXED_GROUPS);
  check_setting(&s);
  free_all();
}

static void test_nothing_to_add(void) {
  setting s = mixed_setting(T_RANDOM);
  reset(&s);
  extend(&s, scrambled, 0);
  CHECK(s.p->solver.gram.n_in == 0 && s.p->solver.gram.size == 0);
  extend(&s, scrambled, 2);
  extend(&s, scrambled, 0);
  check_setting(&s);
  free_all();
}

/* The weights are the Gram's own: the state may move on before the next group enters. */
static void test_keeps_its_weights(void) {
  setting s = mixed_setting(T_RANDOM);
  reset(&s);
  for (int t = 0; t < N_OBS; t++) s.state.weight[t] = NAN;
  s.state.total = NAN;
  extend(&s, scrambled, MIXED_GROUPS);
  check_setting(&s);
  free_all();
}

static void test_reset(void) {
  setting s = mixed_setting(T_RANDOM);
  reset(&s);
  extend(&s, scrambled, 4);
  for (int j = 0; j < N_COL; j++) s.beta[j] = -s.beta[j];
  s.state = pass_at(s.p, s.beta);
  reset(&s);
  CHECK(s.p->solver.gram.n_built == 2);
  CHECK(s.p->solver.gram.n_in == 0 && s.p->solver.gram.size == 0);
  for (int g = 0; g < MIXED_GROUPS; g++) CHECK(s.p->solver.gram.position[g] == -1);
  extend(&s, scrambled, MIXED_GROUPS);
  check_setting(&s);
  free_all();
}

/* ---- blocks without full curvature ------------------------------------------------- */

/* A spline block that sums to one in every row, and a column of zeros. */
static setting singular_setting(void) {
  enum { N = 50 };
  const factor_spec pairs = {2, 4, 0, 0};
  const int group_of[] = {0, 0, 0, 0, 1};
  seed_random(52);
  nl_block blocks[2] = {local_block(N, 1, &pairs), dense_block(N, 1, 0)};
  double *values = new_doubles(2 * N);
  for (int t = 0; t < N; t++) {
    values[2 * t] = random_uniform();
    values[2 * t + 1] = 1 - values[2 * t];
  }
  blocks[0].factor[0].values = values;
  blocks[1].x = new_zeros(N);
  const nl_design design = design_of(N, 2, blocks);
  const double *y = simulate_counts(N, 5, reference_matrix(&design, 1), new_zeros(5));
  return setting_of(
      new_problem(design, penalty_of(5, 2, group_of, T_RANDOM), y, NULL, NULL));
}

static void test_singular_blocks(void) {
  const int groups[] = {0, 1};
  setting s = singular_setting();
  const nl_gram *gram = &s.p->solver.gram;
  reset(&s);
  extend(&s, groups, 2);
  check_setting(&s);
  double least = INFINITY, most = 0;
  for (int i = 0; i < 4; i++) {
    least = fmin(least, gram->h[i * (gram->capacity + 1)]);
    most = fmax(most, gram->h[i * (gram->capacity + 1)]);
  }
  CHECK(least <= 1e-10 * most);    /* singular it is, */
  CHECK(least >= 0.99e-12 * most); /* but not to the last digit */
  free_all();
}

/* One group per block, or all blocks in one group. */
static size_t batch_of(const nl_design *design, int joint) {
  int *group_of = new_ints((size_t)design->n_col),
      *seen = new_ints((size_t)design->n_block);
  for (int j = 0; j < design->n_col; j++)
    group_of[j] = joint ? 0 : design->block_of_column[j];
  nl_penalty penalty =
      penalty_of(design->n_col, joint ? 1 : design->n_block, group_of, T_IDENTITY);
  return nl_gram_batch(design, &penalty, seen);
}

static void test_batch_is_enough(void) {
  nl_block blocks[3] = {dense_block(2, 5, 0), dense_block(2, 700, 0),
                        dense_block(2, 1, 0)};
  nl_design design = design_of(2, 3, blocks);
  CHECK(batch_of(&design, 0) >= 706u * 700u);
  CHECK(batch_of(&design, 1) >= 706u * 706u);
  design = design_of(2, 1, blocks);
  CHECK(batch_of(&design, 0) >= 25u);
  free_all();
  nl_block wide[2] = {dense_block(2, 1600, 0), dense_block(2, 1500, 0)};
  design = design_of(2, 2, wide);
  CHECK(batch_of(&design, 0) >= 3100u * 1600u);
  CHECK(batch_of(&design, 1) >= 3100u * 3100u);
  free_all();
}

void suite_gram(void);

void suite_gram(void) {
  RUN(test_at_once);
  RUN(test_group_by_group);
  RUN(test_in_pieces);
  RUN(test_in_batches);
  RUN(test_nothing_to_add);
  RUN(test_keeps_its_weights);
  RUN(test_reset);
  RUN(test_singular_blocks);
  RUN(test_batch_is_enough);
}
