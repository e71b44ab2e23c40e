/* predict.h: where the next lambda's solution will be, from the points before it.
 *
 * With a Gram H that is not quite the curvature, the slope of the loss is g(theta) =
 * r(theta) + H theta, and r changes slowly and smoothly along the path. Its value at a
 * new lambda is extrapolated, a polynomial in log lambda through the latest points,
 * converged or not: each knows its own r exactly. */
#ifndef NL_PREDICT_H
#define NL_PREDICT_H

#include "point.h"

enum { NL_MAX_BEFORE = 4 };

/* slope (in the Gram's order): the slope that the model at point->now should have, from
 * n_before points before it, the nearest first. Returns 0 if there is nothing to go by.
 */
int nl_predict_slope(nl_solver *solver, const nl_point *point, const nl_point **before,
                     int n_before, double *slope);

#endif
