/* block.h against the dense matrix that a block stands for. */
#include <math.h>

#include "block.h"
#include "check.h"
#include "fixture.h"

/* A whole chunk and a piece of one. */
enum { N_OBS = NL_CHUNK + 57, N_ROW = 13, N_KIND = 26 };

/* Every storage and shape. Local blocks: of one factor, with values and with powers, of
 * four and of other widths, periodic or not, periodic and as wide as its columns, with
 * all three kinds of cells, with as many cells as are sorted and one more; products of
 * two, three and four factors. */
static nl_block local_of_kind(size_t n_obs, int kind) {
  static const factor_spec specs[][4] = {
      {{NL_VALUES, 4, 9, 0, 0, CELL_BYTE}},
      {{NL_VALUES, 4, 6, 0, 0, CELL_NONE}},
      {{NL_VALUES, 3, 8, 0, 0, CELL_WIDE}},
      {{NL_VALUES, 1, 5, 0, 0, CELL_BYTE}},
      {{NL_VALUES, 4, 6, 1, 0, CELL_WIDE}},
      {{NL_VALUES, 3, 3, 1, 0, CELL_BYTE}},
      {{NL_VALUES, 40, 50, 1, 0, CELL_WIDE}},
      {{NL_POWERS, 4, 6, 0, 5, CELL_BYTE}},
      {{NL_POWERS, 4, 7, 1, 7, CELL_WIDE}},
      {{NL_POWERS, 4, 4, 1, 3, CELL_BYTE}},
      {{NL_POWERS, 4, 4, 0, 1, CELL_NONE}},
      {{NL_POWERS, 4, 9, 0, 64, CELL_BYTE}},
      {{NL_POWERS, 4, 9, 1, 65, CELL_BYTE}},
      {{NL_POWERS, 3, 6, 1, 4, CELL_WIDE}},
      {{NL_POWERS, 1, 3, 0, 3, CELL_BYTE}},
      {{NL_POWERS, 6, 8, 0, 2, CELL_BYTE}},
      {{NL_VALUES, 4, 5, 0, 0, CELL_BYTE}, {NL_VALUES, 4, 6, 1, 0, CELL_WIDE}},
      {{NL_POWERS, 4, 5, 0, 2, CELL_BYTE}, {NL_POWERS, 4, 4, 1, 4, CELL_WIDE}},
      {{NL_VALUES, 2, 3, 1, 0, CELL_BYTE}, {NL_POWERS, 3, 4, 0, 3, CELL_BYTE}},
      {{NL_VALUES, 2, 3, 1, 0, CELL_BYTE},
       {NL_VALUES, 1, 4, 0, 0, CELL_BYTE},
       {NL_POWERS, 3, 4, 1, 2, CELL_BYTE}},
      {{NL_POWERS, 2, 3, 0, 2, CELL_BYTE},
       {NL_VALUES, 2, 2, 1, 0, CELL_WIDE},
       {NL_VALUES, 1, 2, 0, 0, CELL_NONE},
       {NL_VALUES, 3, 4, 1, 0, CELL_BYTE}},
  };
  static const int n_factor[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                 1, 1, 1, 1, 1, 2, 2, 2, 3, 4};
  return local_block(n_obs, n_factor[kind], specs[kind]);
}

/* The first are dense and tables, the others local. */
static nl_block block_of_kind(int kind) {
  switch (kind) {
    case 0:
    case 1:
      return dense_block(N_OBS, 11, kind);
    case 2:
      return table_block(N_OBS, dense_block(N_ROW, 3, 0), CELL_BYTE, 0);
    case 3:
      return table_block(N_OBS, dense_block(NL_CHUNK + 9, 10, 0), CELL_WIDE, 1);
    case 4:
      return table_block(N_OBS, local_of_kind(NL_CHUNK + 9, 7), CELL_WIDE, 0);
    default:
      return local_of_kind(N_OBS, kind - 5);
  }
}

/* A block, and all that it stands for. */
typedef struct {
  nl_block block;
  double *x; /* as it stands */
  double *raw;
  double *features;
  double *extension;
  nl_hook hook;
  hook_counts counts;
} setting;

static void fill_setting(setting *s, nl_block block) {
  s->block = block;
  s->hook = counting_hook(&s->counts);
  s->x = reference_block(&block, 1);
  s->raw = reference_block(&block, 0);
  s->features = reference_features(&block);
  s->extension = reference_extension(&block);
}

