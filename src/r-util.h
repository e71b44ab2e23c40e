/* r-util.h: what the glue files share. Only init.c and r-*.c know SEXP. */
#ifndef NL_R_UTIL_H
#define NL_R_UTIL_H

#ifndef R_NO_REMAP
#define R_NO_REMAP
#endif
#include <Rinternals.h>

#include "design.h"

/* The element of a named list, or R_NilValue. */
SEXP nl_element(SEXP list, const char *name);
/* Elements that must be there; an internal error says which was not. */
double nl_number(SEXP list, const char *name);
int nl_integer(SEXP list, const char *name);
const double *nl_doubles(SEXP x, R_xlen_t length, const char *what);
const int *nl_integers(SEXP x, R_xlen_t length, const char *what);

/* n_double doubles that R frees when the .Call returns or is left. */
double *nl_r_doubles(size_t n);
int *nl_r_ints(size_t n);

/* x (length n, 0 .. most) as the smallest R vector that holds it: raw or integer. */
SEXP nl_r_cells(size_t n, const int *x, int most);

/* A design over the R vectors of `blocks`, a list of blocks as the comments of r-util.c
 * describe them, for passes by n_thread threads. Nothing is copied; the vectors must stay
 * protected. */
nl_design nl_r_design(SEXP blocks, size_t n_obs, int n_thread);

/* A hook that lets R interrupt, hands out R memory and, with progress != 0, draws a bar
 * if the fit takes more than two seconds. */
nl_hook nl_r_hook(int progress);

#endif
