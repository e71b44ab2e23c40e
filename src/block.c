/* block.c: see block.h. Kernels are in kernel.c. */
#include "block.h"

#include "kernel.h"
#include "linalg.h"
#include "memory.h"

const int *nl_cells_read(const nl_cells *cells, size_t row, int n, int *buffer) {
  if (cells->wide) return cells->wide + row;
  for (int t = 0; t < n; t++) buffer[t] = cells->byte ? cells->byte[row + (size_t)t] : 0;
  return buffer;
}

/* ---- extended columns -------------------------------------------------------------- */

/* What an extended column of a factor is made of: columns and what they count for, up to
 * `width`. Returns how many. */
static int factor_columns(const nl_factor *factor, int ext, int *column, double *count) {
  if (factor->feature == NL_VALUES) {
    column[0] = ext % factor->n_col;
    count[0] = 1;
    return 1;
  }
  const int cell = ext / factor->width;
  for (int i = 0; i < factor->width; i++) {
    column[i] = (factor->poly_first[cell] + i) % factor->n_col;
    count[i] = factor->poly[(size_t)ext * (size_t)factor->width + (size_t)i];
  }
  return factor->width;
}

/* The same for a product of factors from the f-th on, by recursion over factors: calls
 * use(column, count) for every column. */
typedef struct {
  double *ext;          /* one extended column in lanes */
  double *coefficients; /* n_col in lanes */
  const double *given;  /* n_col in lanes; NULL: fold */
} map_target;

static void map_factors(const nl_block *block, int f, int ext, int stride, int column,
                        double count, const map_target *target) {
  if (f == block->n_factor) {
    const size_t at = (size_t)column * NL_LANES;
    for (int v = 0; v < NL_LANES; v++) {
      if (target->given) {
        target->ext[v] += count * target->given[at + (size_t)v];
      } else {
        target->coefficients[at + (size_t)v] += count * target->ext[v];
      }
    }
    return;
  }
  const nl_factor *factor = block->factor + f;
  int columns[NL_MAX_WIDTH];
  double counts[NL_MAX_WIDTH];
  const int inner = stride / factor->n_ext;
  const int n = factor_columns(factor, ext / inner, columns, counts);
  for (int i = 0; i < n; i++) {
    if (counts[i] == 0) continue;
    map_factors(block, f + 1, ext % inner, inner, column * factor->n_col + columns[i],
                count * counts[i], target);
  }
}

size_t nl_block_scratch(const nl_block *block) {
  return block->kind == NL_TABLE ? NL_LANES * (size_t)block->table->n_ext : 0;
}

void nl_block_extend(const nl_block *block, const double *coefficients, double *ext,
                     double *scratch) {
  const size_t size = NL_LANES * (size_t)block->n_ext;
  if (block->kind == NL_DENSE) {
    nl_copy(size, coefficients, ext);
    return;
  }
  nl_fill(size, 0, ext);
  if (block->kind == NL_TABLE) {
    nl_block_extend(block->table, coefficients, scratch, NULL);
    for (int row = 0; row < block->n_ext; row += NL_CHUNK) {
      const int n = block->n_ext - row < NL_CHUNK ? block->n_ext - row : NL_CHUNK;
      nl_block_add_eta(block->table, (size_t)row, n, scratch,
                       ext + (size_t)row * NL_LANES);
    }
    return;
  }
  for (int e = 0; e < block->n_ext; e++) {
    const map_target target = {ext + (size_t)e * NL_LANES, NULL, coefficients};
    map_factors(block, 0, e, block->n_ext, 0, 1, &target);
  }
}

void nl_block_fold(const nl_block *block, const double *ext, double *coefficients,
                   double *scratch) {
  if (block->kind == NL_DENSE) {
    nl_axpy(NL_LANES * block->n_col, 1, ext, coefficients);
    return;
  }
  if (block->kind == NL_TABLE) {
    nl_fill(NL_LANES * (size_t)block->table->n_ext, 0, scratch);
    for (int row = 0; row < block->n_ext; row += NL_CHUNK) {
      const int n = block->n_ext - row < NL_CHUNK ? block->n_ext - row : NL_CHUNK;
      nl_block_add_gradient(block->table, (size_t)row, n, ext + (size_t)row * NL_LANES,
                            scratch);
    }
    nl_block_fold(block->table, scratch, coefficients, NULL);
    return;
  }
  for (int e = 0; e < block->n_ext; e++) {
    double lanes[NL_LANES];
    nl_copy(NL_LANES, ext + (size_t)e * NL_LANES, lanes);
    const map_target target = {lanes, coefficients, NULL};
    map_factors(block, 0, e, block->n_ext, 0, 1, &target);
  }
}

