/* coupled.c: see coupled.h. */
#include "coupled.h"

#include <math.h>

#include "bordered.h"
#include "linalg.h"

enum {
  MAX_ROUNDS = 200,        /* rounds of sweeps and Newton steps */
  SWEEPS_BEFORE_NEWTON = 8 /* at least */
};
/* A Newton step is shortened no further than this, and must reach this share of its slope. */
#define NL_SHORTEST_COUPLED 1e-6
#define NL_COUPLED_DECREASE 1e-3

/* ---- sweeps ------------------------------------------------------------------------ */

/* Moves group g's coordinates (rank) in a neuron's x from x to next, which is overwritten. */
static void move_block(nl_solver *solver, int g, int rank, const double *x,
                       double *next) {
  const nl_gram *gram = &solver->gram;
  const int at = gram->position[g];
  nl_copy((size_t)rank, next, solver->quadratic.x + at);
  nl_axpy(rank, -1, x, next);
  for (int k = 0; gram->stretch != 1 && k < rank; k++) next[k] *= gram->stretch;
  nl_add_columns(gram->size, rank, next, gram->h + (size_t)at * (size_t)gram->capacity,
                 (size_t)gram->capacity, solver->quadratic.slope);
}

/* Solves group g exactly, given the others. Returns its KKT residual before. */
static double update_group(const nl_ensemble *ensemble, const nl_level *level, int g,
                           double enough) {
  const nl_penalty *shared = nl_ensemble_penalty(ensemble);
  const size_t most = (size_t)ensemble->max_rank;
  double *x = ensemble->space, *c = x + most, *d = c + most, *turned = d + most,
         *own = turned + most;
  const double tau = nl_level_tau(level, shared, g);
  const int n = nl_ensemble_gather_model(ensemble, g, NL_MODEL_X, x);
  nl_ensemble_gather_model(ensemble, g, NL_MODEL_SLOPE, c);
  const double residual = nl_group_kkt(n, x, c, tau, nl_level_unit(level, shared, g));
  if (residual <= enough) return residual;
  for (int i = 0, at = 0; i < ensemble->n_neuron; i++) {
    const nl_solver *solver = &ensemble->neuron[i].solver;
    const int rank = nl_group_rank(solver->penalty, g);
    for (int k = 0; k < rank; k++)
      d[at + k] =
          solver->gram.stretch * solver->gram.curvature[solver->gram.position[g] + k];
    nl_gram_turn(&solver->gram, g, rank, c + at, own);
    nl_gram_turn(&solver->gram, g, rank, x + at, turned + at);
    for (int k = 0; k < rank; k++) c[at + k] = d[at + k] * turned[at + k] - own[k];
    at += rank;
  }
  nl_block_solve(n, d, c, tau, nl_norm(n, x), turned);
  for (int i = 0, at = 0; i < ensemble->n_neuron; i++) {
    nl_solver *solver = &ensemble->neuron[i].solver;
    const int rank = nl_group_rank(solver->penalty, g);
    nl_gram_turn_back(&solver->gram, g, rank, turned + at, own);
    move_block(solver, g, rank, x + at, own);
    at += rank;
  }
  return residual;
}

/* One sweep over all groups, or over those that are in. Returns the largest residual met. */
static double sweep(const nl_ensemble *ensemble, const nl_level *level, double tol,
                    int only_active) {
  const nl_gram *gram = &ensemble->neuron[0].solver.gram;
  double worst = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k];
    if (only_active && !nl_ensemble_is_active(ensemble, level, g)) continue;
    worst = fmax(worst, update_group(ensemble, level, g, NL_ENOUGH * tol));
  }
  return worst;
}

/* ---- Newton steps ------------------------------------------------------------------ */

