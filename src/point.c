/* point.c: see point.h. */
#include "point.h"

#include <math.h>

#include "cost.h"
#include "linalg.h"
#include "step.h"

/* The quadratic model is solved to this share of the residual it starts from; less far
 * where sweeps over it are dear, and further where it is a prediction. */
#define NL_INEXACT 1e-3
#define NL_INEXACT_DEAR 0.03
#define NL_FURTHER 0.01
#define NL_FURTHER_DEAR 0.1
/* How often it is solved again with what secants say of its solution. */
enum { NL_REFINEMENTS = 2 };

/* ---- the working set --------------------------------------------------------------- */

void nl_solver_restart(nl_solver *solver) {
  solver->n_set = 0;
  for (int g = 0; g < solver->penalty->n_group; g++) solver->in_set[g] = 0;
  solver->gram.valid = 0;
  solver->gram.root.refused = 0;
  nl_secants_forget(&solver->secants);
  solver->gram_due = 1;
  solver->gram_slow = 0;
  solver->gram_age = 0;
  solver->gram_for = NULL;
}

void nl_set_include(nl_solver *solver, int g) {
  if (solver->in_set[g]) return;
  solver->in_set[g] = 1;
  solver->set[solver->n_set++] = g;
}

void nl_set_mark(nl_solver *solver) {
  const nl_design *design = solver->design;
  const nl_penalty *penalty = solver->penalty;
  for (int b = 0; b < design->n_block; b++) solver->wanted[b] = 0;
  for (int k = 0; k < solver->n_set; k++) {
    const int g = solver->set[k];
    for (int i = penalty->start[g]; i < penalty->start[g + 1]; i++)
      solver->wanted[design->block_of_column[penalty->column[i]]] = 1;
  }
  solver->n_marked = solver->n_set;
}

void nl_set_cover(nl_solver *solver) {
  nl_gram *gram = &solver->gram;
  int n_new = 0, *fresh = solver->quadratic.index;
  if (gram->n_in == solver->n_set) return;
  for (int k = 0; k < solver->n_set; k++) {
    if (gram->position[solver->set[k]] < 0) fresh[n_new++] = solver->set[k];
  }
  nl_gram_extend(gram, solver->design, solver->penalty, fresh, n_new, &solver->pass,
                 solver->hook);
}

/* ---- residuals --------------------------------------------------------------------- */

/* intercept: the slope of the loss in the intercept. */
static double group_residual(const nl_solver *solver, const nl_level *level, int g,
                             const double *theta, const double *gradient,
                             double intercept) {
  const nl_penalty *penalty = solver->penalty;
  const int at = penalty->theta_start[g], rank = nl_group_rank(penalty, g);
  const double *own = gradient + at;
  const nl_terms terms = nl_group_terms(penalty, level, g);
  if (intercept != 0) {
    for (int i = 0; i < rank; i++)
      solver->own[i] = own[i] + intercept * solver->lean[at + i];
    own = solver->own;
  }
  return nl_terms_residual(&terms, rank, theta + at, own, solver->own);
}

/* The largest over the first n_seen of the set, or over all groups (n_seen < 0), and the
 * intercept. */
static double residual_at(const nl_solver *solver, const nl_point *point, int n_seen,
                          const double *theta, const double *gradient,
                          const nl_state *state) {
  const int n = n_seen < 0 ? solver->penalty->n_group : n_seen;
  double worst = nl_link_intercept_residual(point->model, state);
  for (int k = 0; k < n; k++) {
    const int g = n_seen < 0 ? k : solver->set[k];
    const double r =
        group_residual(solver, &point->level, g, theta, gradient, state->slope);
    if (!(r <= worst)) worst = r;
  }
  return worst;
}

double nl_point_group_residual(const nl_solver *solver, const nl_point *point, int g) {
  return group_residual(solver, &point->level, g, point->theta, point->gradient,
                        point->now.slope);
}

double nl_point_residual(const nl_solver *solver, const nl_point *point, int all) {
  return residual_at(solver, point, all ? -1 : point->n_seen, point->theta,
                     point->gradient, &point->now);
}

static double penalty_value(const nl_penalty *penalty, const nl_level *level,
                            const double *theta) {
  double sum = 0;
  for (int g = 0; g < penalty->n_group; g++) {
    const nl_terms terms = nl_group_terms(penalty, level, g);
    sum += nl_terms_value(&terms, nl_group_rank(penalty, g),
                          theta + penalty->theta_start[g]);
  }
  return sum;
}

/* ---- where a point starts ---------------------------------------------------------- */

