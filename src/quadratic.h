/* quadratic.h: the quadratic model of one proximal Newton step,
 *   minimise over x   slope'(x - x0) + 0.5 (x - x0)' H (x - x0) + sum_g penalty_g(x_g)
 * with H from a Gram and the groups' penalties from terms.h. Block coordinate descent with exact block solutions, and
 * Newton steps where it is slow. */
#ifndef NL_QUADRATIC_H
#define NL_QUADRATIC_H

#include "active.h"

/* space->x, space->slope: the starting point and the slope of the smooth part there;
 * overwritten by the solution and its slope. Stops when the model's KKT residual is below
 * tol. Returns the number of sweeps over all groups. */
int nl_quadratic_solve(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                       double tol, nl_quadratic_space *space, const nl_hook *hook);

/* The same for a slope that is predicted: with terms inside the groups, a few rounds. With
 * fewer bins than columns it may be a slope that H can't answer, whose solution is nowhere. */
int nl_quadratic_guess(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                       double tol, nl_quadratic_space *space, const nl_hook *hook);

#endif
