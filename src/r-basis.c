/* r-basis.c: rows of basis matrices for R, as src/r-util.c reads them back: list(cell,
 * values, moved), or for splines of low order list(cell, values = s, width, poly,
 * poly_first, moved). cell: 0-based, raw where a byte holds it. moved: how many values
 * lay outside the bounds. */
#include <R.h>
#include <string.h>

#include "basis.h"
#include "r-util.h"

static const char *value_names[] = {"cell", "values", "moved", ""};
static const char *power_names[] = {"cell", "values",     "moved", "width",
                                    "poly", "poly_first", ""};
enum { CELL, VALUES, MOVED, WIDTH, POLY, POLY_FIRST };

/* ---- row by row -------------------------------------------------------------------- */

/* A basis and where its rows go. */
typedef struct basis_work {
  /* evaluates n of them: cell (n) and values (n_value x n) from u (n, which it may change) */
  void (*rows)(const struct basis_work *work, size_t n, double *u, int *cell,
               double *values);
  int n_basis, order;           /* of splines */
  const double *knots;          /* of B-splines: n_basis + order */
  const int *span;              /* of B-splines as powers: n_cell */
  int n_cell;                   /* of splines as powers */
  double spacing, reach, *warp; /* of raised cosines; warp: its scaling, or NULL */
  const double *x, *bounds;     /* n_obs, 2 */
  int cyclic;
  size_t n_value;
  Rbyte *byte;    /* n_obs: the cells; NULL where they are wide */
  int *wide;      /* n_obs */
  double *values; /* n_value x n_obs */
  size_t *moved;  /* values outside the bounds, per thread */
} basis_work;

static void basis_chunk(void *data, int thread, size_t row, int n) {
  const basis_work *work = (const basis_work *)data;
  double u[NL_CHUNK];
  int buffer[NL_CHUNK], *cell = work->wide ? work->wide + row : buffer;
  work->moved[thread] += nl_rescale((size_t)n, work->x + row, work->bounds[0],
                                    work->bounds[1], work->cyclic, u);
  work->rows(work, (size_t)n, u, cell, work->values + row * work->n_value);
  for (int t = 0; work->byte && t < n; t++) work->byte[row + (size_t)t] = (Rbyte)cell[t];
}

/* Fills cell, values and moved of `rows`; cells count from 0 to most_cell. */
static void fill_rows(SEXP rows, SEXP x, SEXP bounds, int cyclic, int most_cell,
                      SEXP n_threads, basis_work *work) {
  const R_xlen_t n = XLENGTH(x);
  const int n_thread = Rf_asInteger(n_threads);
  const nl_hook hook = nl_r_hook(0);
  double moved = 0;
  SET_VECTOR_ELT(rows, CELL, Rf_allocVector(most_cell <= 255 ? RAWSXP : INTSXP, n));
  if (LENGTH(rows) > POLY) {
    SET_VECTOR_ELT(rows, VALUES, Rf_allocVector(REALSXP, n));
  } else {
    SET_VECTOR_ELT(rows, VALUES, Rf_allocMatrix(REALSXP, (int)work->n_value, (int)n));
  }
  work->x = nl_doubles(x, n, "x");
  work->bounds = nl_doubles(bounds, 2, "bounds");
  work->cyclic = cyclic;
  work->byte = most_cell <= 255 ? RAW(VECTOR_ELT(rows, CELL)) : NULL;
  work->wide = most_cell <= 255 ? NULL : INTEGER(VECTOR_ELT(rows, CELL));
  work->values = REAL(VECTOR_ELT(rows, VALUES));
  work->moved = (size_t *)R_alloc((size_t)n_thread, sizeof(size_t));
  for (int k = 0; k < n_thread; k++) work->moved[k] = 0;
  nl_rows((size_t)n, n_thread, basis_chunk, work, &hook);
  for (int k = 0; k < n_thread; k++) moved += (double)work->moved[k];
  SET_VECTOR_ELT(rows, MOVED, Rf_ScalarReal(moved));
}

/* The list of a spline as powers, with room for its polynomials. */
static SEXP new_powers(int order, int n_cell) {
  SEXP rows = PROTECT(Rf_mkNamed(VECSXP, power_names));
  SET_VECTOR_ELT(rows, WIDTH, Rf_ScalarInteger(order));
  SET_VECTOR_ELT(rows, POLY, Rf_allocVector(REALSXP, (R_xlen_t)order * order * n_cell));
  SET_VECTOR_ELT(rows, POLY_FIRST, Rf_allocVector(INTSXP, n_cell));
  UNPROTECT(1);
  return rows;
}

/* ---- bases ------------------------------------------------------------------------- */

static void bspline_rows(const basis_work *work, size_t n, double *u, int *cell,
                         double *values) {
  nl_bspline_rows(n, u, work->n_basis, work->order, work->knots, cell, values);
}

static void bspline_cells(const basis_work *work, size_t n, double *u, int *cell,
                          double *s) {
  nl_bspline_cells(n, u, work->knots, work->n_cell, work->span, cell, s);
}

