/* point.c: see point.h. */
#include "point.h"

#include <math.h>

#include "linalg.h"

/* A step must reach this share of the decrease that its model's slope promises. */
#define NL_SUFFICIENT 1e-4
/* Differences of the objective below this, relative to its terms, are rounding. */
#define NL_ROUNDING 1e-14
/* A step that leaves more than this share of the residual asks for a new Gram. */
#define NL_SLOW 0.25
/* The quadratic model is solved to this share of the residual it starts from. */
#define NL_INEXACT 1e-3
#define NL_SHORTEST_STEP 1e-8

/* ---- the working set --------------------------------------------------------------- */

/* Flags the blocks of groups inside the set (wanted) and of groups outside (unwanted). */
static void mark_set(nl_solver *solver) {
  const nl_design *design = solver->model->design;
  const nl_penalty *penalty = solver->penalty;
  for (int b = 0; b < design->n_block; b++) solver->wanted[b] = solver->unwanted[b] = 0;
  for (int g = 0; g < penalty->n_group; g++) {
    int *flag = solver->in_set[g] ? solver->wanted : solver->unwanted;
    for (int i = penalty->start[g]; i < penalty->start[g + 1]; i++) {
      flag[design->block_of_column[penalty->column[i]]] = 1;
    }
  }
}

void nl_point_include(nl_solver *solver, int g) {
  if (solver->in_set[g]) return;
  solver->in_set[g] = 1;
  solver->set[solver->n_set++] = g;
}

/* Gradients of the groups in (inside != 0) or outside the set, in penalty coordinates. */
static void group_gradients(nl_solver *solver, const nl_state *state, int inside,
                            double *gradient) {
  const nl_penalty *penalty = solver->penalty;
  for (int g = 0; g < penalty->n_group; g++) {
    if ((solver->in_set[g] != 0) != (inside != 0)) continue;
    nl_group_gradient(penalty, g, state->gradient, gradient + penalty->theta_start[g]);
  }
}

static double group_residual(const nl_solver *solver, const nl_level *level, int g,
                             const double *theta, const double *gradient) {
  const nl_penalty *penalty = solver->penalty;
  const int at = penalty->theta_start[g];
  return nl_group_kkt(nl_group_rank(penalty, g), theta + at, gradient + at,
                      nl_level_tau(level, penalty, g), nl_level_unit(level, penalty, g));
}

static double set_residual(const nl_solver *solver, const nl_level *level,
                           const double *theta, const double *gradient) {
  double worst = 0;
  for (int k = 0; k < solver->n_set; k++) {
    const double r = group_residual(solver, level, solver->set[k], theta, gradient);
    if (!(r <= worst)) worst = r;
  }
  return worst;
}

void nl_point_refresh(nl_solver *solver) {
  mark_set(solver);
  nl_poisson_gradient(solver->model, &solver->now, solver->unwanted, &solver->pass,
                      solver->hook);
  group_gradients(solver, &solver->now, 0, solver->gradient);
}

/* Looks at the groups outside the set; those beyond tol come in. Returns how many, and
 * the largest residual of the others. */
static int check_outside(nl_solver *solver, const nl_level *level, double tol,
                         double *worst) {
  int added = 0;
  *worst = 0;
  nl_point_refresh(solver);
  for (int g = 0; g < solver->penalty->n_group; g++) {
    if (solver->in_set[g]) continue;
    const double r = group_residual(solver, level, g, solver->theta, solver->gradient);
    if (r > tol) {
      nl_point_include(solver, g);
      added++;
    } else if (r > *worst) {
      *worst = r;
    }
  }
  return added;
}

/* ---- a step ------------------------------------------------------------------------ */

static double penalty_value(const nl_solver *solver, const nl_level *level,
                            const double *theta) {
  const nl_penalty *penalty = solver->penalty;
  double sum = 0;
  for (int k = 0; k < solver->n_set; k++) {
    const int g = solver->set[k];
    const double tau = nl_level_tau(level, penalty, g);
    if (tau > 0)
      sum += tau * nl_norm(nl_group_rank(penalty, g), theta + penalty->theta_start[g]);
  }
  return sum;
}

/* A Gram that covers the working set: kept, extended, or built anew at the current
 * weights. */
