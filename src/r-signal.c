/* r-signal.c: signals in time for R: spikes to counts, signals to convolved columns, what a
 * long vector holds. */
#include <R.h>

#include "convolve.h"
#include "r-util.h"
#include "scan.h"
#include "spikes.h"

static nl_convolution read_convolution(SEXP x, SEXP start, SEXP kernel, SEXP first_lag) {
  nl_convolution c;
  c.n_obs = (size_t)XLENGTH(x);
  c.x = nl_doubles(x, XLENGTH(x), "x");
  c.n_run = (int)XLENGTH(start) - 1;
  c.start = nl_integers(start, XLENGTH(start), "start");
  c.window = Rf_nrows(kernel);
  c.n_col = Rf_ncols(kernel);
  c.kernel = nl_doubles(kernel, XLENGTH(kernel), "kernel");
  c.first_lag = Rf_asInteger(first_lag);
  return c;
}

/* x convolved with the columns of kernel (convolve.h): a matrix, n x columns, whose missing
 * rows are not meant to be read. start: 0-based first rows of the runs, and n. */
SEXP nl_r_convolve(SEXP x, SEXP start, SEXP kernel, SEXP first_lag) {
  const nl_convolution c = read_convolution(x, start, kernel, first_lag);
  const nl_hook hook = nl_r_hook(0);
  SEXP out = PROTECT(Rf_allocMatrix(REALSXP, (int)c.n_obs, c.n_col));
  nl_convolve(&c, REAL(out), &hook);
  UNPROTECT(1);
  return out;
}

/* The rows (from 1) that are missing. */
SEXP nl_r_convolve_missing(SEXP x, SEXP start, SEXP kernel, SEXP first_lag) {
  const nl_convolution c = read_convolution(x, start, kernel, first_lag);
  unsigned char *missing = (unsigned char *)R_alloc(c.n_obs > 0 ? c.n_obs : 1, 1);
  SEXP rows = PROTECT(Rf_allocVector(INTSXP, (R_xlen_t)nl_convolve_missing(&c, missing)));
  int *to = INTEGER(rows);
  for (size_t t = 0; t < c.n_obs; t++) {
    if (missing[t]) *to++ = (int)t + 1;
  }
  UNPROTECT(1);
  return rows;
}

/* times: doubles without NaN. unit: NULL or integers from 0. list(counts: an integer
 * matrix, bins x units; outside: spikes of each unit in no bin). */
SEXP nl_r_count_spikes(SEXP times, SEXP unit, SEXP n_unit, SEXP breaks) {
  const char *names[] = {"counts", "outside", ""};
  nl_spikes spikes;
  spikes.n_spike = (size_t)XLENGTH(times);
  spikes.time = nl_doubles(times, XLENGTH(times), "times");
  spikes.unit = Rf_isNull(unit) ? NULL : nl_integers(unit, XLENGTH(times), "unit");
  spikes.n_unit = Rf_asInteger(n_unit);
  spikes.n_bin = (int)XLENGTH(breaks) - 1;
  spikes.edge = nl_doubles(breaks, XLENGTH(breaks), "breaks");
  SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(out, 0, Rf_allocMatrix(INTSXP, spikes.n_bin, spikes.n_unit));
  SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, spikes.n_unit));
  nl_count_spikes(&spikes, INTEGER(VECTOR_ELT(out, 0)), REAL(VECTOR_ELT(out, 1)));
  UNPROTECT(1);
  return out;
}

/* Whether no value is missing or infinite; whether all are 0, 1, 2, ... */
SEXP nl_r_are_finite(SEXP x) {
  return Rf_ScalarLogical(
      nl_are_finite((size_t)XLENGTH(x), nl_doubles(x, XLENGTH(x), "x")));
}

SEXP nl_r_are_counts(SEXP x) {
  return Rf_ScalarLogical(
      nl_are_counts((size_t)XLENGTH(x), nl_doubles(x, XLENGTH(x), "x")));
}

/* The least and the largest finite value of x; Inf and -Inf without one. */
SEXP nl_r_span(SEXP x) {
  SEXP out = PROTECT(Rf_allocVector(REALSXP, 2));
  nl_span((size_t)XLENGTH(x), nl_doubles(x, XLENGTH(x), "x"), REAL(out));
  UNPROTECT(1);
  return out;
}
