/* quadratic.h, newton.h and freedom.h against the optimality conditions of the model,
 * dense traces and grids. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "fixture.h"
#include "freedom.h"
#include "inner.h"
#include "linalg.h"
#include "newton.h"
#include "quadratic.h"
#include "quadratics.h"

enum { N_GROUP = 6, N_ROW = 200 };

/* A model whose H is A'A. Coordinates are in the order of the Gram. */
typedef struct {
  nl_penalty penalty;
  nl_gram gram;
  nl_level level;
  nl_quadratic_space space;
  double *a;
  double *h; /* size x size */
  double *x0;
  double *slope0;
} model;

static int rank_in(const model *m, int k) {
  return nl_group_rank(&m->penalty, m->gram.group[k]);
}

static double tau_by_hand(const model *m, int g) {
  return m->penalty.weight[g] == 0 ? 0 : m->level.lambda * m->penalty.weight[g];
}

static nl_penalty sized_penalty(int n_group, const int *size) {
  int n_col = 0, *group_of = new_ints(2000);
  for (int g = 0; g < n_group; g++) {
    for (int i = 0; i < size[g]; i++) group_of[n_col++] = g;
  }
  return penalty_of(n_col, n_group, group_of, T_IDENTITY);
}

/* What the solver uses of a Gram. */
static nl_gram new_gram(const nl_penalty *penalty, int capacity) {
  nl_gram gram;
  const size_t n_group = (size_t)penalty->n_group, n_theta = (size_t)penalty->n_theta;
  memset(&gram, 0, sizeof gram);
  gram.group = new_ints(n_group);
  gram.position = new_ints(n_group);
  gram.has_vectors = new_ints(n_group);
  gram.vector_start = new_sizes(n_group);
  gram.vectors = new_doubles(n_theta * (size_t)penalty->max_size);
  gram.curvature = new_doubles(n_theta);
  gram.capacity = capacity;
  gram.stretch = 1;
  gram.h = new_doubles((size_t)(capacity * capacity));
  gram.spare = new_doubles((size_t)(capacity * capacity));
  return gram;
}

static nl_quadratic_space new_space(const nl_penalty *penalty) {
  const size_t n = (size_t)penalty->n_theta, n_group = (size_t)penalty->n_group;
  nl_quadratic_space space;
  space.x = new_doubles(n);
  space.slope = new_doubles(n);
  space.target = new_doubles(n);
  space.rhs = new_doubles(n);
  space.predicted = new_doubles(n);
  space.panel = new_doubles(n * NL_PANEL);
  space.index = new_ints(n > n_group ? n : n_group);
  space.step = new_doubles(3 * (size_t)penalty->max_size);
  space.inner = NULL;
  return space;
}

/* Takes in all groups but the last n_out, in an order that is not theirs. */
static void enter_groups(model *m, int n_out) {
  nl_gram *gram = &m->gram;
  const int n_group = m->penalty.n_group;
  gram->n_in = n_group - n_out;
  gram->size = 0;
  for (int g = 0; g < n_group; g++) gram->position[g] = -1;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = (k + 2) % gram->n_in;
    gram->group[k] = g;
    gram->position[g] = gram->size;
    gram->size += nl_group_rank(&m->penalty, g);
  }
}

/* The group's own block of H. */
static double *own_block(const model *m, int k) {
  const int rank = rank_in(m, k), at = m->gram.position[m->gram.group[k]];
  double *own = new_doubles((size_t)(rank * rank));
  for (int i = 0; i < rank * rank; i++)
    own[i] = m->h[at + i % rank + (at + i / rank) * m->gram.size];
  return own;
}

/* Its eigenvectors and values. */
static void give_vectors(model *m, int k, size_t start) {
  nl_gram *gram = &m->gram;
  const int g = gram->group[k], rank = rank_in(m, k);
  const double *u =
      eigenvectors(rank, own_block(m, k), gram->curvature + gram->position[g]);
  gram->vector_start[g] = start;
  gram->has_vectors[g] = 1;
  for (int i = 0; i < rank; i++) {
    double *d = gram->curvature + gram->position[g];
    d[i] = fmax(d[i], 1e-12 * d[rank - 1]);
  }
  for (int i = 0; i < rank * rank; i++) gram->vectors[start + (size_t)i] = u[i];
}

