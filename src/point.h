/* point.h: one lambda. Proximal Newton outside, the quadratic model inside, sufficient
 * decrease always, and a working set that the KKT conditions of all groups have the last
 * word on. */
#ifndef NL_POINT_H
#define NL_POINT_H

#include "quadratic.h"

typedef struct {
  const nl_poisson *model;
  nl_penalty *penalty;
  nl_gram gram;
  nl_quadratic_space quadratic;
  nl_pass_space pass;
  nl_state now;  /* the current point */
  nl_state next; /* the one that is tried */
  double *theta; /* n_theta: coordinates of now */
  double *
      gradient; /* n_theta: gradient of now; of groups outside the set, as last checked */
  double *next_theta;    /* n_theta */
  double *next_gradient; /* n_theta */
  double *direction;     /* n_theta */
  int n_set;
  int *set;       /* n_group: the first n_set are the working set */
  int *in_set;    /* n_group: flags */
  int *wanted;    /* n_block: blocks of the working set */
  int *unwanted;  /* n_block: blocks with a group outside it */
  int n_pass;     /* passes over the data, in all */
  int pass_limit; /* what n_pass may reach before a solution is given up */
  const nl_hook *hook;
} nl_solver;

/* Makes sure that the Gram has the groups that are not penalised, moved or not: they
 * count in df. */
void nl_point_cover(nl_solver *solver);

/* Copies theta of the working set into the Gram's order: x (n_theta). */
void nl_point_theta(const nl_solver *solver, double *x);

/* Takes a group into the working set (once). */
void nl_point_include(nl_solver *solver, int g);

/* The first pass, at theta = 0: fills now and the gradient of all groups. */
void nl_point_start(nl_solver *solver);

/* Brings the gradients of the groups outside the set to the current point. */
void nl_point_refresh(nl_solver *solver);

/* Solves for one level to the KKT residual tol, from where the solver stands. With closed
 * != 0 the working set is all there is: groups outside are not looked at. residual: the
 * largest KKT residual over groups reached. */
nl_status nl_point_solve(nl_solver *solver, const nl_level *level, double tol, int closed,
                         double *residual);

#endif
