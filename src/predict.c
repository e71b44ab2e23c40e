/* predict.c: see predict.h. */
#include "predict.h"

#include <math.h>

#include "linalg.h"

/* An extrapolation reaches no further than this, in units of what it rests on. */
#define NL_REACH 1.6

/* ---- the solutions of another path ------------------------------------------------- */

void nl_trail_note(nl_trail *trail, const nl_point *point) {
  if (trail->n == trail->most) return;
  nl_point *to = trail->point + trail->n++;
  to->level = point->level;
  to->full = 1;
  to->now.slope = point->now.slope;
  nl_copy(trail->n_theta, point->theta, to->theta);
  nl_copy(trail->n_theta, point->gradient, to->gradient);
}

/* Its point at a lambda, or NULL. */
static const nl_point *find(const nl_trail *trail, double lambda) {
  for (int i = 0; trail && i < trail->n; i++) {
    if (trail->point[i].level.lambda == lambda) return trail->point + i;
  }
  return NULL;
}

/* ---- prediction -------------------------------------------------------------------- */

/* Points with weights: r at a new lambda is the sum of their r. */
typedef struct {
  int n;
  const nl_point *point[2 * NL_MAX_BEFORE + 1];
  double weight[2 * NL_MAX_BEFORE + 1];
} nl_mixture;

static void mix_in(nl_mixture *mixture, const nl_point *point, double weight) {
  mixture->point[mixture->n] = point;
  mixture->weight[mixture->n++] = weight;
}

/* Lagrange's weights for the value at x0 from values at x[0 .. n - 1]. */
static void lagrange(int n, const double *x, double x0, double *weight) {
  for (int i = 0; i < n; i++) {
    weight[i] = 1;
    for (int j = 0; j < n; j++) {
      if (j != i) weight[i] *= (x0 - x[j]) / (x[i] - x[j]);
    }
  }
}

/* Weights for an extrapolation to x0 = log lambda from the first few of the points; returns
 * how many. */
static int extrapolate(double x0, const nl_point **before, int n_before, double *weight) {
  double x[NL_MAX_BEFORE];
  int n = 0;
  for (; n < n_before && n < NL_MAX_BEFORE; n++) {
    x[n] = log(before[n]->level.lambda);
    if (!isfinite(x[n]) || (n > 0 && !(x[n] > x[n - 1] + 1e-9))) break;
  }
  while (n > 1 && x[0] - x0 > NL_REACH * (x[n - 1] - x[0])) n--;
  lagrange(n, x, x0, weight);
  return n;
}

/* What the slope at the point's lambda is mixed from; of nothing, if there is nothing. */
static nl_mixture mixture_for(const nl_point *point, const nl_point **before,
                              int n_before, const nl_trail *lead) {
  nl_mixture mixture = {0};
  double weight[NL_MAX_BEFORE];
  if (!(point->level.lambda > 0)) return mixture;
  const nl_point *beside = find(lead, point->level.lambda);
  int n_beside = 0;
  while (beside && n_beside < n_before && find(lead, before[n_beside]->level.lambda))
    n_beside++;
  if (n_beside > 0) n_before = n_beside;
  const int n = extrapolate(log(point->level.lambda), before, n_before, weight);
  if (n < (n_beside > 0 ? 1 : 2)) return mixture;
  for (int i = 0; i < n; i++) mix_in(&mixture, before[i], weight[i]);
  for (int i = 0; n_beside > 0 && i < n; i++)
    mix_in(&mixture, find(lead, before[i]->level.lambda), -weight[i]);
  if (n_beside > 0) mix_in(&mixture, beside, 1);
  return mixture;
}

int nl_predict_slope(nl_solver *solver, const nl_point *point, const nl_point **before,
                     int n_before, const nl_trail *lead, double *slope) {
  const nl_gram *gram = &solver->gram;
  double *sum = solver->quadratic.target, *times = solver->quadratic.rhs;
  const nl_mixture mixture = mixture_for(point, before, n_before, lead);
  if (mixture.n == 0) return 0;
  nl_fill((size_t)gram->size, 0, slope);
  nl_point_theta(solver, point, sum); /* becomes theta - sum of weight theta_i */
  for (int i = 0; i < mixture.n; i++) {
    nl_point_slope(solver, mixture.point[i], times);
    nl_axpy(gram->size, mixture.weight[i], times, slope);
    nl_point_theta(solver, mixture.point[i], times);
    nl_axpy(gram->size, -mixture.weight[i], times, sum);
  }
  nl_gram_times(gram, sum, times);
  nl_axpy(gram->size, 1, times, slope);
  return 1;
}
