/* anderson.h: extrapolation of sweeps in lanes. Sweeps on one set of groups approach the
 * solution along a few slow directions; the point on the plane through the last few
 * iterates whose differences are shortest is often much closer (Anderson 1965, J ACM
 * 12:547; on coordinate descent Bertrand and Massias 2021, AISTATS). */
#ifndef NL_ANDERSON_H
#define NL_ANDERSON_H

#include "memory.h"
#include "penalty.h"

enum { NL_HISTORY = 6 }; /* iterates an extrapolation rests on */

/* Iterates of up to NL_LANES models: points and slopes of their smooth parts, n
 * coordinates in lanes each. */
typedef struct {
  double *x;
  double *slope;
  double *first_x; /* where the models' objectives are measured from */
  double *first_slope;
  double *old_x; /* NL_HISTORY of them, one after the other */
  double *old_slope;
  int n_old;
} nl_iterates;

/* Doubles that the arrays take for n coordinates, and their places in so many. */
size_t nl_iterates_size(int n);
void nl_iterates_place(nl_iterates *iterates, int n, double *room);

/* Notes x and slope as the first ones. */
void nl_iterates_begin(nl_iterates *iterates, int n);

/* The groups that the coordinates belong to, one after the other. */
typedef struct {
  int n_group;
  const int *rank;   /* n_group */
  const double *tau; /* n_group in lanes: the weight of each one's norm */
} nl_lane_groups;

/* Notes the present iterate; when there are NL_HISTORY of them, moves every lane to the
 * extrapolation from them if its objective,
 *   0.5 (first_slope + slope)'(x - first_x) + sum_g tau_g ||x_g||,
 * is lower there, and forgets them. */
void nl_iterates_note(nl_iterates *iterates, int n, const nl_lane_groups *groups);

#endif
