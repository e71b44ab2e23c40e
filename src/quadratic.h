/* quadratic.h: the quadratic model of one proximal Newton step,
 *   minimise over x   slope'(x - x0) + 0.5 (x - x0)' H (x - x0) + lambda sum_g w_g ||x_g||
 * with H from a Gram. Block coordinate descent with exact block solutions; where it is slow
 * (collinear covariates, small lambda), Newton steps on the groups that are not zero. */
#ifndef NL_QUADRATIC_H
#define NL_QUADRATIC_H

#include "gram.h"

/* One lambda: the penalty of group g is tau = lambda w_g, and residuals are measured in units of
 * tau, or of reference * scale_g where tau is zero. */
typedef struct {
  double lambda;
  double reference;
} nl_level;

double nl_level_tau(const nl_level *level, const nl_penalty *penalty, int g);
double nl_level_unit(const nl_level *level, const nl_penalty *penalty, int g);

/* All of length n_theta, in the order of the Gram, but step (3 max_size) and index (the larger of
 * n_theta and n_group). */
typedef struct {
  double *x;
  double *slope;
  double *target;
  double *rhs;
  int *index;
  double *step;
} nl_quadratic_space;

/* space->x, space->slope: the starting point and the slope of the smooth part there; overwritten by
 * the solution and its slope. Stops when the model's KKT residual is below tol. Returns the number
 * of sweeps. */
int nl_quadratic_solve(const nl_penalty *penalty, nl_gram *gram, const nl_level *level, double tol,
                       nl_quadratic_space *space, const nl_hook *hook);

/* Degrees of freedom of the groups at theta (order of the Gram): trace of H (H + D)^-1 over the
 * groups that are not zero, D the curvature of the penalty (Vaiter et al. 2017, Ann Inst Stat Math
 * 69:791). Overwrites gram->spare and space->index. */
double nl_quadratic_df(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                       const double *theta, nl_quadratic_space *space);

#endif
