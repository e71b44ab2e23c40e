/* cross.h against X'WX from dense matrices. */
#include <math.h>

#include "check.h"
#include "cross.h"
#include "fixture.h"
#include "setup.h"

typedef enum { ABSENT, OLD, FRESH, N_ROLE } block_role;

/* ---- lists of blocks --------------------------------------------------------------- */

/* Blocks with roles, in an order, and where their rows and columns go. */
typedef struct {
  nl_cross_list list;
  int *block, *fresh, *row, *column;
  int n_row;
  int n_column;
} listing;

static listing list_blocks(const nl_design *design, const block_role *role,
                           const int *order) {
  const size_t n = (size_t)design->n_block;
  listing at = {{0}, new_ints(n), new_ints(n), new_ints(n), new_ints(n), 0, 0};
  int k = 0;
  for (int i = 0; i < design->n_block; i++) {
    const int b = order[i];
    if (role[b] == ABSENT) continue;
    at.block[k] = b;
    at.fresh[k] = role[b] == FRESH;
    at.row[k] = at.n_row;
    at.column[k] = role[b] == FRESH ? at.n_column : -1000000;
    at.n_row += design->block[b].n_col;
    if (role[b] == FRESH) at.n_column += design->block[b].n_col;
    k++;
  }
  const nl_cross_list list = {k, at.block, at.fresh, at.row, at.column};
  at.list = list;
  return at;
}

static int *in_order(int n) {
  int *order = new_ints((size_t)n);
  for (int i = 0; i < n; i++) order[i] = i;
  return order;
}

static int *in_any_order(int n) {
  int *order = in_order(n);
  for (int i = n - 1; i > 0; i--) {
    const int k = random_below(i + 1), keep = order[i];
    order[i] = order[k];
    order[k] = keep;
  }
  return order;
}

/* ---- computing and comparing ------------------------------------------------------- */

/* Leading dimension beyond the rows by this. */
enum { SPARE_ROWS = 3 };

/* The products, from memory that is as large as it must be and not larger. */
static double *cross_of(const nl_design *design, const listing *at, const double *weight,
                        size_t most, const nl_hook *hook) {
  const size_t ld = (size_t)at->n_row + SPARE_ROWS;
  const nl_cross_need need = nl_cross_needs(design, &at->list, most);
  const size_t n_thread = (size_t)design->n_thread;
  double *out = new_doubles(ld * (size_t)at->n_column);
  nl_cross_space space = {
      new_doubles(need.n_raw * (size_t)need.n_copy), new_doubles(need.n_strip),
      new_doubles(need.n_thread * n_thread),         new_ints(need.n_index * n_thread),
      new_doubles((size_t)design->n_col * NL_LANES), new_doubles(design->n_scratch)};
  nl_cross(design, &at->list, weight, out, ld, most, &space, hook);
  return out;
}

/* The worst over all pairs of a block and a fresh one, relative to the largest product.
 */
static double cross_error(const nl_design *design, const listing *at, const double *xwx,
                          const double *out) {
  const int ld = at->n_row + SPARE_ROWS, n_col = design->n_col;
  double worst = 0;
  for (int j = 0; j < at->list.n_block; j++) {
    if (!at->fresh[j]) continue;
    for (int i = 0; i < at->list.n_block; i++) {
      const int left = at->block[i], right = at->block[j];
      for (int l = 0; l < design->block[right].n_col; l++) {
        for (int k = 0; k < design->block[left].n_col; k++) {
          const double got = out[at->row[i] + k + (at->column[j] + l) * ld];
          const double expected =
              xwx[design->start[left] + k + (design->start[right] + l) * n_col];
          worst = larger(worst, fabs(got - expected));
        }
      }
    }
  }
  return worst;
}

/* Every fifth row without a weight. */
static double *random_weights(size_t n) {
  double *weight = new_doubles(n);
  for (size_t t = 0; t < n; t++) weight[t] = random_below(5) > 0 ? random_uniform() : 0;
  return weight;
}

static double largest_of(int n, const double *x) {
  double most = 0;
  for (int i = 0; i < n; i++) most = larger(most, fabs(x[i]));
  return most;
}

