/* predict.c: see predict.h. */
#include "predict.h"

#include <math.h>

#include "linalg.h"

/* An extrapolation reaches no further than this, in units of what it rests on. */
#define NL_REACH 1.6

/* Lagrange's weights for the value at x0 from values at x[0 .. n - 1]. */
static void lagrange(int n, const double *x, double x0, double *weight) {
  for (int i = 0; i < n; i++) {
    weight[i] = 1;
    for (int j = 0; j < n; j++) {
      if (j != i) weight[i] *= (x0 - x[j]) / (x[i] - x[j]);
    }
  }
}

int nl_predict_slope(nl_solver *solver, const nl_point *point, const nl_point **before,
                     int n_before, double *slope) {
  const nl_gram *gram = &solver->gram;
  double x[NL_MAX_BEFORE], weight[NL_MAX_BEFORE];
  double *sum = solver->quadratic.target, *times = solver->quadratic.rhs;
  const double x0 = log(point->level.lambda);
  int n = 0;
  if (!(point->level.lambda > 0)) return 0;
  for (; n < n_before && n < NL_MAX_BEFORE; n++) {
    x[n] = log(before[n]->level.lambda);
    if (!isfinite(x[n]) || (n > 0 && !(x[n] > x[n - 1] + 1e-9))) break;
  }
  while (n > 1 && x[0] - x0 > NL_REACH * (x[n - 1] - x[0])) n--;
  if (n < 2) return 0;
  lagrange(n, x, x0, weight);
  nl_fill((size_t)gram->size, 0, slope);
  nl_point_theta(solver, point, sum); /* becomes theta - sum of weight theta_i */
  for (int i = 0; i < n; i++) {
    nl_point_slope(solver, before[i], times);
    nl_axpy(gram->size, weight[i], times, slope);
    nl_point_theta(solver, before[i], times);
    nl_axpy(gram->size, -weight[i], times, sum);
  }
  nl_gram_times(gram, sum, times);
  nl_axpy(gram->size, 1, times, slope);
  return 1;
}
