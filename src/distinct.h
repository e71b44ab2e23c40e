/* distinct.h: which rows of the data repeat, for table blocks. */
#ifndef NL_DISTINCT_H
#define NL_DISTINCT_H

#include "nl.h"

/* Numbers the different rows of n_col columns (column[j]: n doubles) in the order in
 * which they first appear: index (n): each row's number, from 0; first (limit): the row
 * in which a number first appears. -0 counts as 0, any NaN as the same. slot: n_slot
 * ints, a power of two above 2 * limit. Returns how many there are, or -1 if more than
 * limit. */
int nl_distinct(size_t n, int n_col, const double *const *column, int limit, int *index,
                int *first, int *slot, size_t n_slot);

#endif
