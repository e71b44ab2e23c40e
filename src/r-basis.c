/* r-basis.c: rows of basis matrices for R, as src/r-util.c reads them back: list(cell,
 * values, moved), or for splines of low order list(cell, values = s, width, poly,
 * poly_first, moved). cell: 0-based, raw where a byte holds it. moved: how many values
 * lay outside the bounds. */
#include <R.h>
#include <string.h>

#include "basis.h"
#include "r-util.h"

/* x mapped to [0, 1]; `moved` (a number for the list) counts values outside. */
static double *rescaled(SEXP x, SEXP bounds, int cyclic, SEXP rows, int at) {
  const R_xlen_t n = XLENGTH(x);
  const double *limits = nl_doubles(bounds, 2, "bounds");
  double *u = nl_r_doubles((size_t)n);
  const size_t moved =
      nl_rescale((size_t)n, nl_doubles(x, n, "x"), limits[0], limits[1], cyclic, u);
  SET_VECTOR_ELT(rows, at, Rf_ScalarReal((double)moved));
  return u;
}

static const char *value_names[] = {"cell", "values", "moved", ""};
static const char *power_names[] = {"cell", "values",     "moved", "width",
                                    "poly", "poly_first", ""};
enum { CELL, VALUES, MOVED, WIDTH, POLY, POLY_FIRST };

/* list(cell, values, moved) with room for values; cells go to *cell first. */
static SEXP new_values(SEXP x, SEXP bounds, int width, int cyclic, double **u,
                       int **cell) {
  SEXP rows = PROTECT(Rf_mkNamed(VECSXP, value_names));
  *u = rescaled(x, bounds, cyclic, rows, MOVED);
  *cell = nl_r_ints((size_t)XLENGTH(x));
  SET_VECTOR_ELT(rows, VALUES, Rf_allocMatrix(REALSXP, width, (int)XLENGTH(x)));
  UNPROTECT(1);
  return rows;
}

/* The same with powers: room for s and the polynomials. */
static SEXP new_powers(SEXP x, SEXP bounds, int order, int n_cell, int cyclic, double **u,
                       int **cell) {
  SEXP rows = PROTECT(Rf_mkNamed(VECSXP, power_names));
  *u = rescaled(x, bounds, cyclic, rows, MOVED);
  *cell = nl_r_ints((size_t)XLENGTH(x));
  SET_VECTOR_ELT(rows, VALUES, Rf_allocVector(REALSXP, XLENGTH(x)));
  SET_VECTOR_ELT(rows, WIDTH, Rf_ScalarInteger(order));
  SET_VECTOR_ELT(rows, POLY, Rf_allocVector(REALSXP, (R_xlen_t)order * order * n_cell));
  SET_VECTOR_ELT(rows, POLY_FIRST, Rf_allocVector(INTSXP, n_cell));
  UNPROTECT(1);
  return rows;
}

SEXP nl_r_bspline(SEXP x, SEXP bounds, SEXP knots, SEXP order) {
  const int k = Rf_asInteger(order), n_basis = (int)XLENGTH(knots) - k;
  const double *at = nl_doubles(knots, n_basis + k, "knots");
  const size_t n = (size_t)XLENGTH(x);
  double *u;
  int *cell;
  if (k > NL_MAX_POWERS) {
    SEXP rows = PROTECT(new_values(x, bounds, k, 0, &u, &cell));
    nl_bspline_rows(n, u, n_basis, k, at, cell, REAL(VECTOR_ELT(rows, VALUES)));
    SET_VECTOR_ELT(rows, CELL, nl_r_cells(n, cell, n_basis - k));
    UNPROTECT(1);
    return rows;
  }
  int *span = nl_r_ints((size_t)n_basis);
  const int n_cell = nl_bspline_spans(n_basis, k, at, span);
  SEXP rows = PROTECT(new_powers(x, bounds, k, n_cell, 0, &u, &cell));
  nl_bspline_cells(n, u, at, n_cell, span, cell, REAL(VECTOR_ELT(rows, VALUES)));
  nl_bspline_poly(k, at, n_cell, span, REAL(VECTOR_ELT(rows, POLY)));
  for (int c = 0; c < n_cell; c++)
    INTEGER(VECTOR_ELT(rows, POLY_FIRST))[c] = span[c] - (k - 1);
  SET_VECTOR_ELT(rows, CELL, nl_r_cells(n, cell, n_cell - 1));
  UNPROTECT(1);
  return rows;
}

SEXP nl_r_cyclic(SEXP x, SEXP bounds, SEXP n_basis, SEXP order) {
  const int k = Rf_asInteger(order), p = Rf_asInteger(n_basis);
  const size_t n = (size_t)XLENGTH(x), size = (size_t)k * (size_t)k;
  double *u;
  int *cell;
  if (k > NL_MAX_POWERS) {
    SEXP rows = PROTECT(new_values(x, bounds, k, 1, &u, &cell));
    nl_cyclic_rows(n, u, p, k, cell, REAL(VECTOR_ELT(rows, VALUES)));
    SET_VECTOR_ELT(rows, CELL, nl_r_cells(n, cell, p - 1));
    UNPROTECT(1);
    return rows;
  }
  SEXP rows = PROTECT(new_powers(x, bounds, k, p, 1, &u, &cell));
  nl_cyclic_cells(n, u, p, cell, REAL(VECTOR_ELT(rows, VALUES)));
  double *poly = REAL(VECTOR_ELT(rows, POLY));
  nl_cyclic_poly(k, poly);
  for (int c = 0; c < p; c++) {
    if (c > 0) memcpy(poly + size * (size_t)c, poly, size * sizeof(double));
    INTEGER(VECTOR_ELT(rows, POLY_FIRST))[c] = c;
  }
  SET_VECTOR_ELT(rows, CELL, nl_r_cells(n, cell, p - 1));
  UNPROTECT(1);
  return rows;
}

/* warp: a number, the time scaling of raised cosines on a logarithmic axis, or NULL. last:
 * where the last peak is, on the axis from 0 to 1. */
SEXP nl_r_raised_cosine(SEXP x, SEXP bounds, SEXP n_basis, SEXP width, SEXP warp,
                        SEXP last) {
  const int p = Rf_asInteger(n_basis);
  const double w = Rf_asReal(width), spacing = Rf_asReal(last) / (p - 1);
  const int reach = nl_raised_cosine_width(p, w);
  const size_t n = (size_t)XLENGTH(x);
  double *u;
  int *cell;
  SEXP rows = PROTECT(new_values(x, bounds, reach, 0, &u, &cell));
  if (!Rf_isNull(warp)) nl_log_warp(n, u, Rf_asReal(warp), u);
  nl_raised_cosine_rows(n, u, p, spacing, w, cell, REAL(VECTOR_ELT(rows, VALUES)));
  SET_VECTOR_ELT(rows, CELL, nl_r_cells(n, cell, p - reach));
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
