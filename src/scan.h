/* scan.h: what a long vector holds, in one pass and without a copy. */
#ifndef NL_SCAN_H
#define NL_SCAN_H

#include "nl.h"

/* Whether no value of x (n) is NaN or infinite. */
int nl_are_finite(size_t n, const double *x);
/* Whether all values of x (n) are 0, 1, 2, ... */
int nl_are_counts(size_t n, const double *x);
/* The least and the largest of the finite values of x (n); Inf and -Inf without one. */
void nl_span(size_t n, const double *x, double bounds[2]);

#endif
