/* step.c: see step.h. */
#include "step.h"

#include <math.h>

/* A step must reach this share of the decrease that its model's slope promises. */
#define NL_SUFFICIENT 1e-4
#define NL_SHORTEST_STEP 1e-8

int nl_step_is_enough(const nl_step *step, double change, double rounding,
                      double reached) {
  if (step->predicted) return change <= rounding && reached < step->residual;
  if (step->promised < 0 && change <= NL_SUFFICIENT * step->length * step->promised)
    return 1;
  return fabs(change) <= rounding && reached < 0.9 * step->residual;
}

/* A decrease, if only of rounding. */
static double promise(const nl_step *step, double rounding) {
  return step->promised < 0 ? step->promised : -rounding;
}

int nl_step_is_rounding(const nl_step *step, double rounding) {
  return step->length * fabs(promise(step, rounding)) <= rounding ||
         step->length < NL_SHORTEST_STEP;
}

double nl_step_shorten(const nl_step *step, double change, double rounding) {
  const double length = step->length, promised = promise(step, rounding);
  double shorter = 0.1 * length;
  if (isfinite(change))
    shorter = -promised * length * length / (2 * (change - promised * length));
  if (!(shorter > 0.1 * length)) shorter = 0.1 * length;
  return shorter < 0.5 * length ? shorter : 0.5 * length;
}
