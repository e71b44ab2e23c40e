/* quadratic.c: see quadratic.h. */
#include "quadratic.h"

#include <math.h>

#include "inner.h"
#include "linalg.h"
#include "newton.h"

enum {
  MAX_ROUNDS = 200,        /* rounds of sweeps and Newton steps */
  GUESS_ROUNDS = 3,        /* for a guess */
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

/* next: the block solution of group g, by the root in one dimension; its coordinates are x,
 * its slope. A group without eigenvectors takes the step that its curvature bound allows. */
static void solve_norm(const nl_gram *gram, const nl_terms *terms, int g, int rank,
                       const double *x, const double *slope, double *space,
                       double *next) {
  const double *d = gram->curvature + gram->position[g];
  double *c = space, *turned = space + rank;
  nl_gram_turn(gram, g, rank, x, turned);
  nl_gram_turn(gram, g, rank, slope, c);
  for (int i = 0; i < rank; i++) c[i] = d[i] * turned[i] - c[i];
  if (terms->ridge > 0) {
    for (int i = 0; i < rank; i++) next[i] = d[i] + terms->ridge;
    d = next;
  }
  nl_block_solve(rank, d, c, terms->norm, nl_norm(rank, x), turned);
  nl_gram_turn_back(gram, g, rank, turned, next);
}

/* The same where there are terms inside the group. own: its block of H. */
static void solve_inner(const nl_gram *gram, const nl_terms *terms, int g, int rank,
                        const double *own, size_t ld, const double *x,
                        const double *slope, nl_quadratic_space *space, double *next) {
  const double bound = gram->curvature[gram->position[g] + rank - 1];
  double *c = space->step;
  nl_copy((size_t)rank, x, next);
  if (!gram->has_vectors[g]) {
    for (int i = 0; i < rank; i++) c[i] = slope[i] + terms->ridge * x[i];
    nl_inner_step(terms, rank, bound + terms->ridge, c, next);
    return;
  }
  for (int i = 0; i < rank; i++) c[i] = -slope[i];
  nl_add_columns(rank, rank, x, own, ld, c);
  const nl_inner_block block = {terms, rank, own, ld, bound, c};
  nl_inner_solve(&block, next, space->inner);
}

/* Solves the group that starts at coordinate `at` of the view exactly, given the others.
 * Returns its KKT residual before. */
static double update_group(const nl_penalty *penalty, const nl_gram *gram,
                           const nl_level *level, int g, int at, double enough,
                           const sweep_view *view, nl_quadratic_space *space) {
  const int rank = nl_group_rank(penalty, g);
  const nl_terms terms = nl_group_terms(penalty, level, g);
  const double *columns = view->h + (size_t)at * view->ld;
  double *x = view->x + at, *slope = view->slope + at;
  double *change = space->step, *next = space->step + 2 * rank;
  const double residual = nl_terms_residual(&terms, rank, x, slope, next);
  if (residual <= enough) return residual;
  if (nl_terms_have_inner(&terms)) {
    solve_inner(gram, &terms, g, rank, columns + at, view->ld, x, slope, space, next);
  } else {
    solve_norm(gram, &terms, g, rank, x, slope, space->step, next);
  }
  for (int i = 0; i < rank; i++) {
    change[i] = next[i] - x[i];
    x[i] = next[i];
  }
  nl_add_columns(view->size, rank, change, columns, view->ld, view->slope);
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
        update_group(penalty, gram, level, g, at, NL_ENOUGH * tol, &view, space);
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
                                       &view, space));
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

static int solve(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                 double tol, int most_rounds, nl_quadratic_space *space,
                 const nl_hook *hook) {
  int n_sweep = 0;
  for (int round = 0; round < most_rounds; round++) {
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

int nl_quadratic_solve(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                       double tol, nl_quadratic_space *space, const nl_hook *hook) {
  return solve(penalty, gram, level, tol, MAX_ROUNDS, space, hook);
}

int nl_quadratic_guess(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                       double tol, nl_quadratic_space *space, const nl_hook *hook) {
  const int most = nl_penalty_has_inner(penalty) ? GUESS_ROUNDS : MAX_ROUNDS;
  return solve(penalty, gram, level, tol, most, space, hook);
}