static void check_roles(const nl_design *design, const block_role *role, const int *order,
                        const double *weight, const double *xwx, size_t most) {
  const listing at = list_blocks(design, role, order);
  const double *out = cross_of(design, &at, weight, most, NULL);
  CHECK_NEAR(cross_error(design, &at, xwx, out), 0,
             1e-13 * largest_of(design->n_col * design->n_col, xwx));
}

/* ---- the mixed design -------------------------------------------------------------- */

enum { PLENTY = 1 << 22 };

static nl_design prepared_design(size_t n_obs, hook_counts *counts) {
  const nl_hook hook = counting_hook(counts);
  nl_design design = mixed_design(n_obs);
  nl_design_prepare(&design, &hook);
  return design;
}

/* Each pair of blocks, in both orders and with all roles. */
static void test_all_pairs(void) {
  hook_counts counts;
  seed_random(60);
  const nl_design design = prepared_design(NL_CHUNK + 31, &counts);
  const double *weight = random_weights(design.n_obs);
  const double *xwx = reference_cross(&design, weight);
  for (int a = 0; a < MIXED_BLOCKS; a++) {
    for (int b = 0; b < MIXED_BLOCKS; b++) {
      for (int roles = 0; roles < 4; roles++) {
        block_role role[MIXED_BLOCKS] = {ABSENT};
        int order[MIXED_BLOCKS], n = 0;
        role[a] = roles & 1 ? OLD : FRESH;
        role[b] = roles & 2 ? OLD : FRESH;
        order[n++] = a;
        if (b != a) order[n++] = b;
        for (int k = 0; k < MIXED_BLOCKS; k++) {
          if (k != a && k != b) order[n++] = k;
        }
        check_roles(&design, role, order, weight, xwx, PLENTY);
      }
    }
  }
  free_all();
}

/* Any blocks, in any order, in batches of any size. */
static void test_all_roles(void) {
  hook_counts counts;
  for (unsigned trial = 0; trial < 150; trial++) {
    seed_random(61 + trial);
    const nl_design design =
        prepared_design(trial % 10 == 9 ? NL_CHUNK + 5 : 24, &counts);
    const double *weight = random_weights(design.n_obs);
    const double *xwx = reference_cross(&design, weight);
    block_role role[MIXED_BLOCKS];
    for (int b = 0; b < MIXED_BLOCKS; b++) role[b] = (block_role)random_below(N_ROLE);
    check_roles(&design, role, in_any_order(MIXED_BLOCKS), weight, xwx,
                trial % 2 ? PLENTY : 1);
    free_all();
  }
}

/* From one strip at a time to all at once. */
static void test_batches(void) {
  hook_counts counts;
  const nl_hook hook = counting_hook(&counts);
  block_role role[MIXED_BLOCKS];
  int slabs[2] = {0, 0};
  seed_random(62);
  const nl_design design = prepared_design(2 * NL_CHUNK + 3, &counts);
  const double *weight = random_weights(design.n_obs);
  const double *xwx = reference_cross(&design, weight);
  for (int b = 0; b < MIXED_BLOCKS; b++) role[b] = b % 3 == 2 ? OLD : FRESH;
  for (size_t most = 1; most < 20000; most = most * 5 / 4 + 1)
    check_roles(&design, role, in_order(MIXED_BLOCKS), weight, xwx, most);
  const listing at = list_blocks(&design, role, in_order(MIXED_BLOCKS));
  for (int k = 0; k < 2; k++) { /* the batches are real: each goes over the rows */
    counts.n_check = 0;
    cross_of(&design, &at, weight, k == 0 ? 1 : PLENTY, &hook);
    slabs[k] = counts.n_check;
  }
  CHECK(slabs[0] > slabs[1] && slabs[1] >= 2);
  free_all();
}

/* Dense columns in more than one strip, their number no multiple of eight, against each
 * other and against wide local blocks. */
