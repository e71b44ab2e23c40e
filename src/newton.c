/* newton.c: see newton.h. */
#include "newton.h"

#include <math.h>

#include "linalg.h"

/* Added to the diagonal, relative to its largest entry, where the active block isn't
 * positive. */
#define NL_JITTER 1e-10
/* A Newton step is shortened no further than this, and must reach this share of its
 * slope. */
#define NL_SHORTEST_NEWTON 1e-12
#define NL_NEWTON_DECREASE 1e-3
/* A shorter step was held up by groups near zero; below these shares of the largest norm
 * a group is. */
#define NL_HELD_UP 0.01
#define NL_NEAR_ZERO 1e-4
#define NL_NEAR_ZERO_GROWTH 10

/* Factor of the active curvature in spare, with a jitter if it must be; 0 if it worked.
 */
static int factor_active(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                         const double *x, double floor, const int *index, int n) {
  for (double jitter = 0; jitter < 1e-3;
       jitter = jitter == 0 ? NL_JITTER : 100 * jitter) {
    nl_active_curvature(penalty, gram, level, x, floor, index, n);
    nl_add_ridge(n, jitter, gram->spare);
    if (nl_cholesky(n, gram->spare) == 0) return 0;
  }
  return 1;
}

/* gradient (n, by index) of model and penalty over the active groups; a group with a norm
 * below `floor` counts as zero and about to grow against its slope. */
static void active_gradient(const nl_penalty *penalty, const nl_gram *gram,
                            const nl_level *level, const double *x, const double *slope,
                            double floor, int n, double *gradient) {
  int at = 0;
  for (int k = 0; k < gram->n_in && at < n; k++) {
    const int g = gram->group[k], from = gram->position[g],
              rank = nl_group_rank(penalty, g);
    const double norm = nl_norm(rank, x + from), tau = nl_level_tau(level, penalty, g);
    if (norm == 0 && tau > 0) continue;
    const double push = nl_norm(rank, slope + from);
    for (int i = from; i < from + rank; i++) {
      if (norm < floor && tau > 0) {
        gradient[at++] = push > tau ? slope[i] * (1 - tau / push) : 0;
      } else {
        gradient[at++] = slope[i] + (norm > 0 ? tau * x[i] / norm : 0);
      }
    }
  }
}

/* Change of the penalty when the active groups move from x to x + step * direction. */
static double penalty_change(const nl_penalty *penalty, const nl_gram *gram,
                             const nl_level *level, const double *x,
                             const double *direction, double step) {
  double sum = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g];
    const double tau = nl_level_tau(level, penalty, g);
    double before = 0, after = 0;
    if (tau == 0) continue;
    for (int i = at; i < at + nl_group_rank(penalty, g); i++) {
      const double z = x[i] + step * direction[i];
      before += x[i] * x[i];
      after += z * z;
    }
    sum += tau * (sqrt(after) - sqrt(before));
  }
  return sum;
}

/* The longest step below `step` at which a group comes closest to zero, if it all but
 * gets there: the penalty has a kink there, and a longer step may not decrease it. 0 if
 * there is none. */
static double next_kink(const nl_penalty *penalty, const nl_gram *gram,
                        const nl_level *level, const double *x, const double *direction,
                        double step) {
  double longest = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g],
              rank = nl_group_rank(penalty, g);
    if (nl_level_tau(level, penalty, g) == 0) continue;
    const double across = nl_dot(rank, x + at, direction + at);
    const double length = nl_norm(rank, direction + at), norm = nl_norm(rank, x + at);
    if (!(across < 0) || -across < 0.9 * length * norm) continue;
    const double closest = -across / (length * length);
    if (closest < 0.999 * step && closest > longest) longest = closest;
  }
  return longest;
}

/* A Newton step on the active groups, shortened until the model decreases. Groups with a
 * norm below `floor` are taken for zero. Returns the length of the step, 0 if none was
 * taken. */
static double newton_step(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                          double floor, nl_quadratic_space *space) {
  const int n = nl_active_coordinates(penalty, gram, level, space->x, space->index);
  double *direction = space->target, *change = space->rhs;
  if (n == 0 ||
      factor_active(penalty, gram, level, space->x, floor, space->index, n) != 0)
    return 0;
  active_gradient(penalty, gram, level, space->x, space->slope, floor, n, direction);
  for (int i = 0; i < n; i++) change[i] = -direction[i];
  nl_cholesky_solve(n, gram->spare, change);
  const double slope = nl_dot(n, direction, change);
  nl_fill((size_t)gram->size, 0, direction);
  for (int i = 0; i < n; i++) direction[space->index[i]] = change[i];
  nl_gram_times(gram, direction, change);
  const double curvature = nl_dot(gram->size, direction, change);
  const double smooth = nl_dot(gram->size, space->slope, direction);
  if (!(slope < 0) || !isfinite(curvature)) return 0;
  for (double step = 1; step > NL_SHORTEST_NEWTON;) {
    const double decrease =
        step * smooth + 0.5 * step * step * curvature +
        penalty_change(penalty, gram, level, space->x, direction, step);
    if (decrease <= NL_NEWTON_DECREASE * step * slope) {
      nl_axpy(gram->size, step, direction, space->x);
      nl_axpy(gram->size, step, change, space->slope);
      return step;
    }
    step = fmax(0.5 * step, next_kink(penalty, gram, level, space->x, direction, step));
  }
  return 0;
}

static double largest_norm(const nl_penalty *penalty, const nl_gram *gram,
                           const double *x) {
  double largest = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k];
    largest = fmax(largest, nl_norm(nl_group_rank(penalty, g), x + gram->position[g]));
  }
  return largest;
}

void nl_newton_steps(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                     nl_quadratic_space *space) {
  double length = newton_step(penalty, gram, level, 0, space);
  for (double share = NL_NEAR_ZERO; length < NL_HELD_UP && share < 1;
       share *= NL_NEAR_ZERO_GROWTH) {
    const double floor = share * largest_norm(penalty, gram, space->x);
    if (floor > 0) length = newton_step(penalty, gram, level, floor, space);
  }
}
