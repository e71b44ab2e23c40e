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
enum { MOST_INNER_STEPS = 20 };

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

/* gradient (n, by index) of model and penalty over the moving coordinates; a group with a
 * norm below `floor`, and without inner terms, counts as zero and about to grow against its
 * slope. own: max_size. */
static void active_gradient(const nl_penalty *penalty, const nl_gram *gram,
                            const nl_level *level, const double *x, const double *slope,
                            double floor, const int *index, int n, double *own,
                            double *gradient) {
  for (int k = 0, at = 0, n_own; k < gram->n_in && at < n; k++, at += n_own) {
    const int g = gram->group[k], from = gram->position[g],
              rank = nl_group_rank(penalty, g);
    const nl_terms terms = nl_group_terms(penalty, level, g);
    n_own = nl_count_own(penalty, gram, g, index + at, n - at);
    if (n_own == 0) continue;
    nl_copy((size_t)rank, slope + from, own);
    if (terms.norm > 0 && !nl_terms_have_inner(&terms) &&
        nl_norm(rank, x + from) < floor) {
      const double push = nl_norm(rank, own);
      for (int i = 0; i < rank; i++)
        own[i] = push > terms.norm ? own[i] * (1 - terms.norm / push) : 0;
    } else {
      nl_terms_gradient(&terms, rank, x + from, own);
    }
    for (int i = at; i < at + n_own; i++) gradient[i] = own[index[i] - from];
  }
}

/* Change of the penalty when the active groups move from x to x + step * direction. own:
 * max_size. */
static double penalty_change(const nl_penalty *penalty, const nl_gram *gram,
                             const nl_level *level, const double *x,
                             const double *direction, double step, double *own) {
  double sum = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g],
              rank = nl_group_rank(penalty, g);
    const nl_terms terms = nl_group_terms(penalty, level, g);
    if (nl_is_zero(rank, direction + at)) continue;
    for (int i = 0; i < rank; i++) own[i] = x[at + i] + step * direction[at + i];
    sum += nl_terms_change(&terms, rank, x + at, own);
  }
  return sum;
}

/* The longest step below `step` at which a group comes closest to zero, if it all but
 * gets there, or a coordinate with an l1 norm is zero: the penalty has a kink there, and a
 * longer step may not decrease it. 0 if there is none. */
static double next_kink(const nl_penalty *penalty, const nl_gram *gram,
                        const nl_level *level, const double *x, const double *direction,
                        double step) {
  double longest = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g],
              rank = nl_group_rank(penalty, g);
    const nl_terms terms = nl_group_terms(penalty, level, g);
    longest = fmax(longest, nl_terms_kink(&terms, rank, x + at, direction + at, step));
    if (terms.norm == 0) continue;
    const double across = nl_dot(rank, x + at, direction + at);
    const double length = nl_norm(rank, direction + at), norm = nl_norm(rank, x + at);
    if (!(across < 0) || -across < 0.9 * length * norm) continue;
    const double closest = -across / (length * length);
    if (closest < 0.999 * step && closest > longest) longest = closest;
  }
  return longest;
}

/* Newton's direction over all coordinates of the Gram into space->target. Groups with a norm
 * below `floor` are taken for zero. Returns its slope, which is below zero; 0 if there is
 * none. */
static double newton_direction(const nl_penalty *penalty, nl_gram *gram,
                               const nl_level *level, double floor,
                               nl_quadratic_space *space) {
  const int n = nl_moving_coordinates(penalty, gram, level, space->x, space->index);
  double *direction = space->target, *solved = space->rhs;
  if (n == 0 ||
      factor_active(penalty, gram, level, space->x, floor, space->index, n) != 0)
    return 0;
  active_gradient(penalty, gram, level, space->x, space->slope, floor, space->index, n,
                  space->step, direction);
  for (int i = 0; i < n; i++) solved[i] = -direction[i];
  nl_cholesky_solve(n, gram->spare, solved);
  const double slope = nl_dot(n, direction, solved);
  nl_fill((size_t)gram->size, 0, direction);
  for (int i = 0; i < n; i++) direction[space->index[i]] = solved[i];
  return slope < 0 ? slope : 0;
}

/* x (n) += step * direction; where coordinates have terms of their own, zero is exact. */
static void move_along(const nl_penalty *penalty, int n, double step,
                       const double *direction, double *x) {
  const int exact = nl_penalty_has_inner(penalty);
  for (int i = 0; i < n; i++) {
    const double change = step * direction[i];
    x[i] = exact ? nl_moved(x[i], change) : x[i] + change;
  }
}

/* Moves space->x along the direction with this slope, as far as the model decreases.
 * Returns the length of the step, 0 if there was none. */
static double search_line(const nl_penalty *penalty, const nl_gram *gram,
                          const nl_level *level, double slope,
                          nl_quadratic_space *space) {
  const double *direction = space->target;
  double *change = space->rhs;
  nl_gram_times(gram, direction, change);
  const double curvature = nl_dot(gram->size, direction, change);
  const double smooth = nl_dot(gram->size, space->slope, direction);
  if (!isfinite(curvature)) return 0;
  for (double step = 1; step > NL_SHORTEST_NEWTON;) {
    const double decrease =
        step * smooth + 0.5 * step * step * curvature +
        penalty_change(penalty, gram, level, space->x, direction, step, space->step);
    if (decrease <= NL_NEWTON_DECREASE * step * slope) {
      move_along(penalty, gram->size, step, direction, space->x);
      nl_axpy(gram->size, step, change, space->slope);
      return step;
    }
    step = fmax(0.5 * step, next_kink(penalty, gram, level, space->x, direction, step));
  }
  return 0;
}

/* A Newton step on the active groups, shortened until the model decreases. Groups with a
 * norm below `floor` are taken for zero. Returns the length of the step, 0 if none was
 * taken. */
static double newton_step(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                          double floor, nl_quadratic_space *space) {
  const double slope = newton_direction(penalty, gram, level, floor, space);
  return slope == 0 ? 0 : search_line(penalty, gram, level, slope, space);
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

/* Steps on coordinates with terms of their own, as long as each changes which of them move:
 * a step that ends where some reach zero is followed by one without these. */
static void inner_steps(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                        nl_quadratic_space *space) {
  for (int i = 0, before = -1; i < MOST_INNER_STEPS; i++) {
    if (newton_step(penalty, gram, level, 0, space) == 0) return;
    const int n = nl_moving_coordinates(penalty, gram, level, space->x, space->index);
    if (n == before) return;
    before = n;
  }
}

void nl_newton_steps(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                     nl_quadratic_space *space) {
  if (nl_penalty_has_inner(penalty)) {
    inner_steps(penalty, gram, level, space);
    return;
  }
  double length = newton_step(penalty, gram, level, 0, space);
  for (double share = NL_NEAR_ZERO; length < NL_HELD_UP && share < 1;
       share *= NL_NEAR_ZERO_GROWTH) {
    const double floor = share * largest_norm(penalty, gram, space->x);
    if (floor > 0) length = newton_step(penalty, gram, level, floor, space);
  }
}
