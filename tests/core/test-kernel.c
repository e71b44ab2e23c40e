/* kernel.h against nested loops. */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "kernel.h"

/* Numbers of rows, none a multiple of much; the last is a whole chunk. */
static const int lengths[] = {1, 2, 3, 7, 13, 61, 255, NL_CHUNK};
enum { N_LENGTH = sizeof lengths / sizeof lengths[0], MAX_WIDTH = 6 };

static size_t in_lanes(int n) { return (size_t)n * NL_LANES; }

static int *random_indices(int n, int limit) {
  int *index = new_ints((size_t)n);
  for (int t = 0; t < n; t++) index[t] = random_below(limit);
  return index;
}

static double sum_tolerance(int n) { return 1e-14 * (10 + n); }

/* ---- starts and sums --------------------------------------------------------------- */

static void test_start_eta(void) {
  seed_random(10);
  for (int k = 0; k < N_LENGTH; k++) {
    const int n = lengths[k];
    const double *base = new_normals((size_t)n), *start = new_normals(NL_LANES);
    double *eta = new_doubles(in_lanes(n)), worst = 0;
    nl_start_eta(n, base, start, eta);
    for (int i = 0; i < n * NL_LANES; i++)
      worst = larger(worst, fabs(eta[i] - (base[i / NL_LANES] + start[i % NL_LANES])));
    CHECK(worst == 0);
    free_all();
  }
}

static void test_sum_rows(void) {
  seed_random(11);
  for (int k = 0; k < N_LENGTH; k++) {
    const int n = lengths[k];
    const double *x = new_normals(in_lanes(n));
    double *sums = new_normals(NL_LANES), *expected = copy_doubles(sums, NL_LANES);
    for (int i = 0; i < n * NL_LANES; i++) expected[i % NL_LANES] += x[i];
    nl_sum_rows(n, x, sums);
    CHECK_NEAR(distance(NL_LANES, sums, expected), 0, sum_tolerance(n));
    free_all();
  }
}

/* ---- dense ------------------------------------------------------------------------- */

static void check_dense(int n, int n_col) {
  const size_t ld = (size_t)n + 5;
  const double *x = new_normals(ld * (size_t)n_col);
  const double *b = new_normals(in_lanes(n_col)), *r = new_normals(in_lanes(n));
  double *eta = new_normals(in_lanes(n)), *ext = new_normals(in_lanes(n_col));
  double *eta_expected = copy_doubles(eta, in_lanes(n));
  double *ext_expected = copy_doubles(ext, in_lanes(n_col));
  add_product((size_t)n, n_col, x, ld, b, eta_expected);
  add_cross_product((size_t)n, n_col, x, ld, r, ext_expected);
  nl_dense_eta(n, n_col, x, ld, b, eta);
  nl_dense_gradient(n, n_col, x, ld, r, ext);
  CHECK_NEAR(distance(in_lanes(n), eta, eta_expected), 0, sum_tolerance(n_col));
  CHECK_NEAR(distance(in_lanes(n_col), ext, ext_expected), 0, sum_tolerance(n));
  free_all();
}

static void test_dense(void) {
  seed_random(12);
  for (int k = 0; k < N_LENGTH; k++) {
    for (int n_col = 0; n_col <= 9; n_col++) check_dense(lengths[k], n_col);
  }
}

/* ---- kernels of sparse rows, as dense matrices --------------------------------------
 */

/* The kernel's rows as a matrix, n x n_ext. */
typedef struct {
  int n, width, n_ext;
  const int *cell;
  const double *features; /* values or places */
} sparse_rows;

static double *matrix_of_values(const sparse_rows *rows) {
  double *x = new_zeros((size_t)rows->n * (size_t)rows->n_ext);
  for (int t = 0; t < rows->n; t++) {
    for (int i = 0; i < rows->width; i++)
      x[t + (rows->cell[t] + i) * rows->n] += rows->features[t * rows->width + i];
  }
  return x;
}

static double *matrix_of_powers(const sparse_rows *rows) {
  double *x = new_zeros((size_t)rows->n * (size_t)rows->n_ext);
  for (int t = 0; t < rows->n; t++) {
    for (int i = 0; i < rows->width; i++)
      x[t + (rows->cell[t] * rows->width + i) * rows->n] += pow(rows->features[t], i);
  }
  return x;
}

