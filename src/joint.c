/* joint.c: see joint.h. */
#include "joint.h"

#include <math.h>

#include "bordered.h"
#include "cost.h"
#include "coupled.h"
#include "lanes.h"
#include "linalg.h"
#include "setup.h"

/* As in point.c: what a step must reach, what is rounding, when a Gram is slow. */
#define NL_SUFFICIENT 1e-4
#define NL_ROUNDING 1e-14
#define NL_SLOW 0.25
#define NL_SHORTEST_STEP 1e-8
#define NL_CLOSE 0.1
/* As in line.c: the slope of the strong rule. */
#define NL_SLOPE 0.2
/* What a step is hoped to leave of the residual. */
#define NL_USUAL_CONTRACTION 0.04
/* A neuron with this share of the residual holds up the others. */
#define NL_HOLDS_UP 0.1
enum {
  GRAM_OLD = 8,    /* passes */
  SCREEN_AHEAD = 7 /* lambdas */
};

/* One lambda on its way, for all neurons. */
typedef struct {
  const nl_joint *joint;
  nl_ensemble *ensemble;
  double *kept[NL_LANES]; /* n_obs: weights that Grams are built at */
  int *none;              /* n_block: 0 */
  double *moves;          /* of predictions: (NL_MAX_BEFORE + 1) times all coordinates */
  int n_before;           /* lambdas that predictions can rest on */
  nl_level level;
  double tol;
  double residual;  /* at now: of all groups if full, else of those looked at */
  int full;         /* now was looked at with all groups */
  int look;         /* the next trial is now itself */
  int predicted;    /* the trial comes from earlier lambdas */
  double step;      /* of the trial; below 1: the line search goes on */
  double promised;  /* decrease per step */
  double foretold;  /* the residual where the last prediction led */
  int n_pass;       /* trials for this lambda */
  int total_pass;   /* passes over the data, for all lambdas */
  nl_status status; /* NL_OK until it can't go on */
} nl_course;

static nl_neuron *first_of(const nl_course *course) { return course->ensemble->neuron; }

/* ---- the set ----------------------------------------------------------------------- */

static double score(const nl_course *course, int g) {
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
    if (score(course, g) > lambda - NL_SLOPE * (before - lambda))
      nl_ensemble_include(course->ensemble, g);
  }
  return solver->n_set > n_before;
}

/* Flags the blocks that the next pass looks at, of all neurons. */
static void mark(nl_course *course, int *wanted) {
  const nl_design *design = course->joint->design;
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

/* ---- predictions ------------------------------------------------------------------- */

/* predicted <- the slope that `weight` (n) of each neuron's earlier points predicts. */
static void mix_slopes(nl_course *course, int n, const double *weight) {
  for (int i = 0; i < course->ensemble->n_neuron; i++) {
    nl_neuron *neuron = course->ensemble->neuron + i;
    nl_predict_mix(&neuron->solver, neuron->line.point, (const nl_point **)neuron->before,
                   n, weight, neuron->solver.quadratic.predicted);
  }
}

/* Weights for the earlier points, whose moves add up to that to the sketch, which the models
 * hold; 0 if there are none. */
static int add_up_moves(nl_course *course, double *weight) {
  const nl_ensemble *ensemble = course->ensemble;
  const int n = course->n_before - 1;
  int length = 0, at = 0;
  if (n < 1) return 0;
  for (int i = 0; i < ensemble->n_neuron; i++)
    length += ensemble->neuron[i].solver.gram.size;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    nl_solver *solver = &neuron->solver;
    const int size = solver->gram.size;
    double *move = course->moves + at;
    nl_point_slope(solver, neuron->before[0], move);
    for (int j = 0; j < size; j++) move[j] = solver->quadratic.slope[j] - move[j];
    for (int k = 0; k < n; k++) {
      move += length;
      nl_predict_move(solver, neuron->before[k], neuron->before[k + 1], move);
    }
    at += size;
  }
  return nl_predict_from_moves(length, n, course->moves, weight);
}

/* The neurons' predicted: the slopes that earlier lambdas predict at now. Returns 0 if there
 * is nothing to go by. */