static void copy_state(const nl_solver *solver, const nl_state *from, nl_state *to) {
  const size_t n_col = (size_t)solver->design->n_col;
  double *beta = to->beta, *gradient = to->gradient, *weight = to->weight;
  *to = *from;
  to->beta = beta;
  to->gradient = gradient;
  to->weight = weight;
  if (from->has_weight) {
    if (!weight) to->weight = nl_new_doubles(solver->design->n_obs, solver->hook);
    nl_copy(solver->design->n_obs, from->weight, to->weight);
  }
  nl_copy(n_col, from->beta, beta);
  nl_copy(n_col, from->gradient, gradient);
}

static void copy_place(const nl_solver *solver, const nl_point *from, nl_point *to) {
  const size_t n_theta = (size_t)solver->penalty->n_theta;
  copy_state(solver, &from->now, &to->now);
  nl_copy(n_theta, from->theta, to->theta);
  nl_copy(n_theta, from->gradient, to->gradient);
}

void nl_point_begin(const nl_solver *solver, nl_point *point, int job, nl_level level,
                    double tol, int pass_limit, const nl_point *from) {
  copy_place(solver, from, point);
  point->model = from->model;
  point->job = job;
  point->stage = NL_MOVING;
  point->status = NL_OK;
  point->level = level;
  point->tol = tol;
  point->full = from->full;
  point->n_seen = from->n_seen;
  point->evaluated = 0;
  point->look = 0;
  point->wants_gram = 0;
  point->taken = 0;
  point->predicted = point->refined = 0;
  point->step = 1;
  point->promised = 0;
  point->gram_here = from->gram_here;
  point->metric_here = 0;
  point->n_pass = 0;
  point->pass_limit = pass_limit;
  point->residual = nl_point_residual(solver, point, point->full);
  if (!isfinite(point->now.loss)) {
    point->status = NL_NOT_FINITE;
    point->stage = NL_DONE;
  } else if (point->residual <= tol) {
    point->stage = point->full ? NL_DONE : NL_PARKED;
    point->evaluated = point->full;
  }
}

/* ---- proposing --------------------------------------------------------------------- */

void nl_point_theta(const nl_solver *solver, const nl_point *point, double *x) {
  const nl_penalty *penalty = solver->penalty;
  for (int k = 0; k < solver->gram.n_in; k++) {
    const int g = solver->gram.group[k];
    nl_copy((size_t)nl_group_rank(penalty, g), point->theta + penalty->theta_start[g],
            x + solver->gram.position[g]);
  }
}

void nl_point_slope(const nl_solver *solver, const nl_point *point, double *slope) {
  const nl_penalty *penalty = solver->penalty;
  const nl_gram *gram = &solver->gram;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g],
              rank = nl_group_rank(penalty, g);
    nl_fill((size_t)rank, 0, slope + at);
    if (!point->full && k >= point->n_seen) continue;
    nl_copy((size_t)rank, point->gradient + penalty->theta_start[g], slope + at);
    nl_axpy(rank, -point->now.slope, gram->mean + at, slope + at);
  }
}

int nl_point_has_model(const nl_point *point) {
  return !point->look && point->stage != NL_PARKED && point->step == 1;
}

double nl_point_model(nl_solver *solver, nl_point *point, const double *slope) {
  nl_quadratic_space *space = &solver->quadratic;
  nl_set_cover(solver);
  point->predicted = slope != NULL;
  point->refined = 0;
  point->metric_here = point->gram_here == solver->gram.n_built;
  if (slope) {
    nl_copy((size_t)solver->gram.size, slope, space->slope);
  } else {
    nl_point_slope(solver, point, space->slope);
  }
  nl_point_theta(solver, point, space->x);
  const int is_dear =
      nl_cost_sweeps_are_dear(solver->design, solver->wanted, solver->gram.size);
  double share = is_dear ? NL_INEXACT_DEAR : NL_INEXACT;
  if (slope) share *= is_dear ? NL_FURTHER_DEAR : NL_FURTHER;
  return fmax(0.05 * point->tol, share * point->residual);
}

/* Coordinates of the Gram's groups that were looked at, if those were all or the first so many
 * of the set. */
static int seen_coordinates(const nl_gram *gram, int full, int n_seen) {
  return full || n_seen >= gram->n_in ? gram->size : gram->position[gram->group[n_seen]];
}

void nl_point_refine(nl_solver *solver, nl_point *point, double tol) {
  nl_quadratic_space *space = &solver->quadratic;
  const int size = solver->gram.size;
  double *step = space->rhs, *times = space->predicted, *error = space->target;
  if (point->predicted || solver->secants.n == 0) return;
  for (int i = 0; i < NL_REFINEMENTS; i++) {
    nl_point_theta(solver, point, step);
    for (int j = 0; j < size; j++) step[j] = space->x[j] - step[j];
    nl_gram_times(&solver->gram, step, times);
    if (!nl_secants_error(&solver->secants, &solver->gram, times, error)) return;
    point->refined = 1;
    nl_point_slope(solver, point, space->slope);
    nl_axpy(size, 1, times, space->slope);
    nl_axpy(size, 1, error, space->slope);
    nl_quadratic_solve(solver->penalty, &solver->gram, &point->level, tol, space,
                       solver->hook);
  }
}

