/* point.h: one lambda on its way to the solution. Proximal Newton outside, the quadratic
 * model inside, sufficient decrease always. A point proposes where to look next, rides in
 * a pass over the data with others, and judges what the pass says. */
#ifndef NL_POINT_H
#define NL_POINT_H

#include "quadratic.h"
#include "quadratics.h"
#include "secant.h"

/* What points share that have one metric, the Gram, and one working set: those of a path,
 * or of several. */
typedef struct {
  const nl_design *design;
  const nl_penalty *penalty;
  nl_gram gram;
  nl_quadratic_space quadratic;
  nl_quadratics_space quadratics;
  nl_pass_space pass;
  double *kept; /* n_obs: weights that the next Gram may be built at */
  double *lean; /* n_theta: T'off: what the loss's slope in the intercept adds to the
                   gradient for the columns as they were given */
  nl_secants secants;
  double *moves; /* scratch of predictions, see predict.h */
  double *own;   /* max_size */
  int n_set;
  int *set;        /* n_group: the first n_set are the working set */
  int *in_set;     /* n_group: flags */
  int n_marked;    /* the first so many of the set are looked at by the present pass */
  int *wanted;     /* n_block: their blocks */
  int *all;        /* n_block: 1 */
  int *some;       /* n_block: scratch of who chooses what a pass looks at */
  int n_pass;      /* passes over the data, in all, counted once for all who ride */
  int gram_due;    /* a new Gram is worth its cost */
  int gram_slow;   /* the Gram has become a poor metric */
  double gram_age; /* what was spent since it was built, in passes */
  const struct nl_point *gram_for; /* waits for a Gram at its place; NULL: nobody does */
  const nl_hook *hook;
} nl_solver;

typedef enum { NL_MOVING, NL_PARKED, NL_DONE } nl_stage;

typedef struct nl_point {
  const nl_model *model;
  int job;        /* which lambda of the path; -1: none yet */
  nl_stage stage; /* PARKED: the working set is solved, or no step helps any more; the
                     other groups are still to be looked at */
  nl_status status;
  nl_level level;
  double tol;
  nl_state now;     /* the current point */
  nl_state next;    /* the one that is looked at */
  double *theta;    /* n_theta: coordinates of now */
  double *gradient; /* n_theta: gradient of now; of groups not looked at, an older one */
  double *next_theta;    /* n_theta */
  double *next_gradient; /* n_theta */
  double *direction;     /* n_theta */
  double direction_intercept;
  double residual; /* KKT residual of now: of all groups if full, else of the n_seen */
  int full;        /* now was looked at with all groups */
  int n_seen;      /* now was looked at with the first so many of the set; the gradient of
                      later ones is an older one */
  int evaluated;   /* now is its own point, not where it was put at first */
  int look;        /* the next trial is now itself */
  int taken;       /* the last trial became now */
  int wants_gram;  /* no further without a Gram at now */
  int predicted;   /* the trial comes from other points, not from the slope at now */
  int refined;     /* secants had a part in it */
  double step;     /* of the trial along direction; below 1: the line search goes on */
  double promised; /* decrease per step that the slope and the penalty promise */
  int gram_here;   /* which Gram was built at now; 0: none */
  int metric_here; /* whether the trial's was */
  int n_pass;      /* passes it rode in */
  int pass_limit;
} nl_point;

/* ---- the working set -------------------------------------------------------------- */

/* Forgets the working set and the Gram. */
void nl_solver_restart(nl_solver *solver);
/* Takes a group into the working set (once). */
void nl_set_include(nl_solver *solver, int g);
/* Flags the blocks of the set for the next pass. */
void nl_set_mark(nl_solver *solver);
/* A Gram that covers the working set. */
void nl_set_cover(nl_solver *solver);

/* ---- a point ----------------------------------------------------------------------- */

/* Puts a point where another one is, for a level. */
void nl_point_begin(const nl_solver *solver, nl_point *point, int job, nl_level level,
                    double tol, int pass_limit, const nl_point *from);
/* The KKT residual of a group at now, and the largest of the set or of all. */
double nl_point_group_residual(const nl_solver *solver, const nl_point *point, int g);
double nl_point_residual(const nl_solver *solver, const nl_point *point, int all);

/* Copies theta, or the gradient with the intercept eliminated, into the Gram's order
 * (which is that of the set). Groups that the point has not seen get a slope of 0: they
 * rest. */
void nl_point_theta(const nl_solver *solver, const nl_point *point, double *x);
void nl_point_slope(const nl_solver *solver, const nl_point *point, double *slope);

/* Whether the next trial needs the solution of a quadratic model. */
int nl_point_has_model(const nl_point *point);
/* Its starting point and slope into solver->quadratic; returns the residual to solve it
 * to. slope: NULL, or (in the Gram's order) the slope at now that a prediction gives. */
double nl_point_model(nl_solver *solver, nl_point *point, const double *slope);
/* Solves the model once more, to tol, from its solution solver->quadratic.x, with the error of
 * the slope there that secants expect; not where the slope was predicted. */
void nl_point_refine(nl_solver *solver, nl_point *point, double tol);
/* Notes the step that was taken last, from a place where all groups (was_full) or the first
 * so many of the set were looked at. */
void nl_point_note(nl_solver *solver, const nl_point *point, int was_full, int n_seen);
/* The point's direction: to the model's solution, solver->quadratic.x. */
void nl_point_direct(nl_solver *solver, nl_point *point);
/* Fills next, where the point wants to be looked at: along its direction, or now. */
void nl_point_aim(nl_solver *solver, nl_point *point);
/* All of these, for one point; secants have a part where it refines. */
void nl_point_propose(nl_solver *solver, nl_point *point, const double *slope,
                      int refines);
/* After the pass, of which these are parts: the gradients at next in penalty coordinates, of
 * all groups (full) or those that were looked at; next becomes now. */
void nl_point_read(const nl_solver *solver, nl_point *point, int full);
void nl_point_take(nl_point *point, int full, int n_seen, double residual);
/* After the pass: moves or not, and what next. full: all groups were looked at. closed:
 * the working set is all there is. */
void nl_point_judge(nl_solver *solver, nl_point *point, int full, int closed);

#endif
