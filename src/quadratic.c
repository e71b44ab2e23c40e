/* quadratic.c: see quadratic.h. */
#include "quadratic.h"

#include <math.h>

#include "linalg.h"

enum {
  MAX_ROUNDS = 200,        /* rounds of sweeps and one Newton step */
  /* A sweep is m^2 work and a Newton step m^3 / 3: this many sweeps come before a step, and one more
   * for each so many active coordinates. */
  SWEEPS_BEFORE_NEWTON = 8,
  COORDINATES_PER_SWEEP = 20
};
/* Added to the diagonal, relative to its largest entry, where the active block isn't positive. */
#define NL_JITTER 1e-10
/* A Newton step is shortened no further than this, and must reach this share of its slope. */
#define NL_SHORTEST_NEWTON 1e-12
#define NL_NEWTON_DECREASE 1e-3
/* A shorter step was held up by groups near zero; below these shares of the largest norm a group is. */
#define NL_HELD_UP 0.01
#define NL_NEAR_ZERO 1e-4
#define NL_NEAR_ZERO_GROWTH 10
/* The jitter for degrees of freedom: directions less curved than this have none. */
#define NL_DF_RIDGE 1e-10

double nl_level_tau(const nl_level *level, const nl_penalty *penalty, int g) {
  return penalty->weight[g] > 0 ? level->lambda * penalty->weight[g] : 0;
}

double nl_level_unit(const nl_level *level, const nl_penalty *penalty, int g) {
  const double tau = nl_level_tau(level, penalty, g);
  return tau > 0 ? tau : level->reference * penalty->scale[g];
}

static int is_zero(int n, const double *x) {
  for (int i = 0; i < n; i++) {
    if (x[i] != 0) return 0;
  }
  return 1;
}

/* ---- block coordinate descent ---------------------------------------------------------------- */

/* Solves group number k of the Gram exactly, given the others. Returns its KKT residual before. */
static double update_group(const nl_penalty *penalty, const nl_gram *gram, const nl_level *level,
                           int k, nl_quadratic_space *space) {
  const int g = gram->group[k], at = gram->position[g], rank = nl_group_rank(penalty, g);
  const double tau = nl_level_tau(level, penalty, g);
  const size_t ld = (size_t)gram->capacity;
  const double *own = gram->h + (size_t)at * ld + (size_t)at; /* diagonal block */
  double *x = space->x + at, *d = space->step, *c = space->step + rank, *next = space->step + 2 * rank;
  const double residual =
      nl_group_kkt(rank, x, space->slope + at, tau, nl_level_unit(level, penalty, g));
  if (residual == 0) return 0;
  for (int i = 0; i < rank; i++) {
    d[i] = own[(size_t)i * (ld + 1)];
    c[i] = d[i] * x[i] - space->slope[at + i];
  }
  nl_block_solve(rank, d, c, tau, next);
  for (int i = 0; i < rank; i++) {
    const double change = next[i] - x[i];
    if (change == 0) continue;
    nl_axpy(gram->size, change, gram->h + (size_t)(at + i) * ld, space->slope);
    x[i] = next[i];
  }
  return residual;
}

/* One sweep over all groups, or over those that are not zero. Returns the largest residual met. */
static double sweep(const nl_penalty *penalty, const nl_gram *gram, const nl_level *level,
                    int only_active, nl_quadratic_space *space) {
  double worst = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k];
    if (only_active && nl_level_tau(level, penalty, g) > 0 &&
        is_zero(nl_group_rank(penalty, g), space->x + gram->position[g])) {
      continue;
    }
    const double residual = update_group(penalty, gram, level, k, space);
    if (residual > worst) worst = residual;
  }
  return worst;
}

/* ---- Newton's method on the groups that are not zero ----------------------------------------- */

/* Lists the coordinates of the active groups in index; returns how many. */
static int active_coordinates(const nl_penalty *penalty, const nl_gram *gram, const nl_level *level,
                              const double *x, int *index) {
  int n = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g], rank = nl_group_rank(penalty, g);
    if (is_zero(rank, x + at) && nl_level_tau(level, penalty, g) > 0) continue;
    for (int i = 0; i < rank; i++) index[n++] = at + i;
  }
  return n;
}

/* out (n x n) = H + penalty curvature tau / ||x|| (I - x x' / ||x||^2) over the active groups; groups
 * with a norm below `floor` get tau / floor I, that of a group about to grow to that size. */
static void active_curvature(const nl_penalty *penalty, const nl_gram *gram, const nl_level *level,
                             const double *x, double floor, const int *index, int n, double *out) {
  const size_t ld = (size_t)gram->capacity;
  for (int j = 0; j < n; j++) {
    const double *column = gram->h + (size_t)index[j] * ld;
    for (int i = 0; i < n; i++) out[i + (size_t)j * (size_t)n] = column[index[i]];
  }
  int at = 0;
  for (int k = 0; k < gram->n_in && at < n; k++) {
    const int g = gram->group[k], rank = nl_group_rank(penalty, g);
    if (rank == 0 || index[at] != gram->position[g]) continue;
    const double *u = x + gram->position[g];
    const double norm = nl_norm(rank, u), tau = nl_level_tau(level, penalty, g);
    for (int j = 0; norm > 0 && tau > 0 && j < rank; j++) {
      double *column = out + (size_t)(at + j) * (size_t)n + at;
      if (norm < floor) {
        column[j] += tau / floor;
        continue;
      }
      for (int i = 0; i < rank; i++) {
        column[i] += tau / norm * ((i == j ? 1 : 0) - (u[i] / norm) * (u[j] / norm));
      }
    }
    at += rank;
  }
}