/* What goes into a pair of kernels, and what should come out. */
typedef struct {
  double *ext, *eta, *r, *sums;
  double *eta_expected, *sums_expected;
} pair;

static pair pair_for(const sparse_rows *rows, const double *x) {
  pair it;
  const size_t n = in_lanes(rows->n), n_ext = in_lanes(rows->n_ext);
  it.ext = new_normals(n_ext);
  it.r = new_normals(n);
  it.eta = new_normals(n);
  it.sums = new_normals(n_ext);
  it.eta_expected = copy_doubles(it.eta, n);
  it.sums_expected = copy_doubles(it.sums, n_ext);
  add_product((size_t)rows->n, rows->n_ext, x, (size_t)rows->n, it.ext, it.eta_expected);
  add_cross_product((size_t)rows->n, rows->n_ext, x, (size_t)rows->n, it.r,
                    it.sums_expected);
  return it;
}

static void check_pair(const sparse_rows *rows, const pair *it) {
  CHECK_NEAR(distance(in_lanes(rows->n), it->eta, it->eta_expected), 0, 1e-13);
  CHECK_NEAR(distance(in_lanes(rows->n_ext), it->sums, it->sums_expected), 0,
             sum_tolerance(rows->n));
}

static void check_table(int n, int n_row) {
  const sparse_rows rows = {n, 1, n_row, random_indices(n, n_row), NULL};
  double *x = new_zeros((size_t)n * (size_t)n_row);
  for (int t = 0; t < n; t++) x[t + rows.cell[t] * n] = 1;
  const pair it = pair_for(&rows, x);
  nl_table_eta(n, rows.cell, it.ext, it.eta);
  nl_table_gradient(n, rows.cell, it.r, it.sums);
  check_pair(&rows, &it);
  free_all();
}

static void test_table(void) {
  seed_random(13);
  for (int k = 0; k < N_LENGTH; k++) {
    check_table(lengths[k], 1);
    check_table(lengths[k], 9);
  }
}

static void check_values(int n, int width) {
  const int n_ext = width + 5;
  const sparse_rows rows = {n, width, n_ext, random_indices(n, n_ext - width + 1),
                            new_normals((size_t)(n * width))};
  const pair it = pair_for(&rows, matrix_of_values(&rows));
  nl_values_eta(n, width, rows.cell, rows.features, it.ext, it.eta);
  nl_values_gradient(n, width, rows.cell, rows.features, it.r, it.sums);
  check_pair(&rows, &it);
  free_all();
}

static void test_values(void) {
  seed_random(14);
  for (int k = 0; k < N_LENGTH; k++) {
    for (int width = 1; width <= MAX_WIDTH; width++) check_values(lengths[k], width);
  }
}

static double *random_places(int n) {
  double *s = new_doubles((size_t)n);
  for (int t = 0; t < n; t++) s[t] = random_below(9) == 0 ? t % 2 : random_uniform();
  return s;
}

static void check_powers(int n, int width) {
  enum { N_CELL = 5 };
  const sparse_rows rows = {n, width, N_CELL * width, random_indices(n, N_CELL),
                            random_places(n)};
  const pair it = pair_for(&rows, matrix_of_powers(&rows));
  nl_powers_eta(n, width, rows.cell, rows.features, it.ext, it.eta);
  nl_powers_gradient(n, width, rows.cell, rows.features, it.r, it.sums);
  check_pair(&rows, &it);
  free_all();
}

static void test_powers(void) {
  seed_random(15);
  for (int k = 0; k < N_LENGTH; k++) {
    for (int width = 1; width <= MAX_WIDTH; width++) check_powers(lengths[k], width);
  }
}

/* Rows in the order of their cells, shuffled within them; cells without rows at the
 * beginning, in between and at the end. */
static void check_sorted(int n, int n_cell) {
  const int *kept = random_indices(n, n_cell);
  const sparse_rows rows = {n, 4, 4 * n_cell, kept, random_places(n)};
  unsigned char *order = new_bytes((size_t)n);
  uint16_t *begin = new_bytes(((size_t)n_cell + 1) * sizeof(uint16_t));
  int at = 0;
  for (int c = 0; c < n_cell; c++) {
    begin[c] = (uint16_t)at;
    for (int t = n - 1; t >= 0; t--) {
      if (rows.cell[t] == c) order[at++] = (unsigned char)t;
    }
  }
  begin[n_cell] = (uint16_t)at;
  const pair it = pair_for(&rows, matrix_of_powers(&rows));
  nl_sorted_eta(n_cell, order, begin, rows.features, it.ext, it.eta);
  nl_sorted_gradient(n_cell, order, begin, rows.features, it.r, it.sums);
  check_pair(&rows, &it);
  free_all();
}