SEXP nl_r_bspline(SEXP x, SEXP bounds, SEXP knots, SEXP order, SEXP n_threads) {
  const int k = Rf_asInteger(order), n_basis = (int)XLENGTH(knots) - k;
  const double *at = nl_doubles(knots, n_basis + k, "knots");
  basis_work work = {0};
  work.n_basis = n_basis;
  work.order = k;
  work.knots = at;
  if (k > NL_MAX_POWERS) {
    SEXP rows = PROTECT(Rf_mkNamed(VECSXP, value_names));
    work.rows = bspline_rows;
    work.n_value = (size_t)k;
    fill_rows(rows, x, bounds, 0, n_basis - k, n_threads, &work);
    UNPROTECT(1);
    return rows;
  }
  int *span = nl_r_ints((size_t)n_basis);
  const int n_cell = nl_bspline_spans(n_basis, k, at, span);
  SEXP rows = PROTECT(new_powers(k, n_cell));
  work.rows = bspline_cells;
  work.span = span;
  work.n_cell = n_cell;
  work.n_value = 1;
  fill_rows(rows, x, bounds, 0, n_cell - 1, n_threads, &work);
  nl_bspline_poly(k, at, n_cell, span, REAL(VECTOR_ELT(rows, POLY)));
  for (int c = 0; c < n_cell; c++)
    INTEGER(VECTOR_ELT(rows, POLY_FIRST))[c] = span[c] - (k - 1);
  UNPROTECT(1);
  return rows;
}

static void cyclic_rows(const basis_work *work, size_t n, double *u, int *cell,
                        double *values) {
  nl_cyclic_rows(n, u, work->n_basis, work->order, cell, values);
}

static void cyclic_cells(const basis_work *work, size_t n, double *u, int *cell,
                         double *s) {
  nl_cyclic_cells(n, u, work->n_basis, cell, s);
}

SEXP nl_r_cyclic(SEXP x, SEXP bounds, SEXP n_basis, SEXP order, SEXP n_threads) {
  const int k = Rf_asInteger(order), p = Rf_asInteger(n_basis);
  const size_t size = (size_t)k * (size_t)k;
  const int is_powers = k <= NL_MAX_POWERS;
  basis_work work = {0};
  work.n_basis = p;
  work.order = k;
  work.rows = is_powers ? cyclic_cells : cyclic_rows;
  work.n_value = is_powers ? 1 : (size_t)k;
  SEXP rows = PROTECT(is_powers ? new_powers(k, p) : Rf_mkNamed(VECSXP, value_names));
  fill_rows(rows, x, bounds, 1, p - 1, n_threads, &work);
  if (is_powers) {
    double *poly = REAL(VECTOR_ELT(rows, POLY));
    nl_cyclic_poly(k, poly);
    for (int c = 0; c < p; c++) {
      if (c > 0) memcpy(poly + size * (size_t)c, poly, size * sizeof(double));
      INTEGER(VECTOR_ELT(rows, POLY_FIRST))[c] = c;
    }
  }
  UNPROTECT(1);
  return rows;
}

static void raised_cosine_rows(const basis_work *work, size_t n, double *u, int *cell,
                               double *values) {
  if (work->warp) nl_log_warp(n, u, *work->warp, u);
  nl_raised_cosine_rows(n, u, work->n_basis, work->spacing, work->reach, cell, values);
}

/* warp: a number, the time scaling of raised cosines on a logarithmic axis, or NULL. last:
 * where the last peak is, on the axis from 0 to 1. */
SEXP nl_r_raised_cosine(SEXP x, SEXP bounds, SEXP n_basis, SEXP width, SEXP warp,
                        SEXP last, SEXP n_threads) {
  const int p = Rf_asInteger(n_basis);
  double scaling = Rf_isNull(warp) ? 0 : Rf_asReal(warp);
  basis_work work = {0};
  work.rows = raised_cosine_rows;
  work.n_basis = p;
  work.reach = Rf_asReal(width);
  work.spacing = Rf_asReal(last) / (p - 1);
  work.warp = Rf_isNull(warp) ? NULL : &scaling;
  const int n_near = nl_raised_cosine_width(p, work.reach);
  work.n_value = (size_t)n_near;
  SEXP rows = PROTECT(Rf_mkNamed(VECSXP, value_names));
  fill_rows(rows, x, bounds, 0, p - n_near, n_threads, &work);
  UNPROTECT(1);
  return rows;
}

/* x mapped to [0, 1]: list(u, moved). */
SEXP nl_r_rescale(SEXP x, SEXP bounds, SEXP cyclic) {
  const char *names[] = {"u", "moved", ""};
  const R_xlen_t n = XLENGTH(x);
  const double *limits = nl_doubles(bounds, 2, "bounds");
  SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, n));
  const size_t moved = nl_rescale((size_t)n, nl_doubles(x, n, "x"), limits[0], limits[1],
                                  Rf_asLogical(cyclic), REAL(VECTOR_ELT(out, 0)));
  SET_VECTOR_ELT(out, 1, Rf_ScalarReal((double)moved));
  UNPROTECT(1);
  return out;
}
