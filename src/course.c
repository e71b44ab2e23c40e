/* course.c: see course.h. */
#include "course.h"

#include <math.h>

#include "cost.h"
#include "coupled.h"
#include "lanes.h"
#include "linalg.h"
#include "step.h"

/* A neuron with this share of the residual holds up the others. */
#define NL_HOLDS_UP 0.1
/* A neuron that is so many times as curved as its metric gets another one; a trial changes
 * metrics by factors between these. */
#define NL_MORE_CURVED 1.2
#define NL_LEAST_MEND 0.8
#define NL_MOST_MEND 8

static nl_neuron *first_of(const nl_course *course) { return course->ensemble->neuron; }

/* ---- the set ----------------------------------------------------------------------- */

double nl_course_score(const nl_course *course, int g) {
  const nl_penalty *shared = nl_ensemble_penalty(course->ensemble);
  return nl_ensemble_score(course->ensemble, g,
                           shared->weight[g] > 0 ? shared->weight[g] : shared->scale[g]);
}

/* Takes in the groups that could be in at `lambda`, by the sequential strong rule with a
 * smaller slope (line.c); returns whether there were any. */
static int screen(nl_course *course, double lambda) {
  const double before = fmax(course->level.lambda, lambda);
  const nl_solver *solver = &first_of(course)->solver;
  const int n_before = solver->n_set;
  for (int g = 0; g < course->ensemble->n_group; g++) {
    if (solver->in_set[g]) continue;
    if (nl_course_score(course, g) > lambda - NL_SLOPE * (before - lambda))
      nl_ensemble_include(course->ensemble, g);
  }
  return solver->n_set > n_before;
}

/* Flags the blocks that the next pass looks at, of all neurons. */
static void mark(nl_course *course, int *wanted) {
  const nl_design *design = course->design;
  for (int b = 0; b < design->n_block; b++) wanted[b] = 0;
  for (int i = 0; i < course->ensemble->n_neuron; i++) {
    nl_solver *solver = &course->ensemble->neuron[i].solver;
    nl_set_mark(solver);
    for (int b = 0; b < design->n_block; b++) wanted[b] |= solver->wanted[b];
  }
}

/* Groups outside the set that now shows to be wanted. */
static void look_outside(nl_course *course) {
  nl_ensemble *ensemble = course->ensemble;
  const nl_solver *solver = &first_of(course)->solver;
  if (nl_ensemble_residual(ensemble, &course->level, solver->n_set, 0, ensemble->part) >
      NL_CLOSE)
    return;
  for (int g = 0; g < ensemble->n_group; g++) {
    if (!solver->in_set[g] &&
        nl_ensemble_group_residual(ensemble, &course->level, g) > course->tol)
      nl_ensemble_include(ensemble, g);
  }
}

/* ---- a trial ----------------------------------------------------------------------- */

/* Solves the model of all neurons; each gets its direction. */
static void find_direction(nl_course *course) {
  nl_ensemble *ensemble = course->ensemble;
  double tol = INFINITY;
  nl_ensemble_cover(ensemble);
  course->predicted =
      course->n_pass == 0 &&
      nl_outlook_predict(&course->outlook, ensemble, &course->level, course->hook);
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    neuron->line.point->residual = course->residual;
    const double own =
        nl_point_model(&neuron->solver, neuron->line.point,
                       course->predicted ? neuron->solver.quadratic.predicted : NULL);
    tol = fmin(tol, own);
  }
  nl_coupled_solve(ensemble, &course->level, tol, course->hook);
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    nl_point_direct(&neuron->solver, neuron->line.point);
  }
}

/* Where the neurons are to be looked at. */
static void propose(nl_course *course) {
  if (!course->look && course->step == 1) find_direction(course);
  for (int i = 0; i < course->ensemble->n_neuron; i++) {
    nl_neuron *neuron = course->ensemble->neuron + i;
    neuron->line.point->look = course->look;
    neuron->line.point->step = course->step;
    nl_point_aim(&neuron->solver, neuron->line.point);
  }
}

/* Passes over the data at all neurons' next points. */
static void ride(nl_course *course, const int *wanted) {
  const int n_neuron = course->ensemble->n_neuron;
  for (int from = 0; from < n_neuron; from += NL_LANES) {
    const int n = n_neuron - from < NL_LANES ? n_neuron - from : NL_LANES;
    const nl_model *models[NL_LANES] = {NULL};
    nl_state *states[NL_LANES] = {NULL};
    nl_check(course->hook);
    for (int v = 0; v < n; v++) {
      nl_neuron *neuron = course->ensemble->neuron + from + v;
      models[v] = &neuron->model;
      states[v] = &neuron->line.point->next;
      neuron->solver.gram_age += 1.0 / n;
    }
    nl_model_pass(n, models, states, wanted, NULL, &course->pass, course->hook);
    course->total_pass++;
  }
}

