/* block.h against the dense matrix that a block stands for. */
#include <math.h>

#include "block.h"
#include "check.h"
#include "fixture.h"

enum { N_OBS = 40, N_KIND = 11 };

/* Every storage and shape: dense (as it is, centred), one factor (of four neighbours with
 * and without `first`, of another width, of one, periodic, periodic and as wide as its
 * columns), products of two, three and four. */
static nl_block block_of_kind(int kind) {
  static const factor_spec specs[][4] = {
      {{4, 9, 0, 0}},
      {{4, 6, 0, 1}},
      {{3, 8, 0, 0}},
      {{1, 5, 0, 0}},
      {{4, 6, 1, 0}},
      {{3, 3, 1, 0}},
      {{4, 5, 0, 0}, {4, 6, 1, 0}},
      {{2, 3, 1, 0}, {1, 4, 0, 0}, {3, 4, 0, 0}},
      {{2, 3, 0, 0}, {2, 2, 1, 0}, {1, 2, 0, 1}, {3, 4, 1, 0}},
  };
  static const int n_factor[] = {1, 1, 1, 1, 1, 1, 2, 3, 4};
  if (kind < 2) return dense_block(N_OBS, 4, kind);
  return local_block(N_OBS, n_factor[kind - 2], specs[kind - 2]);
}

static void for_each_kind(void (*test)(const nl_block *block, const double *x)) {
  seed_random(11);
  for (int kind = 0; kind < N_KIND; kind++) {
    const nl_block block = block_of_kind(kind);
    test(&block, reference_block(&block, 1));
    free_all();
  }
}

/* Offsets and lengths of chunks. */
static const struct {
  size_t row;
  int n;
} chunks[] = {{0, N_OBS}, {0, 1}, {3, 17}, {N_OBS - 1, 1}, {20, N_OBS - 20}, {7, 0}};
enum { N_CHUNK = sizeof chunks / sizeof chunks[0] };

/* ---- extended columns -------------------------------------------------------------- */

static void check_columns(const nl_block *block, const double *x) {
  int wrong = 0;
  (void)x;
  for (int j = 0; j < block->n_ext; j++) {
    wrong += nl_block_column(block, j) != reference_column(block, j);
  }
  CHECK(wrong == 0);
}

static void test_column(void) { for_each_kind(check_columns); }

static void check_extend(const nl_block *block, const double *x) {
  const double *b = new_normals((size_t)block->n_col);
  double *ext = new_doubles((size_t)block->n_ext), worst = 0;
  (void)x;
  nl_block_extend(block, b, ext);
  for (int j = 0; j < block->n_ext; j++) {
    worst = larger(worst, fabs(ext[j] - b[reference_column(block, j)]));
  }
  CHECK_NEAR(worst, 0, 0);
}

static void test_extend(void) { for_each_kind(check_extend); }

static void check_fold(const nl_block *block, const double *x) {
  const double *ext = new_normals((size_t)block->n_ext);
  double *b = new_normals((size_t)block->n_col);
  double *expected = copy_doubles(b, (size_t)block->n_col);
  (void)x;
  for (int j = 0; j < block->n_ext; j++) expected[reference_column(block, j)] += ext[j];
  nl_block_fold(block, ext, b);
  CHECK_NEAR(distance((size_t)block->n_col, b, expected), 0, 1e-14);
}

static void test_fold(void) { for_each_kind(check_fold); }

static double product_of(int n, const double *x, const double *y) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
}

/* <extend b, c> = <b, fold c> */
static void check_adjoint_columns(const nl_block *block, const double *x) {
  const double *b = new_normals((size_t)block->n_col);
  const double *c = new_normals((size_t)block->n_ext);
  double *ext = new_doubles((size_t)block->n_ext);
  double *folded = new_zeros((size_t)block->n_col);
  (void)x;
  nl_block_extend(block, b, ext);
  nl_block_fold(block, c, folded);
  CHECK_NEAR(product_of(block->n_ext, ext, c), product_of(block->n_col, b, folded),
             1e-12);
}

static void test_extend_and_fold_are_adjoint(void) {
  for_each_kind(check_adjoint_columns);
}

/* ---- X b and X'r ------------------------------------------------------------------- */

static double *extended(const nl_block *block, const double *b) {
  double *ext = new_doubles((size_t)block->n_ext);
  for (int j = 0; j < block->n_ext; j++) ext[j] = b[reference_column(block, j)];
  return ext;
}

static double *folded(const nl_block *block, const double *ext) {
  double *b = new_zeros((size_t)block->n_col);
  for (int j = 0; j < block->n_ext; j++) b[reference_column(block, j)] += ext[j];
  return b;
}

static void check_add_eta(const nl_block *block, const double *x) {
  const double *b = new_normals((size_t)block->n_col);
  double worst = 0;
  for (int k = 0; k < N_CHUNK; k++) {
    const size_t row = chunks[k].row, n = (size_t)chunks[k].n;
    double *eta = new_normals(n), *expected = copy_doubles(eta, n);
    for (size_t t = 0; t < n; t++) {
      for (int j = 0; j < block->n_col; j++) {
        expected[t] += x[row + t + (size_t)j * N_OBS] * b[j];
      }
    }
    nl_block_add_eta(block, row, chunks[k].n, extended(block, b), eta);
    worst = larger(worst, distance(n, eta, expected));
  }
  CHECK_NEAR(worst, 0, 1e-13);
}

