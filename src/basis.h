/* basis.h: rows of basis matrices. Every basis here is local: a row has `width`
 * neighbouring nonzero values that start in column `first`; splines can also be had as a
 * cell and a place in it (block.h). A covariate is first mapped
 * to u in [0, 1] by nl_rescale; NaN gives a row of NaN that starts in column 0. */
#ifndef NL_BASIS_H
#define NL_BASIS_H

#include "nl.h"

/* Splines of a higher order are given by their values: powers lose digits. */
enum { NL_MAX_POWERS = 6 };

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

/* The same splines as cells: on each interval that is not empty they are polynomials in
 * s, the place inside it from 0 to 1. n_basis - order + 1 intervals at most. */

/* span (as many): the intervals [knots[span], knots[span + 1]] that are not empty;
 * returns how many. */
int nl_bspline_spans(int n_basis, int order, const double *knots, int *span);
/* cell[t]: the number of u's interval among the n_cell spans; s: n. NaN: cell 0, s NaN.
 */
void nl_bspline_cells(size_t n, const double *u, const double *knots, int n_cell,
                      const int *span, int *cell, double *s);
/* poly (order x order x n_cell): [i, k, c] is what s^k counts for in column span[c] -
 * (order - 1) + i on interval c. */
void nl_bspline_poly(int order, const double *knots, int n_cell, const int *span,
                     double *poly);

/* Periodic B-splines on n_basis equal intervals of [0, 1). Column (first + i) mod n_basis
 * holds values[i]. Function c starts at knot c - (order - 1). n_basis >= order. Sizes as
 * above. */
void nl_cyclic_rows(size_t n, const double *u, int n_basis, int order, int *first,
                    double *values);

/* The same as cells, n_basis of them: in cell c, column (c + i) mod n_basis is the sum
 * over k of poly[i, k] s^k. poly: order x order, the same in every cell. */
void nl_cyclic_cells(size_t n, const double *u, int n_basis, int *cell, double *s);
void nl_cyclic_poly(int order, double *poly);

/* How many neighbouring raised cosines can be nonzero at one point. */
int nl_raised_cosine_width(int n_basis, double width);

/* v = log(scaling u + 1) / log(scaling + 1), from 0 to 1 like u; scaling > 0. u, v: length
 * n; may be the same. */
void nl_log_warp(size_t n, const double *u, double scaling, double *v);

/* Raised cosines with n_basis peaks at 0, d, 2d, ..., d the spacing:
 *   0.5 (1 + cos(pi (u - peak) / (d width))) where |u - peak| < d width, else 0.
 * values: nl_raised_cosine_width(n_basis, width) x n. */
void nl_raised_cosine_rows(size_t n, const double *u, int n_basis, double spacing,
                           double width, int *first, double *values);

#endif