/* A bound on them instead, as for large groups: the trace. */
static void give_bound(model *m, int k) {
  nl_gram *gram = &m->gram;
  const int g = gram->group[k], rank = rank_in(m, k);
  double trace = 0;
  for (int i = 0; i < rank; i++) trace += own_block(m, k)[i * (rank + 1)];
  gram->has_vectors[g] = 0;
  for (int i = 0; i < rank; i++) gram->curvature[gram->position[g] + i] = trace;
}

/* H, its copy in the Gram, and what the Gram knows of each group. */
static void finish_curvature(model *m) {
  nl_gram *gram = &m->gram;
  const int n = gram->size;
  size_t start = 0;
  m->h = cross_times(n, N_ROW, n, m->a, m->a);
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < n; i++) gram->h[i + j * gram->capacity] = m->h[i + j * n];
  }
  for (int k = 0; k < gram->n_in; k++) {
    give_vectors(m, k, start);
    start += (size_t)(rank_in(m, k) * rank_in(m, k));
  }
}

/* The largest ||gradient|| / w at x = 0: beyond it all is zero. */
static double largest_lambda(const model *m) {
  const int n = m->gram.size;
  const double *hx = times(n, n, 1, m->h, m->x0);
  double most = 0;
  for (int k = 0; k < m->gram.n_in; k++) {
    const int g = m->gram.group[k], at = m->gram.position[g];
    double gradient[16];
    if (m->penalty.weight[g] == 0) continue;
    for (int i = 0; i < rank_in(m, k); i++) {
      gradient[i] = m->slope0[at + i] - hx[at + i];
    }
    most = fmax(most, norm_of(rank_in(m, k), gradient) / m->penalty.weight[g]);
  }
  return most;
}

static void start_at(model *m, const double *x0, const double *slope0) {
  for (int i = 0; i < m->gram.size; i++) {
    m->x0[i] = m->space.x[i] = x0[i];
    m->slope0[i] = m->space.slope[i] = slope0[i];
  }
}

static model new_model(int n_group, const int *size, int n_out) {
  model m;
  m.penalty = sized_penalty(n_group, size);
  m.gram = new_gram(&m.penalty, m.penalty.n_theta + 3);
  m.space = new_space(&m.penalty);
  enter_groups(&m, n_out);
  const size_t n = (size_t)m.gram.size;
  m.a = new_normals(N_ROW * n);
  finish_curvature(&m);
  m.x0 = new_doubles(n);
  m.slope0 = new_doubles(n);
  double *slope0 = new_normals(n);
  for (size_t i = 0; i < n; i++) slope0[i] *= 30;
  start_at(&m, new_normals(n), slope0);
  m.level.reference = largest_lambda(&m);
  m.level.lambda = 0.3 * m.level.reference;
  return m;
}

static const int usual_sizes[N_GROUP] = {3, 1, 5, 2, 4, 3};

static model usual_model(unsigned seed) {
  seed_random(seed);
  return new_model(N_GROUP, usual_sizes, 1);
}

/* ---- the model's optimality conditions --------------------------------------------- */

/* slope0 + H (x - x0) */
static double *slope_by_hand(const model *m, const double *x) {
  const int n = m->gram.size;
  double *step = new_doubles((size_t)n);
  for (int i = 0; i < n; i++) step[i] = x[i] - m->x0[i];
  double *slope = times(n, n, 1, m->h, step);
  for (int i = 0; i < n; i++) slope[i] += m->slope0[i];
  return slope;
}

static double group_residual(const model *m, int g, const double *x,
                             const double *slope) {
  const int rank = nl_group_rank(&m->penalty, g), at = m->gram.position[g];
  const double tau = tau_by_hand(m, g), norm = norm_of(rank, x + at);
  const double unit = tau > 0 ? tau : m->level.reference * m->penalty.scale[g];
  double residual[16];
  if (norm == 0) return fmax(norm_of(rank, slope + at) - tau, 0) / unit;
  for (int i = 0; i < rank; i++) {
    residual[i] = slope[at + i] + tau * x[at + i] / norm;
  }
  return norm_of(rank, residual) / unit;
}

static double model_residual(const model *m) {
  const double *slope = slope_by_hand(m, m->space.x);
  double worst = 0;
  for (int k = 0; k < m->gram.n_in; k++) {
    worst = larger(worst, group_residual(m, m->gram.group[k], m->space.x, slope));
  }
  return worst;
}