/* ---- chunks sorted by cell --------------------------------------------------------- */

/* With more cells than this in a chunk, too few rows share one. */
#define NL_MOST_SORTED 64

/* Room for the order of all chunks, where it pays. */
static void add_order(nl_block *block, const nl_hook *hook) {
  nl_factor *factor = block->factor;
  if (factor->feature != NL_POWERS || factor->width != 4 ||
      factor->n_cell > NL_MOST_SORTED)
    return;
  const size_t n_chunk = (block->n_obs + NL_CHUNK - 1) / NL_CHUNK;
  const size_t stride = (size_t)factor->n_cell + 1;
  factor->order = (unsigned char *)nl_new_bytes(block->n_obs, hook);
  factor->begin = (uint16_t *)nl_new_bytes(n_chunk * stride * sizeof(uint16_t), hook);
}

void nl_block_sort(nl_block *block, size_t row, int n) {
  nl_factor *factor = block->factor;
  if (!factor->order) return;
  const size_t stride = (size_t)factor->n_cell + 1;
  unsigned char *order = factor->order + row;
  uint16_t *from = factor->begin + row / NL_CHUNK * stride, next[NL_MOST_SORTED + 1];
  int buffer[NL_CHUNK];
  const int *cell = nl_cells_read(&factor->cell, row, n, buffer);
  for (size_t c = 0; c < stride; c++) from[c] = 0;
  for (int t = 0; t < n; t++) from[cell[t] + 1]++;
  for (size_t c = 1; c < stride; c++) from[c] = (uint16_t)(from[c] + from[c - 1]);
  for (size_t c = 0; c < stride; c++) next[c] = from[c];
  for (int t = 0; t < n; t++) order[next[cell[t]]++] = (unsigned char)t;
}

/* ---- rows -------------------------------------------------------------------------- */

const uint16_t *nl_chunk_cells(const nl_factor *factor, size_t row) {
  return factor->begin + row / NL_CHUNK * ((size_t)factor->n_cell + 1);
}

/* Whether rows row .. row + n - 1 are a whole chunk that was sorted. */
static int is_sorted(const nl_block *block, size_t row, int n) {
  return block->factor[0].order && row % NL_CHUNK == 0 &&
         (n == NL_CHUNK || row + (size_t)n == block->n_obs);
}

void nl_block_fetch(const nl_block *block, size_t row, int n) {
  if (block->kind != NL_LOCAL || !is_sorted(block, row, n)) return;
  const nl_factor *factor = block->factor;
  const unsigned char *order = factor->order + row,
                      *s = (const unsigned char *)(factor->values + row);
  for (int i = 0; i < n; i += NL_LINE) NL_FETCH(order + i);
  for (int i = 0; i < n * (int)sizeof(double); i += NL_LINE) NL_FETCH(s + i);
  NL_FETCH(nl_chunk_cells(factor, row));
}

void nl_block_add_eta(const nl_block *block, size_t row, int n, const double *ext,
                      double *eta) {
  int buffer[NL_CHUNK];
  if (block->kind == NL_DENSE) {
    nl_dense_eta(n, block->n_col, block->x + row, block->n_obs, ext, eta);
  } else if (block->kind == NL_TABLE) {
    nl_table_eta(n, nl_cells_read(&block->index, row, n, buffer), ext, eta);
  } else if (block->n_factor > 1) {
    nl_product_eta(block, row, n, ext, eta);
  } else {
    const nl_factor *factor = block->factor;
    if (is_sorted(block, row, n)) {
      nl_sorted_eta(factor->n_cell, factor->order + row, nl_chunk_cells(factor, row),
                    factor->values + row, ext, eta);
      return;
    }
    const int *cell = nl_cells_read(&factor->cell, row, n, buffer);
    if (factor->feature == NL_POWERS) {
      nl_powers_eta(n, factor->width, cell, factor->values + row, ext, eta);
    } else {
      nl_values_eta(n, factor->width, cell, factor->values + row * (size_t)factor->width,
                    ext, eta);
    }
  }
}