static void test_sorted(void) {
  seed_random(16);
  for (int k = 0; k < N_LENGTH; k++) {
    check_sorted(lengths[k], 1);
    check_sorted(lengths[k], 6);
    check_sorted(lengths[k], 64);
  }
}

/* Rows of x in any order, some of them never, some twice; places as they come. */
static void check_sorted_products(int n, int n_cell, int ld) {
  const int *cell = random_indices(n, n_cell);
  const double *x = new_normals((size_t)(n * ld)), *s = random_places(n);
  unsigned char *order = new_bytes((size_t)n);
  uint16_t *begin = new_bytes(((size_t)n_cell + 1) * sizeof(uint16_t));
  double *sums = new_normals((size_t)(4 * n_cell * ld));
  double *expected = copy_doubles(sums, (size_t)(4 * n_cell * ld));
  int at = 0;
  for (int c = 0; c < n_cell; c++) {
    begin[c] = (uint16_t)at;
    for (int t = 0; t < n; t++) {
      if (cell[t] != c) continue;
      order[at] = (unsigned char)random_below(n);
      for (int k = 0; k < 4; k++) {
        for (int j = 0; j < ld; j++)
          expected[(4 * c + k) * ld + j] += pow(s[at], k) * x[order[at] * ld + j];
      }
      at++;
    }
  }
  begin[n_cell] = (uint16_t)at;
  nl_sorted_products(n_cell, order, begin, s, x, ld, sums);
  CHECK_NEAR(distance((size_t)(4 * n_cell * ld), sums, expected), 0, sum_tolerance(n));
  free_all();
}

static void test_sorted_products(void) {
  seed_random(23);
  for (int k = 0; k < N_LENGTH; k++) {
    for (int ld = 4; ld <= 28; ld += 4) {
      check_sorted_products(lengths[k], 1, ld);
      check_sorted_products(lengths[k], 7, ld);
    }
  }
}

/* ---- values and moments of cubics -------------------------------------------------- */

static void test_powers_values(void) {
  enum { N_CELL = 3 };
  seed_random(17);
  for (int k = 0; k < N_LENGTH; k++) {
    const int n = lengths[k], *cell = random_indices(n, N_CELL);
    const double *s = random_places(n), *poly = new_normals(16 * N_CELL);
    double *values = new_doubles(4 * (size_t)n), worst = 0;
    nl_powers_values(n, cell, s, poly, values);
    for (int t = 0; t < n; t++) {
      for (int i = 0; i < 4; i++) {
        double expected = 0;
        for (int j = 0; j < 4; j++)
          expected += poly[i + 4 * j + 16 * cell[t]] * pow(s[t], j);
        worst = larger(worst, fabs(values[i + 4 * t] - expected));
      }
    }
    CHECK_NEAR(worst, 0, 1e-14);
    free_all();
  }
}

/* Seven of each cell; the eighth place is not used. */
static void test_powers_moments(void) {
  enum { N_CELL = 3, N_MOMENT = 7 };
  seed_random(18);
  for (int k = 0; k < N_LENGTH; k++) {
    const int n = lengths[k], *cell = random_indices(n, N_CELL);
    const double *s = random_places(n), *weight = new_normals((size_t)n);
    double *moments = new_normals(8 * N_CELL);
    double *expected = copy_doubles(moments, 8 * N_CELL);
    for (int t = 0; t < n; t++) {
      for (int i = 0; i < N_MOMENT; i++)
        expected[i + 8 * cell[t]] += weight[t] * pow(s[t], i);
    }
    nl_powers_moments(n, cell, s, weight, moments);
    CHECK_NEAR(distance(8 * N_CELL, moments, expected), 0, sum_tolerance(n));
    free_all();
  }
}

/* ---- products of factors ----------------------------------------------------------- */