static double model_value(const model *m, const double *x) {
  const int n = m->gram.size;
  const double *slope = slope_by_hand(m, x);
  double sum = 0;
  for (int i = 0; i < n; i++) sum += 0.5 * (x[i] - m->x0[i]) * (slope[i] + m->slope0[i]);
  for (int k = 0; k < m->gram.n_in; k++) {
    const int g = m->gram.group[k];
    sum += tau_by_hand(m, g) * norm_of(rank_in(m, k), x + m->gram.position[g]);
  }
  return sum;
}

static int solve(model *m, double tol) {
  return nl_quadratic_solve(&m->penalty, &m->gram, &m->level, tol, &m->space, NULL);
}

static int count_zero_groups(const model *m) {
  int n = 0;
  for (int k = 0; k < m->gram.n_in; k++) {
    n += norm_of(rank_in(m, k), m->space.x + m->gram.position[m->gram.group[k]]) == 0;
  }
  return n;
}

/* Later updates of a sweep move the residual of earlier groups a little. */
static void check_solved(const model *m, double tol) {
  const size_t n = (size_t)m->gram.size;
  const double *slope = slope_by_hand(m, m->space.x);
  CHECK_NEAR(model_residual(m), 0, 2 * tol);
  CHECK_NEAR(distance(n, m->space.slope, slope), 0, 1e-11 * (1 + norm_of((int)n, slope)));
}

/* ---- solutions --------------------------------------------------------------------- */

static void test_solution_is_stationary(void) {
  const double share[] = {0.9, 0.5, 0.1, 0.01, 1e-4};
  int zeros = 0, others = 0;
  for (unsigned seed = 0; seed < 40; seed++) {
    model m = usual_model(100 + seed);
    m.level.lambda = share[seed % 5] * m.level.reference;
    if (seed % 3 == 0) set_weight(&m.penalty, (int)seed % 5, 0);
    solve(&m, 1e-10);
    check_solved(&m, 1e-10);
    zeros += count_zero_groups(&m);
    others += m.gram.n_in - count_zero_groups(&m);
    free_all();
  }
  CHECK(zeros > 20 && others > 20);
}

/* More coordinates than a panel of a factorisation, few of them active, or nearly all. */
static model large_model(unsigned seed) {
  enum { N_LARGE = 24 };
  int size[N_LARGE];
  seed_random(seed);
  for (int g = 0; g < N_LARGE; g++) size[g] = 1 + random_below(8);
  return new_model(N_LARGE, size, 2);
}

static void test_large_models(void) {
  const double share[] = {0.6, 0.2, 0.02, 1e-4};
  int n_aside = 0;
  for (unsigned seed = 0; seed < 24; seed++) {
    model m = large_model(500 + seed);
    m.level.lambda = share[seed % 4] * m.level.reference;
    if (seed % 3 == 0) set_weight(&m.penalty, 5, 0);
    solve(&m, 1e-10);
    check_solved(&m, 1e-10);
    n_aside += count_zero_groups(&m) > m.gram.n_in / 2;
    free_all();
  }
  CHECK(n_aside > 4 && n_aside < 20);
}

/* Groups of which only a bound on the curvature is known. */
static void test_groups_without_vectors(void) {
  const double share[] = {0.5, 0.1, 1e-3};
  for (unsigned seed = 0; seed < 30; seed++) {
    model m = usual_model(300 + seed);
    m.level.lambda = share[seed % 3] * m.level.reference;
    for (int k = 0; k < m.gram.n_in; k++) {
      if (k % 2 == 0 || seed % 2) give_bound(&m, k);
    }
    solve(&m, 1e-9);
    check_solved(&m, 1e-9);
    free_all();
  }
}

/* Terms beside the norms of groups: the residual by terms.h, which has tests of its own. */
static double terms_residual(const model *m) {
  const double *slope = slope_by_hand(m, m->space.x);
  double worst = 0, space[16];
  for (int k = 0; k < m->gram.n_in; k++) {
    const int g = m->gram.group[k], at = m->gram.position[g];
    const nl_terms terms = nl_group_terms(&m->penalty, &m->level, g);
    worst = larger(worst, nl_terms_residual(&terms, rank_in(m, k), m->space.x + at,
                                            slope + at, space));
  }
  return worst;
}