static void test_wide_blocks(void) {
  enum { N_OBS = 90, N_BLOCK = 5 };
  const factor_spec wide = {NL_VALUES, 12, 31, 1, 0, CELL_BYTE};
  const factor_spec pair[] = {{NL_POWERS, 3, 6, 1, 4, CELL_BYTE},
                              {NL_VALUES, 3, 5, 0, 0, CELL_BYTE}};
  block_role role[N_BLOCK];
  seed_random(63);
  const nl_block blocks[N_BLOCK] = {
      dense_block(N_OBS, 19, 1), local_block(N_OBS, 1, &wide),
      table_block(N_OBS, dense_block(30, 17, 0), CELL_WIDE, 1), dense_block(N_OBS, 8, 0),
      local_block(N_OBS, 2, pair)};
  const nl_design design = design_of(N_OBS, N_BLOCK, blocks);
  const double *weight = random_weights(N_OBS), *xwx = reference_cross(&design, weight);
  for (int trial = 0; trial < 60; trial++) {
    for (int b = 0; b < N_BLOCK; b++) role[b] = (block_role)random_below(N_ROLE);
    check_roles(&design, role, in_any_order(N_BLOCK), weight, xwx, trial % 2 ? 1 : 900);
  }
  free_all();
}

/* Symmetric to the last bit or nearly, and nothing but zeros without weights. */
static void test_symmetry_and_zero(void) {
  hook_counts counts;
  block_role role[MIXED_BLOCKS];
  seed_random(64);
  const nl_design design = prepared_design(NL_CHUNK + 1, &counts);
  for (int b = 0; b < MIXED_BLOCKS; b++) role[b] = FRESH;
  const listing at = list_blocks(&design, role, in_order(MIXED_BLOCKS));
  const int n = MIXED_COLUMNS, ld = n + SPARE_ROWS;
  const double *out = cross_of(&design, &at, random_weights(design.n_obs), PLENTY, NULL);
  const double *none = cross_of(&design, &at, new_zeros(design.n_obs), PLENTY, NULL);
  double asymmetry = 0, most = 0;
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < n; i++) {
      asymmetry = larger(asymmetry, fabs(out[i + j * ld] - out[j + i * ld]));
      most = larger(most, fabs(none[i + j * ld]));
    }
  }
  CHECK_NEAR(asymmetry, 0, 1e-13);
  CHECK(most == 0);
  free_all();
}

/* Sparse rows without a weight are not looked at; these hold NaN. */
static void test_rows_without_weight(void) {
  enum { N_OBS = 40 };
  const factor_spec values = {NL_VALUES, 4, 6, 0, 0, CELL_BYTE};
  const factor_spec powers = {NL_POWERS, 4, 7, 1, 7, CELL_BYTE};
  const block_role role[] = {FRESH, FRESH};
  seed_random(65);
  nl_block blocks[] = {local_block(N_OBS, 1, &values), local_block(N_OBS, 1, &powers)};
  double *weight = random_weights(N_OBS);
  weight[0] = weight[N_OBS - 1] = 0;
  const nl_design whole = design_of(N_OBS, 2, blocks);
  const double *xwx = reference_cross(&whole, weight);
  double *v = copy_doubles(blocks[0].factor[0].values, 4 * N_OBS);
  double *s = copy_doubles(blocks[1].factor[0].values, N_OBS);
  for (int t = 0; t < N_OBS; t++) {
    if (weight[t] == 0) v[4 * t] = s[t] = NAN;
  }
  blocks[0].factor[0].values = v;
  blocks[1].factor[0].values = s;
  const nl_design holed = design_of(N_OBS, 2, blocks);
  check_roles(&holed, role, in_order(2), weight, xwx, PLENTY);
  free_all();
}

/* Where sums are too large for a copy per thread, the number of threads does not show in
 * the bits. */
static void test_threads(void) {
  enum { N_OBS = 3000 };
  hook_counts counts;
  block_role role[MIXED_BLOCKS];
  const double *first = NULL, *weight = NULL;
  for (int n_thread = 1; n_thread <= 4; n_thread++) {
    seed_random(66);
    nl_design design = prepared_design(N_OBS, &counts);
    design.n_thread = n_thread;
    for (int b = 0; b < MIXED_BLOCKS; b++) role[b] = b % 4 == 3 ? OLD : FRESH;
    const listing at = list_blocks(&design, role, in_order(MIXED_BLOCKS));
    if (!weight) weight = random_weights(N_OBS);
    const nl_hook hook = counting_hook(&counts);
    const double *out = cross_of(&design, &at, weight, 2000, &hook);
    if (!first) {
      first = out;
      const double *xwx = reference_cross(&design, weight);
      CHECK_NEAR(cross_error(&design, &at, xwx, out), 0, 1e-10);
    }
    for (int j = 0; j < at.n_column; j++) {
      const int column = j * (at.n_row + SPARE_ROWS);
      CHECK(same_bits((size_t)at.n_row, first + column, out + column));
    }
    CHECK(counts.in_threads == 0 && counts.n_check > 0);
  }
  free_all();
}

