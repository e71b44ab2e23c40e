/* cost.h: choices that change no answer, but must stay in their bounds. */
#include "check.h"
#include "cost.h"
#include "fixture.h"

/* Every block costs something, whether on or wanted, and none costs nothing. */
static void test_pass(void) {
  seed_random(95);
  const nl_design design = mixed_design(5);
  int none[MIXED_BLOCKS] = {0}, all[MIXED_BLOCKS];
  for (int b = 0; b < MIXED_BLOCKS; b++) all[b] = 1;
  const double least = nl_cost_pass(&design, none, none);
  CHECK(least > 0);
  CHECK(nl_cost_pass(&design, NULL, NULL) == nl_cost_pass(&design, all, all));
  for (int b = 0; b < MIXED_BLOCKS; b++) {
    int one[MIXED_BLOCKS] = {0};
    one[b] = 1;
    CHECK(nl_cost_pass(&design, one, none) > least);
    CHECK(nl_cost_pass(&design, none, one) > least);
    CHECK(nl_cost_pass(&design, one, all) < nl_cost_pass(&design, all, all));
    CHECK(nl_cost_pass(&design, one, one) > nl_cost_pass(&design, one, none));
  }
  free_all();
}

/* Looking at everything is cheap where the set is nearly everything. */
static void test_look(void) {
  enum { N_BLOCK = 40 };
  nl_block blocks[N_BLOCK];
  int set[N_BLOCK] = {0}, all[N_BLOCK];
  seed_random(96);
  for (int b = 0; b < N_BLOCK; b++) {
    blocks[b] = dense_block(5, 10, 0);
    all[b] = 1;
  }
  const nl_design design = design_of(5, N_BLOCK, blocks);
  set[0] = 1;
  CHECK(nl_cost_look_is_cheap(&design, all));
  CHECK(!nl_cost_look_is_cheap(&design, set));
  CHECK(nl_cost_look_is_fair(&design, all));
  CHECK(!nl_cost_look_is_fair(&design, set));
  for (int b = 0; b < N_BLOCK / 2; b++) set[b] = 1;
  CHECK(!nl_cost_look_is_cheap(&design, set) && nl_cost_look_is_fair(&design, set));
  free_all();
}

/* A sketch on a small Gram over many rows costs next to nothing. */
static void test_sketch(void) {
  int set[] = {1};
  nl_block few = dense_block(50, 10, 0), many = dense_block(20000, 10, 0);
  const nl_design small = design_of(50, 1, &few), large = design_of(20000, 1, &many);
  CHECK(nl_cost_sketch_pays(&large, set, 20));
  CHECK(!nl_cost_sketch_pays(&large, set, 2000));
  CHECK(!nl_cost_sketch_pays(&small, set, 20));
  free_all();
}

/* Sweeps are cheap on a small Gram over many rows, dear where it is large or rows are few. */
static void test_dear_sweeps(void) {
  int set[] = {1};
  nl_block few = dense_block(50, 10, 0), many = dense_block(20000, 10, 0);
  const nl_design small = design_of(50, 1, &few), large = design_of(20000, 1, &many);
  CHECK(nl_cost_sweeps_are_dear(&small, set, 20));
  CHECK(!nl_cost_sweeps_are_dear(&small, set, 1));
  CHECK(!nl_cost_sweeps_are_dear(&large, set, 20));
  CHECK(!nl_cost_sweeps_are_dear(&large, set, 100));
  CHECK(nl_cost_sweeps_are_dear(&large, set, 2000));
  free_all();
}

/* A root instead of H where there are fewer rows than dense columns, of which there are
 * many. */