static void test_other_terms(void) {
  const double share[] = {0.5, 0.1, 0.01, 1e-4};
  int n_zero = 0;
  for (unsigned seed = 0; seed < 48; seed++) {
    model m = seed % 2 ? usual_model(700 + seed) : large_model(700 + seed);
    m.level.lambda = share[seed % 4] * m.level.reference;
    m.penalty.lasso = seed % 3 == 0 ? 1 : seed % 3 == 1 ? random_uniform() : 0;
    m.penalty.ridge = seed % 5 == 0 ? 0 : random_uniform();
    m.space.inner = new_doubles(nl_inner_room(m.penalty.max_size));
    if (seed % 7 == 0) set_weight(&m.penalty, 3, 0);
    if (seed % 11 == 0) give_bound(&m, 0);
    solve(&m, 1e-10);
    const double *slope = slope_by_hand(&m, m.space.x);
    CHECK_NEAR(terms_residual(&m), 0, 2e-10);
    CHECK_NEAR(distance((size_t)m.gram.size, m.space.slope, slope), 0,
               1e-11 * (1 + norm_of(m.gram.size, slope)));
    for (int i = 0; i < m.gram.size; i++) n_zero += m.space.x[i] == 0;
    free_all();
  }
  CHECK(n_zero > 50);
}

static void test_all_zero(void) {
  model m = usual_model(62);
  m.level.lambda = 1.0001 * largest_lambda(&m);
  solve(&m, 1e-12);
  CHECK(count_zero_groups(&m) == m.gram.n_in);
  m.level.lambda = 0.99 * largest_lambda(&m);
  solve(&m, 1e-12);
  CHECK(count_zero_groups(&m) < m.gram.n_in);
  free_all();
}

/* lambda = 0: x = x0 - inv(H) slope0 */
static void test_no_penalty(void) {
  model m = usual_model(63);
  const int n = m.gram.size;
  m.level.lambda = 0;
  solve(&m, 1e-13);
  double *expected = times(n, n, 1, inverse(n, m.h), m.slope0);
  for (int i = 0; i < n; i++) expected[i] = m.x0[i] - expected[i];
  CHECK_NEAR(distance((size_t)n, m.space.x, expected), 0, 1e-9);
  free_all();
}

static void test_solution_stays(void) {
  model m = usual_model(64);
  solve(&m, 1e-12);
  const double *x = copy_doubles(m.space.x, (size_t)m.gram.size);
  CHECK(solve(&m, 1e-9) == 1);
  CHECK_NEAR(distance((size_t)m.gram.size, m.space.x, x), 0, 1e-9);
  free_all();
}

/* Orthogonal columns, groups of one: soft thresholding. */
static void test_orthogonal_lasso(void) {
  const int size[] = {1, 1, 1};
  seed_random(65);
  model m = new_model(3, size, 0);
  for (int i = 0; i < 9; i++) m.a[i % 3 + i / 3 * N_ROW] = i % 4 == 0 ? 1 + i : 0;
  for (int i = 0; i < 3 * N_ROW; i++) {
    if (i % N_ROW >= 3) m.a[i] = 0;
  }
  finish_curvature(&m); /* diag(1, 25, 81) */
  const double zero[] = {0, 0, 0}, slope[] = {-3, 10, 1.5},
               expected[] = {-1, 8.0 / 25, 0};
  start_at(&m, zero, slope);
  m.level.lambda = 2;
  solve(&m, 1e-14);
  CHECK_NEAR(m.space.x[0], -expected[0], 1e-14);
  CHECK_NEAR(m.space.x[1], -expected[1], 1e-14);
  CHECK(m.space.x[2] == 0);
  free_all();
}

/* The best value on a 21 x 21 grid around a centre, which moves there. */
static double search_grid(const model *m, double half_width, double *centre) {
  const double from[] = {centre[0], centre[1]};
  double best = INFINITY;
  for (int i = 0; i < 21 * 21; i++) {
    const double x[] = {from[0] + half_width * (i % 21 - 10) / 10,
                        from[1] + half_width * (i / 21 - 10) / 10};
    const double value = model_value(m, x);
    if (value >= best) continue;
    best = value;
    centre[0] = x[0];
    centre[1] = x[1];
  }
  return best;
}

/* Brute force in two dimensions: finer and finer grids. */
static void test_on_a_grid(void) {
  const int size[] = {1, 1};
  seed_random(66);
  model m = new_model(2, size, 0);
  double x[] = {0, 0}, best = INFINITY;
  solve(&m, 1e-12);
  for (double half_width = 4; half_width > 1e-5; half_width /= 4) {
    best = search_grid(&m, half_width, x);
  }
  CHECK_NEAR(distance(2, m.space.x, x), 0, 1e-5);
  CHECK_NEAR(model_value(&m, m.space.x), best, 1e-9);
  CHECK(norm_of(2, x) > 0.1);
  free_all();
}

