/* quadratic.c: see quadratic.h. */
#include "quadratic.h"

#include "linalg.h"
#include "newton.h"

enum {
  MAX_ROUNDS = 200, /* rounds of sweeps and Newton steps */
  /* A sweep is m^2 work and a Newton step m^3 / 3: this many sweeps come before a step,
   * and one more for each so many active coordinates. */
  SWEEPS_BEFORE_NEWTON = 8,
  COORDINATES_PER_SWEEP = 20
};

/* out = U'x or U x for the eigenvectors U of group g's block; x itself where there are
 * none. */
static void into_eigen(const nl_gram *gram, int g, int rank, const double *x,
                       double *out) {
  const double *u = gram->vectors + gram->vector_start[g];
  for (int k = 0; k < rank; k++)
    out[k] = gram->has_vectors[g] ? nl_dot(rank, u + (ptrdiff_t)k * rank, x) : x[k];
}

static void from_eigen(const nl_gram *gram, int g, int rank, const double *x,
                       double *out) {
  const double *u = gram->vectors + gram->vector_start[g];
  if (!gram->has_vectors[g]) {
    nl_copy((size_t)rank, x, out);
    return;
  }
  nl_fill((size_t)rank, 0, out);
  for (int k = 0; k < rank; k++) nl_axpy(rank, x[k], u + (ptrdiff_t)k * rank, out);
}

/* Solves group number k of the Gram exactly, given the others; a group without eigenvectors
 * takes the step that its curvature bound allows. Returns its KKT residual before. */
static double update_group(const nl_penalty *penalty, const nl_gram *gram,
                           const nl_level *level, int k, nl_quadratic_space *space) {
  const int g = gram->group[k], at = gram->position[g], rank = nl_group_rank(penalty, g);
  const double tau = nl_level_tau(level, penalty, g);
  const double *d = gram->curvature + at;
  double *x = space->x + at, *c = space->step, *turned = space->step + rank,
         *next = space->step + 2 * rank;
  const double residual =
      nl_group_kkt(rank, x, space->slope + at, tau, nl_level_unit(level, penalty, g));
  if (residual == 0) return 0;
  into_eigen(gram, g, rank, x, turned);
  into_eigen(gram, g, rank, space->slope + at, c);
  for (int i = 0; i < rank; i++) c[i] = d[i] * turned[i] - c[i];
  nl_block_solve(rank, d, c, tau, turned);
  from_eigen(gram, g, rank, turned, next);
  for (int i = 0; i < rank; i++) {
    const double change = next[i] - x[i];
    if (change == 0) continue;
    nl_axpy(gram->size, change, gram->h + (size_t)(at + i) * (size_t)gram->capacity,
            space->slope);
    x[i] = next[i];
  }
  return residual;
}

/* One sweep over all groups, or over those that are not zero. Returns the largest
 * residual met. */
static double sweep(const nl_penalty *penalty, const nl_gram *gram, const nl_level *level,
                    int only_active, nl_quadratic_space *space) {
  double worst = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k];
    if (only_active && nl_level_tau(level, penalty, g) > 0 &&
        nl_is_zero(nl_group_rank(penalty, g), space->x + gram->position[g])) {
      continue;
    }
    const double residual = update_group(penalty, gram, level, k, space);
    if (residual > worst) worst = residual;
  }
  return worst;
}

int nl_quadratic_solve(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                       double tol, nl_quadratic_space *space, const nl_hook *hook) {
  int n_sweep = 0;
  for (int round = 0; round < MAX_ROUNDS; round++) {
    nl_check(hook);
    n_sweep++;
    if (sweep(penalty, gram, level, 0, space) <= tol) return n_sweep;
    const int n_active =
        nl_active_coordinates(penalty, gram, level, space->x, space->index);
    const int patience = SWEEPS_BEFORE_NEWTON + n_active / COORDINATES_PER_SWEEP;
    int converged = 0;
    for (int i = 0; i < patience && !converged; i++) {
      n_sweep++;
      converged = sweep(penalty, gram, level, 1, space) <= tol;
    }
    if (!converged) nl_newton_steps(penalty, gram, level, space);
  }
  return n_sweep;
}