void nl_point_note(nl_solver *solver, const nl_point *point, int was_full, int n_seen) {
  const nl_gram *gram = &solver->gram;
  const size_t n_theta = (size_t)solver->penalty->n_theta;
  double *step = solver->moves, *change = step + n_theta, *other = change + n_theta;
  if (gram->size == 0 || gram->root.on || point->model->link != NL_LOG) return;
  /* where the point was has become next */
  nl_point was = *point;
  was.theta = point->next_theta;
  was.gradient = point->next_gradient;
  was.now.slope = point->next.slope;
  was.full = was_full;
  was.n_seen = n_seen;
  nl_point_theta(solver, point, step);
  nl_point_theta(solver, &was, other);
  nl_axpy(gram->size, -1, other, step);
  nl_point_slope(solver, point, change);
  nl_point_slope(solver, &was, other);
  nl_axpy(gram->size, -1, other, change);
  const int before = seen_coordinates(gram, was_full, n_seen),
            after = seen_coordinates(gram, point->full, point->n_seen);
  nl_secants_note(&solver->secants, gram, before < after ? before : after, step, change);
}

void nl_point_direct(nl_solver *solver, nl_point *point) {
  const nl_penalty *penalty = solver->penalty;
  const nl_gram *gram = &solver->gram;
  const double *x = solver->quadratic.x;
  nl_fill((size_t)penalty->n_theta, 0, point->direction);
  point->direction_intercept = -point->now.slope / gram->scale;
  const int n_moved =
      point->full || point->n_seen > gram->n_in ? gram->n_in : point->n_seen;
  for (int k = 0; k < n_moved; k++) {
    const int g = gram->group[k], at = penalty->theta_start[g], from = gram->position[g];
    for (int i = 0; i < nl_group_rank(penalty, g); i++) {
      point->direction[at + i] = x[from + i] - point->theta[at + i];
      point->direction_intercept -= gram->mean[from + i] * point->direction[at + i];
    }
  }
}

/* next = now + step * direction. A full step that makes a group zero makes it exactly
 * zero. */
static void set_next(nl_solver *solver, nl_point *point, double step) {
  const nl_penalty *penalty = solver->penalty;
  point->next.intercept = point->now.intercept;
  nl_copy((size_t)penalty->n_theta, point->theta, point->next_theta);
  if (step == 0) {
    nl_copy((size_t)penalty->n_col, point->now.beta, point->next.beta);
  } else {
    nl_fill((size_t)penalty->n_col, 0, point->next.beta);
    point->next.intercept += step * point->direction_intercept;
  }
  for (int k = 0; step != 0 && k < solver->n_set; k++) {
    const int g = solver->set[k];
    for (int i = penalty->theta_start[g]; i < penalty->theta_start[g + 1]; i++)
      point->next_theta[i] = point->theta[i] + step * point->direction[i];
    nl_group_add(penalty, g, point->next_theta + penalty->theta_start[g],
                 point->next.beta);
  }
  point->next.shift = point->model->link == NL_LOG ? nl_link_lse(&point->now) : 0;
}

void nl_point_aim(nl_solver *solver, nl_point *point) {
  if (point->stage == NL_PARKED) point->look = 1;
  set_next(solver, point, point->look ? 0 : point->step);
}

void nl_point_propose(nl_solver *solver, nl_point *point, const double *slope,
                      int refines) {
  if (nl_point_has_model(point)) {
    const double tol = nl_point_model(solver, point, slope);
    (slope ? nl_quadratic_guess : nl_quadratic_solve)(solver->penalty, &solver->gram,
                                                      &point->level, tol,
                                                      &solver->quadratic, solver->hook);
    if (refines) nl_point_refine(solver, point, tol);
    nl_point_direct(solver, point);
  }
  nl_point_aim(solver, point);
}

/* ---- judging ----------------------------------------------------------------------- */

void nl_point_read(const nl_solver *solver, nl_point *point, int full) {
  const nl_penalty *penalty = solver->penalty;
  const int n = full ? penalty->n_group : solver->n_marked;
  nl_copy((size_t)penalty->n_theta, point->gradient, point->next_gradient);
  for (int k = 0; k < n; k++) {
    const int g = full ? k : solver->set[k];
    nl_group_gradient(penalty, g, point->next.gradient,
                      point->next_gradient + penalty->theta_start[g]);
  }
}