/* Every pair of widths and of features, and three and four factors. */
static void check_product(int n_factor, const factor_spec *spec) {
  enum { N_OBS = 50, ROW = 6, N = 37 };
  const nl_block block = local_block(N_OBS, n_factor, spec);
  const double *g = reference_features(&block);
  const sparse_rows rows = {N, 0, block.n_ext, NULL, NULL};
  double *x = new_doubles(N * (size_t)block.n_ext);
  for (int e = 0; e < block.n_ext; e++) {
    for (int t = 0; t < N; t++) x[t + e * N] = g[ROW + t + e * N_OBS];
  }
  const pair it = pair_for(&rows, x);
  nl_product_eta(&block, ROW, N, it.ext, it.eta);
  nl_product_gradient(&block, ROW, N, it.r, it.sums);
  check_pair(&rows, &it);
  free_all();
}

static factor_spec factor_of(nl_feature feature, int width, int periodic) {
  const factor_spec spec = {feature,  width, width + 2,
                            periodic, 3,     width % 2 ? CELL_BYTE : CELL_WIDE};
  return spec;
}

static void test_product_of_two(void) {
  seed_random(19);
  for (int left = 1; left <= MAX_WIDTH; left++) {
    for (int right = 1; right <= MAX_WIDTH; right++) {
      for (int kind = 0; kind < 4; kind++) {
        const factor_spec spec[] = {
            factor_of(kind & 1 ? NL_POWERS : NL_VALUES, left, right % 2),
            factor_of(kind & 2 ? NL_POWERS : NL_VALUES, right, left % 2)};
        check_product(2, spec);
      }
    }
  }
}

static void test_product_of_more(void) {
  const factor_spec three[] = {factor_of(NL_VALUES, 3, 0), factor_of(NL_POWERS, 4, 1),
                               factor_of(NL_VALUES, 2, 1)};
  const factor_spec four[] = {factor_of(NL_POWERS, 2, 1), factor_of(NL_VALUES, 1, 0),
                              factor_of(NL_VALUES, 3, 0), factor_of(NL_POWERS, 2, 0)};
  /* as many runs and as wide ones as there may be */
  const factor_spec many[] = {{NL_VALUES, NL_MAX_WIDTH, NL_MAX_WIDTH, 0, 0, CELL_NONE},
                              {NL_VALUES, NL_MAX_WIDTH, NL_MAX_WIDTH, 0, 0, CELL_NONE},
                              {NL_VALUES, 2, 3, 0, 0, CELL_BYTE}};
  const factor_spec wide[] = {{NL_VALUES, 2, 2, 0, 0, CELL_NONE},
                              {NL_VALUES, NL_MAX_RUN, NL_MAX_RUN + 1, 0, 0, CELL_WIDE}};
  seed_random(20);
  check_product(3, three);
  check_product(4, four);
  check_product(3, many);
  check_product(2, wide);
}

/* ---- cross products of sparse rows ------------------------------------------------- */

/* Entries of n rows in n_col columns, neighbours or anywhere. */
static nl_entries random_entries(int n, int n_entry, int n_col, int neighbours) {
  int *index = new_ints((size_t)(n * n_entry));
  for (int t = 0; t < n; t++) {
    const int first = random_below(n_col - n_entry + 1);
    for (int i = 0; i < n_entry; i++)
      index[t * n_entry + i] = neighbours ? first + i : random_below(n_col);
  }
  const nl_entries entries = {index, new_normals((size_t)(n * n_entry)), n_entry};
  return entries;
}

static double *random_weights(int n) {
  double *weight = new_doubles((size_t)n);
  for (int t = 0; t < n; t++) weight[t] = random_below(3) > 0 ? random_uniform() : 0;
  return weight;
}

static void add_cross(int n, const nl_entries *a, double *corner, const nl_entries *b,
                      const double *weight, int ld) {
  for (int t = 0; t < n; t++) {
    for (int j = 0; j < b->n_entry; j++) {
      for (int i = 0; i < a->n_entry; i++) {
        const int row = a->index[t * a->n_entry + i];
        const int column = b->index[t * b->n_entry + j];
        corner[row + column * ld] +=
            weight[t] * a->value[t * a->n_entry + i] * b->value[t * b->n_entry + j];
      }
    }
  }
}

/* The corners lie inside of a larger matrix, of which the rest stays. */
enum { LD = 17, N_COLUMN = 10, FIRST = 2, SECOND = 5 * LD + 6 };

/* The same entries with the first index of each row only. */
static nl_entries firsts_of(int n, const nl_entries *entries) {
  int *first = new_ints((size_t)n);
  for (int t = 0; t < n; t++) first[t] = entries->index[t * entries->n_entry];
  const nl_entries it = {first, entries->value, entries->n_entry};
  return it;
}

