/* penalty.c: see penalty.h. */
#include "penalty.h"

#include <math.h>

#include "linalg.h"

/* ||c|| above tau by less than this share is rounding: the block is zero. */
#define NL_ZERO 1e-12
/* Newton's method for a norm ends with a step below this share of it. */
#define NL_LAST_STEP 1e-9

int nl_penalty_n_row(const nl_penalty *penalty) {
  const int n_group = penalty->n_group;
  return n_group + (penalty->part_start ? penalty->part_start[n_group] : 0);
}

int nl_group_size(const nl_penalty *penalty, int g) {
  return penalty->start[g + 1] - penalty->start[g];
}

int nl_group_rank(const nl_penalty *penalty, int g) {
  return penalty->theta_start[g + 1] - penalty->theta_start[g];
}

void nl_group_add(const nl_penalty *penalty, int g, const double *theta, double *beta) {
  const int size = nl_group_size(penalty, g), rank = nl_group_rank(penalty, g);
  const int *column = penalty->column + penalty->start[g];
  const double *transform = penalty->transform + penalty->t_start[g];
  for (int k = 0; k < rank; k++, transform += size) {
    if (theta[k] == 0) continue;
    for (int i = 0; i < size; i++) beta[column[i]] += transform[i] * theta[k];
  }
}

void nl_group_gradient(const nl_penalty *penalty, int g, const double *gradient,
                       double *out) {
  const int size = nl_group_size(penalty, g), rank = nl_group_rank(penalty, g);
  const int *column = penalty->column + penalty->start[g];
  const double *transform = penalty->transform + penalty->t_start[g];
  for (int k = 0; k < rank; k++, transform += size) {
    double sum = 0;
    for (int i = 0; i < size; i++) sum += transform[i] * gradient[column[i]];
    out[k] = sum;
  }
}

/* The norm t of the solution solves ||c / (d t + tau)|| = 1. The inverse norm is nearly
 * linear in t (More and Sorensen 1983), so Newton's method on it needs a few steps, fewer
 * from near the solution; a bracket keeps it safe. */
static double solve_norm(int n, const double *d, const double *c, double tau,
                         double c_norm, double near) {
  double d_low = d[0], d_high = d[0];
  for (int i = 1; i < n; i++) {
    if (d[i] < d_low) d_low = d[i];
    if (d[i] > d_high) d_high = d[i];
  }
  double low = (c_norm - tau) / d_high, high = (c_norm - tau) / d_low;
  double t = near > low && near < high ? near : low;
  for (int step = 0; step < 200; step++) {
    double f = 0, slope = 0;
    for (int i = 0; i < n; i++) {
      const double scale = 1 / (d[i] * t + tau), z = c[i] * scale;
      f += z * z;
      slope += z * z * d[i] * scale;
    }
    const double norm = sqrt(f);
    if (norm > 1) {
      low = t;
    } else {
      high = t;
    }
    /* h(t) = 1 / norm - 1, h' = slope / norm^3 */
    double next = t + (norm - 1) * f / slope;
    const int is_newton = next >= low && next <= high;
    if (!is_newton) next = 0.5 * (low + high);
    /* the error of Newton's step is about the square of the step */
    if (fabs(next - t) <= (is_newton ? NL_LAST_STEP : 1e-15) * t) return next;
    t = next;
  }
  return t;
}

void nl_block_solve(int n, const double *d, const double *c, double tau, double near,
                    double *x) {
  const double c_norm = nl_norm(n, c);
  if (n == 0) return;
  if (tau == 0) {
    for (int i = 0; i < n; i++) x[i] = c[i] / d[i];
    return;
  }
  if (c_norm <= tau * (1 + NL_ZERO)) {
    nl_fill((size_t)n, 0, x);
    return;
  }
  const double t = solve_norm(n, d, c, tau, c_norm, near);
  for (int i = 0; i < n; i++) x[i] = c[i] * t / (d[i] * t + tau);
}

double nl_group_kkt(int rank, const double *theta, const double *gradient, double tau,
                    double unit) {
  const double norm = nl_norm(rank, theta), size = nl_norm(rank, gradient);
  if (rank == 0 || unit == 0) return 0;
  if (!(size < 1e150)) return INFINITY;
  if (norm == 0) return size > tau ? (size - tau) / unit : 0;
  double sum = 0;
  for (int i = 0; i < rank; i++) {
    const double r = gradient[i] + tau * theta[i] / norm;
    sum += r * r;
  }
  return sqrt(sum) / unit;
}

double nl_level_tau(const nl_level *level, const nl_penalty *penalty, int g) {
  return penalty->weight[g] > 0 ? level->lambda * penalty->weight[g] : 0;
}

double nl_level_unit(const nl_level *level, const nl_penalty *penalty, int g) {
  const double tau = nl_level_tau(level, penalty, g);
  if (tau > 0) return tau;
  return (level->lambda > 0 ? level->lambda : level->reference) * penalty->scale[g];
}