static void test_no_move_is_better(void) {
  model m = usual_model(67);
  const size_t n = (size_t)m.gram.size;
  solve(&m, 1e-12);
  const double value = model_value(&m, m.space.x);
  int better = 0;
  for (int i = 0; i < 500; i++) {
    double *x = copy_doubles(m.space.x, n);
    const double size = pow(10, random_between(-4, 0));
    for (size_t j = 0; j < n; j++) {
      if (random_below(3) == 0) x[j] += size * random_normal();
    }
    better += model_value(&m, x) < value - 1e-12 * (1 + fabs(value));
  }
  CHECK(better == 0);
  free_all();
}

/* ---- active groups ------------------------------------------------------------------
 */

/* The group that a coordinate belongs to. */
static int group_at(const model *m, int coordinate) {
  int k = 0;
  while (coordinate >= m->gram.position[m->gram.group[k]] + rank_in(m, k)) k++;
  return m->gram.group[k];
}

/* Second derivative of tau_g ||x_g||: zero between groups. */
static double penalty_curvature(const model *m, const double *x, int i, int j) {
  for (int k = 0; k < m->gram.n_in; k++) {
    const int g = m->gram.group[k], at = m->gram.position[g], end = at + rank_in(m, k);
    const double norm = norm_of(rank_in(m, k), x + at);
    if (i < at || i >= end || j < at || j >= end || tau_by_hand(m, g) == 0) continue;
    return tau_by_hand(m, g) * ((i == j) / norm - x[i] * x[j] / (norm * norm * norm));
  }
  return 0;
}

static void set_group(const model *m, double *x, int g, double value) {
  for (int i = 0; i < nl_group_rank(&m->penalty, g); i++) {
    x[m->gram.position[g] + i] = value;
  }
}

/* Those that are not zero, and those without penalty; each with all its coordinates. */
static void test_active(void) {
  model m = usual_model(74);
  double *x = new_normals((size_t)m.gram.size);
  int *index = new_ints((size_t)m.gram.size), n = 0;
  set_weight(&m.penalty, 1, 0);
  set_group(&m, x, 1, 0);
  set_group(&m, x, 3, 0);
  for (int k = 0; k < m.gram.n_in; k++) {
    const int g = m.gram.group[k];
    CHECK((nl_is_active(&m.penalty, &m.gram, &m.level, g, x) != 0) == (g != 3));
  }
  const int n_active = nl_active_coordinates(&m.penalty, &m.gram, &m.level, x, index);
  for (int i = 0; i < m.gram.size; i++) {
    if (i >= m.gram.position[3] && i < m.gram.position[3] + 2) continue;
    CHECK(index[n++] == i);
  }
  CHECK(n_active == n);
  m.level.lambda = 0; /* then nothing is penalised */
  CHECK(nl_is_active(&m.penalty, &m.gram, &m.level, 3, x));
  free_all();
}

/* H and the curvature of the penalty; a group below the floor counts as one that is about
 * to grow to it. */
static void check_active_curvature(const model *m, const double *x, double floor) {
  int *index = new_ints((size_t)m->gram.size);
  const int n = nl_active_coordinates(&m->penalty, &m->gram, &m->level, x, index);
  double worst = 0;
  nl_gram gram = m->gram;
  nl_active_curvature(&m->penalty, &gram, &m->level, x, floor, index, n);
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < n; i++) {
      const int g = group_at(m, index[j]), at = m->gram.position[g];
      const double norm = norm_of(nl_group_rank(&m->penalty, g), x + at);
      double expected = m->h[index[i] + index[j] * m->gram.size];
      if (group_at(m, index[i]) == g && tau_by_hand(m, g) > 0) {
        expected += norm < floor ? tau_by_hand(m, g) / floor * (i == j)
                                 : penalty_curvature(m, x, index[i], index[j]);
      }
      worst = larger(worst, fabs(gram.spare[i + j * n] - expected));
    }
  }
  CHECK_NEAR(worst, 0, 1e-9);
}

static void test_active_curvature(void) {
  model m = usual_model(75);
  double *x = new_normals((size_t)m.gram.size);
  set_weight(&m.penalty, 1, 0);
  set_group(&m, x, 3, 0);
  set_group(&m, x, 2, 1e-3);
  check_active_curvature(&m, x, 0);
  check_active_curvature(&m, x, 0.1);
  free_all();
}

/* ---- collinear groups -------------------------------------------------------------- */

