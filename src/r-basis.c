/* r-basis.c: rows of basis matrices for R. Each routine returns list(first, values,
 * moved): first (integer, 0-based), values (width x n matrix) and how many values lay
 * outside the bounds. */
#include "basis.h"
#include "r-util.h"

/* The list to fill; x becomes u in `u`. */
static SEXP new_rows(SEXP x, SEXP bounds, int width, int cyclic, double **u) {
  const char *names[] = {"first", "values", "moved", ""};
  const R_xlen_t n = XLENGTH(x);
  const double *limits = nl_doubles(bounds, 2, "bounds");
  SEXP rows = PROTECT(Rf_mkNamed(VECSXP, names));
  *u = nl_r_doubles((size_t)n);
  SET_VECTOR_ELT(rows, 0, Rf_allocVector(INTSXP, n));
  SET_VECTOR_ELT(rows, 1, Rf_allocMatrix(REALSXP, width, (int)n));
  const size_t moved =
      nl_rescale((size_t)n, nl_doubles(x, n, "x"), limits[0], limits[1], cyclic, *u);
  SET_VECTOR_ELT(rows, 2, Rf_ScalarReal((double)moved));
  UNPROTECT(1);
  return rows;
}

SEXP nl_r_bspline(SEXP x, SEXP bounds, SEXP knots, SEXP order) {
  const int k = Rf_asInteger(order), n_basis = (int)XLENGTH(knots) - k;
  double *u;
  SEXP rows = PROTECT(new_rows(x, bounds, k, 0, &u));
  nl_bspline_rows((size_t)XLENGTH(x), u, n_basis, k,
                  nl_doubles(knots, n_basis + k, "knots"), INTEGER(VECTOR_ELT(rows, 0)),
                  REAL(VECTOR_ELT(rows, 1)));
  UNPROTECT(1);
  return rows;
}

SEXP nl_r_cyclic(SEXP x, SEXP bounds, SEXP n_basis, SEXP order) {
  const int k = Rf_asInteger(order);
  double *u;
  SEXP rows = PROTECT(new_rows(x, bounds, k, 1, &u));
  nl_cyclic_rows((size_t)XLENGTH(x), u, Rf_asInteger(n_basis), k,
                 INTEGER(VECTOR_ELT(rows, 0)), REAL(VECTOR_ELT(rows, 1)));
  UNPROTECT(1);
  return rows;
}

SEXP nl_r_raised_cosine(SEXP x, SEXP bounds, SEXP n_basis, SEXP width) {
  const int n = Rf_asInteger(n_basis);
  const double w = Rf_asReal(width);
  double *u;
  SEXP rows = PROTECT(new_rows(x, bounds, nl_raised_cosine_width(n, w), 0, &u));
  nl_raised_cosine_rows((size_t)XLENGTH(x), u, n, w, INTEGER(VECTOR_ELT(rows, 0)),
                        REAL(VECTOR_ELT(rows, 1)));
  UNPROTECT(1);
  return rows;
}