/* Adds share times the largest diagonal entry to the diagonal of x (n x n). Returns what it added. */
static double add_ridge(int n, double share, double *x) {
  double largest = 0;
  for (int i = 0; i < n; i++) {
    const double d = x[(size_t)i * ((size_t)n + 1)];
    if (d > largest) largest = d;
  }
  for (int i = 0; i < n; i++) x[(size_t)i * ((size_t)n + 1)] += share * largest;
  return share * largest;
}

/* Factor of the active curvature in spare, with a jitter if it must be; 0 if it worked. */
static int factor_active(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                         const double *x, double floor, const int *index, int n) {
  for (double jitter = 0; jitter < 1e-3; jitter = jitter == 0 ? NL_JITTER : 100 * jitter) {
    active_curvature(penalty, gram, level, x, floor, index, n, gram->spare);
    add_ridge(n, jitter, gram->spare);
    if (nl_cholesky(n, gram->spare) == 0) return 0;
  }
  return 1;
}

/* Change of the penalty when the active groups move from x to x + step * direction. */
static double penalty_change(const nl_penalty *penalty, const nl_gram *gram, const nl_level *level,
                             const double *x, const double *direction, double step) {
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

/* gradient (n, by index) of model and penalty over the active groups; a group with a norm below
 * `floor` counts as zero and about to grow against its slope. */
static void active_gradient(const nl_penalty *penalty, const nl_gram *gram, const nl_level *level,
                            const double *x, const double *slope, double floor, int n,
                            double *gradient) {
  int at = 0;
  for (int k = 0; k < gram->n_in && at < n; k++) {
    const int g = gram->group[k], from = gram->position[g], rank = nl_group_rank(penalty, g);
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

/* The longest step below `step` at which a group comes closest to zero, if it all but gets there: the
 * penalty has a kink there, and a longer step may not decrease it. 0 if there is none. */
static double next_kink(const nl_penalty *penalty, const nl_gram *gram, const nl_level *level,
                        const double *x, const double *direction, double step) {
  double longest = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g], rank = nl_group_rank(penalty, g);
    if (nl_level_tau(level, penalty, g) == 0) continue;
    const double across = nl_dot(rank, x + at, direction + at);
    const double length = nl_norm(rank, direction + at), norm = nl_norm(rank, x + at);
    if (!(across < 0) || -across < 0.9 * length * norm) continue;
    const double closest = -across / (length * length);
    if (closest < 0.999 * step && closest > longest) longest = closest;
  }
  return longest;
}

/* A Newton step on the active groups, shortened until the model decreases. Groups with a norm below
 * `floor` are taken for zero. Returns the length of the step, 0 if none was taken. */
static double newton_step(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                          double floor, nl_quadratic_space *space) {
  const int n = active_coordinates(penalty, gram, level, space->x, space->index);
  const size_t ld = (size_t)gram->capacity;
  double *direction = space->target, *change = space->rhs, slope = 0;
  if (n == 0 || factor_active(penalty, gram, level, space->x, floor, space->index, n) != 0) return 0;
  active_gradient(penalty, gram, level, space->x, space->slope, floor, n, direction);
  for (int i = 0; i < n; i++) change[i] = -direction[i];
  nl_cholesky_solve(n, gram->spare, change);
  slope = nl_dot(n, direction, change);
  nl_fill((size_t)gram->size, 0, direction);
  for (int i = 0; i < n; i++) direction[space->index[i]] = change[i];
  nl_fill((size_t)gram->size, 0, change); /* H direction */
  for (int i = 0; i < n; i++) {
    const int j = space->index[i];
    nl_axpy(gram->size, direction[j], gram->h + (size_t)j * ld, change);
  }
  const double curvature = nl_dot(gram->size, direction, change);
  const double smooth = nl_dot(gram->size, space->slope, direction);
  if (!(slope < 0) || !isfinite(curvature)) return 0;
  for (double step = 1; step > NL_SHORTEST_NEWTON;) {
    const double decrease = step * smooth + 0.5 * step * step * curvature +
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

static double largest_norm(const nl_penalty *penalty, const nl_gram *gram, const double *x) {
  double largest = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k];
    largest = fmax(largest, nl_norm(nl_group_rank(penalty, g), x + gram->position[g]));
  }
  return largest;
}

/* Newton steps: the plain one, and where a group near zero held it up, one that takes groups near
 * zero for about to grow. */
static void newton_steps(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                         nl_quadratic_space *space) {
  double length = newton_step(penalty, gram, level, 0, space);
  for (double share = NL_NEAR_ZERO; length < NL_HELD_UP && share < 1; share *= NL_NEAR_ZERO_GROWTH) {
    const double floor = share * largest_norm(penalty, gram, space->x);
    if (floor > 0) length = newton_step(penalty, gram, level, floor, space);
  }
}

/* ---- both ------------------------------------------------------------------------------------ */

int nl_quadratic_solve(const nl_penalty *penalty, nl_gram *gram, const nl_level *level, double tol,
                       nl_quadratic_space *space, const nl_hook *hook) {
  int n_sweep = 0;
  for (int round = 0; round < MAX_ROUNDS; round++) {
    if (hook && hook->check) hook->check(hook->data);
    n_sweep++;
    if (sweep(penalty, gram, level, 0, space) <= tol) return n_sweep;
    const int n_active = active_coordinates(penalty, gram, level, space->x, space->index);
    const int patience = SWEEPS_BEFORE_NEWTON + n_active / COORDINATES_PER_SWEEP;
    int converged = 0;
    for (int i = 0; i < patience && !converged; i++) {
      n_sweep++;
      converged = sweep(penalty, gram, level, 1, space) <= tol;
    }
    if (!converged) newton_steps(penalty, gram, level, space);
  }
  return n_sweep;
}

/* Scales M = H + D (n x n) so that neither a large penalty curvature nor the units of H show: by the
 * largest diagonal entry of H plus that of D. Directions without curvature stay small. scale: n. */
static void scale_curvature(const nl_gram *gram, const int *index, int n, double *m, double *scale) {
  double largest = 0;
  for (int i = 0; i < n; i++) {
    scale[i] = gram->h[(size_t)index[i] * ((size_t)gram->capacity + 1)];
    largest = fmax(largest, scale[i]);
  }
  for (int i = 0; i < n; i++) {
    scale[i] = 1 / sqrt(largest + fmax(m[(size_t)i * ((size_t)n + 1)] - scale[i], 0));
  }
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < n; i++) m[i + (size_t)j * (size_t)n] *= scale[i] * scale[j];
  }
}

