/* step.h: how the trial of a proximal Newton step is judged: one point's (point.h), or that of
 * all neurons that share groups (course.h). */
#ifndef NL_STEP_H
#define NL_STEP_H

/* Differences of the objective below this, relative to its terms, are rounding. */
#define NL_ROUNDING 1e-14
/* A step that leaves more than this share of the residual asks for a new Gram. */
#define NL_SLOW 0.25
/* Groups outside the set are taken in by a look at a point this close to its solution. */
#define NL_CLOSE 0.1

typedef struct {
  int predicted;   /* the trial comes from earlier lambdas */
  double length;   /* of the step; below 1: the line search goes on */
  double promised; /* decrease per step */
  double residual; /* before it */
} nl_step;

/* Whether the trial may be taken. change: of the objective; reached: its residual. */
int nl_step_is_enough(const nl_step *step, double change, double rounding,
                      double reached);

/* Of a trial that may not: whether what it promised is rounding, and else the next shorter
 * step, from the parabola through what is known, within [0.1, 0.5] of the last. */
int nl_step_is_rounding(const nl_step *step, double rounding);
double nl_step_shorten(const nl_step *step, double change, double rounding);

#endif
