/* design.h against the dense matrix of all blocks. */
#include <math.h>

#include "check.h"
#include "design.h"
#include "fixture.h"

enum { N_OBS = NL_CHUNK + 14 }; /* a whole chunk and a piece */

/* ---- sizes ------------------------------------------------------------------------- */

static void test_measure(void) {
  const int start[] = {0, 3, 10, 15, 27, 29}, ext_start[] = {0, 3, 10, 17, 37, 39};
  const int entry_start[] = {0, 0, 4, 7, 13, 13};
  seed_random(21);
  const nl_design design = mixed_design(5);
  CHECK(design.n_col == 29 && design.n_ext == 39);
  CHECK(design.n_entry == 13 && design.n_dense == 5);
  for (int b = 0; b <= MIXED_BLOCKS; b++) {
    CHECK(design.start[b] == start[b]);
    CHECK(design.ext_start[b] == ext_start[b]);
    CHECK(design.entry_start[b] == entry_start[b]);
  }
  for (int j = 0, b = 0; j < 29; j++) {
    if (j == start[b + 1]) b++;
    CHECK(design.block_of_column[j] == b);
  }
  free_all();
}

static void test_chunk(void) {
  seed_random(20);
  nl_design design = mixed_design(2 * NL_CHUNK + 1);
  CHECK(nl_design_chunk(&design, 0) == NL_CHUNK);
  CHECK(nl_design_chunk(&design, NL_CHUNK) == NL_CHUNK);
  CHECK(nl_design_chunk(&design, 2 * NL_CHUNK) == 1);
  design.n_obs = 2 * NL_CHUNK;
  CHECK(nl_design_chunk(&design, NL_CHUNK) == NL_CHUNK);
  design.n_obs = NL_CHUNK - 1;
  CHECK(nl_design_chunk(&design, 0) == NL_CHUNK - 1);
  free_all();
}

/* ---- blocks on and off ------------------------------------------------------------- */

static void test_extend(void) {
  seed_random(22);
  const nl_design design = mixed_design(5);
  double *b = new_normals(29), *ext = new_doubles(39);
  int *on = new_ints(MIXED_BLOCKS);
  for (int j = 3; j < 10; j++) b[j] = 0;
  for (int j = 15; j < 26; j++) b[j] = 0; /* but the last of its block is not */
  b[27] = b[28] = 0;
  nl_design_extend(&design, b, ext, on);
  CHECK(on[0] && !on[1] && on[2] && on[3] && !on[4]);
  double worst = 0;
  for (int k = 0; k < MIXED_BLOCKS; k++) {
    for (int j = 0; j < design.block[k].n_ext; j++) {
      const double expected = b[design.start[k] + reference_column(design.block + k, j)];
      worst = larger(worst, fabs(ext[design.ext_start[k] + j] - expected));
    }
  }
  CHECK_NEAR(worst, 0, 0);
  free_all();
}

/* The flags of a number's bits. */
static void set_flags(int bits, int n, int *flag) {
  for (int b = 0; b < n; b++) flag[b] = (bits >> b) & 1;
}

static double *predictor(const nl_design *design, const double *x, const int *on,
                         const double *b, const double *before) {
  double *eta = copy_doubles(before, design->n_obs);
  for (int j = 0; j < design->n_col; j++) {
    if (!on[design->block_of_column[j]]) continue;
    for (size_t t = 0; t < design->n_obs; t++) eta[t] += x[t + (size_t)j * N_OBS] * b[j];
  }
  return eta;
}

