/* predict.h: where the next lambda's solution will be, from the points before it.
 *
 * With a Gram H that is not quite the curvature, the slope of the loss is g(theta) =
 * r(theta) + H theta, and r changes slowly and smoothly along the path. Its value at a
 * new lambda is extrapolated, a polynomial in log lambda through the latest points,
 * converged or not: each knows its own r exactly.
 *
 * Where another path has been solved whose data are nearly the same (all rows, where this
 * one leaves a fold out), its r at the new lambda is known, and only the difference d of the
 * two is extrapolated: it is small and changes slower still. But for kinks, where a group
 * enters either path. So a first extrapolation only says where the solution will be about,
 * and weights are chosen anew for which the moves of both paths between earlier points add up
 * to the move there: as d follows from where the two paths are, its changes add up, too. */
#ifndef NL_PREDICT_H
#define NL_PREDICT_H

#include "point.h"

enum { NL_MAX_BEFORE = 5, NL_PLAIN_BEFORE = 3 /* where there is no other path */ };

/* The solutions of a path, the largest lambda first. Of the points only level, theta,
 * gradient, full and now.slope are filled. */
typedef struct {
  nl_point *point; /* most */
  int n;
  int most;
  size_t n_theta;
  double *room; /* 2 n_theta x NL_MAX_BEFORE: scratch of predictions */
} nl_trail;

void nl_trail_note(nl_trail *trail, const nl_point *point);
/* Its point at a lambda; NULL if there is none (yet), or no trail. */
const nl_point *nl_trail_find(const nl_trail *trail, double lambda);

/* slope (in the Gram's order): the slope that the model at point->now should have, from
 * n_before points before it, the nearest first, and from lead, which may be NULL. Returns 0
 * if there is nothing to go by. */
int nl_predict_slope(nl_solver *solver, const nl_point *point, const nl_point **before,
                     int n_before, const nl_trail *lead, double *slope);

#endif
