/* root.h: a Gram kept as its root is the Gram, to single precision: its products, its
 * groups' blocks, and what sweeps on it find. */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "lanes.h"
#include "linalg.h"
#include "quadratics.h"

enum { N_OBS = NL_CHUNK + 21, N_BLOCK = 4 };

/* Dense blocks, centred and not, and a table of dense rows; groups across them. */
static problem *dense_problem(transform_kind kind) {
  const int n_col[N_BLOCK] = {9, 3, 5, 4};
  nl_block block[N_BLOCK];
  int group_of[21];
  for (int b = 0; b < N_BLOCK - 1; b++) block[b] = dense_block(N_OBS, n_col[b], b != 1);
  block[N_BLOCK - 1] =
      table_block(N_OBS, dense_block(40, n_col[N_BLOCK - 1], 1), CELL_BYTE, 1);
  const nl_design design = design_of(N_OBS, N_BLOCK, block);
  /* the first block is group 0 but for a column of group 3; group 1 has two blocks */
  for (int j = 0; j < 21; j++) group_of[j] = j < 9 ? 0 : j < 14 ? 1 : j < 17 ? 2 : 3;
  group_of[4] = 3;
  double *y = new_doubles(N_OBS);
  for (int t = 0; t < N_OBS; t++) y[t] = random_poisson(1.5);
  return new_problem(NL_LOG, design, penalty_of(21, 4, group_of, kind), y, NULL, NULL);
}

/* The Gram of all groups at a point, as its root or not. */
static void fill_gram(problem *p, const double *beta, int as_root) {
  static const int groups[] = {2, 0, 3, 1};
  nl_gram *gram = &p->solver.gram;
  double *kept = new_doubles(N_OBS);
  const nl_state state = pass_at(p, beta, 0.2, kept);
  nl_gram_reset(gram, &p->penalty, &kept, N_OBS, state.curvature);
  gram->root.on = as_root;
  nl_gram_extend(gram, &p->design, &p->penalty, groups, 1, &p->pass, &p->hook);
  nl_gram_extend(gram, &p->design, &p->penalty, groups + 1, 3, &p->pass, &p->hook);
}

/* A Gram as it is (h: size x size, and curvature), and then as its root. */
typedef struct {
  problem *p;
  nl_gram *gram;
  int size;
  double *h;
  double *curvature;
} both;

static both new_both(unsigned seed, transform_kind kind) {
  both it;
  seed_random(seed);
  it.p = dense_problem(kind);
  start_pipeline(it.p, 1);
  double *beta = new_normals(21);
  for (int j = 0; j < 21; j++) beta[j] *= 0.1;
  it.gram = &it.p->solver.gram;
  fill_gram(it.p, beta, 0);
  it.size = it.gram->size;
  it.h = new_doubles((size_t)(it.size * it.size));
  for (int i = 0; i < it.size * it.size; i++)
    it.h[i] = it.gram->h[i % it.size + (i / it.size) * it.gram->capacity];
  it.curvature = copy_doubles(it.gram->curvature, (size_t)it.size);
  fill_gram(it.p, beta, 1);
  return it;
}

static double largest(const both *it) {
  double most = 0;
  for (int i = 0; i < it->size * it->size; i++) most = fmax(most, fabs(it->h[i]));
  return most;
}

static void test_is_the_gram(void) {
  for (int kind = T_IDENTITY; kind <= T_DEFICIENT; kind++) {
    const both it = new_both(61, (transform_kind)kind);
    double *out = new_doubles((size_t)it.size);
    CHECK(it.gram->size == it.size);
    for (int j = 0; j < it.size; j++) {
      double *one = new_zeros((size_t)it.size);
      one[j] = 1;
      nl_gram_times(it.gram, one, out);
      CHECK_NEAR(distance((size_t)it.size, out, it.h + j * it.size), 0,
                 2e-6 * largest(&it));
    }
    CHECK_NEAR(distance((size_t)it.size, it.gram->curvature, it.curvature), 0,
               1e-10 * largest(&it));
    free_all();
  }
}

/* Moves and slopes in lanes against products one by one. */
static void test_lanes(void) {
  const both it = new_both(62, T_RANDOM);
  const nl_root *root = &it.gram->root;
  const size_t n_image = (size_t)N_OBS * NL_LANES;
  float *image = (float *)new_bytes(n_image * sizeof(float));
  for (size_t i = 0; i < n_image; i++) image[i] = 0;
  for (int g = 0; g < 4; g++) {
    const int at = it.gram->position[g], rank = nl_group_rank(&it.p->penalty, g);
    const double *change = new_normals((size_t)(rank * NL_LANES));
    nl_root_move(root, at, rank, change, NULL, image);
    for (int v = 0; v < NL_LANES; v++) {
      double *own = new_zeros(N_OBS), worst = 0;
      nl_root_add_image(root, at, rank, lane_of((size_t)rank, change, v), own);
      for (int t = 0; t < N_OBS; t++)
        worst = fmax(worst, fabs(own[t] - (double)image[t * NL_LANES + v]));
      CHECK_NEAR(worst, 0, 1e-5 * sqrt(largest(&it)));
    }
    const double *before = new_normals((size_t)(rank * NL_LANES));
    double *slope = copy_doubles(before, (size_t)(rank * NL_LANES));
    nl_root_slope(root, at, rank, image, slope);
    for (int v = 0; v < NL_LANES; v++) {
      double *own = new_doubles(N_OBS), *back = new_doubles((size_t)rank);
      for (int t = 0; t < N_OBS; t++) own[t] = (double)image[t * NL_LANES + v];
      nl_root_back(root, at, rank, own, back);
      for (int k = 0; k < rank; k++)
        CHECK_NEAR(slope[k * NL_LANES + v], before[k * NL_LANES + v] + back[k],
                   1e-5 * largest(&it));
    }
    for (size_t i = 0; i < n_image; i++) image[i] = 0;
  }
  free_all();
}