static int predict(nl_course *course) {
  const nl_design *design = course->joint->design;
  nl_neuron *neuron = first_of(course);
  double weight[NL_MAX_BEFORE];
  if (!(course->level.lambda > 0)) return 0;
  const int n = nl_predict_extrapolate(
      neuron->line.point, (const nl_point **)neuron->before, course->n_before, weight);
  if (n < 2) return 0;
  mix_slopes(course, n, weight);
  if (!nl_cost_sketch_pays(design, neuron->solver.wanted, neuron->solver.gram.size))
    return 1;
  for (int i = 0; i < course->ensemble->n_neuron; i++) {
    nl_solver *solver = &course->ensemble->neuron[i].solver;
    nl_copy((size_t)solver->gram.size, solver->quadratic.predicted,
            solver->quadratic.slope);
    nl_point_theta(solver, course->ensemble->neuron[i].line.point, solver->quadratic.x);
  }
  nl_coupled_solve(course->ensemble, &course->level, NL_SKETCH, course->joint->hook);
  if (add_up_moves(course, weight)) mix_slopes(course, course->n_before, weight);
  return 1;
}

/* Notes where the neurons are, for the lambdas to come. */
static void note(nl_course *course) {
  for (int i = 0; i < course->ensemble->n_neuron; i++) {
    nl_neuron *neuron = course->ensemble->neuron + i;
    const nl_point *point = neuron->line.point;
    const size_t n_theta = (size_t)neuron->solver.penalty->n_theta;
    nl_point *to = neuron->before[NL_MAX_BEFORE - 1];
    for (int k = NL_MAX_BEFORE - 1; k > 0; k--) neuron->before[k] = neuron->before[k - 1];
    neuron->before[0] = to;
    to->level = course->level;
    to->full = 1;
    to->now.slope = point->now.slope;
    nl_copy(n_theta, point->theta, to->theta);
    nl_copy(n_theta, point->gradient, to->gradient);
  }
  if (course->n_before < NL_MAX_BEFORE) course->n_before++;
}

/* ---- a trial ----------------------------------------------------------------------- */

/* Solves the model of all neurons; each gets its direction. */
static void find_direction(nl_course *course) {
  nl_ensemble *ensemble = course->ensemble;
  double tol = INFINITY;
  nl_ensemble_cover(ensemble);
  course->predicted = course->n_pass == 0 && predict(course);
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    neuron->line.point->residual = course->residual;
    const double own =
        nl_point_model(&neuron->solver, neuron->line.point,
                       course->predicted ? neuron->solver.quadratic.predicted : NULL);
    tol = fmin(tol, own);
  }
  nl_coupled_solve(ensemble, &course->level, tol, course->joint->hook);
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
  const nl_joint *joint = course->joint;
  const int n_neuron = course->ensemble->n_neuron;
  nl_pass_space pass = joint->pass;
  for (int from = 0; from < n_neuron; from += NL_LANES) {
    const int n = n_neuron - from < NL_LANES ? n_neuron - from : NL_LANES;
    const nl_model *models[NL_LANES] = {NULL};
    nl_state *states[NL_LANES] = {NULL};
    nl_check(joint->hook);
    for (int v = 0; v < n; v++) {
      nl_neuron *neuron = course->ensemble->neuron + from + v;
      models[v] = &neuron->model;
      states[v] = &neuron->line.point->next;
      neuron->solver.gram_age += 1.0 / n;
    }
    nl_model_pass(n, models, states, wanted, NULL, &pass, joint->hook);
    course->total_pass++;
  }
}

/* ---- Grams ------------------------------------------------------------------------- */

/* New Grams at now for the neurons (n, at most NL_LANES), whose weights one more pass keeps. */
static void rebuild(nl_course *course, nl_neuron *const *neuron, int n) {
  const nl_joint *joint = course->joint;
  const nl_model *models[NL_LANES] = {NULL};
  nl_state *states[NL_LANES] = {NULL};
  nl_pass_space pass = joint->pass;
  for (int v = 0; v < n; v++) {
    nl_point *point = neuron[v]->line.point;
    point->look = 1;
    nl_point_aim(&neuron[v]->solver, point);
    point->look = 0;
    models[v] = &neuron[v]->model;
    states[v] = &point->next;
  }
  nl_model_pass(n, models, states, course->none, course->kept, &pass, joint->hook);
  course->total_pass++;
  for (int v = 0; v < n; v++) {
    nl_solver *solver = &neuron[v]->solver;
    nl_gram_reset(&solver->gram, solver->penalty, course->kept + v, joint->design->n_obs,
                  neuron[v]->line.point->next.curvature);
    neuron[v]->line.point->gram_here = solver->gram.n_built;
    neuron[v]->gram_slow = 0;
    solver->gram_age = 0;
  }
}

