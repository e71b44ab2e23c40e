/* freedom.h: degrees of freedom of a group-lasso fit. */
#ifndef NL_FREEDOM_H
#define NL_FREEDOM_H

#include "active.h"

/* With more active coordinates than this the cost (n^3) is out of proportion. */
enum { NL_MOST_FREEDOM = 1000 };

/* NaN where more than NL_MOST_FREEDOM coordinates are active; else the
 * degrees of freedom of the groups at theta (order of the Gram): trace of H (H + D)^-1
 * over the coordinates that are not held at zero, D the curvature of the penalty (Vaiter et al. 2017, Ann Inst
 * Stat Math 69:791). Overwrites gram->spare and the scratch in space. */
double nl_degrees_of_freedom(const nl_penalty *penalty, nl_gram *gram,
                             const nl_level *level, const double *theta,
                             nl_quadratic_space *space);

#endif