/* The smooth part's slope and curvature along `direction`; times: H times it. */
static void along(const nl_ensemble *ensemble, const double *direction, double *times,
                  double *slope, double *curvature) {
  *slope = *curvature = 0;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_solver *solver = &ensemble->neuron[i].solver;
    const int size = solver->gram.size;
    nl_gram_times(&solver->gram, direction, times);
    *slope += nl_dot(size, solver->quadratic.slope, direction);
    *curvature += nl_dot(size, direction, times);
    direction += size;
    times += size;
  }
}

/* Change of the penalty by a step along the direction. */
static double penalty_change(const nl_ensemble *ensemble, const nl_level *level,
                             const double *direction, double step) {
  const nl_gram *first = &ensemble->neuron[0].solver.gram;
  double sum = 0;
  for (int k = 0; k < first->n_in; k++) {
    const int g = first->group[k];
    const double tau = nl_level_tau(level, nl_ensemble_penalty(ensemble), g);
    const double *own = direction;
    double before = 0, after = 0;
    for (int i = 0; tau > 0 && i < ensemble->n_neuron; i++) {
      const nl_solver *solver = &ensemble->neuron[i].solver;
      const int at = solver->gram.position[g], rank = nl_group_rank(solver->penalty, g);
      for (int j = at; j < at + rank; j++) {
        const double x = solver->quadratic.x[j], z = x + step * own[j];
        before += x * x;
        after += z * z;
      }
      own += solver->gram.size;
    }
    sum += tau * (sqrt(after) - sqrt(before));
  }
  return sum;
}

/* A Newton step on the groups that are in, shortened until the model decreases; none where
 * it doesn't. */
static void newton_step(nl_ensemble *ensemble, const nl_level *level,
                        const nl_hook *hook) {
  nl_bordered newton;
  double smooth, curvature;
  if (!nl_bordered_factor(&newton, ensemble, level, hook)) return;
  const double slope = nl_bordered_direction(&newton, ensemble);
  along(ensemble, newton.direction, newton.times, &smooth, &curvature);
  if (!(slope < 0) || !isfinite(curvature)) return;
  for (double step = 1; step > NL_SHORTEST_COUPLED; step *= 0.5) {
    const double change = step * smooth + 0.5 * step * step * curvature +
                          penalty_change(ensemble, level, newton.direction, step);
    if (change > NL_COUPLED_DECREASE * step * slope) continue;
    const double *direction = newton.direction, *times = newton.times;
    for (int i = 0; i < ensemble->n_neuron; i++) {
      nl_solver *solver = &ensemble->neuron[i].solver;
      nl_axpy(solver->gram.size, step, direction, solver->quadratic.x);
      nl_axpy(solver->gram.size, step, times, solver->quadratic.slope);
      direction += solver->gram.size;
      times += solver->gram.size;
    }
    return;
  }
}

/* ---- the model --------------------------------------------------------------------- */

/* The most coordinates of groups that are in that a neuron has. */
static int most_active(nl_ensemble *ensemble, const nl_level *level) {
  int most = 0;
  nl_ensemble_mark(ensemble, level);
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_neuron *neuron = ensemble->neuron + i;
    const int n =
        nl_ensemble_coordinates(ensemble, neuron, neuron->solver.quadratic.index);
    if (n > most) most = n;
  }
  return most;
}

int nl_coupled_solve(nl_ensemble *ensemble, const nl_level *level, double tol,
                     const nl_hook *hook) {
  int n_sweep = 0;
  for (int round = 0; round < MAX_ROUNDS; round++) {
    nl_check(hook);
    n_sweep++;
    if (sweep(ensemble, level, tol, 0) <= tol) return n_sweep;
    const int patience =
        SWEEPS_BEFORE_NEWTON + most_active(ensemble, level) / NL_COORDINATES_PER_SWEEP;
    int converged = 0;
    for (int i = 0; i < patience && !converged; i++)
      converged = sweep(ensemble, level, tol, 1) <= tol;
    if (!converged) newton_step(ensemble, level, hook);
  }
  return n_sweep;
}
