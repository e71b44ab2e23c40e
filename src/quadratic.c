/* quadratic.c: see quadratic.h. */
#include "quadratic.h"

#include <math.h>

#include "linalg.h"
#include "newton.h"

enum {
  MAX_ROUNDS = 200,        /* rounds of sweeps and Newton steps */
  SWEEPS_BEFORE_NEWTON = 8 /* at least */
};
/* Sweeps over the active groups take their part of H aside if it is at most this share.
 */
#define NL_ASIDE 0.7

/* The coordinates a sweep works on: all of the Gram, or the active ones set aside. */
typedef struct {
  int size;
  size_t ld;
  const double *h; /* size x size */
  double *x;       /* size */
  double *slope;   /* size */
} sweep_view;

/* Solves the group that starts at coordinate `at` of the view exactly, given the others;
 * a group without eigenvectors takes the step that its curvature bound allows. Returns
 * its KKT residual before. */
static double update_group(const nl_penalty *penalty, const nl_gram *gram,
                           const nl_level *level, int g, int at, double enough,
                           const sweep_view *view, double *space) {
  const int rank = nl_group_rank(penalty, g);
  const double tau = nl_level_tau(level, penalty, g);
  const double *d = gram->curvature + gram->position[g];
  double *x = view->x + at, *c = space, *turned = space + rank, *next = space + 2 * rank;
  const double residual =
      nl_group_kkt(rank, x, view->slope + at, tau, nl_level_unit(level, penalty, g));
  if (residual <= enough) return residual;
  nl_gram_turn(gram, g, rank, x, turned);
  nl_gram_turn(gram, g, rank, view->slope + at, c);
  for (int i = 0; i < rank; i++) c[i] = d[i] * turned[i] - c[i];
  nl_block_solve(rank, d, c, tau, turned);
  nl_gram_turn_back(gram, g, rank, turned, next);
  for (int i = 0; i < rank; i++) {
    c[i] = next[i] - x[i];
    x[i] = next[i];
  }
  nl_add_columns(view->size, rank, c, view->h + (size_t)at * view->ld, view->ld,
                 view->slope);
  return residual;
}

/* One sweep over all groups, or over those that are not zero. Returns the largest
 * residual met. */
static double sweep(const nl_penalty *penalty, const nl_gram *gram, const nl_level *level,
                    double tol, int only_active, nl_quadratic_space *space) {
  const sweep_view view = {gram->size, (size_t)gram->capacity, gram->h, space->x,
                           space->slope};
  double worst = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g];
    if (only_active && !nl_is_active(penalty, gram, level, g, space->x)) continue;
    const double residual =
        update_group(penalty, gram, level, g, at, NL_ENOUGH * tol, &view, space->step);
    if (residual > worst) worst = residual;
  }
  return worst;
}

/* Sweeps over the active groups, whose part of H is set aside in spare, until they are
 * within tol or patience ends. Returns whether they are. */
static int sweeps_aside(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                        double tol, int n, int patience, nl_quadratic_space *space) {
  const size_t ld = (size_t)gram->capacity;
  const int *index = space->index;
  const sweep_view view = {n, (size_t)n, gram->spare, space->target, space->rhs};
  double worst = INFINITY;
  nl_gram_part(gram, index, n);
  for (int j = 0; j < n; j++) {
    view.x[j] = space->x[index[j]];
    view.slope[j] = space->slope[index[j]];
  }
  for (int i = 0; i < patience && worst > tol; i++) {
    worst = 0;
    for (int k = 0, at = 0; k < gram->n_in && at < n; k++) {
      const int g = gram->group[k], rank = nl_group_rank(penalty, g);
      if (rank == 0 || index[at] != gram->position[g]) continue;
      worst = fmax(worst, update_group(penalty, gram, level, g, at, NL_ENOUGH * tol,
                                       &view, space->step));
      at += rank;
    }
  }
  for (int j = 0; j < n; j++) {
    const double change = view.x[j] - space->x[index[j]];
    space->x[index[j]] = view.x[j];
    view.x[j] = change;
  }
  for (int j = 0; j < n;) { /* neighbouring columns of H together */
    int k = j + 1;
    while (k < n && index[k] == index[k - 1] + 1) k++;
    nl_add_columns(gram->size, k - j, view.x + j, gram->h + (size_t)index[j] * ld, ld,
                   space->slope);
    j = k;
  }
  return worst <= tol;
}

int nl_quadratic_solve(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                       double tol, nl_quadratic_space *space, const nl_hook *hook) {
  int n_sweep = 0;
  for (int round = 0; round < MAX_ROUNDS; round++) {
    nl_check(hook);
    n_sweep++;
    if (sweep(penalty, gram, level, tol, 0, space) <= tol) return n_sweep;
    const int n_active =
        nl_active_coordinates(penalty, gram, level, space->x, space->index);
    const int patience = SWEEPS_BEFORE_NEWTON + n_active / NL_COORDINATES_PER_SWEEP;
    int converged = 0;
    if (n_active < NL_ASIDE * gram->size) {
      converged = sweeps_aside(penalty, gram, level, tol, n_active, patience, space);
    } else {
      for (int i = 0; i < patience && !converged; i++)
        converged = sweep(penalty, gram, level, tol, 1, space) <= tol;
    }
    if (!converged) nl_newton_steps(penalty, gram, level, space);
  }
  return n_sweep;
}
