/* active.h: the quadratic model of one proximal Newton step at a point, and its active
 * groups: those that are not zero, and those that are not penalised. */
#ifndef NL_ACTIVE_H
#define NL_ACTIVE_H

#include "gram.h"
#include "terms.h"

/* Groups within this share of the tolerance need no update in a sweep. */
#define NL_ENOUGH 0.1
/* A sweep is m^2 work and a Newton step m^3 / 3: one sweep more comes before a step for
 * each so many active coordinates. */
enum { NL_COORDINATES_PER_SWEEP = 5 };

/* The model's point x and the slope of its smooth part there, with scratch. All of length
 * n_theta, in the order of the Gram, but step (3 max_size), index (the larger of n_theta and
 * n_group) and inner (NULL, or nl_inner_room() where groups have inner terms). */
typedef struct {
  double *x;
  double *slope;
  double *target;
  double *rhs;
  double *predicted;
  double *panel; /* n_theta x NL_PANEL */
  int *index;
  double *step;
  double *inner;
} nl_quadratic_space;

/* Whether a group is active at x. */
int nl_is_active(const nl_penalty *penalty, const nl_gram *gram, const nl_level *level,
                 int g, const double *x);

/* Lists the coordinates of the active groups in index; returns how many. */
int nl_active_coordinates(const nl_penalty *penalty, const nl_gram *gram,
                          const nl_level *level, const double *x, int *index);

/* Lists of these those in which the model and the penalty are smooth: not the ones that their
 * own terms hold at zero. */
int nl_moving_coordinates(const nl_penalty *penalty, const nl_gram *gram,
                          const nl_level *level, const double *x, int *index);

/* How many of the n coordinates in index (increasing) belong to group g, if the first of them
 * is not before the group. */
int nl_count_own(const nl_penalty *penalty, const nl_gram *gram, int g, const int *index,
                 int n);

/* The Gram's spare (n x n) becomes H + the curvature of the penalty over the moving
 * coordinates (index, n); groups with a norm below `floor`, and without inner terms, get norm
 * / floor I from theirs, that of a group about to grow to that size. */
void nl_active_curvature(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                         const double *x, double floor, const int *index, int n);

#endif