void nl_block_add_gradient(const nl_block *block, size_t row, int n, const double *r,
                           double *ext) {
  int buffer[NL_CHUNK];
  if (block->kind == NL_DENSE) {
    nl_dense_gradient(n, block->n_col, block->x + row, block->n_obs, r, ext);
  } else if (block->kind == NL_TABLE) {
    nl_table_gradient(n, nl_cells_read(&block->index, row, n, buffer), r, ext);
  } else if (block->n_factor > 1) {
    nl_product_gradient(block, row, n, r, ext);
  } else {
    const nl_factor *factor = block->factor;
    if (is_sorted(block, row, n)) {
      nl_sorted_gradient(factor->n_cell, factor->order + row, nl_chunk_cells(factor, row),
                         factor->values + row, r, ext);
      return;
    }
    const int *cell = nl_cells_read(&factor->cell, row, n, buffer);
    if (factor->feature == NL_POWERS) {
      nl_powers_gradient(n, factor->width, cell, factor->values + row, r, ext);
    } else {
      nl_values_gradient(n, factor->width, cell,
                         factor->values + row * (size_t)factor->width, r, ext);
    }
  }
}

/* ---- entries ----------------------------------------------------------------------- */

/* Values (width) of a factor's columns in row t, which is in this cell; returns the first
 * wrapped column. */
static int factor_entries(const nl_factor *factor, int cell, size_t t, double *values) {
  const size_t width = (size_t)factor->width;
  if (factor->feature == NL_VALUES) {
    nl_copy(width, factor->values + t * width, values);
    return cell;
  }
  const double s = factor->values[t];
  const double *poly = factor->poly + (size_t)cell * width * width;
  nl_copy(width, poly + (width - 1) * width, values);
  for (size_t k = width - 1; k-- > 0;) { /* Horner */
    for (size_t i = 0; i < width; i++) values[i] = values[i] * s + poly[k * width + i];
  }
  return factor->poly_first[cell];
}

static void local_entries(const nl_block *block, size_t t, int *index, double *value) {
  const int last = block->n_factor - 1;
  int n = 1;
  index[0] = 0;
  value[0] = 1;
  for (int f = 0; f <= last; f++) {
    const nl_factor *factor = block->factor + f;
    double values[NL_MAX_RUN];
    int buffer;
    const int cell = *nl_cells_read(&factor->cell, t, 1, &buffer);
    const int first = factor_entries(factor, cell, t, values);
    for (int r = n - 1; r >= 0; r--) { /* from the end: in place */
      const int outer = index[r] * factor->n_wrap + first;
      const double count = value[r];
      for (int i = factor->width - 1; i >= 0; i--) {
        index[r * factor->width + i] = outer + i;
        value[r * factor->width + i] = count * values[i];
      }
    }
    n *= factor->width;
  }
}

/* Rows of a single factor. cell: of each of them. */
static void single_runs(const nl_factor *factor, size_t row, int n, const int *pick,
                        const int *cell, int *first, double *value) {
  const int width = factor->width;
  if (n <= 0) return;
  if (factor->feature == NL_POWERS && width == 4) {
    double s[NL_CHUNK];
    for (int t = 0; t < n; t++) s[t] = factor->values[row + (size_t)pick[t]];
    nl_powers_values(n, cell, s, factor->poly, value);
    for (int t = 0; t < n; t++) first[t] = factor->poly_first[cell[t]];
    return;
  }
  for (int t = 0; t < n; t++, value += width)
    first[t] = factor_entries(factor, cell[t], row + (size_t)pick[t], value);
}

/* Rows at[0 .. n - 1] of a table that was prepared. */
static void table_runs(const nl_block *block, const int *at, int n, int *first,
                       double *value) {
  const size_t width = (size_t)block->n_entry;
  for (int t = 0; t < n; t++, value += width) {
    const size_t from = (size_t)at[t] * width;
    first[t] = block->entry_index[from];
    for (size_t i = 0; i < width; i++) value[i] = block->entry_value[from + i];
  }
}

/* Rows at[0 .. n - 1] of a table. */
static void table_entries(const nl_block *block, const int *at, int n, int *index,
                          double *value) {
  const size_t width = (size_t)block->n_entry;
  const int none = 0;
  for (int t = 0; t < n; t++, index += width, value += width) {
    if (!block->entry_index) {
      nl_block_entries(block->table, (size_t)at[t], 1, &none, index, value);
      continue;
    }
    const int *from_index = block->entry_index + (size_t)at[t] * width;
    const double *from_value = block->entry_value + (size_t)at[t] * width;
    for (size_t i = 0; i < width; i++) {
      index[i] = from_index[i];
      value[i] = from_value[i];
    }
  }
}