static void test_add_eta(void) {
  seed_random(23);
  const nl_design design = mixed_design(N_OBS);
  const double *x = reference_matrix(&design, 1), *b = new_normals(29);
  const double *before = new_normals(N_OBS);
  double *ext = new_doubles(39), worst = 0;
  int on[MIXED_BLOCKS];
  nl_design_extend(&design, b, ext, on);
  for (int bits = 0; bits < 1 << MIXED_BLOCKS; bits++) {
    double *eta = copy_doubles(before, N_OBS);
    set_flags(bits, MIXED_BLOCKS, on);
    nl_design_add_eta(&design, on, ext, 0, 100, eta);
    nl_design_add_eta(&design, on, ext, 100, N_OBS - 100, eta + 100);
    worst = larger(worst, distance(N_OBS, eta, predictor(&design, x, on, b, before)));
  }
  CHECK_NEAR(worst, 0, 1e-12);
  free_all();
}

/* X'r for the blocks that are on, what was there before elsewhere. */
static double *sums_by_hand(const nl_design *design, const double *x, const int *on,
                            const double *r, const double *before) {
  double *sums = copy_doubles(before, (size_t)design->n_col);
  for (int j = 0; j < design->n_col; j++) {
    if (!on[design->block_of_column[j]]) continue;
    sums[j] = 0;
    for (size_t t = 0; t < design->n_obs; t++) sums[j] += x[t + (size_t)j * N_OBS] * r[t];
  }
  return sums;
}

/* Clear, collect in two pieces, fold. */
static void test_gradient_in_pieces(void) {
  seed_random(24);
  const nl_design design = mixed_design(N_OBS);
  const double *x = reference_matrix(&design, 1), *r = new_normals(N_OBS);
  const double *before = new_normals(29);
  double worst = 0;
  int on[MIXED_BLOCKS];
  for (int bits = 0; bits < 1 << MIXED_BLOCKS; bits++) {
    double *ext = new_doubles(39), *gradient = copy_doubles(before, 29);
    set_flags(bits, MIXED_BLOCKS, on);
    nl_design_clear(&design, on, ext);
    nl_design_add_gradient(&design, on, r, 0, 77, ext);
    nl_design_add_gradient(&design, on, r + 77, 77, N_OBS - 77, ext);
    nl_design_fold(&design, on, ext, gradient);
    worst =
        larger(worst, distance(29, gradient, sums_by_hand(&design, x, on, r, before)));
    for (int j = 0; j < 39; j++) { /* the others were not touched */
      int b = 0;
      while (j >= design.ext_start[b + 1]) b++;
      if (!on[b] && !isnan(ext[j])) worst = INFINITY;
    }
  }
  CHECK_NEAR(worst, 0, 1e-11);
  free_all();
}

static void test_column_sums(void) {
  seed_random(25);
  const nl_design design = mixed_design(N_OBS);
  const double *x = reference_matrix(&design, 1), *r = new_normals(N_OBS);
  const double *before = new_normals(29);
  hook_counts counts;
  const nl_hook hook = counting_hook(&counts), empty = {NULL, NULL, NULL, NULL};
  const nl_hook *hooks[] = {&hook, &empty, NULL};
  double worst = 0;
  int on[MIXED_BLOCKS];
  for (int bits = 0; bits < 1 << MIXED_BLOCKS; bits++) {
    double *sums = copy_doubles(before, 29);
    set_flags(bits, MIXED_BLOCKS, on);
    nl_design_column_sums(&design, on, r, new_doubles(39), sums, hooks[bits % 3]);
    worst = larger(worst, distance(29, sums, sums_by_hand(&design, x, on, r, before)));
  }
  CHECK_NEAR(worst, 0, 1e-11);
  CHECK(counts.n_check == 11); /* every third time */
  free_all();
}

/* What centring takes off X b is the same in every row. */
static void test_centre_shift(void) {
  seed_random(26);
  const nl_design design = mixed_design(4);
  const double *b = new_normals(29);
  const double *centred = times(4, 29, 1, reference_matrix(&design, 1), b);
  const double *raw = times(4, 29, 1, reference_matrix(&design, 0), b);
  const double shift = nl_design_centre_shift(&design, b);
  for (int t = 0; t < 4; t++) CHECK_NEAR(raw[t] - centred[t], shift, 1e-13);
  CHECK(fabs(shift) > 0.01);
  free_all();
}

