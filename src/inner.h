/* inner.h: the exact solution of one block whose penalty has terms inside the group. There is
 * no root in one dimension to find, as for a norm alone; proximal gradient steps say which
 * coordinates move, and Newton steps where to. */
#ifndef NL_INNER_H
#define NL_INNER_H

#include "terms.h"

/* One block: 0.5 x'H x - c'x + the terms. */
typedef struct {
  const nl_terms *terms;
  int rank;
  const double *h; /* rank x rank, ld; positive semidefinite */
  size_t ld;
  double bound;    /* no eigenvalue of H is beyond it */
  const double *c; /* rank */
} nl_inner_block;

/* Doubles of scratch that blocks up to this rank need. */
size_t nl_inner_room(int max_rank);

/* x: somewhere to start; becomes the minimum, exactly zero where that is. */
void nl_inner_solve(const nl_inner_block *block, double *x, double *space);

/* One proximal gradient step from x: all that is done for blocks without eigenvectors. slope,
 * bound: those of the smooth part, the ridge in it. */
void nl_inner_step(const nl_terms *terms, int rank, double bound, const double *slope,
                   double *x);

#endif