/* Tests every kind as it is, and prepared for many passes. */
static void for_each_kind(void (*test)(const setting *s)) {
  for (int prepared = 0; prepared < 2; prepared++) {
    seed_random(30);
    for (int kind = 0; kind < N_KIND; kind++) {
      setting s;
      fill_setting(&s, block_of_kind(kind));
      if (prepared) prepare_block(&s.block, &s.hook);
      test(&s);
      free_all();
    }
    for (int kind = 0; kind < N_KIND - 5; kind += 4) { /* as rows of a table */
      setting s;
      fill_setting(&s, table_block(N_OBS, local_of_kind(N_ROW, kind),
                                   kind % 2 ? CELL_BYTE : CELL_WIDE, 0));
      if (prepared) prepare_block(&s.block, &s.hook);
      test(&s);
      free_all();
    }
  }
}

static size_t in_lanes(int n) { return (size_t)n * NL_LANES; }

/* Pieces of rows. Rows that are sorted by cell come in whole chunks only. */
typedef struct {
  size_t row;
  int n;
} piece;
static const piece pieces[] = {{0, NL_CHUNK},  {NL_CHUNK, N_OBS - NL_CHUNK},
                               {0, 1},         {3, 17},
                               {N_OBS - 1, 1}, {200, 111},
                               {7, 0}};
enum { N_PIECE = sizeof pieces / sizeof pieces[0], WHOLE_CHUNKS = 2 };

static int count_pieces(const setting *s) {
  const int is_sorted = s->block.kind == NL_LOCAL && s->block.factor[0].order != NULL;
  return is_sorted ? WHOLE_CHUNKS : N_PIECE;
}

/* ---- the references themselves ----------------------------------------------------- */

static void check_references(const setting *s) {
  const nl_block *block = &s->block;
  const double *product =
      times(N_OBS, block->n_ext, block->n_col, s->features, s->extension);
  CHECK_NEAR(distance(N_OBS * (size_t)block->n_col, product, s->raw), 0, 1e-12);
}

static void test_references(void) { for_each_kind(check_references); }

/* ---- extended columns -------------------------------------------------------------- */

static double *scratch_of(const nl_block *block) {
  return new_doubles(nl_block_scratch(block));
}

static void check_extend(const setting *s) {
  const nl_block *block = &s->block;
  const double *b = new_normals(in_lanes(block->n_col));
  double *ext = new_doubles(in_lanes(block->n_ext));
  double *expected = new_zeros(in_lanes(block->n_ext));
  add_product((size_t)block->n_ext, block->n_col, s->extension, (size_t)block->n_ext, b,
              expected);
  nl_block_extend(block, b, ext, scratch_of(block));
  CHECK_NEAR(distance(in_lanes(block->n_ext), ext, expected), 0, 1e-13);
}

static void test_extend(void) { for_each_kind(check_extend); }

static void check_fold(const setting *s) {
  const nl_block *block = &s->block;
  const double *ext = new_normals(in_lanes(block->n_ext));
  double *b = new_normals(in_lanes(block->n_col));
  double *expected = copy_doubles(b, in_lanes(block->n_col));
  add_cross_product((size_t)block->n_ext, block->n_col, s->extension,
                    (size_t)block->n_ext, ext, expected);
  nl_block_fold(block, ext, b, scratch_of(block));
  CHECK_NEAR(distance(in_lanes(block->n_col), b, expected), 0, 1e-12);
}

static void test_fold(void) { for_each_kind(check_fold); }

/* <extend b, c> = <b, fold c> in every lane, and lanes do not mix. */
static void check_adjoint_columns(const setting *s) {
  const nl_block *block = &s->block;
  const double *b = new_normals(in_lanes(block->n_col));
  const double *c = new_normals(in_lanes(block->n_ext));
  double *ext = new_doubles(in_lanes(block->n_ext));
  double *folded = new_zeros(in_lanes(block->n_col)), worst = 0;
  nl_block_extend(block, b, ext, scratch_of(block));
  nl_block_fold(block, c, folded, scratch_of(block));
  for (int v = 0; v < NL_LANES; v++) {
    const double *ext_v = lane_of((size_t)block->n_ext, ext, v);
    const double *folded_v = lane_of((size_t)block->n_col, folded, v);
    const double left = dot_of(block->n_ext, ext_v, lane_of((size_t)block->n_ext, c, v));
    const double right =
        dot_of(block->n_col, lane_of((size_t)block->n_col, b, v), folded_v);
    worst = larger(worst, fabs(left - right) / (1 + fabs(left)));
  }
  CHECK_NEAR(worst, 0, 1e-11);
}