/* Group 3 is group 0's first columns and a little noise, group 4 is sums of others. */
static model collinear_model(double noise) {
  model m = usual_model(68);
  const int from = m.gram.position[0], to = m.gram.position[3], mix = m.gram.position[4];
  for (int i = 0; i < 2 * N_ROW; i++) {
    m.a[to * N_ROW + i] = m.a[from * N_ROW + i] + noise * random_normal();
  }
  for (int i = 0; i < N_ROW; i++) {
    m.a[mix * N_ROW + i] = m.a[m.gram.position[1] * N_ROW + i] +
                           m.a[m.gram.position[2] * N_ROW + i] + noise * random_normal();
  }
  finish_curvature(&m);
  /* a slope that H can answer */
  const double *target = new_normals(N_ROW);
  const double *slope = cross_times(m.gram.size, N_ROW, 1, m.a, target);
  start_at(&m, new_zeros((size_t)m.gram.size), slope);
  m.level.reference = largest_lambda(&m);
  return m;
}

static void test_collinear(void) {
  const double noise[] = {1e-2, 1e-4, 1e-6}, share[] = {0.3, 1e-2, 1e-4};
  for (int i = 0; i < 3; i++) {
    for (int k = 0; k < 3; k++) {
      model m = collinear_model(noise[i]);
      m.level.lambda = share[k] * m.level.reference;
      const int n_sweep = solve(&m, 1e-8);
      CHECK(n_sweep < 1000); /* the Newton steps did their work */
      check_solved(&m, 1e-8);
      free_all();
    }
  }
}

/* Newton's steps never make the model worse, and keep the slope true. */
static void test_newton_steps(void) {
  const double share[] = {0.3, 1e-2, 1e-4};
  int moved = 0;
  for (unsigned seed = 0; seed < 30; seed++) {
    model m = usual_model(400 + seed);
    const size_t n = (size_t)m.gram.size;
    m.level.lambda = share[seed % 3] * m.level.reference;
    for (int step = 0; step < 4; step++) {
      const double before = model_value(&m, m.space.x);
      const double *from = copy_doubles(m.space.x, n);
      nl_newton_steps(&m.penalty, &m.gram, &m.level, &m.space);
      const double after = model_value(&m, m.space.x);
      CHECK(after <= before + 1e-12 * (1 + fabs(before)));
      CHECK_NEAR(distance(n, m.space.slope, slope_by_hand(&m, m.space.x)), 0,
                 1e-10 * (1 + norm_of((int)n, m.slope0)));
      moved += distance(n, from, m.space.x) > 0;
    }
    free_all();
  }
  CHECK(moved > 60);
}

/* Where no group is penalised, one step is all it takes. */
static void test_newton_without_penalty(void) {
  model m = usual_model(72);
  m.level.lambda = 0;
  set_group(&m, m.space.x, 2, 0); /* that group takes part all the same */
  start_at(&m, m.space.x, m.slope0);
  nl_newton_steps(&m.penalty, &m.gram, &m.level, &m.space);
  CHECK_NEAR(model_residual(&m), 0, 1e-10);
  free_all();
}

/* ---- several models in lanes -------------------------------------------------------- */

static nl_quadratics_space new_lane_space(const model *m, const nl_hook *hook) {
  nl_quadratics_space space = {0};
  const size_t n_group = (size_t)m->penalty.n_group,
               max_size = (size_t)m->penalty.max_size;
  space.index = new_ints((size_t)m->penalty.n_theta);
  space.member = new_ints(n_group);
  space.rank = new_ints(n_group);
  space.tau = new_doubles(NL_LANES * n_group);
  space.step = new_doubles(3 * NL_LANES * max_size);
  space.own = new_doubles(2 * max_size);
  nl_quadratics_room(&m->gram, &space, hook);
  return space;
}

/* Solves the model in lanes, for lambdas from the model's own down, each lane with a start
 * of its own. Lane by lane, checks what came out (and what Newton's steps make of it).
 * Returns how many were done. */