/* ---- Grams ------------------------------------------------------------------------- */

/* One more pass at now for neurons (n, at most NL_LANES) that keeps their weights. */
static void keep_weights(nl_course *course, nl_neuron *const *neuron, int n) {
  const nl_model *models[NL_LANES] = {NULL};
  nl_state *states[NL_LANES] = {NULL};
  for (int v = 0; v < n; v++) {
    nl_point *point = neuron[v]->line.point;
    point->look = 1;
    nl_point_aim(&neuron[v]->solver, point);
    point->look = 0;
    models[v] = &neuron[v]->model;
    states[v] = &point->next;
  }
  nl_model_pass(n, models, states, course->none, course->kept, &course->pass,
                course->hook);
  course->total_pass++;
}

/* New Grams at now for these neurons. */
static void rebuild(nl_course *course, nl_neuron *const *neuron, int n) {
  keep_weights(course, neuron, n);
  for (int v = 0; v < n; v++) {
    nl_solver *solver = &neuron[v]->solver;
    nl_gram_reset(&solver->gram, solver->penalty, course->kept + v, course->design->n_obs,
                  neuron[v]->line.point->next.curvature);
    neuron[v]->line.point->gram_here = solver->gram.n_built;
    neuron[v]->gram_slow = 0;
    solver->gram_age = 0;
  }
}

/* Adds a neuron's weights, divided by their sum, to x (n_obs). */
static void add_weights(size_t n_obs, const double *weight, double *x) {
  double total = 0;
  for (size_t t = 0; t < n_obs; t++) total += weight[t];
  for (size_t t = 0; t < n_obs; t++) x[t] += weight[t] / total;
}

/* A new Gram at now for all neurons that work with that of one: at the mean of their weights,
 * each with its own curvature c. */
static void rebuild_shared(nl_course *course, int metric) {
  nl_ensemble *ensemble = course->ensemble;
  nl_neuron *several[NL_LANES], *owner = ensemble->neuron + metric;
  const size_t n_obs = course->design->n_obs;
  int n = 0, left = owner->n_with;
  nl_fill(n_obs, 0, course->blend);
  for (int i = metric; left > 0; i++) {
    if (ensemble->neuron[i].metric != metric) continue;
    several[n++] = ensemble->neuron + i;
    if (n < NL_LANES && n < left) continue;
    keep_weights(course, several, n);
    for (int v = 0; v < n; v++) {
      several[v]->curvature = several[v]->line.point->next.curvature;
      add_weights(n_obs, course->kept[v], course->blend);
    }
    left -= n;
    n = 0;
  }
  nl_gram_reset(&owner->solver.gram, owner->solver.penalty, &course->blend, n_obs, 1);
  nl_ensemble_share(ensemble, metric, &owner->solver.gram);
  for (int i = metric; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    if (neuron->metric != metric) continue;
    neuron->line.point->gram_here = neuron->solver.gram.n_built;
    neuron->gram_slow = 0;
    neuron->solver.gram_age = 0;
  }
}

void nl_course_blend(nl_course *course) {
  for (int i = 0; i < course->ensemble->n_neuron; i++)
    if (course->ensemble->neuron[i].n_with > 1) rebuild_shared(course, i);
}

/* New Grams at now for the neurons whose Grams are slow. */
static void refresh(nl_course *course) {
  nl_neuron *slow[NL_LANES];
  int n = 0;
  for (int i = 0; i < course->ensemble->n_neuron; i++) {
    nl_neuron *neuron = course->ensemble->neuron + i;
    if (neuron->gram_slow && neuron->n_with > 1) rebuild_shared(course, i);
    if (neuron->gram_slow) slow[n++] = neuron;
    if (n == NL_LANES || (n > 0 && i + 1 == course->ensemble->n_neuron)) {
      rebuild(course, slow, n);
      n = 0;
    }
  }
}

/* Notes which neurons' Grams are slow: after a whole step, those that keep more than NL_SLOW of
 * their residual and hold up the others. part: the residuals that the step reached. Where a
 * Gram is young, it was never any better: the next one gets more rows. */