static void test_extend_and_fold_are_adjoint(void) {
  for_each_kind(check_adjoint_columns);
}

/* ---- X b and X'r ------------------------------------------------------------------- */

static void check_add_eta(const setting *s) {
  const nl_block *block = &s->block;
  const double *ext = new_normals(in_lanes(block->n_ext));
  double worst = 0;
  for (int k = 0; k < count_pieces(s); k++) {
    const size_t row = pieces[k].row, n = (size_t)pieces[k].n;
    double *eta = new_normals(n * NL_LANES);
    double *expected = copy_doubles(eta, n * NL_LANES);
    add_product(n, block->n_ext, s->features + row, N_OBS, ext, expected);
    nl_block_add_eta(block, row, pieces[k].n, ext, eta);
    worst = larger(worst, distance(n * NL_LANES, eta, expected));
  }
  CHECK_NEAR(worst, 0, 1e-12);
}

static void test_add_eta(void) { for_each_kind(check_add_eta); }

static void check_add_gradient(const setting *s) {
  const nl_block *block = &s->block;
  double worst = 0;
  for (int k = 0; k < count_pieces(s); k++) {
    const size_t row = pieces[k].row, n = (size_t)pieces[k].n;
    const double *r = new_normals(n * NL_LANES);
    double *ext = new_normals(in_lanes(block->n_ext));
    double *expected = copy_doubles(ext, in_lanes(block->n_ext));
    add_cross_product(n, block->n_ext, s->features + row, N_OBS, r, expected);
    nl_block_add_gradient(block, row, pieces[k].n, r, ext);
    worst = larger(worst, distance(in_lanes(block->n_ext), ext, expected));
  }
  CHECK_NEAR(worst, 0, 1e-12);
}

static void test_add_gradient(void) { for_each_kind(check_add_gradient); }

/* X b and X'r from coefficients to coefficients, by the tested code alone. */
static void check_products(const setting *s) {
  const nl_block *block = &s->block;
  const double *b = new_normals(in_lanes(block->n_col));
  const double *r = new_normals(in_lanes(N_OBS));
  double *ext = new_doubles(in_lanes(block->n_ext)), *eta = new_zeros(in_lanes(N_OBS));
  double *sums = new_zeros(in_lanes(block->n_ext));
  double *gradient = new_zeros(in_lanes(block->n_col));
  double *eta_expected = new_zeros(in_lanes(N_OBS));
  double *expected = new_zeros(in_lanes(block->n_col));
  nl_block_extend(block, b, ext, scratch_of(block));
  for (int k = 0; k < WHOLE_CHUNKS; k++) {
    const size_t row = pieces[k].row;
    nl_block_add_eta(block, row, pieces[k].n, ext, eta + row * NL_LANES);
    nl_block_add_gradient(block, row, pieces[k].n, r + row * NL_LANES, sums);
  }
  nl_block_fold(block, sums, gradient, scratch_of(block));
  add_product(N_OBS, block->n_col, s->raw, N_OBS, b, eta_expected);
  add_cross_product(N_OBS, block->n_col, s->raw, N_OBS, r, expected);
  CHECK_NEAR(distance(in_lanes(N_OBS), eta, eta_expected), 0, 1e-11);
  CHECK_NEAR(distance(in_lanes(block->n_col), gradient, expected), 0, 1e-10);
}

static void test_products(void) { for_each_kind(check_products); }

/* ---- entries and columns ----------------------------------------------------------- */

static int count_wrapped(const nl_block *block) {
  return block->n_entry > 0 ? block->n_wrap : 0;
}

static void check_columns(const setting *s) {
  int wrong = 0;
  for (int j = 0; j < count_wrapped(&s->block); j++)
    wrong += nl_block_column(&s->block, j) != reference_column(&s->block, j);
  CHECK(wrong == 0);
}

static void test_column(void) { for_each_kind(check_columns); }