static int check_lanes(model *m, int n_model, double share, double tol) {
  hook_counts counts = {0};
  const nl_hook hook = counting_hook(&counts);
  nl_quadratics_space space = new_lane_space(m, &hook);
  nl_lane_model lane[NL_LANES];
  const size_t n = (size_t)m->gram.size;
  double *first = new_normals(n * NL_LANES), *slope = new_normals(n * NL_LANES),
         before[8];
  const double lambda = m->level.lambda;
  int done = 0;
  for (int v = 0; v < n_model; v++) {
    lane[v].tol = tol;
    lane[v].weight = NULL;
    lane[v].scale = 1;
    lane[v].level = m->level;
    lane[v].level.lambda = lambda * pow(share, v);
    for (size_t i = 0; i < n; i++) {
      m->x0[i] = first[i + (size_t)v * n] *= 0.3 * v;
      m->slope0[i] = slope[i + (size_t)v * n] += m->space.slope[i];
    }
    nl_lane_set(n, m->x0, v, space.x);
    nl_lane_set(n, m->slope0, v, space.slope);
    m->level = lane[v].level;
    before[v] = model_value(m, m->x0);
  }
  nl_quadratics_solve(&m->penalty, &m->gram, n_model, lane, &space, &hook);
  for (int v = 0; v < n_model; v++) {
    start_at(m, first + (size_t)v * n, slope + (size_t)v * n);
    m->level = lane[v].level;
    nl_lane_get(n, space.x, v, m->space.x);
    nl_lane_get(n, space.slope, v, m->space.slope);
    CHECK(model_value(m, m->space.x) <= before[v] + 1e-12 * (1 + fabs(before[v])));
    if (!lane[v].done) solve(m, tol);
    check_solved(m, tol);
    done += lane[v].done;
  }
  m->level.lambda = lambda;
  return done;
}

static void test_lanes(void) {
  int done = 0, all = 0;
  for (unsigned seed = 0; seed < 24; seed++) {
    model m = seed % 2 ? large_model(700 + seed) : usual_model(700 + seed);
    const int n_model = 1 + (int)seed % NL_LANES;
    m.level.lambda = 0.8 * m.level.reference;
    if (seed % 3 == 0) set_weight(&m.penalty, 5, 0);
    if (seed % 5 == 0) give_bound(&m, 2);
    done += check_lanes(&m, n_model, seed % 4 ? 0.9 : 0.4, 1e-9);
    all += n_model;
    free_all();
  }
  CHECK(done > all / 2);
}

/* Sweeps alone do not get there, and say so. */
static void test_collinear_lanes(void) {
  int done = 0;
  for (int k = 0; k < 3; k++) {
    model m = collinear_model(1e-4);
    double *slope = new_zeros((size_t)m.gram.size);
    nl_copy((size_t)m.gram.size, m.slope0, slope);
    m.level.lambda = 1e-3 * m.level.reference;
    hook_counts counts = {0};
    const nl_hook hook = counting_hook(&counts);
    nl_quadratics_space space = new_lane_space(&m, &hook);
    nl_lane_model lane = {m.level, 1e-12, NULL, 1, 0};
    nl_lane_set((size_t)m.gram.size, slope, 0, space.slope);
    CHECK(nl_quadratics_solve(&m.penalty, &m.gram, 1, &lane, &space, &hook) > 0);
    nl_lane_get((size_t)m.gram.size, space.x, 0, m.space.x);
    nl_lane_get((size_t)m.gram.size, space.slope, 0, m.space.slope);
    CHECK(lane.done == (model_residual(&m) <= 2e-12));
    CHECK(model_value(&m, m.space.x) < 0);
    done += lane.done;
    free_all();
  }
  CHECK(done < 3);
}

/* ---- degrees of freedom ------------------------------------------------------------ */

static double df(model *m, const double *x) {
  return nl_degrees_of_freedom(&m->penalty, &m->gram, &m->level, x, &m->space);
}

/* Coordinates of groups that are not zero, or not penalised. */
static int list_active(const model *m, const double *x, int *index) {
  int n = 0;
  for (int k = 0; k < m->gram.n_in; k++) {
    const int g = m->gram.group[k], at = m->gram.position[g];
    if (norm_of(rank_in(m, k), x + at) == 0 && tau_by_hand(m, g) > 0) continue;
    for (int i = 0; i < rank_in(m, k); i++) index[n++] = at + i;
  }
  return n;
}

static double df_by_hand(const model *m, const double *x) {
  int *index = new_ints((size_t)m->gram.size);
  const int n = list_active(m, x, index);
  double *h = new_doubles((size_t)n * (size_t)n),
         *sum = new_doubles((size_t)n * (size_t)n);
  double trace = 0;
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < n; i++) {
      h[i + j * n] = m->h[index[i] + index[j] * m->gram.size];
      sum[i + j * n] = h[i + j * n] + penalty_curvature(m, x, index[i], index[j]);
    }
  }
  const double *product = times(n, n, n, h, inverse(n, sum));
  for (int i = 0; i < n; i++) trace += product[i + i * n];
  return trace;
}