static void test_add_eta(void) { for_each_kind(check_add_eta); }

static void check_add_gradient(const nl_block *block, const double *x) {
  const size_t n_col = (size_t)block->n_col;
  double worst = 0;
  for (int k = 0; k < N_CHUNK; k++) {
    const size_t row = chunks[k].row, n = (size_t)chunks[k].n;
    const double *r = new_normals(n);
    double *ext = new_normals((size_t)block->n_ext);
    double *expected = folded(block, ext);
    for (size_t j = 0; j < n_col; j++) {
      for (size_t t = 0; t < n; t++) expected[j] += x[row + t + j * N_OBS] * r[t];
    }
    nl_block_add_gradient(block, row, chunks[k].n, r, ext);
    worst = larger(worst, distance(n_col, folded(block, ext), expected));
  }
  CHECK_NEAR(worst, 0, 1e-12);
}

static void test_add_gradient(void) { for_each_kind(check_add_gradient); }

/* <X b, r> = <b, X'r>, with the tested code alone */
static void check_adjoint(const nl_block *block, const double *x) {
  const double *b = new_normals((size_t)block->n_col), *r = new_normals(N_OBS);
  double *ext = new_doubles((size_t)block->n_ext), *eta = new_zeros(N_OBS);
  double *ext_gradient = new_zeros((size_t)block->n_ext);
  double *gradient = new_zeros((size_t)block->n_col);
  (void)x;
  nl_block_extend(block, b, ext);
  nl_block_add_eta(block, 0, N_OBS, ext, eta);
  nl_block_add_gradient(block, 0, N_OBS, r, ext_gradient);
  nl_block_fold(block, ext_gradient, gradient);
  CHECK_NEAR(product_of(N_OBS, eta, r), product_of(block->n_col, b, gradient), 1e-11);
}

static void test_products_are_adjoint(void) { for_each_kind(check_adjoint); }

/* ---- entries and packing ----------------------------------------------------------- */

/* Largest difference between rows row .. row + n - 1 of x and those made of the entries.
 */
static double entries_error(const nl_block *block, const double *x, size_t row, int n) {
  const size_t n_entry = (size_t)block->n_entry * (size_t)n;
  int *index = new_ints(n_entry);
  double *value = new_doubles(n_entry), worst = 0;
  nl_block_entries(block, row, n, index, value);
  for (int t = 0; t < n; t++) {
    double *full = new_zeros((size_t)block->n_col);
    for (int i = 0; i < block->n_entry; i++, index++, value++) {
      if (*index < 0 || *index >= block->n_ext) return INFINITY;
      full[reference_column(block, *index)] += *value;
    }
    for (int j = 0; j < block->n_col; j++) {
      worst = larger(worst, fabs(full[j] - x[row + (size_t)t + (size_t)j * N_OBS]));
    }
  }
  return worst;
}

static void check_entries(const nl_block *block, const double *x) {
  double worst = 0;
  if (block->kind == NL_DENSE) return;
  for (int k = 0; k < N_CHUNK; k++) {
    worst = larger(worst, entries_error(block, x, chunks[k].row, chunks[k].n));
  }
  CHECK_NEAR(worst, 0, 1e-14);
}

static void test_entries(void) { for_each_kind(check_entries); }

/* Packs and checks one chunk; what is beyond the chunk in each column stays as it is. */
static double pack_error(const nl_block *block, const double *x, size_t row, int n) {
  enum { LD = N_OBS + 3 };
  const size_t size = LD * (size_t)block->n_col;
  const double *scale = new_normals((size_t)n);
  double *packed = new_normals(size), *expected = copy_doubles(packed, size);
  for (size_t j = 0; j < (size_t)block->n_col; j++) {
    for (size_t t = 0; t < (size_t)n; t++) {
      expected[t + j * LD] = scale[t] * x[row + t + j * N_OBS];
    }
  }
  nl_block_pack(block, row, n, scale, packed, LD);
  return distance(size, packed, expected);
}

static void check_pack(const nl_block *block, const double *x) {
  double worst = 0;
  if (block->kind != NL_DENSE) return;
  for (int k = 0; k < N_CHUNK; k++) {
    worst = larger(worst, pack_error(block, x, chunks[k].row, chunks[k].n));
  }
  CHECK_NEAR(worst, 0, 1e-14);
}

static void test_pack(void) { for_each_kind(check_pack); }

void suite_block(void);

void suite_block(void) {
  RUN(test_column);
  RUN(test_extend);
  RUN(test_fold);
  RUN(test_extend_and_fold_are_adjoint);
  RUN(test_add_eta);
  RUN(test_add_gradient);
  RUN(test_products_are_adjoint);
  RUN(test_entries);
  RUN(test_pack);
}