static void check_cross_four(int n, int with_second) {
  const nl_entries a = random_entries(n, 4, 8, 1), b = random_entries(n, 4, 5, 1);
  const nl_entries b2 = random_entries(n, 4, N_COLUMN - 5, 1);
  const nl_entries a1 = firsts_of(n, &a), b1 = firsts_of(n, &b), b3 = firsts_of(n, &b2);
  const double *weight = random_weights(n);
  double *out = new_normals(LD * N_COLUMN), *expected = copy_doubles(out, LD * N_COLUMN);
  add_cross(n, &a, expected + FIRST, &b, weight, LD);
  if (with_second) add_cross(n, &a, expected + SECOND, &b2, weight, LD);
  nl_cross_four(n, &a1, &b1, out + FIRST, with_second ? &b3 : NULL,
                with_second ? out + SECOND : NULL, weight, LD);
  CHECK_NEAR(distance(LD * N_COLUMN, out, expected), 0, sum_tolerance(n));
  free_all();
}

/* Neighbours that stay the same for runs of rows, of length `length` at most. */
static nl_entries run_entries(int n, int n_index, int length) {
  int *index = new_ints((size_t)(4 * n));
  for (int t = 0, first = 0; t < n; t++) {
    if (t % length == 0) first = (first + 1) % (n_index - 3);
    for (int i = 0; i < 4; i++) index[4 * t + i] = first + i;
  }
  const nl_entries it = {index, new_normals((size_t)(4 * n)), 4};
  return it;
}

static void check_cross_runs(int n, int length_a, int length_b) {
  const nl_entries a = run_entries(n, 8, length_a), b = run_entries(n, 7, length_b);
  const nl_entries a1 = firsts_of(n, &a), b1 = firsts_of(n, &b);
  const double *weight = random_weights(n);
  double *out = new_normals(LD * N_COLUMN), *expected = copy_doubles(out, LD * N_COLUMN);
  add_cross(n, &a, expected + FIRST, &b, weight, LD);
  nl_cross_runs(n, &a1, &b1, out + FIRST, weight, LD);
  CHECK_NEAR(distance(LD * N_COLUMN, out, expected), 0, sum_tolerance(n));
  free_all();
}

static void test_runs_pay(void) {
  const nl_entries slow = run_entries(100, 8, 20), fast = run_entries(100, 7, 1);
  const nl_entries slow1 = firsts_of(100, &slow), fast1 = firsts_of(100, &fast);
  CHECK(nl_runs_pay(100, &slow1, &slow1));
  CHECK(!nl_runs_pay(100, &slow1, &fast1));
  CHECK(!nl_runs_pay(1, &slow1, &slow1));
  free_all();
}

static void check_cross_any(int n, int n_left, int n_right) {
  const nl_entries a = random_entries(n, n_left, 8, 0);
  const nl_entries b = random_entries(n, n_right, N_COLUMN, 0);
  const double *weight = random_weights(n);
  double *out = new_normals(LD * N_COLUMN), *expected = copy_doubles(out, LD * N_COLUMN);
  add_cross(n, &a, expected + FIRST, &b, weight, LD);
  nl_cross_any(n, &a, &b, out + FIRST, weight, LD);
  CHECK_NEAR(distance(LD * N_COLUMN, out, expected), 0, 3 * sum_tolerance(n));
  free_all();
}

static void test_cross(void) {
  seed_random(21);
  for (int k = 0; k < N_LENGTH; k++) {
    check_cross_four(lengths[k], 0);
    check_cross_four(lengths[k], 1);
    check_cross_runs(lengths[k], 5, 3);
    check_cross_runs(lengths[k], 1, 1);
    for (int left = 1; left <= MAX_WIDTH; left++) {
      for (int right = 1; right <= MAX_WIDTH; right++)
        check_cross_any(lengths[k], left, right);
    }
  }
  check_cross_four(0, 0);
  check_cross_any(0, 2, 3);
}

void suite_kernel(void);

void suite_kernel(void) {
  RUN(test_start_eta);
  RUN(test_sum_rows);
  RUN(test_dense);
  RUN(test_table);
  RUN(test_values);
  RUN(test_powers);
  RUN(test_sorted);
  RUN(test_sorted_products);
  RUN(test_powers_values);
  RUN(test_powers_moments);
  RUN(test_product_of_two);
  RUN(test_product_of_more);
  RUN(test_cross);
  RUN(test_runs_pay);
}
