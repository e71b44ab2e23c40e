/* quadratics.h: the quadratic models (quadratic.h) of several points on one Gram, solved
 * together: a sweep in lanes reads H once for all of them. H does not fit the caches
 * where there are many coordinates, and reading it is what a sweep costs then. */
#ifndef NL_QUADRATICS_H
#define NL_QUADRATICS_H

#include "conjugate.h"

/* One lane's model: the penalty's level, the KKT residual to reach, whether it did. */
typedef struct {
  nl_level level;
  double tol;
  const double *weight; /* with a root: n_obs, the lane's own weights; NULL: the Gram's */
  double scale;         /* and its own c */
  int done;
} nl_lane_model;

/* All in lanes, in the order of the Gram or of its active coordinates. */
typedef struct {
  nl_room room;
  double *x;     /* the models' points */
  double *slope; /* slopes of their smooth parts there; with a root, where they began */
  nl_lane_weights weights; /* with a root, and so the next two: the models' own */
  float *image;            /* n_obs in lanes: of x less where it began, times ratio */
  double drift[NL_LANES];  /* of the same */
  double *iterates;        /* room for those of `aside` */
  nl_iterates aside;       /* the active coordinates */
  nl_conjugate conjugate;  /* Newton steps on a root */
  int *index;              /* n_theta: which these are */
  int *member;             /* n_group: the active groups */
  int *rank;               /* n_group: theirs */
  double *tau;             /* n_group in lanes: theirs */
  double *step;            /* 3 * max_size in lanes */
  double *own;             /* 2 * max_size */
} nl_quadratics_space;

/* Makes room for the models of a Gram; contents are lost. */
void nl_quadratics_room(const nl_gram *gram, nl_quadratics_space *space,
                        const nl_hook *hook);

/* Sweeps until all models' KKT residuals are below their tol, or until Newton steps
 * (nl_quadratic_solve) would be faster for those that are not: model[v].done says.
 * space->x, space->slope: starting points and slopes, overwritten by where it ends.
 * Returns how many entries of H it read. With a root, slopes are not brought up to date. */
double nl_quadratics_solve(const nl_penalty *penalty, nl_gram *gram, int n_model,
                           nl_lane_model *model, nl_quadratics_space *space,
                           const nl_hook *hook);

#endif
