/* coupled.h: the quadratic model of a proximal Newton step for neurons that share groups:
 * the sum of the neurons' own models (quadratic.h), each with its own Gram, plus
 * lambda sum_g w_g ||(x_g of neuron 1, x_g of neuron 2, ...)||. Block coordinate descent:
 * a group's blocks of all neurons have their exact solution together, a one-dimensional
 * root over all their eigenvalues. Newton steps where that is slow. */
#ifndef NL_COUPLED_H
#define NL_COUPLED_H

#include "ensemble.h"

/* The same as nl_quadratic_solve, on the x and slope of every neuron's solver->quadratic. */
int nl_coupled_solve(nl_ensemble *ensemble, const nl_level *level, double tol,
                     const nl_hook *hook);

#endif