/* New Grams at now for the neurons whose Grams are slow. */
static void refresh(nl_course *course) {
  nl_neuron *slow[NL_LANES];
  int n = 0;
  for (int i = 0; i < course->ensemble->n_neuron; i++) {
    nl_neuron *neuron = course->ensemble->neuron + i;
    if (neuron->gram_slow) slow[n++] = neuron;
    if (n == NL_LANES || (n > 0 && i + 1 == course->ensemble->n_neuron)) {
      rebuild(course, slow, n);
      n = 0;
    }
  }
}

/* Whether a new Gram is worth its cost: what came since the last one cost as much. */
static int gram_is_due(const nl_solver *solver, const int *wanted) {
  const double cost = nl_cost_gram(solver->design, wanted, solver->gram.stride);
  return solver->gram_age >= fmin(cost, GRAM_OLD);
}

/* Notes which neurons' Grams are slow: after a whole step, those that keep more than NL_SLOW of
 * their residual and hold up the others. part: the residuals that the step reached. Where a
 * Gram is young, it was never any better: the next one gets more rows. */
static void note_slow(nl_course *course, const int *wanted, const double *part,
                      double reached) {
  for (int i = 0; i < course->ensemble->n_neuron; i++) {
    nl_neuron *neuron = course->ensemble->neuron + i;
    nl_gram *gram = &neuron->solver.gram;
    if (part[i] <= NL_SLOW * neuron->part || part[i] < NL_HOLDS_UP * reached) continue;
    if (!gram_is_due(&neuron->solver, wanted)) continue;
    neuron->gram_slow = 1;
    if (neuron->solver.gram_age < GRAM_OLD && gram->stride > 1)
      gram->stride = (gram->stride + 1) / 2;
  }
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

/* A trial that did not help: new Grams at now, a shorter step, or the end. */
static void refuse(nl_course *course, double change, double rounding) {
  if (course->predicted) {
    course->predicted = 0;
    return;
  }
  const double promised = course->promised < 0 ? course->promised : -rounding;
  const int is_rounding =
      course->step * fabs(promised) <= rounding || course->step < NL_SHORTEST_STEP;
  if (!is_rounding) { /* the minimum of the parabola through what is known */
    const double curvature = 2 * (change - course->step * promised);
    const double shorter = curvature > 0 && isfinite(change)
                               ? -promised * course->step * course->step / curvature
                               : 0;
    course->step *= fmin(fmax(shorter / course->step, 0.1), 0.5);
    return;
  }
  int n = 0;
  for (int i = 0; i < course->ensemble->n_neuron; i++) {
    nl_neuron *neuron = course->ensemble->neuron + i;
    const int is_exact =
        neuron->line.point->metric_here && neuron->solver.gram.stride == 1;
    if (is_exact || neuron->part < NL_HOLDS_UP * course->residual) continue;
    neuron->gram_slow = 1;
    neuron->solver.gram.stride = 1;
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
  const int is_decrease =
      course->promised < 0 && change <= NL_SUFFICIENT * course->step * course->promised;
  const int is_enough =
      course->predicted
          ? change <= rounding && reached < course->residual
          : is_decrease || (fabs(change) <= rounding && reached < 0.9 * course->residual);
  if (!is_enough) {
    refuse(course, change, rounding);
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
  const nl_design *design = course->joint->design;
  if (course->look || nl_cost_look_is_cheap(design, wanted)) return 1;
  const double expected =
      course->predicted ? course->foretold : NL_USUAL_CONTRACTION * course->residual;
  return expected <= course->tol && nl_cost_look_is_fair(design, wanted);
}

/* Begins a lambda where the last one left the neurons. seen: whether all were looked at. */
static void begin(nl_course *course, const nl_job *job, double lambda_ahead,
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

/* Trials until now is a solution, or there is nothing more to do; in the end now was looked at
 * with all groups. */
static void solve(nl_course *course, int *wanted, int max_passes) {
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

/* Writes the lambda's solution to its places in the neurons' paths. */
static void finish(nl_course *course, const nl_job *job) {
  nl_ensemble *ensemble = course->ensemble;
  const size_t n_group = (size_t)ensemble->n_group;
  if (job->n_out == 0) return;
  nl_ensemble_cover(ensemble);
  nl_bordered_freedom(ensemble, &course->level, ensemble->part, course->joint->hook);
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    nl_path *path = neuron->line.path;
    nl_point *point = neuron->line.point;
    point->residual = course->residual;
    point->status = course->residual <= course->tol ? NL_OK : course->status;
    point->n_pass = course->n_pass;
    for (int l = job->out; l < job->out + job->n_out; l++) {
      nl_line_store(&neuron->line, point, l);
      path->df[l] = 1 + ensemble->part[i];
      for (int g = 0; g < ensemble->n_group; g++)
        path->score[(size_t)l * n_group + (size_t)g] = score(course, g);
    }
  }
}

/* ---- the fit ----------------------------------------------------------------------- */

/* The largest score: relative to w, or to scale, over the penalised groups. */
static double largest_score(const nl_ensemble *ensemble, int by_scale) {
  const nl_penalty *shared = nl_ensemble_penalty(ensemble);
  double largest = 0;
  for (int g = 0; g < ensemble->n_group; g++) {
    if (shared->weight[g] == 0) continue;
    largest = fmax(
        largest,
        nl_ensemble_score(ensemble, g, by_scale ? shared->scale[g] : shared->weight[g]));
  }
  return largest;
}

/* A neuron's model. base: that of an earlier neuron with the same offset and weights, or
 * NULL. */
static void set_model(const nl_joint *joint, int k, nl_neuron *neuron, double *rows) {
  const nl_task *task = joint->task + k;
  const nl_hook *hook = joint->hook;
  nl_pass_space pass = joint->pass;
  const double *base = NULL;
  for (int i = 0; i < k && !base; i++) {
    if (joint->task[i].offset == task->offset && joint->task[i].prior == task->prior)
      base = neuron[i - k].model.base;
  }
  double *own = base ? NULL : nl_new_doubles(joint->design->n_obs, hook);
  nl_model_init(&neuron->model, joint->link, joint->design, task->y, task->offset,
                task->prior, own, nl_new_doubles((size_t)joint->design->n_col, hook),
                rows, &pass);
  if (base) nl_model_borrow(&neuron->model, base, NULL, 0);
}

/* The model without penalised groups; the neuron's point is put there. */
static void start_neuron(const nl_joint *joint, int k, nl_neuron *neuron, double **kept) {
  nl_task *task = joint->task + k;
  nl_solver *solver = &neuron->solver;
  const nl_level level = {0, 0};
  solver->kept = *kept;
  nl_path_null(&neuron->line, joint->tol, &task->path, &task->null_loss);
  *kept = solver->kept;
  nl_point_begin(solver, neuron->line.point, 0, level, joint->tol, task->path.max_passes,
                 neuron->line.origin);
  neuron->part = 0;
  neuron->gram_slow = 0;
}

static nl_ensemble new_ensemble(const nl_joint *joint) {
  const nl_hook *hook = joint->hook;
  const size_t n_group = (size_t)joint->penalty->n_group;
  nl_ensemble ensemble = {0};
  ensemble.n_neuron = joint->n_task;
  ensemble.n_group = joint->penalty->n_group;
  for (int g = 0; g < ensemble.n_group; g++) {
    int rank = 0;
    for (int k = 0; k < joint->n_task; k++) rank += nl_group_rank(joint->penalty + k, g);
    if (rank > ensemble.max_rank) ensemble.max_rank = rank;
  }
  ensemble.space = nl_new_doubles(5 * (size_t)ensemble.max_rank, hook);
  ensemble.part = nl_new_doubles((size_t)joint->n_task, hook);
  ensemble.border = nl_new_ints(n_group, hook);
  ensemble.norm = nl_new_doubles(n_group, hook);
  ensemble.stiffness = nl_new_doubles(n_group, hook);
  ensemble.neuron =
      (nl_neuron *)nl_new_bytes((size_t)joint->n_task * sizeof(nl_neuron), hook);
  return ensemble;
}

/* A penalty no smaller than any neuron's: what shared scratch is laid out for. */
static nl_penalty widest(const nl_joint *joint) {
  nl_penalty penalty = joint->penalty[0];
  for (int k = 1; k < joint->n_task; k++) {
    const nl_penalty *other = joint->penalty + k;
    if (other->n_theta > penalty.n_theta) penalty.n_theta = other->n_theta;
    if (other->max_size > penalty.max_size) penalty.max_size = other->max_size;
  }
  return penalty;
}

/* The neurons with their models, at their models without penalised groups. */
static void set_up(const nl_joint *joint, nl_course *course, nl_ensemble *ensemble) {
  const nl_hook *hook = joint->hook;
  const size_t n_block = (size_t)joint->design->n_block;
  size_t n_theta = 0;
  nl_solver scratch;
  nl_penalty *wide = (nl_penalty *)nl_new_bytes(sizeof(nl_penalty), hook);
  *wide = widest(joint);
  nl_setup_solver(&scratch, joint->design, wide, joint->pass, hook);
  course->joint = joint;
  course->ensemble = ensemble;
  course->none = nl_new_ints(n_block, hook);
  for (size_t b = 0; b < n_block; b++) course->none[b] = 0;
  course->kept[0] = scratch.kept;
  for (int v = 1; v < NL_LANES && v < joint->n_task; v++)
    course->kept[v] = nl_new_doubles(joint->design->n_obs, hook);
  const nl_gram *rooms = &scratch.gram;
  for (int k = 0; k < joint->n_task; k++) {
    nl_neuron *neuron = ensemble->neuron + k;
    const nl_penalty *penalty = joint->penalty + k;
    nl_setup_beside(&neuron->solver, &scratch, penalty);
    nl_setup_lend(rooms, &neuron->solver.gram);
    nl_setup_line(&neuron->line, &neuron->solver, &neuron->model, joint->n_lambda, 1,
                  hook);
    set_model(joint, k, neuron, course->kept[0]);
    start_neuron(joint, k, neuron, course->kept);
    rooms = &neuron->solver.gram;
    nl_trail trail;
    nl_setup_trail(&trail, penalty->n_theta, NL_MAX_BEFORE, hook);
    for (int i = 0; i < NL_MAX_BEFORE; i++) neuron->before[i] = trail.point + i;
    n_theta += (size_t)penalty->n_theta;
    course->total_pass += neuron->solver.n_pass;
  }
  course->moves = nl_new_doubles((NL_MAX_BEFORE + 1) * n_theta, hook);
}

/* The lambdas of all neurons, and where their paths begin. Returns the unit at lambda = 0. */
static double set_lambdas(const nl_joint *joint, const nl_ensemble *ensemble) {
  double top = largest_score(ensemble, 0), reference = largest_score(ensemble, 1);
  const double *given = joint->task[0].lambda;
  if (!(top > joint->floor)) top = reference = 0;
  if (joint->ratio > 0)
    nl_lambda_grid(top > 0 ? top : 1, joint->ratio, joint->n_lambda,
                   joint->task[0].lambda);
  for (int k = 0; k < joint->n_task; k++) {
    nl_task *task = joint->task + k;
    if (k > 0) nl_copy((size_t)joint->n_lambda, given, task->lambda);
    task->path.lambda = task->lambda;
    task->path.lambda_max = top;
    task->path.reference = reference;
  }
  return reference > 0 ? reference : ensemble->neuron[0].model.mean_count;
}

void nl_joint_fit(const nl_joint *joint) {
  const nl_hook *hook = joint->hook;
  nl_ensemble ensemble = new_ensemble(joint);
  nl_course course = {0};
  set_up(joint, &course, &ensemble);
  const double reference = set_lambdas(joint, &ensemble);
  nl_pipeline *line = &ensemble.neuron[0].line;
  const double top = line->path->lambda_max > 0 ? line->path->lambda_max : 1;
  nl_line_list(line, joint->tol, top);
  course.level.lambda = top;
  course.full = 1;
  course.foretold = INFINITY;
  note(&course);
  for (int j = 0; j < line->n_job; j++) {
    const nl_job *job = line->job + j;
    const int ahead = j + SCREEN_AHEAD < line->n_job ? j + SCREEN_AHEAD : line->n_job - 1;
    begin(&course, job, line->job[ahead].lambda, reference);
    solve(&course, ensemble.neuron[0].solver.some, line->path->max_passes);
    finish(&course, job);
    note(&course);
    if (hook && hook->progress) hook->progress(hook->data, j + 1, line->n_job);
  }
  for (int k = 0; k < joint->n_task; k++) {
    joint->task[k].n_gram = ensemble.neuron[k].solver.gram.n_built;
    joint->task[k].n_pass = course.total_pass;
  }
}