static void test_df(void) {
  model m = usual_model(69);
  double *x = new_normals((size_t)m.gram.size);
  for (int g = 0; g < m.gram.n_in; g++) { /* fewer and fewer groups */
    CHECK_NEAR(df(&m, x), df_by_hand(&m, x), 1e-7);
    CHECK(df(&m, x) < (double)m.gram.size - 0.1);
    set_group(&m, x, g, 0);
  }
  CHECK(df(&m, x) == 0);
  free_all();
}

/* The same with more coordinates than a panel. */
static void test_df_of_large_models(void) {
  for (unsigned seed = 0; seed < 6; seed++) {
    model m = large_model(530 + seed);
    double *x = new_normals((size_t)m.gram.size);
    m.level.lambda = (seed + 1) * 0.05 * m.level.reference;
    for (int g = 0; g < m.gram.n_in; g += 5) set_group(&m, x, g, 0);
    if (seed % 2) set_weight(&m.penalty, 3, 0);
    const double expected = df_by_hand(&m, x);
    CHECK_NEAR(df(&m, x), expected, 1e-7 * expected);
    free_all();
  }
}

/* Beyond this many coordinates there is no answer, and none is attempted. */
static void test_df_of_too_many(void) {
  enum { N_MANY = NL_MOST_FREEDOM + 1 };
  int *size = new_ints(N_MANY);
  for (int g = 0; g < N_MANY; g++) size[g] = 1;
  seed_random(73);
  nl_penalty penalty = sized_penalty(N_MANY, size);
  nl_gram gram = new_gram(&penalty, N_MANY);
  nl_quadratic_space space = new_space(&penalty);
  const nl_level level = {0.1, 1};
  double *x = new_doubles(N_MANY);
  gram.n_in = gram.size = N_MANY;
  for (int i = 0; i < N_MANY; i++) {
    gram.group[i] = gram.position[i] = i;
    x[i] = 1;
    for (int j = 0; j < N_MANY; j++) gram.h[j + i * N_MANY] = i == j ? 2 : 0;
  }
  CHECK(isnan(nl_degrees_of_freedom(&penalty, &gram, &level, x, &space)));
  x[17] = 0;
  CHECK_NEAR(nl_degrees_of_freedom(&penalty, &gram, &level, x, &space), NL_MOST_FREEDOM,
             1e-6);
  free_all();
}

static void test_df_with_unpenalised_groups(void) {
  model m = usual_model(70);
  double *x = new_normals((size_t)m.gram.size);
  set_weight(&m.penalty, 0, 0);
  set_weight(&m.penalty, 2, 0);
  set_group(&m, x, 2, 0); /* counts all the same */
  set_group(&m, x, 3, 0);
  CHECK_NEAR(df(&m, x), df_by_hand(&m, x), 1e-7);
  for (int g = 0; g < m.gram.n_in; g++) set_group(&m, x, g, 0);
  CHECK_NEAR(df(&m, x), 8, 1e-7);
  free_all();
}

static void test_df_without_penalty(void) {
  model m = usual_model(71);
  const double *x = new_normals((size_t)m.gram.size);
  m.level.lambda = 0;
  CHECK_NEAR(df(&m, x), m.gram.size, 1e-7);
  free_all();
}

/* Three columns that others already have add nothing. */
static void test_df_of_collinear_groups(void) {
  model m = collinear_model(0);
  const double *x = new_normals((size_t)m.gram.size);
  m.level.lambda = 0;
  CHECK_NEAR(df(&m, x), m.gram.size - 3, 1e-3);
  free_all();
}

void suite_quadratic(void);

void suite_quadratic(void) {
  RUN(test_solution_is_stationary);
  RUN(test_large_models);
  RUN(test_groups_without_vectors);
  RUN(test_other_terms);
  RUN(test_all_zero);
  RUN(test_no_penalty);
  RUN(test_solution_stays);
  RUN(test_orthogonal_lasso);
  RUN(test_on_a_grid);
  RUN(test_no_move_is_better);
  RUN(test_active);
  RUN(test_active_curvature);
  RUN(test_collinear);
  RUN(test_newton_steps);
  RUN(test_newton_without_penalty);
  RUN(test_lanes);
  RUN(test_collinear_lanes);
  RUN(test_df);
  RUN(test_df_of_large_models);
  RUN(test_df_of_too_many);
  RUN(test_df_with_unpenalised_groups);
  RUN(test_df_without_penalty);
  RUN(test_df_of_collinear_groups);
}
