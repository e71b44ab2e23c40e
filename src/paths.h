/* paths.h: many paths over one design and penalty, from their data to their solutions:
 * the folds of a cross-validation, neurons. */
#ifndef NL_PATHS_H
#define NL_PATHS_H

#include "path.h"

/* One path's data and results. All arrays belong to the caller. */
typedef struct {
  const double *y;      /* n_obs counts, some above 0 where prior > 0 */
  const double *offset; /* n_obs, or NULL for 0 */
  const double *prior;  /* n_obs, or NULL for 1 */
  double floor;         /* a lambda_max at or below this is rounding, and counts as 0 */
  nl_path path;         /* but lambda */
  double *lambda;       /* n_lambda: given, or filled */
  double null_loss;     /* filled: the loss of the intercept alone */
  int n_gram;           /* filled: Grams built for it, or for it and others together */
  int n_pass;           /* filled: passes over the data, as well */
} nl_task;

/* What is to be done. */
typedef struct {
  const nl_design *design;
  const nl_penalty *penalty; /* of all; nl_joint_fit: n_task of them */
  nl_link link;
  double tol;
  int n_lambda; /* of each path */
  double ratio; /* of the last lambda to the first; 0: the lambdas are given */
  nl_task *task;
  int n_task;
  nl_pass_space pass;
  size_t gram_room; /* nl_joint_fit: doubles that all Grams may take; 0: NL_GRAMS_ROOM */
  const nl_hook *hook;
} nl_tasks;

/* Every path by itself, on a grid of its own where lambdas are not given; some at a time ride
 * in the same passes. */
void nl_paths_each(const nl_tasks *tasks);

/* Paths whose data differ little, as folds do, all at the first one's lambdas. The first goes
 * ahead; the others start from its solutions. They share Grams and ride in the same passes,
 * some at a time. */
void nl_paths_follow(const nl_tasks *tasks);

#endif