/* With copies, threads share the rows: the same but for rounding, and the same bits for as
 * many threads. */
static void test_threads_share_rows(void) {
  enum { N_OBS = 9000 };
  const int n_threads[] = {1, 2, 2, 3};
  const double *out[4];
  block_role role[MIXED_BLOCKS];
  for (int b = 0; b < MIXED_BLOCKS; b++) role[b] = b % 4 == 3 ? OLD : FRESH;
  for (int k = 0; k < 4; k++) {
    hook_counts counts;
    const nl_hook hook = counting_hook(&counts);
    seed_random(69);
    nl_design design = prepared_design(N_OBS, &counts);
    design.n_thread = n_threads[k];
    const listing at = list_blocks(&design, role, in_order(MIXED_BLOCKS));
    double *weight = random_weights(N_OBS);
    for (int t = 0; t < N_OBS; t++) weight[t] *= t % 3 == 0;
    CHECK(nl_cross_needs(&design, &at.list, PLENTY).n_copy == n_threads[k]);
    out[k] = cross_of(&design, &at, weight, PLENTY, &hook);
    CHECK_NEAR(cross_error(&design, &at, reference_cross(&design, weight), out[k]), 0,
               1e-9);
    CHECK(counts.in_threads == 0);
    for (int j = 0; k == 2 && j < at.n_column; j++) {
      const int column = j * (at.n_row + SPARE_ROWS);
      CHECK(same_bits((size_t)at.n_row, out[1] + column, out[2] + column));
    }
  }
  free_all();
}

/* ---- splines among themselves ------------------------------------------------------ */

/* Columns of more than one tile, some periodic; two blocks that take no part in tiles: too
 * many columns, and a table. */
enum { N_SPLINE = 14, N_AMONG = N_SPLINE + 2 };

static nl_design splines_design(size_t n_obs, hook_counts *counts) {
  const nl_hook hook = counting_hook(counts);
  const factor_spec wide = {NL_POWERS, 4, 30, 0, 27, CELL_BYTE};
  nl_block blocks[N_AMONG];
  for (int b = 0; b < N_SPLINE; b++) {
    const int periodic = b % 3 == 1, n_col = 5 + 7 * b % 19;
    const factor_spec spec = {NL_POWERS, 4, n_col, periodic, periodic ? n_col : n_col - 3,
                              CELL_BYTE};
    blocks[b] = local_block(n_obs, 1, &spec);
  }
  blocks[N_SPLINE] = local_block(n_obs, 1, &wide);
  blocks[N_SPLINE + 1] = table_block(n_obs, local_block(40, 1, &wide), CELL_BYTE, 0);
  nl_design design = design_of(n_obs, N_AMONG, blocks);
  nl_design_prepare(&design, &hook);
  return design;
}

/* One row of every `stride` has a weight; none in one chunk. */
static double *sampled_weights(size_t n, size_t stride) {
  double *weight = new_zeros(n);
  for (size_t t = 0; t < n; t++) {
    if (t % stride == 0 && t / NL_CHUNK != 2) weight[t] = random_uniform();
  }
  return weight;
}

static void test_splines(void) {
  enum { N_OBS = 9 * NL_CHUNK + 17 };
  hook_counts counts;
  block_role role[N_AMONG];
  seed_random(69);
  const nl_design design = splines_design(N_OBS, &counts);
  for (size_t stride = 1; stride < 600; stride = 2 * stride + 1) {
    const double *weight = sampled_weights(N_OBS, stride);
    const double *xwx = reference_cross(&design, weight);
    for (int trial = 0; trial < 3; trial++) {
      for (int b = 0; b < N_AMONG; b++)
        role[b] = trial == 0 ? FRESH : (block_role)random_below(N_ROLE);
      check_roles(&design, role, in_any_order(N_AMONG), weight, xwx, PLENTY);
    }
  }
  free_all();
}