static void test_root(void) {
  int set[] = {1, 0};
  const nl_block few[] = {dense_block(400, 10, 0), dense_block(400, 1, 0)};
  const nl_design small = design_of(400, 2, few);
  CHECK(nl_cost_root_pays(&small, set, 2000));
  CHECK(nl_cost_root_pays(&small, set, 400));
  CHECK(!nl_cost_root_pays(&small, set, 100)); /* a small H */
  const nl_block many = dense_block(20000, 10, 0);
  const nl_design large = design_of(20000, 1, &many);
  CHECK(!nl_cost_root_pays(&large, set, 2000)); /* more rows than H */
  seed_random(97);
  const nl_design mixed = mixed_design(400);
  int sparse[MIXED_BLOCKS] = {0};
  sparse[1] = 1;
  CHECK(!nl_cost_root_pays(&mixed, sparse, 2000));
  free_all();
}

/* Never more rows left out than the coordinates can bear. */
static void test_stride(void) {
  const size_t n_obs[] = {1, 100, 5000, 100000, 10000000};
  enum { N_BLOCK = 40 };
  const factor_spec spec = {NL_POWERS, 4, 8, 0, 5, CELL_BYTE};
  nl_block blocks[N_BLOCK];
  int most = 1;
  seed_random(98);
  for (int b = 0; b < N_BLOCK; b++) blocks[b] = local_block(5, 1, &spec);
  nl_design design = design_of(5, N_BLOCK, blocks);
  for (int i = 0; i < 5; i++) {
    design.n_obs = n_obs[i]; /* no row is looked at */
    for (int n_theta = 0; n_theta < 3000; n_theta = 3 * n_theta + 1) {
      const int stride = nl_cost_stride(&design, n_theta);
      CHECK(stride >= 1 && (size_t)stride <= n_obs[i]);
      CHECK(stride == 1 || n_obs[i] / (size_t)stride >= 10 * (size_t)n_theta);
      most = stride > most ? stride : most;
    }
  }
  CHECK(most > 1);
  free_all();
}

/* A Gram of more blocks costs more; one of fewer rows less. */
static void test_gram(void) {
  seed_random(99);
  const nl_design design = mixed_design(5);
  int all[MIXED_BLOCKS], one[MIXED_BLOCKS] = {0};
  for (int b = 0; b < MIXED_BLOCKS; b++) all[b] = 1;
  one[7] = 1;
  const double cost = nl_cost_gram(&design, all, 1);
  CHECK(cost > 0 && cost == nl_cost_gram(&design, NULL, 1));
  CHECK(nl_cost_gram(&design, one, 1) > 0 && nl_cost_gram(&design, one, 1) < cost);
  CHECK_NEAR(nl_cost_gram(&design, all, 4), cost / 4, 1e-12 * cost);
  free_all();
}

static void test_run(void) {
  seed_random(97);
  const factor_spec spec = {NL_VALUES, 2, 4, 0, 0, CELL_BYTE};
  const nl_block sparse = local_block(5, 1, &spec), dense = dense_block(5, 2, 0);
  const nl_block both[] = {sparse, dense};
  const nl_design one = design_of(5, 1, &sparse), two = design_of(5, 2, both);
  CHECK(nl_cost_run(&one) == 1);
  CHECK(nl_cost_run(&two) >= 1);
  CHECK(!nl_cost_groups_are_dear(&one) && nl_cost_groups_are_dear(&two));
  free_all();
}

/* Sweeps cost what they read; lanes pay for many points on a large Gram. */
static void test_sweeps(void) {
  seed_random(98);
  const nl_design design = mixed_design(50);
  const double one = nl_cost_sweeps(&design, NULL, 1000);
  CHECK(one > 0);
  CHECK_NEAR(nl_cost_sweeps(&design, NULL, 5000), 5 * one, 1e-12 * one);
  CHECK(nl_cost_lanes_pay(NL_LANES, 2000));
  CHECK(!nl_cost_lanes_pay(1, 2000) && !nl_cost_lanes_pay(NL_LANES, 12));
  free_all();
}

void suite_cost(void);

void suite_cost(void) {
  RUN(test_pass);
  RUN(test_look);
  RUN(test_sketch);
  RUN(test_dear_sweeps);
  RUN(test_root);
  RUN(test_stride);
  RUN(test_gram);
  RUN(test_run);
  RUN(test_sweeps);
}