/* Rows row + pick of x against those made of the entries; infinite where an index is out
 * of range or the last factor's are not neighbours. */
static double entries_error(const setting *s, size_t row, int n, const int *pick) {
  const nl_block *block = &s->block;
  const nl_block *local = block->kind == NL_TABLE ? block->table : block;
  const int width = local->factor[local->n_factor - 1].width;
  const size_t n_entry = (size_t)block->n_entry * (size_t)n;
  int *index = new_ints(n_entry);
  double *value = new_doubles(n_entry), worst = 0;
  nl_block_entries(block, row, n, pick, index, value);
  for (int t = 0; t < n; t++) {
    double *full = new_zeros((size_t)block->n_col);
    for (int i = 0; i < block->n_entry; i++, index++, value++) {
      if (*index < 0 || *index >= block->n_wrap) return INFINITY;
      if (i % width > 0 && *index != index[-1] + 1) return INFINITY;
      full[reference_column(block, *index)] += *value;
    }
    for (int j = 0; j < block->n_col; j++) {
      const double x = s->raw[row + (size_t)pick[t] + (size_t)j * N_OBS];
      worst = larger(worst, fabs(full[j] - x));
    }
  }
  return worst;
}

/* Runs are what entries say, where a row has one. */
static void check_runs(const setting *s, size_t row, int n, const int *pick) {
  const size_t width = (size_t)s->block.n_entry, n_entry = width * (size_t)n;
  const nl_block *local = s->block.kind == NL_TABLE ? s->block.table : &s->block;
  int *index = new_ints(n_entry), *first = new_ints((size_t)n), wrong = 0;
  double *value = new_doubles(n_entry), *own = new_doubles(n_entry);
  if (!nl_block_has_runs(&s->block)) {
    CHECK(local->n_factor > 1 || !s->block.entry_index);
    return;
  }
  nl_block_entries(&s->block, row, n, pick, index, value);
  nl_block_runs(&s->block, row, n, pick, first, own);
  for (int t = 0; t < n; t++) wrong += first[t] != index[(size_t)t * width];
  CHECK(wrong == 0 && same_bits(n_entry, value, own));
}

static void check_entries(const setting *s) {
  double worst = 0;
  if (s->block.n_entry == 0) return;
  for (int k = 0; k < N_PIECE; k++) {
    int all[NL_CHUNK], some[NL_CHUNK], n_some = 0;
    for (int t = 0; t < pieces[k].n; t++) {
      all[t] = t;
      if (random_below(3) == 0) some[n_some++] = t;
    }
    worst = larger(worst, entries_error(s, pieces[k].row, pieces[k].n, all));
    check_runs(s, pieces[k].row, n_some, some);
    worst = larger(worst, entries_error(s, pieces[k].row, n_some, some));
  }
  CHECK_NEAR(worst, 0, 1e-13);
}

static void test_entries(void) { for_each_kind(check_entries); }

/* ---- strips ------------------------------------------------------------------------ */

static double strip_error(const setting *s, piece at, int column) {
  const double *scale = new_normals((size_t)at.n);
  double *out = new_doubles(in_lanes(at.n)), worst = 0;
  nl_block_strip(&s->block, at.row, at.n, column, scale, out);
  for (int t = 0; t < at.n; t++) {
    for (int v = 0; v < NL_LANES; v++) {
      const int j = column + v;
      const double x =
          j < s->block.n_col ? s->x[at.row + (size_t)t + (size_t)j * N_OBS] : 0;
      worst = larger(worst, fabs(out[t * NL_LANES + v] - scale[t] * x));
    }
  }
  return worst;
}

static void check_strip(const setting *s) {
  double worst = 0;
  if (s->block.n_entry > 0) return;
  for (int k = 0; k < N_PIECE; k++) {
    for (int column = 0; column < s->block.n_col; column += NL_LANES)
      worst = larger(worst, strip_error(s, pieces[k], column));
  }
  CHECK_NEAR(worst, 0, 1e-14);
}

static void test_strip(void) { for_each_kind(check_strip); }

/* ---- cells ------------------------------------------------------------------------- */