/* Whether the Cholesky factor (n x n) of a scaled matrix inverts it accurately. */
static int is_well_conditioned(int n, const double *factor) {
  for (int i = 0; i < n; i++) {
    if (factor[(size_t)i * ((size_t)n + 1)] < 1e-4) return 0;
  }
  return 1;
}

/* trace of H M^-1 from the inverse of the scaled M = H + D in spare: n - trace of D M^-1; D is block
 * diagonal, tau / norm (I - u u'). */
static double trace_by_inverse(const nl_penalty *penalty, const nl_gram *gram, const nl_level *level,
                               const double *theta, const int *index, int n, const double *scale) {
  double trace = n;
  int at = 0;
  for (int k = 0; k < gram->n_in && at < n; k++) {
    const int g = gram->group[k], rank = nl_group_rank(penalty, g);
    if (rank == 0 || index[at] != gram->position[g]) continue;
    const double *x = theta + gram->position[g];
    const double norm = nl_norm(rank, x), tau = nl_level_tau(level, penalty, g);
    for (int j = 0; norm > 0 && tau > 0 && j < rank; j++) {
      const double *column = gram->spare + (size_t)(at + j) * (size_t)n + at;
      for (int i = 0; i <= j; i++) { /* upper triangle */
        const double d = tau / norm * ((i == j ? 1 : 0) - (x[i] / norm) * (x[j] / norm));
        trace -= (i == j ? 1 : 2) * d * scale[at + i] * scale[at + j] * column[i];
      }
    }
    at += rank;
  }
  return trace;
}

/* The same column by column, H M^-1 with a ridge in M: columns of H have no part in the directions
 * in which M is only the ridge. rhs: n. */
static double trace_by_solving(const nl_gram *gram, const int *index, int n, const double *scale,
                               double *rhs) {
  double trace = 0;
  for (int j = 0; j < n; j++) {
    const double *column = gram->h + (size_t)index[j] * (size_t)gram->capacity;
    for (int i = 0; i < n; i++) rhs[i] = column[index[i]] * scale[i] * scale[j];
    nl_cholesky_solve(n, gram->spare, rhs);
    trace += rhs[j];
  }
  return trace;
}

double nl_quadratic_df(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                       const double *theta, nl_quadratic_space *space) {
  const int n = active_coordinates(penalty, gram, level, theta, space->index);
  double *scale = space->target;
  if (n == 0) return 0;
  active_curvature(penalty, gram, level, theta, 0, space->index, n, gram->spare);
  scale_curvature(gram, space->index, n, gram->spare, scale);
  if (nl_cholesky(n, gram->spare) == 0 && is_well_conditioned(n, gram->spare) &&
      nl_cholesky_invert(n, gram->spare) == 0) {
    return trace_by_inverse(penalty, gram, level, theta, space->index, n, scale);
  }
  active_curvature(penalty, gram, level, theta, 0, space->index, n, gram->spare);
  scale_curvature(gram, space->index, n, gram->spare, scale);
  add_ridge(n, NL_DF_RIDGE, gram->spare);
  if (nl_cholesky(n, gram->spare) != 0) return n;
  return trace_by_solving(gram, space->index, n, scale, space->rhs);
}
