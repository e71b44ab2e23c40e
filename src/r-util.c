/* r-util.c: see r-util.h. */
#include "r-util.h"

#include <R.h>
#include <limits.h>
#include <string.h>
#include <time.h>

SEXP nl_element(SEXP list, const char *name) {
  SEXP names = Rf_getAttrib(list, R_NamesSymbol);
  if (TYPEOF(list) != VECSXP || TYPEOF(names) != STRSXP) return R_NilValue;
  for (R_xlen_t i = 0; i < XLENGTH(list); i++) {
    if (strcmp(CHAR(STRING_ELT(names, i)), name) == 0) return VECTOR_ELT(list, i);
  }
  return R_NilValue;
}

static void internal_error(const char *what) {
  Rf_error(
      "internal error in neurolasso: '%s' is not as the C code expects it; please report "
      "this",
      what);
}

double nl_number(SEXP list, const char *name) {
  SEXP x = nl_element(list, name);
  if (TYPEOF(x) != REALSXP || XLENGTH(x) != 1) internal_error(name);
  return REAL_RO(x)[0];
}

int nl_integer(SEXP list, const char *name) {
  SEXP x = nl_element(list, name);
  if (TYPEOF(x) != INTSXP || XLENGTH(x) != 1) internal_error(name);
  return INTEGER_RO(x)[0];
}

const double *nl_doubles(SEXP x, R_xlen_t length, const char *what) {
  if (TYPEOF(x) != REALSXP || XLENGTH(x) != length) internal_error(what);
  return REAL_RO(x);
}

const int *nl_integers(SEXP x, R_xlen_t length, const char *what) {
  if (TYPEOF(x) != INTSXP || XLENGTH(x) != length) internal_error(what);
  return INTEGER_RO(x);
}

double *nl_r_doubles(size_t n) {
  return (double *)R_alloc(n > 0 ? n : 1, sizeof(double));
}

int *nl_r_ints(size_t n) { return (int *)R_alloc(n > 0 ? n : 1, sizeof(int)); }

SEXP nl_r_cells(size_t n, const int *x, int most) {
  SEXP out = PROTECT(Rf_allocVector(most <= 255 ? RAWSXP : INTSXP, (R_xlen_t)n));
  if (most <= 255) {
    Rbyte *to = RAW(out);
    for (size_t t = 0; t < n; t++) to[t] = (Rbyte)x[t];
  } else {
    memcpy(INTEGER(out), x, n * sizeof(int));
  }
  UNPROTECT(1);
  return out;
}

/* The largest of n bytes. */
static int largest_byte(size_t n, const unsigned char *x) {
  enum { AT_ONCE = 64 };
  unsigned char high[AT_ONCE] = {0};
  int most = 0;
  size_t t = 0;
  for (; t + AT_ONCE <= n; t += AT_ONCE) {
    for (size_t k = 0; k < AT_ONCE; k++)
      high[k] = x[t + k] > high[k] ? x[t + k] : high[k];
  }
  for (size_t k = 0; k < AT_ONCE; k++) most = high[k] > most ? high[k] : most;
  for (; t < n; t++) most = x[t] > most ? x[t] : most;
  return most;
}

/* Whole numbers from 0 to most, one per row: raw, integer or NULL (all 0). Checked once,
 * so that the core can trust them. */
static nl_cells read_cells(SEXP x, size_t n_obs, int most, const char *what) {
  nl_cells cells = {NULL, NULL};
  if (Rf_isNull(x)) return cells;
  if ((size_t)XLENGTH(x) != n_obs) internal_error(what);
  if (TYPEOF(x) == RAWSXP) {
    cells.byte = RAW_RO(x);
    if (largest_byte(n_obs, cells.byte) > most) internal_error(what);
    return cells;
  }
  cells.wide = nl_integers(x, (R_xlen_t)n_obs, what);
  for (size_t t = 0; t < n_obs; t++) {
    if (cells.wide[t] < 0 || cells.wide[t] > most) internal_error(what);
  }
  return cells;
}

/* list(cell, values, n_col, periodic), and for powers poly and poly_first: the fields of
 * nl_factor. `values` is a matrix, or for powers a vector. */
