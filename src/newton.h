/* newton.h: Newton's method on the active groups of the quadratic model, where the
 * penalty is smooth (of groups with inner terms, on the coordinates that are not zero): what
 * block coordinate descent needs thousands of sweeps for
 * (collinear covariates, small lambda) takes a few steps. */
#ifndef NL_NEWTON_H
#define NL_NEWTON_H

#include "active.h"

/* Moves space->x and space->slope by a Newton step that decreases the model, and, where a
 * group near zero held it up, by one that takes groups near zero for about to grow.
 * Overwrites gram->spare. */
void nl_newton_steps(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                     nl_quadratic_space *space);

#endif
