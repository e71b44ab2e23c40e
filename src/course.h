/* course.h: one lambda on its way to its solution, for neurons that share groups: proximal
 * Newton steps of all neurons together, one length for all, sufficient decrease of the sum of
 * their objectives. Compare point.h. */
#ifndef NL_COURSE_H
#define NL_COURSE_H

#include "outlook.h"

typedef struct {
  const nl_design *design;
  nl_pass_space pass;
  const nl_hook *hook;
  nl_ensemble *ensemble;
  nl_outlook outlook;
  double *kept[NL_LANES]; /* n_obs: weights that Grams are built at */
  double
      *blend; /* n_obs: the mean of such weights, where neurons share Grams; else NULL */
  int *none;  /* n_block: 0 */
  nl_level level;
  double tol;
  double residual;  /* at now: of all groups if full, else of those looked at */
  int full;         /* now was looked at with all groups */
  int look;         /* the next trial is now itself */
  int predicted;    /* the trial comes from earlier lambdas */
  double step;      /* of the trial; below 1: the line search goes on */
  double promised;  /* decrease per step */
  double foretold;  /* the residual where the last prediction led */
  int n_pass;       /* trials for this lambda */
  int total_pass;   /* passes over the data, for all lambdas */
  nl_status status; /* NL_OK until it can't go on */
} nl_course;

/* ||gradient|| of a group over all neurons, relative to w, or, where it is not penalised, to
 * what w was. */
double nl_course_score(const nl_course *course, int g);

/* Begins a lambda where the last one left the neurons. lambda_ahead: groups that enter come
 * along with those that this lambda will need; reference: the unit of residuals at lambda 0. */
void nl_course_begin(nl_course *course, const nl_job *job, double lambda_ahead,
                     double reference);

/* Makes Grams at now for the neurons that share them. */
void nl_course_blend(nl_course *course);

/* Steps until now is a solution, or there is nothing more to do; in the end now was looked at
 * with all groups. wanted: n_block, scratch. */
void nl_course_solve(nl_course *course, int *wanted, int max_passes);

#endif