static nl_factor read_factor(SEXP x, size_t n_obs) {
  nl_factor factor;
  SEXP values = nl_element(x, "values"), poly = nl_element(x, "poly");
  memset(&factor, 0, sizeof factor);
  factor.n_col = nl_integer(x, "n_col");
  const int periodic = nl_integer(x, "periodic");
  if (Rf_isNull(poly)) {
    if (TYPEOF(values) != REALSXP || !Rf_isMatrix(values)) internal_error("values");
    factor.feature = NL_VALUES;
    factor.width = Rf_nrows(values);
  } else {
    SEXP first = nl_element(x, "poly_first");
    factor.feature = NL_POWERS;
    factor.n_cell = (int)XLENGTH(first);
    factor.poly_first = nl_integers(first, factor.n_cell, "poly_first");
    factor.width = nl_integer(x, "width");
    factor.poly =
        nl_doubles(poly, (R_xlen_t)factor.width * factor.width * factor.n_cell, "poly");
  }
  const int width = factor.width;
  if (width < 1 || width > NL_MAX_RUN || width > factor.n_col) internal_error("width");
  factor.n_wrap = factor.n_col + (periodic ? width - 1 : 0);
  const int is_powers = factor.feature == NL_POWERS;
  if (is_powers && (factor.n_cell < 1 || width > NL_MAX_WIDTH)) internal_error("width");
  for (int c = 0; c < factor.n_cell; c++) {
    if (factor.poly_first[c] < 0 || factor.poly_first[c] > factor.n_wrap - width)
      internal_error("poly_first");
  }
  factor.n_ext = is_powers ? width * factor.n_cell : factor.n_wrap;
  factor.values = nl_doubles(values, (R_xlen_t)n_obs * (is_powers ? 1 : width), "values");
  factor.cell = read_cells(nl_element(x, "cell"), n_obs,
                           is_powers ? factor.n_cell - 1 : factor.n_wrap - width, "cell");
  return factor;
}

static void read_local(SEXP factors, size_t n_obs, nl_block *block) {
  if (TYPEOF(factors) != VECSXP || XLENGTH(factors) < 1 ||
      XLENGTH(factors) > NL_MAX_FACTOR) {
    internal_error("factors");
  }
  block->kind = NL_LOCAL;
  block->n_factor = (int)XLENGTH(factors);
  block->n_col = block->n_ext = block->n_wrap = block->n_entry = 1;
  for (int f = 0; f < block->n_factor; f++) {
    block->factor[f] = read_factor(VECTOR_ELT(factors, f), n_obs);
    block->n_col *= block->factor[f].n_col;
    block->n_ext *= block->factor[f].n_ext;
    block->n_wrap *= block->factor[f].n_wrap;
    block->n_entry *= block->factor[f].width;
    if (f + 1 < block->n_factor && block->factor[f].width > NL_MAX_WIDTH)
      internal_error("width");
  }
  if (block->n_entry / block->factor[block->n_factor - 1].width > NL_MAX_RUN)
    internal_error("runs");
}

/* list(x = matrix[, centre]), list(factors = list of factors), or list(index, table = one
 * of these for the distinct rows, n_table = their number[, centre]). */
static nl_block read_block(SEXP x, size_t n_obs) {
  nl_block block;
  SEXP matrix = nl_element(x, "x"), table = nl_element(x, "table"),
       centre = nl_element(x, "centre");
  memset(&block, 0, sizeof block);
  block.n_obs = n_obs;
  if (!Rf_isNull(matrix)) {
    if (TYPEOF(matrix) != REALSXP || !Rf_isMatrix(matrix)) internal_error("x");
    block.kind = NL_DENSE;
    block.n_col = block.n_ext = Rf_ncols(matrix);
    block.x = nl_doubles(matrix, (R_xlen_t)n_obs * block.n_col, "x");
  } else if (!Rf_isNull(table)) {
    const int n_table = nl_integer(x, "n_table");
    nl_block *rows = (nl_block *)R_alloc(1, sizeof(nl_block));
    *rows = read_block(table, (size_t)n_table);
    if (rows->kind == NL_TABLE || n_table < 1) internal_error("table");
    block.kind = NL_TABLE;
    block.table = rows;
    block.n_col = rows->n_col;
    block.n_ext = n_table;
    block.n_wrap = rows->n_wrap;
    block.n_entry = rows->n_entry;
    block.index = read_cells(nl_element(x, "index"), n_obs, n_table - 1, "index");
  } else {
    read_local(nl_element(x, "factors"), n_obs, &block);
  }
  if (!Rf_isNull(centre)) {
    if (block.n_entry > 0) internal_error("centre");
    block.centre = nl_doubles(centre, block.n_col, "centre");
  }
  return block;
}