static void test_cells(void) {
  const unsigned char byte[] = {3, 255, 0, 7};
  const int wide[] = {3, 70000, 0, 7};
  const nl_cells bytes = {byte, NULL}, ints = {NULL, wide}, none = {NULL, NULL};
  int buffer[3] = {-1, -1, -1};
  const int *read = nl_cells_read(&bytes, 1, 3, buffer);
  CHECK(read[0] == 255 && read[1] == 0 && read[2] == 7);
  read = nl_cells_read(&ints, 1, 3, buffer);
  CHECK(read[0] == 70000 && read[1] == 0 && read[2] == 7);
  read = nl_cells_read(&none, 1, 3, buffer);
  CHECK(read[0] == 0 && read[1] == 0 && read[2] == 0);
}

/* ---- what is made once ------------------------------------------------------------- */

/* Rows of a chunk by cell, each once. */
static void check_order(const nl_block *block) {
  const nl_factor *factor = block->factor;
  int wrong = 0, buffer[N_OBS];
  const int *cell = nl_cells_read(&factor->cell, 0, N_OBS, buffer);
  for (int chunk = 0; chunk < 2; chunk++) {
    const uint16_t *begin = factor->begin + chunk * (factor->n_cell + 1);
    const int row = chunk * NL_CHUNK, n = (int)pieces[chunk].n;
    int seen[NL_CHUNK] = {0};
    wrong += begin[0] != 0 || begin[factor->n_cell] != n;
    for (int c = 0; c < factor->n_cell; c++) {
      for (int k = begin[c]; k < begin[c + 1]; k++) {
        const int t = factor->order[row + k];
        wrong += seen[t]++ != 0 || cell[row + t] != c;
      }
    }
  }
  CHECK(wrong == 0);
}

/* Cubic splines with few cells are sorted, nothing else. */
static void test_prepare_sorts(void) {
  hook_counts counts;
  const nl_hook hook = counting_hook(&counts);
  seed_random(31);
  for (int kind = 0; kind < N_KIND - 5; kind++) {
    nl_block block = local_of_kind(N_OBS, kind);
    const nl_factor *factor = block.factor;
    const int sorts = block.n_factor == 1 && factor->feature == NL_POWERS &&
                      factor->width == 4 && factor->n_cell <= 64;
    prepare_block(&block, &hook);
    CHECK((factor->order != NULL) == sorts && (factor->begin != NULL) == sorts);
    if (sorts) check_order(&block);
    free_all();
  }
}

/* A table keeps the entries of its rows, if these have any. */
static void test_prepare_lists_entries(void) {
  hook_counts counts;
  const nl_hook hook = counting_hook(&counts);
  seed_random(32);
  nl_block dense = table_block(N_OBS, dense_block(N_ROW, 3, 0), CELL_BYTE, 0);
  nl_block local = table_block(N_OBS, local_of_kind(N_ROW, 8), CELL_BYTE, 0);
  nl_block_prepare(&dense, &hook);
  CHECK(!dense.entry_index && !dense.entry_value && counts.n_more == 0);
  nl_block_prepare(&local, &hook);
  CHECK(local.entry_index && local.entry_value && counts.n_more == 2);
  for (int row = 0; row < N_ROW; row++) {
    const int none = 0;
    int index[4];
    double value[4];
    nl_block_entries(local.table, (size_t)row, 1, &none, index, value);
    for (int i = 0; i < 4; i++) CHECK(local.entry_index[4 * row + i] == index[i]);
    CHECK(same_bits(4, local.entry_value + 4 * row, value));
  }
  free_all();
}

static void test_scratch(void) {
  const nl_block dense = block_of_kind(0), table = block_of_kind(2);
  const nl_block local = block_of_kind(9), of_local = block_of_kind(4);
  CHECK(nl_block_scratch(&dense) == 0 && nl_block_scratch(&local) == 0);
  CHECK(nl_block_scratch(&table) == NL_LANES * 3);
  CHECK(nl_block_scratch(&of_local) == NL_LANES * 4 * 5);
  free_all();
}

void suite_block(void);

void suite_block(void) {
  RUN(test_references);
  RUN(test_extend);
  RUN(test_fold);
  RUN(test_extend_and_fold_are_adjoint);
  RUN(test_add_eta);
  RUN(test_add_gradient);
  RUN(test_products);
  RUN(test_column);
  RUN(test_entries);
  RUN(test_strip);
  RUN(test_cells);
  RUN(test_prepare_sorts);
  RUN(test_prepare_lists_entries);
  RUN(test_scratch);
}
