/* predict.h: where the next lambda's solution will be, from the points before it.
 *
 * With a Gram H that is not quite the curvature, the slope of the loss is g(theta) =
 * r(theta) + H theta, and r changes slowly and smoothly along the path. Its value at a
 * new lambda is extrapolated from the latest points, converged or not: each knows its own r
 * exactly. A polynomial in log lambda says where the solution will be about. But where a group
 * enters the path has a kink. So weights are chosen anew for which the moves between the
 * earlier points add up to the move there: as r follows from where the path is, its changes
 * add up, too.
 *
 * Where another path has been solved whose data are nearly the same (all rows, where this
 * one leaves a fold out), its r at the new lambda is known, and only the difference of the
 * two is extrapolated, from the moves of both: it is small and changes slower still.
 */
#ifndef NL_PREDICT_H
#define NL_PREDICT_H

#include "point.h"

enum {
  NL_MAX_BEFORE = 5,   /* points that a prediction rests on */
  NL_SKETCH_BEFORE = 3 /* and its first sketch, the extrapolation in log lambda */
};

/* The solutions of a path, the largest lambda first. Of the points only level, theta,
 * gradient, full and now.slope are filled. */
typedef struct {
  nl_point *point; /* most */
  int n;
  int most;
  size_t n_theta;
} nl_trail;

void nl_trail_note(nl_trail *trail, const nl_point *point);
/* Its point at a lambda; NULL if there is none (yet), or no trail. */
const nl_point *nl_trail_find(const nl_trail *trail, double lambda);

/* Doubles of scratch that a prediction needs: solver->moves. */
size_t nl_predict_room(int n_theta);

/* slope (in the Gram's order): the slope that the model at point->now should have, from
 * n_before points before it, the nearest first, and from lead, which may be NULL. Returns 0
 * if there is nothing to go by. */
int nl_predict_slope(nl_solver *solver, const nl_point *point, const nl_point **before,
                     int n_before, const nl_trail *lead, double *slope);

/* The pieces of a prediction, for paths of several solvers that go together.
 * Weights (at least NL_SKETCH_BEFORE + 1) for an extrapolation in log lambda; returns how many. */
int nl_predict_extrapolate(const nl_point *point, const nl_point **before, int n_before,
                           double *weight);
/* slope: where the part of the slope that H doesn't answer for is the sum of weight (n) times
 * that of the points before. */
void nl_predict_mix(nl_solver *solver, const nl_point *point, const nl_point **before,
                    int n, const double *weight, double *slope);
/* move (size of the Gram): how the slope moved from one point to another. */
void nl_predict_move(nl_solver *solver, const nl_point *to, const nl_point *from,
                     double *move);
/* weight (n + 1) of the points whose n moves (each of a length, after the one to be reached)
 * add up to that one; 0 if they can't be told. */
int nl_predict_from_moves(int length, int n, const double *move, double *weight);
/* How well the first extrapolation's model is solved: KKT residual. */
#define NL_SKETCH 1e-4

#endif