static int count_parts(SEXP x) {
  SEXP parts = nl_element(x, "parts");
  return Rf_isNull(parts) ? 1 : (int)XLENGTH(parts);
}

/* The parts of a matrix, one after the other: list(x = matrix, parts = their columns[,
 * centre]). */
static void read_parts(SEXP x, size_t n_obs, nl_block *block) {
  const nl_block whole = read_block(x, n_obs);
  const int n = count_parts(x);
  const int *width = nl_integers(nl_element(x, "parts"), n, "parts");
  int first = 0;
  for (int k = 0; k < n; first += width[k++]) {
    if (width[k] < 1 || width[k] > whole.n_col - first) internal_error("parts");
    block[k] = whole;
    block[k].n_col = block[k].n_ext = width[k];
    block[k].x = whole.x + n_obs * (size_t)first;
    if (whole.centre) block[k].centre = whole.centre + first;
  }
  if (whole.kind != NL_DENSE || first != whole.n_col) internal_error("parts");
}

nl_design nl_r_design(SEXP blocks, size_t n_obs, int n_thread) {
  nl_design design;
  memset(&design, 0, sizeof design);
  if (TYPEOF(blocks) != VECSXP) internal_error("blocks");
  if (n_obs > INT_MAX) internal_error("n_obs");
  design.n_obs = n_obs;
  design.n_thread = n_thread < 1 ? 1 : n_thread;
  design.n_block = 0;
  for (R_xlen_t i = 0; i < XLENGTH(blocks); i++)
    design.n_block += count_parts(VECTOR_ELT(blocks, i));
  const size_t n = (size_t)design.n_block;
  design.block = (nl_block *)R_alloc(n > 0 ? n : 1, sizeof(nl_block));
  for (int b = 0, i = 0; b < design.n_block; i++) {
    SEXP x = VECTOR_ELT(blocks, i);
    if (Rf_isNull(nl_element(x, "parts"))) {
      design.block[b++] = read_block(x, n_obs);
    } else {
      read_parts(x, n_obs, design.block + b);
      b += count_parts(x);
    }
  }
  design.start = nl_r_ints(n + 1);
  design.ext_start = nl_r_ints(n + 1);
  nl_design_measure(&design);
  design.block_of_column = nl_r_ints((size_t)design.n_col);
  nl_design_index_columns(&design);
  return design;
}

static void check_interrupt(void *data) {
  (void)data;
  R_CheckUserInterrupt();
}

static double *more_memory(void *data, size_t n) {
  (void)data;
  return nl_r_doubles(n);
}

/* A bar that appears once a fit has taken BAR_AFTER seconds. */
enum { BAR_WIDTH = 50, BAR_AFTER = 2 };
typedef struct {
  time_t start;
  int drawn; /* characters of the bar on the console, -1 before it appears */
} progress_bar;

static void draw_progress(void *data, int done, int n_lambda) {
  progress_bar *bar = (progress_bar *)data;
  if (bar->drawn < 0) {
    if (difftime(time(NULL), bar->start) < BAR_AFTER || done == n_lambda) return;
    Rprintf("lambda ");
    bar->drawn = 0;
  }
  for (; bar->drawn < BAR_WIDTH * done / n_lambda; bar->drawn++) Rprintf("=");
  if (done == n_lambda) Rprintf(" %d\n", n_lambda);
  R_FlushConsole();
}

nl_hook nl_r_hook(int progress) {
  nl_hook hook = {check_interrupt, NULL, more_memory, NULL};
  if (progress) {
    progress_bar *bar = (progress_bar *)R_alloc(1, sizeof(progress_bar));
    bar->start = time(NULL);
    bar->drawn = -1;
    hook.progress = draw_progress;
    hook.data = bar;
  }
  return hook;
}