/* ---- cross products ---------------------------------------------------------------- */

typedef enum { ABSENT, OLD, FRESH, N_ROLE } block_role;

/* A list of blocks with roles, and where their rows and columns go. */
typedef struct {
  nl_block_list list;
  int block[2 * MIXED_BLOCKS];
  int row_at[2 * MIXED_BLOCKS];
  int column_at[2 * MIXED_BLOCKS];
  int n_row;
  int n_column;
} listing;

static void append(const nl_design *design, const block_role *role, nl_block_kind kind,
                   block_role wanted, listing *out) {
  for (int b = 0; b < design->n_block; b++) {
    if (design->block[b].kind != kind || role[b] != wanted) continue;
    out->block[out->list.n_all] = b;
    out->row_at[out->list.n_all] = out->n_row;
    out->column_at[out->list.n_all] = wanted == FRESH ? out->n_column : -1;
    out->n_row += design->block[b].n_ext;
    if (wanted == FRESH) out->n_column += design->block[b].n_ext;
    out->list.n_all++;
  }
}

static void list_blocks(const nl_design *design, const block_role *role, listing *out) {
  const nl_block_list empty = {out->block, 0, 0, 0, 0};
  out->list = empty;
  out->n_row = out->n_column = 0;
  append(design, role, NL_DENSE, OLD, out);
  out->list.old_dense = out->list.n_all;
  append(design, role, NL_DENSE, FRESH, out);
  out->list.n_dense = out->list.n_all;
  append(design, role, NL_LOCAL, OLD, out);
  out->list.old_local = out->list.n_all - out->list.n_dense;
  append(design, role, NL_LOCAL, FRESH, out);
}

/* Folds the change of raw between positions i and j (n_col_i x n_col_j). */
static double *folded_change(const nl_design *design, const listing *at, int i, int j,
                             const double *before, const double *after, int ld) {
  const nl_block *left = design->block + at->block[i];
  const nl_block *right = design->block + at->block[j];
  double *sum = new_zeros((size_t)left->n_col * (size_t)right->n_col);
  for (int l = 0; l < right->n_ext; l++) {
    for (int k = 0; k < left->n_ext; k++) {
      const int from = at->row_at[i] + k + (at->column_at[j] + l) * ld;
      const int row = reference_column(left, k), column = reference_column(right, l);
      sum[row + column * left->n_col] += after[from] - before[from];
    }
  }
  return sum;
}

/* The block of X'WX between positions i and j. */
static double *pair_by_hand(const nl_design *design, const listing *at, const double *xwx,
                            int i, int j) {
  const int left = at->block[i], right = at->block[j];
  const int n_row = design->block[left].n_col, n_column = design->block[right].n_col;
  double *pair = new_doubles((size_t)n_row * (size_t)n_column);
  for (int l = 0; l < n_column; l++) {
    for (int k = 0; k < n_row; k++) {
      pair[k + l * n_row] =
          xwx[design->start[left] + k + (design->start[right] + l) * design->n_col];
    }
  }
  return pair;
}

/* The worst over all pairs; those that are not to be computed must be as they were. */
static double cross_error(const nl_design *design, const listing *at, const double *xwx,
                          const double *before, const double *after, int ld) {
  double worst = 0;
  for (int j = 0; j < at->list.n_all; j++) {
    if (at->column_at[j] < 0) continue;
    for (int i = 0; i < at->list.n_all; i++) {
      const size_t size = (size_t)design->block[at->block[i]].n_col *
                          (size_t)design->block[at->block[j]].n_col;
      const int computed = at->column_at[i] < 0 || i <= j;
      const double *change = folded_change(design, at, i, j, before, after, ld);
      const double *expected =
          computed ? pair_by_hand(design, at, xwx, i, j) : new_zeros(size);
      worst = larger(worst, distance(size, change, expected));
    }
  }
  return worst;
}

