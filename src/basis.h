/* basis.h: rows of basis matrices. Every basis here is local: a row has `width`
 * neighbouring nonzero values that start in column `first`. A covariate is first mapped
 * to u in [0, 1] by nl_rescale; NaN gives a row of NaN that starts in column 0. */
#ifndef NL_BASIS_H
#define NL_BASIS_H

#include "nl.h"

/* u = (x - lower) / (upper - lower), or 0 where the bounds agree. Values outside are
 * moved to the nearest bound (cyclic == 0) or wrapped into [0, 1) (cyclic == 1). x, u:
 * length n; may be the same. Returns how many values were moved to a bound. */
size_t nl_rescale(size_t n, const double *x, double lower, double upper, int cyclic,
                  double *u);

/* B-splines of the given order (degree + 1) on a knot sequence on [0, 1].
 * knots: length n_basis + order, non-decreasing, the first and last `order` of them 0
 * and 1. u: length n, in [0, 1]. first: length n. values: order x n. */
void nl_bspline_rows(size_t n, const double *u, int n_basis, int order,
                     const double *knots, int *first, double *values);

/* Periodic B-splines on n_basis equal intervals of [0, 1). Column (first + i) mod n_basis
 * holds values[i]. Function c starts at knot c - (order - 1). n_basis >= order. Sizes as
 * above. */
void nl_cyclic_rows(size_t n, const double *u, int n_basis, int order, int *first,
                    double *values);

/* How many neighbouring raised cosines can be nonzero at one point. */
int nl_raised_cosine_width(int n_basis, double width);

/* Raised cosines with peaks at 0, d, 2d, ..., 1 and d = 1 / (n_basis - 1):
 *   0.5 (1 + cos(pi (u - peak) / (d width))) where |u - peak| < d width, else 0.
 * values: nl_raised_cosine_width(n_basis, width) x n. */
void nl_raised_cosine_rows(size_t n, const double *u, int n_basis, double width,
                           int *first, double *values);

#endif
