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

/* Solves group number k of the Gram exactly, given the others. Returns its KKT residual
 * before. */
static double update_group(const nl_penalty *penalty, const nl_gram *gram,
                           const nl_level *level, int k, nl_quadratic_space *space) {
  const int g = gram->group[k], at = gram->position[g], rank = nl_group_rank(penalty, g);
  const double tau = nl_level_tau(level, penalty, g);
  const size_t ld = (size_t)gram->capacity;
  const double *own = gram->h + (size_t)at * ld + (size_t)at; /* diagonal block */
  double *x = space->x + at, *d = space->step, *c = space->step + rank,
         *next = space->step + 2 * rank;
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
