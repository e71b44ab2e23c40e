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

static nl_factor read_factor(SEXP x, size_t n_obs) {
  nl_factor factor;
  SEXP values = nl_element(x, "values"), first = nl_element(x, "first");
  if (TYPEOF(values) != REALSXP || !Rf_isMatrix(values)) internal_error("values");
  factor.width = Rf_nrows(values);
  factor.values = nl_doubles(values, (R_xlen_t)n_obs * factor.width, "values");
  factor.first = Rf_isNull(first) ? NULL : nl_integers(first, (R_xlen_t)n_obs, "first");
  factor.n_col = nl_integer(x, "n_col");
  factor.n_ext = factor.n_col;
  if (nl_integer(x, "periodic") != 0) factor.n_ext += factor.width - 1;
  if (factor.width < 1 || factor.width > factor.n_col) internal_error("width");
  return factor;
}

/* Checked once, so that the core can trust the column numbers. */
static void check_first(const nl_factor *factor, size_t n_obs) {
  if (!factor->first) return;
  for (size_t t = 0; t < n_obs; t++) {
    if (factor->first[t] < 0 || factor->first[t] > factor->n_ext - factor->width) {
      internal_error("first");
    }
  }
}

static nl_block read_block(SEXP x, size_t n_obs) {
  nl_block block;
  SEXP matrix = nl_element(x, "x"), factors = nl_element(x, "factors");
  memset(&block, 0, sizeof block);
  block.n_obs = n_obs;
  if (!Rf_isNull(matrix)) {
    SEXP centre = nl_element(x, "centre");
    if (TYPEOF(matrix) != REALSXP || !Rf_isMatrix(matrix)) internal_error("x");
    block.kind = NL_DENSE;
    block.n_col = block.n_ext = Rf_ncols(matrix);
    block.x = nl_doubles(matrix, (R_xlen_t)n_obs * block.n_col, "x");
    if (!Rf_isNull(centre)) block.centre = nl_doubles(centre, block.n_col, "centre");
    return block;
  }
  if (TYPEOF(factors) != VECSXP || XLENGTH(factors) < 1 ||
      XLENGTH(factors) > NL_MAX_FACTOR) {
    internal_error("factors");
  }
  block.kind = NL_LOCAL;
  block.n_factor = (int)XLENGTH(factors);
  block.n_col = block.n_ext = block.n_entry = 1;
  for (int f = 0; f < block.n_factor; f++) {
    block.factor[f] = read_factor(VECTOR_ELT(factors, f), n_obs);
    check_first(block.factor + f, n_obs);
    block.n_col *= block.factor[f].n_col;
    block.n_ext *= block.factor[f].n_ext;
    block.n_entry *= block.factor[f].width;
  }
  if (block.n_entry / block.factor[block.n_factor - 1].width > NL_MAX_RUN)
    internal_error("runs");
  return block;
}

nl_design nl_r_design(SEXP blocks, size_t n_obs) {
  nl_design design;
  memset(&design, 0, sizeof design);
  if (TYPEOF(blocks) != VECSXP) internal_error("blocks");
  if (n_obs > INT_MAX) internal_error("n_obs");
  design.n_obs = n_obs;
  design.n_block = (int)XLENGTH(blocks);
  const size_t n = (size_t)design.n_block;
  design.block = (nl_block *)R_alloc(n > 0 ? n : 1, sizeof(nl_block));
  for (int b = 0; b < design.n_block; b++)
    design.block[b] = read_block(VECTOR_ELT(blocks, b), n_obs);
  design.start = nl_r_ints(n + 1);
  design.ext_start = nl_r_ints(n + 1);
  design.entry_start = nl_r_ints(n + 1);
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