/* Splines alone need no room for products of nonzeros. */
static void test_splines_room(void) {
  hook_counts counts;
  block_role role[N_AMONG] = {ABSENT};
  seed_random(70);
  const nl_design design = splines_design(100, &counts);
  for (int b = 0; b < N_SPLINE; b++) role[b] = FRESH;
  const listing narrow = list_blocks(&design, role, in_order(N_AMONG));
  CHECK(nl_cross_needs(&design, &narrow.list, PLENTY).n_raw == 0);
  role[N_SPLINE] = OLD;
  const listing mixed = list_blocks(&design, role, in_order(N_AMONG));
  CHECK(nl_cross_needs(&design, &mixed.list, PLENTY).n_raw > 0);
  free_all();
}

static void test_splines_in_threads(void) {
  enum { N_OBS = 3000 };
  hook_counts counts;
  block_role role[N_AMONG];
  seed_random(71);
  nl_design design = splines_design(N_OBS, &counts);
  const double *weight = sampled_weights(N_OBS, 2), *first = NULL;
  for (int b = 0; b < N_AMONG; b++) role[b] = b % 4 == 3 ? OLD : FRESH;
  for (int n_thread = 1; n_thread <= 4; n_thread++) {
    design.n_thread = n_thread;
    const listing at = list_blocks(&design, role, in_order(N_AMONG));
    const double *out = cross_of(&design, &at, weight, 2000, NULL);
    if (!first) first = out;
    for (int j = 0; j < at.n_column; j++) {
      const int column = j * (at.n_row + SPARE_ROWS);
      CHECK(same_bits((size_t)at.n_row, first + column, out + column));
    }
  }
  free_all();
}

/* ---- one spline -------------------------------------------------------------------- */

static void test_is_spline(void) {
  const int expected[MIXED_BLOCKS] = {0, 0, 1, 0, 0, 0, 0, 1, 0};
  const factor_spec quadratic = {NL_POWERS, 3, 5, 0, 2, CELL_BYTE};
  seed_random(67);
  const nl_design design = mixed_design(3);
  const nl_block other = local_block(3, 1, &quadratic);
  for (int b = 0; b < MIXED_BLOCKS; b++)
    CHECK((nl_is_spline(design.block + b) != 0) == expected[b]);
  CHECK(!nl_is_spline(&other));
  free_all();
}

static void check_spline(int n_col, int periodic, int n_cell) {
  enum { N_OBS = 12 * NL_CHUNK + 71 };
  const factor_spec spec = {NL_POWERS, 4, n_col, periodic, n_cell, CELL_BYTE};
  const nl_block block = local_block(N_OBS, 1, &spec);
  const nl_design design = design_of(N_OBS, 1, &block);
  const size_t p = (size_t)n_col;
  double *v = random_weights(N_OBS), *mean = new_doubles(p), *second = new_doubles(p * p);
  const double *expected = reference_cross(&design, v);
  const double *sums = cross_times(n_col, N_OBS, 1, reference_block(&block, 1), v);
  for (int n_thread = 1; n_thread <= 3; n_thread++) {
    double *moments = new_doubles(8 * (size_t)n_cell * (size_t)n_thread);
    nl_cross_spline(&block, n_thread, v, moments, mean, second, NULL);
    CHECK_NEAR(distance(p, mean, sums), 0, 1e-13 * largest_of(n_col, sums));
    CHECK_NEAR(distance(p * p, second, expected), 0,
               1e-13 * largest_of(n_col * n_col, expected));
  }
  free_all();
}

static void test_spline(void) {
  seed_random(68);
  for (int n_col = 4; n_col < 12; n_col++) {
    check_spline(n_col, 0, n_col - 3);
    check_spline(n_col, 1, n_col);
  }
}

void suite_cross(void);

void suite_cross(void) {
  RUN(test_all_pairs);
  RUN(test_all_roles);
  RUN(test_batches);
  RUN(test_wide_blocks);
  RUN(test_symmetry_and_zero);
  RUN(test_rows_without_weight);
  RUN(test_threads);
  RUN(test_threads_share_rows);
  RUN(test_splines);
  RUN(test_splines_room);
  RUN(test_splines_in_threads);
  RUN(test_is_spline);
  RUN(test_spline);
}