/* KKT residual of the model slope'(x) + 0.5 x'Hx + penalty at x, from H. */
static double model_residual(const both *it, const nl_level *level, const double *slope,
                             const double *x) {
  const double *product = times(it->size, it->size, 1, it->h, x);
  double worst = 0;
  for (int g = 0; g < 4; g++) {
    const int at = it->gram->position[g], rank = nl_group_rank(&it->p->penalty, g);
    double *own = new_doubles((size_t)rank);
    for (int k = 0; k < rank; k++) own[k] = slope[at + k] + product[at + k];
    worst = larger(
        worst, nl_group_kkt(rank, x + at, own, nl_level_tau(level, &it->p->penalty, g),
                            nl_level_unit(level, &it->p->penalty, g)));
  }
  return worst;
}

static void test_solves(void) {
  int done = 0;
  for (unsigned seed = 0; seed < 6; seed++) {
    const both it = new_both(70 + seed, T_RANDOM);
    const size_t size = (size_t)it.size;
    nl_quadratics_space *space = &it.p->solver.quadratics;
    nl_lane_model model[NL_LANES];
    double *slopes[NL_LANES];
    double *x[NL_LANES];
    for (int v = 0; v < NL_LANES; v++) {
      slopes[v] = new_normals(size);
      x[v] = new_zeros(size);
      model[v].level = (nl_level){0.1 + 0.1 * v, 1};
      model[v].tol = 1e-4;
      model[v].weight = NULL;
      model[v].scale = 1;
    }
    for (int round = 0; round < 5; round++) { /* each from where the last one ended */
      nl_quadratics_room(it.gram, space, &it.p->hook);
      for (int v = 0; v < NL_LANES; v++) {
        double *now = times(it.size, it.size, 1, it.h, x[v]);
        nl_axpy(it.size, 1, slopes[v], now);
        nl_lane_set(size, now, v, space->slope);
        nl_lane_set(size, x[v], v, space->x);
      }
      nl_quadratics_solve(&it.p->penalty, it.gram, NL_LANES, model, space, &it.p->hook);
      for (int v = 0; v < NL_LANES; v++) nl_lane_get(size, space->x, v, x[v]);
    }
    for (int v = 0; v < NL_LANES; v++) {
      const double residual =
          model_residual(&it, &model[v].level, slopes[v], lane_of(size, space->x, v));
      done += model[v].done;
      if (model[v].done) CHECK(residual < 3e-4); /* later groups move earlier ones */
    }
    free_all();
  }
  CHECK(done > 40);
}

/* Models with weights of their own, not the Gram's: each goes to the solution of its own
 * model, in a few rounds, in which it begins where it got. */
static void test_own_weights(void) {
  for (unsigned seed = 0; seed < 4; seed++) {
    both it = new_both(90 + seed, T_RANDOM);
    const size_t size = (size_t)it.size;
    nl_quadratics_space *space = &it.p->solver.quadratics;
    nl_lane_model model[NL_LANES];
    double *slope[NL_LANES], *x[NL_LANES], *h[NL_LANES];
    for (int v = 0; v < NL_LANES; v++) {
      double *beta = new_normals(21), *weight = new_doubles(N_OBS);
      for (int j = 0; j < 21; j++) beta[j] *= 0.05 * v;
      fill_gram(it.p, beta, 0);
      h[v] = new_doubles(size * size);
      for (int j = 0; j < it.size; j++)
        nl_copy(size, it.gram->h + (size_t)j * (size_t)it.gram->capacity,
                h[v] + (size_t)j * size);
      for (int t = 0; t < N_OBS; t++) weight[t] = 3 * it.gram->weight[t];
      model[v].level = (nl_level){0.1 + 0.05 * v, 1};
      model[v].tol = 1e-6;
      model[v].weight = weight;
      model[v].scale = it.gram->scale;
      slope[v] = new_normals(size);
      x[v] = new_zeros(size);
    }
    fill_gram(it.p, new_zeros(21), 1);
    for (int round = 0; round < 10; round++) {
      nl_quadratics_room(it.gram, space, &it.p->hook);
      for (int v = 0; v < NL_LANES; v++) {
        double *now = times(it.size, it.size, 1, h[v], x[v]);
        nl_axpy(it.size, 1, slope[v], now);
        nl_lane_set(size, now, v, space->slope);
        nl_lane_set(size, x[v], v, space->x);
      }
      nl_quadratics_solve(&it.p->penalty, it.gram, NL_LANES, model, space, &it.p->hook);
      for (int v = 0; v < NL_LANES; v++) nl_lane_get(size, space->x, v, x[v]);
    }
    for (int v = 0; v < NL_LANES; v++) {
      it.h = h[v];
      CHECK(model_residual(&it, &model[v].level, slope[v], x[v]) < 1e-5);
    }
    free_all();
  }
}

void suite_root(void);

void suite_root(void) {
  RUN(test_is_the_gram);
  RUN(test_lanes);
  RUN(test_solves);
  RUN(test_own_weights);
}