static void swap_pointers(double **a, double **b) {
  double *keep = *a;
  *a = *b;
  *b = keep;
}

void nl_point_take(nl_point *point, int full, int n_seen, double residual) {
  nl_state keep = point->now;
  point->now = point->next;
  point->next = keep;
  swap_pointers(&point->theta, &point->next_theta);
  swap_pointers(&point->gradient, &point->next_gradient);
  point->gram_here = point->look ? point->gram_here : 0;
  point->look = 0;
  point->step = 1;
  point->full = full;
  point->n_seen = n_seen;
  point->evaluated = point->taken = 1;
  point->residual = residual;
}

static nl_step step_of(const nl_point *point) {
  return (nl_step){point->predicted, point->step, point->promised, point->residual};
}

static void give_up(nl_point *point, nl_status status) {
  point->status = status;
  point->stage = NL_PARKED;
}

/* A trial that did not help: a Gram at now if that is due, a shorter step, or, where not
 * even a Gram at now helped, the end. */
static void refuse(nl_solver *solver, nl_point *point, double change, double rounding) {
  point->evaluated = 1; /* of itself from here on */
  if (point->predicted || point->refined) {
    if (point->refined) nl_secants_forget(&solver->secants);
    point->predicted = point->refined = 0;
    return;
  }
  const nl_step step = step_of(point);
  const int is_rounding = nl_step_is_rounding(&step, rounding);
  const int is_exact =
      point->metric_here && solver->gram.stride == 1 && !solver->gram.root.on;
  if (is_rounding ? !is_exact : !point->metric_here && solver->gram_due) {
    point->wants_gram = point->look = 1;
    point->step = 1;
  } else if (is_rounding) {
    give_up(point, NL_STALLED);
  } else {
    point->step = nl_step_shorten(&step, change, rounding);
  }
}

static void judge_step(nl_solver *solver, nl_point *point, int full, int closed,
                       double reached) {
  const nl_penalty *penalty = solver->penalty;
  const double penalty_now = penalty_value(penalty, &point->level, point->theta);
  const double penalty_next = penalty_value(penalty, &point->level, point->next_theta);
  const double change = point->next.loss + penalty_next - point->now.loss - penalty_now;
  const double rounding =
      NL_ROUNDING * (nl_link_magnitude(point->model, &point->now) + penalty_now +
                     fabs(point->now.loss + penalty_now));
  if (point->step == 1) {
    point->promised = nl_dot(penalty->n_theta, point->gradient, point->direction) +
                      point->now.slope * point->direction_intercept + penalty_next -
                      penalty_now;
  }
  const nl_step step = step_of(point);
  if (!nl_step_is_enough(&step, change, rounding, reached)) {
    refuse(solver, point, change, rounding);
    return;
  }
  const int whole = point->step == 1 && !point->predicted;
  if (whole && reached > NL_SLOW * point->residual && reached > point->tol)
    point->wants_gram = 1;
  point->predicted = 0;
  nl_point_take(point, full && !closed, solver->n_marked, reached);
}

/* Takes groups outside the set in that the point shows to be wanted. */
static void look_outside(nl_solver *solver, const nl_point *point) {
  if (point->status != NL_OK || nl_point_residual(solver, point, 0) > NL_CLOSE) return;
  for (int g = 0; g < solver->penalty->n_group; g++) {
    if (!solver->in_set[g] && nl_point_group_residual(solver, point, g) > point->tol)
      nl_set_include(solver, g);
  }
}

void nl_point_judge(nl_solver *solver, nl_point *point, int full, int closed) {
  point->n_pass++;
  point->wants_gram = point->taken = 0;
  nl_point_read(solver, point, full);
  const double reached =
      residual_at(solver, point, full && !closed ? -1 : solver->n_marked,
                  point->next_theta, point->next_gradient, &point->next);
  if (point->look) {
    nl_point_take(point, full && !closed, solver->n_marked, reached);
  } else {
    judge_step(solver, point, full, closed, reached);
  }
  if (point->full) look_outside(solver, point);
  if (point->stage == NL_PARKED && !(point->full || closed)) return;
  if (point->stage == NL_PARKED && point->status != NL_OK) {
    point->stage = NL_DONE;
  } else if (point->residual <= point->tol) {
    point->stage = point->full || closed ? NL_DONE : NL_PARKED;
  } else {
    point->stage = NL_MOVING;
    if (point->n_pass >= point->pass_limit) give_up(point, NL_MAX_PASSES);
  }
  if (closed && point->stage == NL_PARKED) point->stage = NL_DONE;
}