/* The numbers of rows row + pick[0 .. n - 1]. */
static void picked_cells(const nl_cells *cells, size_t row, int n, const int *pick,
                         int *out) {
  for (int t = 0; t < n; t++) {
    const size_t at = row + (size_t)pick[t];
    out[t] = cells->wide ? cells->wide[at] : cells->byte ? cells->byte[at] : 0;
  }
}

int nl_block_has_runs(const nl_block *block) {
  if (block->kind == NL_TABLE) return block->entry_index && block->table->n_factor == 1;
  return block->kind == NL_LOCAL && block->n_factor == 1;
}

void nl_block_runs(const nl_block *block, size_t row, int n, const int *pick, int *first,
                   double *value) {
  int at[NL_CHUNK];
  const int is_table = block->kind == NL_TABLE;
  picked_cells(is_table ? &block->index : &block->factor->cell, row, n, pick, at);
  if (is_table) {
    table_runs(block, at, n, first, value);
  } else {
    single_runs(block->factor, row, n, pick, at, first, value);
  }
}

void nl_block_entries(const nl_block *block, size_t row, int n, const int *pick,
                      int *index, double *value) {
  int at[NL_CHUNK];
  if (nl_block_has_runs(block)) {
    const int width = block->n_entry;
    nl_block_runs(block, row, n, pick, at, value);
    for (int t = 0; t < n; t++) {
      for (int i = 0; i < width; i++) index[width * t + i] = at[t] + i;
    }
  } else if (block->kind == NL_TABLE) {
    picked_cells(&block->index, row, n, pick, at);
    table_entries(block, at, n, index, value);
  } else {
    for (int t = 0; t < n; t++, index += block->n_entry, value += block->n_entry)
      local_entries(block, row + (size_t)pick[t], index, value);
  }
}

/* ---- made once for many passes ----------------------------------------------------- */

static void list_entries(nl_block *block, const nl_hook *hook) {
  const size_t size = (size_t)block->n_entry * (size_t)block->n_ext;
  int *index = nl_new_ints(size, hook);
  double *value = nl_new_doubles(size, hook);
  const int none = 0;
  for (int row = 0; row < block->n_ext; row++) {
    const size_t at = (size_t)row * (size_t)block->n_entry;
    nl_block_entries(block->table, (size_t)row, 1, &none, index + at, value + at);
  }
  block->entry_index = index;
  block->entry_value = value;
}

void nl_block_prepare(nl_block *block, const nl_hook *hook) {
  if (block->kind == NL_TABLE && block->n_entry > 0) list_entries(block, hook);
  if (block->kind == NL_LOCAL && block->n_factor == 1) add_order(block, hook);
}

int nl_block_column(const nl_block *block, int wrapped) {
  const nl_block *local = block->kind == NL_TABLE ? block->table : block;
  int column = 0, stride = 1;
  for (int f = local->n_factor - 1; f >= 0; f--) {
    const nl_factor *factor = local->factor + f;
    column += ((wrapped % factor->n_wrap) % factor->n_col) * stride;
    stride *= factor->n_col;
    wrapped /= factor->n_wrap;
  }
  return column;
}

void nl_block_strip(const nl_block *block, size_t row, int n, int column,
                    const double *scale, double *out) {
  const nl_block *dense = block->kind == NL_TABLE ? block->table : block;
  int buffer[NL_CHUNK];
  const int *at =
      block->kind == NL_TABLE ? nl_cells_read(&block->index, row, n, buffer) : NULL;
  for (int v = 0; v < NL_LANES; v++) {
    const int j = column + v;
    if (j >= block->n_col) {
      for (int t = 0; t < n; t++) out[t * NL_LANES + v] = 0;
      continue;
    }
    const double *x = dense->x + (size_t)j * dense->n_obs;
    const double centre = block->centre ? block->centre[j] : 0;
    for (int t = 0; t < n; t++) {
      const size_t from = at ? (size_t)at[t] : row + (size_t)t;
      out[t * NL_LANES + v] = scale[t] * (x[from] - centre);
    }
  }
}