static void note_slow(nl_course *course, const int *wanted, const double *part,
                      double reached) {
  for (int i = 0; i < course->ensemble->n_neuron; i++) {
    const nl_neuron *neuron = course->ensemble->neuron + i;
    nl_neuron *owner = course->ensemble->neuron + neuron->metric;
    nl_gram *gram = &owner->solver.gram;
    if (owner->gram_slow || part[i] <= NL_SLOW * neuron->part ||
        part[i] < NL_HOLDS_UP * reached)
      continue;
    if (!nl_cost_gram_is_due(course->design, wanted, gram->stride, 0,
                             neuron->solver.gram_age))
      continue;
    owner->gram_slow = 1;
    if (owner->solver.gram_age < NL_GRAM_OLD && gram->stride > 1)
      gram->stride = (gram->stride + 1) / 2;
  }
}

/* What a trial says of neurons that share Grams: how much more curved they are along it than
 * their metrics. Returns whether one was by much, so that the trial was too far. */
static int mend_metrics(nl_course *course) {
  nl_ensemble *ensemble = course->ensemble;
  int is_mended = 0;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    nl_solver *solver = &neuron->solver;
    nl_gram *gram = &solver->gram;
    const nl_point *point = neuron->line.point;
    double *x = solver->quadratic.x, *image = solver->quadratic.slope, change = 0;
    if (ensemble->neuron[neuron->metric].n_with == 1) continue;
    for (int k = 0; k < gram->n_in; k++) {
      const int g = gram->group[k], at = solver->penalty->theta_start[g];
      const int rank = nl_group_rank(solver->penalty, g);
      nl_copy((size_t)rank, point->direction + at, x + gram->position[g]);
      change += nl_dot(rank, point->direction + at, point->next_gradient + at) -
                nl_dot(rank, point->direction + at, point->gradient + at);
    }
    nl_gram_times(gram, x, image);
    const double start = point->now.slope, lean = start * start / gram->scale;
    const double expected = course->step * (nl_dot(gram->size, x, image) + lean);
    change += point->direction_intercept * (point->next.slope - start);
    const double ratio = expected > 0 ? change / expected : 1;
    if (!(ratio > 0)) continue;
    is_mended = is_mended || ratio > NL_MORE_CURVED;
    neuron->excess *= fmin(fmax(ratio, NL_LEAST_MEND), NL_MOST_MEND);
    neuron->excess = fmax(neuron->excess, 1);
    gram->stretch = gram->scale = neuron->curvature * neuron->excess;
  }
  return is_mended;
}

/* ---- judging ----------------------------------------------------------------------- */

/* Everybody moves to next. */
static void take(nl_course *course, int full, const double *part, double reached) {
  for (int i = 0; i < course->ensemble->n_neuron; i++) {
    nl_neuron *neuron = course->ensemble->neuron + i;
    nl_point_take(neuron->line.point, full, neuron->solver.n_marked, reached);
    neuron->part = part[i];
  }
  course->step = 1;
  course->full = full;
  course->look = course->predicted = 0;
  course->residual = reached;
}

/* Sums over the neurons: how the losses change, what they are now, what rounding can do to
 * them, and the slope of their smooth parts along the directions. */
static void compare(const nl_course *course, double *change, double *now,
                    double *magnitude, double *slope) {
  *change = *now = *magnitude = *slope = 0;
  for (int i = 0; i < course->ensemble->n_neuron; i++) {
    const nl_neuron *neuron = course->ensemble->neuron + i;
    const nl_point *point = neuron->line.point;
    *change += point->next.loss - point->now.loss;
    *now += fabs(point->now.loss);
    *magnitude += nl_link_magnitude(&neuron->model, &point->now);
    *slope += nl_dot(neuron->solver.penalty->n_theta, point->gradient, point->direction) +
              point->now.slope * point->direction_intercept;
  }
}

static nl_step step_of(const nl_course *course) {
  return (nl_step){course->predicted, course->step, course->promised, course->residual};
}

/* A trial that did not help: new Grams at now, a shorter step, or the end. */
static void refuse(nl_course *course, double change, double rounding, int is_mended) {
  const nl_step step = step_of(course);
  if (course->predicted) {
    course->predicted = 0;
    return;
  }
  if (is_mended && course->step == 1) return;
  if (!nl_step_is_rounding(&step, rounding)) {
    course->step = nl_step_shorten(&step, change, rounding);
    return;
  }
  int n = 0;
  for (int i = 0; i < course->ensemble->n_neuron; i++) {
    nl_neuron *neuron = course->ensemble->neuron + i;
    nl_neuron *owner = course->ensemble->neuron + neuron->metric;
    const int is_exact =
        neuron->line.point->metric_here && owner->solver.gram.stride == 1;
    if (is_exact || neuron->part < NL_HOLDS_UP * course->residual) continue;
    owner->gram_slow = 1;
    owner->solver.gram.stride = 1;
    n++;
  }
  course->step = 1;
  if (n == 0) course->status = NL_STALLED;
}