static void ready_gram(nl_solver *solver) {
  nl_gram *gram = &solver->gram;
  if (!gram->valid) nl_gram_reset(gram, solver->model, solver->penalty, &solver->now);
  if (gram->n_in == solver->n_set) return;
  int n_new = 0, *fresh = solver->quadratic.index;
  for (int k = 0; k < solver->n_set; k++) {
    if (gram->position[solver->set[k]] < 0) fresh[n_new++] = solver->set[k];
  }
  nl_gram_extend(gram, solver->model, solver->penalty, fresh, n_new, solver->theta,
                 solver->gradient, solver->hook);
}

void nl_point_cover(nl_solver *solver) {
  for (int k = 0; k < solver->n_set; k++) {
    const int g = solver->set[k];
    if (solver->penalty->weight[g] == 0 && solver->gram.position[g] < 0) {
      ready_gram(solver);
      return;
    }
  }
}

void nl_point_theta(const nl_solver *solver, double *x) {
  const nl_penalty *penalty = solver->penalty;
  for (int k = 0; k < solver->gram.n_in; k++) {
    const int g = solver->gram.group[k];
    nl_copy((size_t)nl_group_rank(penalty, g), solver->theta + penalty->theta_start[g],
            x + solver->gram.position[g]);
  }
}

/* direction = minimiser of the quadratic model - theta. */
static void find_direction(nl_solver *solver, const nl_level *level, double tol) {
  const nl_penalty *penalty = solver->penalty;
  nl_quadratic_space *space = &solver->quadratic;
  nl_fill((size_t)penalty->n_theta, 0, solver->direction);
  nl_point_theta(solver, space->x);
  for (int k = 0; k < solver->n_set; k++) {
    const int g = solver->set[k];
    nl_copy((size_t)nl_group_rank(penalty, g), solver->gradient + penalty->theta_start[g],
            space->slope + solver->gram.position[g]);
  }
  nl_quadratic_solve(penalty, &solver->gram, level, tol, space, solver->hook);
  for (int k = 0; k < solver->n_set; k++) {
    const int g = solver->set[k], at = penalty->theta_start[g],
              from = solver->gram.position[g];
    for (int i = 0; i < nl_group_rank(penalty, g); i++) {
      solver->direction[at + i] = space->x[from + i] - solver->theta[at + i];
    }
  }
}

/* next = theta + step * direction, and the pass over the data there. A full step that
 * makes a group zero makes it exactly zero. */
static void try_step(nl_solver *solver, double step) {
  const nl_penalty *penalty = solver->penalty;
  nl_copy((size_t)penalty->n_theta, solver->theta, solver->next_theta);
  nl_copy((size_t)penalty->n_col, solver->now.beta, solver->next.beta);
  for (int k = 0; k < solver->n_set; k++) {
    const int g = solver->set[k];
    for (int i = penalty->theta_start[g]; i < penalty->theta_start[g + 1]; i++) {
      solver->next_theta[i] = solver->theta[i] + step * solver->direction[i];
    }
    nl_group_coefficients(penalty, g, solver->next_theta + penalty->theta_start[g],
                          solver->next.beta);
  }
  solver->next.shift = nl_poisson_lse(&solver->now);
  nl_poisson_pass(solver->model, &solver->next, solver->wanted, &solver->pass,
                  solver->hook);
  nl_copy((size_t)penalty->n_theta, solver->gradient, solver->next_gradient);
  group_gradients(solver, &solver->next, 1, solver->next_gradient);
  solver->n_pass++;
}

static void swap_pointers(double **a, double **b) {
  double *keep = *a;
  *a = *b;
  *b = keep;
}

static void take_step(nl_solver *solver) {
  nl_state keep = solver->now;
  solver->now = solver->next;
  solver->next = keep;
  swap_pointers(&solver->theta, &solver->next_theta);
  swap_pointers(&solver->gradient, &solver->next_gradient);
}

/* The next shorter step, from the parabola through what is known, within [0.1, 0.5] of
 * the last. */
static double shorten(double step, double promised, double change) {
  double shorter = 0.1 * step;
  if (isfinite(change))
    shorter = -promised * step * step / (2 * (change - promised * step));
  if (!(shorter > 0.1 * step)) shorter = 0.1 * step;
  return shorter < 0.5 * step ? shorter : 0.5 * step;
}

typedef enum { STEP_TAKEN, STEP_REFUSED, STEP_LIMIT } step_result;

/* Moves along the direction as far as the objective decreases. `old_gram`: the metric is
 * from another point, so after one refusal a new one is the better investment. */