static double cross_with_roles(const nl_design *design, const block_role *role,
                               const double *weight, const double *xwx,
                               const nl_hook *hook) {
  listing at;
  list_blocks(design, role, &at);
  const int ld = at.n_row + 2;
  const size_t size = (size_t)ld * (size_t)at.n_column;
  const double *before = new_normals(size);
  double *after = copy_doubles(before, size);
  nl_design_cross(design, &at.list, at.row_at, at.column_at, weight, after, ld,
                  new_doubles(nl_cross_scratch(design)),
                  new_ints((size_t)NL_CHUNK * (size_t)design->n_entry), hook);
  return cross_error(design, &at, xwx, before, after, ld);
}

static double *random_weights(size_t n) {
  double *weight = new_doubles(n);
  for (size_t t = 0; t < n; t++) weight[t] = random_below(5) > 0 ? random_uniform() : 0;
  return weight;
}

static double *weighted_products(const nl_design *design, const double *weight) {
  const int n = (int)design->n_obs, n_col = design->n_col;
  const double *x = reference_matrix(design, 1);
  double *wx = copy_doubles(x, (size_t)n * (size_t)n_col);
  for (int i = 0; i < n * n_col; i++) wx[i] *= weight[i % n];
  return cross_times(n_col, n, n_col, x, wx);
}

static void number_to_roles(int number, block_role *role) {
  for (int b = 0; b < MIXED_BLOCKS; b++, number /= N_ROLE) {
    role[b] = (block_role)(number % N_ROLE);
  }
}

/* Every block absent, old or fresh. */
static void test_cross_every_split(void) {
  enum { N_SPLIT = 243 };
  double worst = 0;
  block_role role[MIXED_BLOCKS];
  hook_counts counts;
  const nl_hook hook = counting_hook(&counts);
  for (int split = 0; split < N_SPLIT; split++) {
    seed_random(27);
    const nl_design design = mixed_design(split % 9 == 8 ? N_OBS : 20);
    const double *weight = random_weights(design.n_obs);
    number_to_roles(split, role);
    worst = larger(worst, cross_with_roles(&design, role, weight,
                                           weighted_products(&design, weight), &hook));
    free_all();
  }
  CHECK_NEAR(worst, 0, 1e-11);
  CHECK(counts.n_check == N_SPLIT);
}

static void test_cross_over_chunks(void) {
  const block_role roles[][MIXED_BLOCKS] = {{FRESH, FRESH, FRESH, FRESH, FRESH},
                                            {FRESH, OLD, FRESH, OLD, OLD},
                                            {OLD, FRESH, OLD, FRESH, FRESH}};
  seed_random(28);
  const nl_design design = mixed_design(2 * NL_CHUNK + 3);
  const double *weight = random_weights(design.n_obs);
  const double *xwx = weighted_products(&design, weight);
  for (int k = 0; k < 3; k++) {
    CHECK_NEAR(cross_with_roles(&design, roles[k], weight, xwx, NULL), 0, 1e-11);
  }
  free_all();
}

static void test_list_is_fresh(void) {
  const int block[] = {0, 1, 2, 3, 4};
  const nl_block_list list = {block, 5, 3, 1, 1};
  const int expected[] = {0, 1, 1, 0, 1};
  for (int i = 0; i < 5; i++) CHECK((nl_list_is_fresh(&list, i) != 0) == expected[i]);
}

void suite_design(void);

void suite_design(void) {
  RUN(test_measure);
  RUN(test_chunk);
  RUN(test_extend);
  RUN(test_add_eta);
  RUN(test_gradient_in_pieces);
  RUN(test_column_sums);
  RUN(test_centre_shift);
  RUN(test_list_is_fresh);
  RUN(test_cross_every_split);
  RUN(test_cross_over_chunks);
}