static void judge_step(nl_course *course, const int *wanted, int full, double reached) {
  nl_ensemble *ensemble = course->ensemble;
  double change, now, magnitude, slope;
  compare(course, &change, &now, &magnitude, &slope);
  const double penalty_now = nl_ensemble_penalty_value(ensemble, &course->level, 0);
  const double penalty_next = nl_ensemble_penalty_value(ensemble, &course->level, 1);
  const double rounding = NL_ROUNDING * (magnitude + penalty_now + now);
  change += penalty_next - penalty_now;
  if (course->step == 1) course->promised = slope + penalty_next - penalty_now;
  const nl_step step = step_of(course);
  const int is_mended = mend_metrics(course);
  /* shared Grams take slow steps, the last of them where only residuals tell a difference */
  const int creeps =
      course->blend && fabs(change) <= rounding && reached < course->residual;
  if (!creeps && !nl_step_is_enough(&step, change, rounding, reached)) {
    refuse(course, change, rounding, is_mended);
    return;
  }
  if (course->step == 1 && !course->predicted && reached > course->tol)
    note_slow(course, wanted, ensemble->part, reached);
  take(course, full, ensemble->part, reached);
}

/* After the passes. */
static void judge(nl_course *course, const int *wanted, int full) {
  nl_ensemble *ensemble = course->ensemble;
  const int was_predicted = course->predicted;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    nl_point_read(&neuron->solver, neuron->line.point, full);
  }
  const double reached = nl_ensemble_residual(
      ensemble, &course->level, full ? -1 : first_of(course)->solver.n_marked, 1,
      ensemble->part);
  course->n_pass++;
  if (course->look) {
    take(course, full, ensemble->part, reached);
  } else {
    judge_step(course, wanted, full, reached);
  }
  if (was_predicted) course->foretold = reached;
  if (course->full) look_outside(course);
  if (course->residual > course->tol) refresh(course);
}

/* ---- a lambda ---------------------------------------------------------------------- */

/* Whether the next pass looks at all groups: where that is cheap, where nothing else is left
 * to do, and where it is fair and the trial may be the last. */
static int takes_all(const nl_course *course, const int *wanted) {
  const nl_design *design = course->design;
  if (course->look || nl_cost_look_is_cheap(design, wanted)) return 1;
  const double expected =
      course->predicted ? course->foretold : NL_USUAL_CONTRACTION * course->residual;
  return expected <= course->tol && nl_cost_look_is_fair(design, wanted);
}

void nl_course_begin(nl_course *course, const nl_job *job, double lambda_ahead,
                     double reference) {
  nl_ensemble *ensemble = course->ensemble;
  if (screen(course, job->lambda)) screen(course, lambda_ahead);
  course->level.lambda = job->lambda;
  course->level.reference = reference;
  course->tol = job->tol;
  course->status = NL_OK;
  course->n_pass = 0;
  course->look = course->predicted = 0;
  course->step = 1;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    neuron->line.point->level = course->level;
    neuron->line.point->tol = job->tol;
    neuron->line.point->stage = NL_MOVING;
    if (!isfinite(neuron->line.point->now.loss)) course->status = NL_NOT_FINITE;
  }
  course->residual =
      nl_ensemble_residual(ensemble, &course->level, -1, 0, ensemble->part);
  for (int i = 0; i < ensemble->n_neuron; i++)
    ensemble->neuron[i].part = ensemble->part[i];
}

void nl_course_solve(nl_course *course, int *wanted, int max_passes) {
  while (course->status == NL_OK && !(course->residual <= course->tol && course->full)) {
    if (course->n_pass >= max_passes) course->status = NL_MAX_PASSES;
    course->look = course->residual <= course->tol || course->status != NL_OK;
    if (course->look && course->full) return;
    mark(course, wanted);
    propose(course);
    const int full = takes_all(course, wanted);
    ride(course, full ? first_of(course)->solver.all : wanted);
    judge(course, wanted, full);
  }
  if (course->full || course->status == NL_NOT_FINITE) return;
  course->look = 1;
  mark(course, wanted);
  propose(course);
  ride(course, first_of(course)->solver.all);
  judge(course, wanted, 1);
}