static step_result line_search(nl_solver *solver, const nl_level *level, double residual,
                               int old_gram, double *reached) {
  const double penalty_now = penalty_value(solver, level, solver->theta);
  const double now = solver->now.loss + penalty_now;
  const double rounding =
      NL_ROUNDING *
      (fabs(now) + fabs(solver->model->mean_count * nl_poisson_lse(&solver->now)) +
       fabs(solver->now.loss) + penalty_now);
  double promised = 0;
  for (double step = 1; step > NL_SHORTEST_STEP;) {
    if (solver->n_pass >= solver->pass_limit) return STEP_LIMIT;
    try_step(solver, step);
    const double penalty_next = penalty_value(solver, level, solver->next_theta);
    const double change = solver->next.loss + penalty_next - now;
    if (step == 1) {
      promised = nl_dot(solver->penalty->n_theta, solver->gradient, solver->direction) +
                 penalty_next - penalty_now;
    }
    *reached = set_residual(solver, level, solver->next_theta, solver->next_gradient);
    if (change <= NL_SUFFICIENT * step * promised && promised < 0) return STEP_TAKEN;
    if (fabs(change) <= rounding && *reached < 0.9 * residual) return STEP_TAKEN;
    if (step * fabs(promised) <= rounding) return STEP_REFUSED;
    if (old_gram) return STEP_REFUSED;
    step = shorten(step, promised < 0 ? promised : -rounding, change);
  }
  return STEP_REFUSED;
}

/* ---- one lambda -------------------------------------------------------------------- */

void nl_point_start(nl_solver *solver) {
  const nl_design *design = solver->model->design;
  nl_fill((size_t)design->n_col, 0, solver->now.beta);
  nl_fill((size_t)solver->penalty->n_theta, 0, solver->theta);
  for (int b = 0; b < design->n_block; b++) solver->wanted[b] = 1;
  solver->now.shift = -INFINITY; /* the largest exponent: exp() must not overflow */
  for (size_t t = 0; t < design->n_obs; t++) {
    solver->now.shift = fmax(solver->now.shift, solver->model->base[t]);
  }
  nl_poisson_pass(solver->model, &solver->now, solver->wanted, &solver->pass,
                  solver->hook);
  solver->n_pass++;
  for (int g = 0; g < solver->penalty->n_group; g++) {
    nl_group_gradient(solver->penalty, g, solver->now.gradient,
                      solver->gradient + solver->penalty->theta_start[g]);
  }
}

/* Ends without convergence: the residual reported still covers every group. */
static nl_status give_up(nl_solver *solver, const nl_level *level, int closed,
                         double *residual, nl_status status) {
  double outside = 0;
  if (!closed) check_outside(solver, level, INFINITY, &outside);
  if (outside > *residual) *residual = outside;
  return status;
}

nl_status nl_point_solve(nl_solver *solver, const nl_level *level, double tol, int closed,
                         double *residual) {
  int gram_is_here = 0; /* the Gram was built at the current point */
  *residual = INFINITY;
  if (!isfinite(solver->now.loss)) return NL_NOT_FINITE;
  mark_set(solver);
  *residual = set_residual(solver, level, solver->theta, solver->gradient);
  for (;;) {
    if (*residual <= tol) {
      double outside = 0;
      if (closed) return NL_OK;
      const int added = check_outside(solver, level, tol, &outside);
      mark_set(solver);
      if (added == 0) {
        if (outside > *residual) *residual = outside;
        return NL_OK;
      }
      *residual = set_residual(solver, level, solver->theta, solver->gradient);
      continue;
    }
    if (!solver->gram.valid) gram_is_here = 1;
    ready_gram(solver);
    find_direction(solver, level, fmax(0.05 * tol, NL_INEXACT * *residual));
    double reached = *residual;
    switch (line_search(solver, level, *residual, !gram_is_here, &reached)) {
      case STEP_TAKEN:
        take_step(solver);
        if (reached > NL_SLOW * *residual) solver->gram.valid = 0;
        gram_is_here = 0;
        *residual = reached;
        break;
      case STEP_REFUSED:
        if (gram_is_here) return give_up(solver, level, closed, residual, NL_STALLED);
        solver->gram.valid = 0;
        break;
      case STEP_LIMIT:
        return give_up(solver, level, closed, residual, NL_MAX_PASSES);
    }
  }
}
