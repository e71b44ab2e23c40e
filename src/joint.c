/* joint.c: see joint.h. */
#include "joint.h"

#include <math.h>

#include "bordered.h"
#include "cost.h"
#include "course.h"
#include "linalg.h"
#include "setup.h"

/* ---- solutions --------------------------------------------------------------------- */

/* Writes the lambda's solution to its places in the neurons' paths. */
static void finish(nl_course *course, const nl_job *job) {
  nl_ensemble *ensemble = course->ensemble;
  const size_t n_group = (size_t)ensemble->n_group;
  if (job->n_out == 0) return;
  nl_ensemble_cover(ensemble);
  nl_bordered_freedom(ensemble, &course->level, ensemble->part, course->hook);
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
        path->score[(size_t)l * n_group + (size_t)g] = nl_course_score(course, g);
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
static void set_model(const nl_tasks *tasks, int k, nl_neuron *neuron, double *rows) {
  const nl_task *task = tasks->task + k;
  const nl_hook *hook = tasks->hook;
  nl_pass_space pass = tasks->pass;
  const double *base = NULL;
  for (int i = 0; i < k && !base; i++) {
    if (tasks->task[i].offset == task->offset && tasks->task[i].prior == task->prior)
      base = neuron[i - k].model.base;
  }
  double *own = base ? NULL : nl_new_doubles(tasks->design->n_obs, hook);
  nl_model_init(&neuron->model, tasks->link, tasks->design, task->y, task->offset,
                task->prior, own, nl_new_doubles((size_t)tasks->design->n_col, hook),
                rows, &pass);
  if (base) nl_model_borrow(&neuron->model, base, NULL, 0);
}

/* The model without penalised groups; the neuron's point is put there. */
static void start_neuron(const nl_tasks *tasks, int k, nl_neuron *neuron, double **kept) {
  nl_task *task = tasks->task + k;
  nl_solver *solver = &neuron->solver;
  const nl_level level = {0, 0};
  solver->kept = *kept;
  nl_path_null(&neuron->line, tasks->tol, &task->path, &task->null_loss);
  *kept = solver->kept;
  nl_point_begin(solver, neuron->line.point, 0, level, tasks->tol, task->path.max_passes,
                 neuron->line.origin);
  neuron->part = 0;
  neuron->gram_slow = 0;
}

static nl_ensemble new_ensemble(const nl_tasks *tasks) {
  const nl_hook *hook = tasks->hook;
  const size_t n_group = (size_t)tasks->penalty->n_group;
  nl_ensemble ensemble = {0};
  ensemble.n_neuron = tasks->n_task;
  ensemble.n_group = tasks->penalty->n_group;
  for (int g = 0; g < ensemble.n_group; g++) {
    int rank = 0;
    for (int k = 0; k < tasks->n_task; k++) rank += nl_group_rank(tasks->penalty + k, g);
    if (rank > ensemble.max_rank) ensemble.max_rank = rank;
  }
  ensemble.space = nl_new_doubles(5 * (size_t)ensemble.max_rank, hook);
  ensemble.part = nl_new_doubles((size_t)tasks->n_task, hook);
  ensemble.is_in = nl_new_ints(n_group, hook);
  ensemble.border = nl_new_ints(n_group, hook);
  ensemble.norm = nl_new_doubles(n_group, hook);
  ensemble.stiffness = nl_new_doubles(n_group, hook);
  ensemble.neuron =
      (nl_neuron *)nl_new_bytes((size_t)tasks->n_task * sizeof(nl_neuron), hook);
  return ensemble;
}

/* A penalty no smaller than any neuron's: what shared scratch is laid out for. */
static nl_penalty widest(const nl_tasks *tasks) {
  nl_penalty penalty = tasks->penalty[0];
  for (int k = 1; k < tasks->n_task; k++) {
    const nl_penalty *other = tasks->penalty + k;
    if (other->n_theta > penalty.n_theta) penalty.n_theta = other->n_theta;
    if (other->max_size > penalty.max_size) penalty.max_size = other->max_size;
  }
  return penalty;
}

static int same_coordinates(const nl_penalty *a, const nl_penalty *b) {
  return a->transform == b->transform && a->column == b->column;
}

/* Which neurons work with whose Gram: so many with one, if they have the same coordinates. */
static void share_grams(const nl_tasks *tasks, nl_ensemble *ensemble, int company) {
  for (int k = 0; k < tasks->n_task; k++) {
    nl_neuron *neuron = ensemble->neuron + k;
    neuron->metric = k;
    neuron->curvature = neuron->excess = 1;
    neuron->n_with = 0;
    for (int i = 0; i < k && neuron->metric == k; i++) {
      if (ensemble->neuron[i].n_with > 0 && ensemble->neuron[i].n_with < company &&
          same_coordinates(tasks->penalty + i, tasks->penalty + k))
        neuron->metric = i;
    }
    ensemble->neuron[neuron->metric].n_with++;
  }
}

/* The neurons with their models, at their models without penalised groups. */
static void set_up(const nl_tasks *tasks, nl_course *course, nl_ensemble *ensemble) {
  const nl_hook *hook = tasks->hook;
  const size_t n_block = (size_t)tasks->design->n_block;
  size_t n_theta = 0;
  nl_solver scratch;
  nl_penalty *wide = (nl_penalty *)nl_new_bytes(sizeof(nl_penalty), hook);
  *wide = widest(tasks);
  nl_setup_solver(&scratch, tasks->design, wide, tasks->pass, hook);
  course->design = tasks->design;
  course->pass = tasks->pass;
  course->hook = hook;
  course->ensemble = ensemble;
  course->none = nl_new_ints(n_block, hook);
  for (size_t b = 0; b < n_block; b++) course->none[b] = 0;
  course->kept[0] = scratch.kept;
  for (int v = 1; v < NL_LANES && v < tasks->n_task; v++)
    course->kept[v] = nl_new_doubles(tasks->design->n_obs, hook);
  share_grams(tasks, ensemble,
              nl_cost_gram_company(tasks->n_task, wide->n_theta, tasks->gram_room));
  ensemble->rooms = &scratch.gram;
  for (int k = 0; k < tasks->n_task; k++) {
    nl_neuron *neuron = ensemble->neuron + k;
    const nl_penalty *penalty = tasks->penalty + k;
    nl_gram *gram = &ensemble->neuron[neuron->metric].solver.gram;
    nl_setup_beside(&neuron->solver, &scratch, penalty, neuron->metric < k ? gram : NULL);
    nl_setup_lend(ensemble->rooms, &neuron->solver.gram);
    nl_setup_line(&neuron->line, &neuron->solver, &neuron->model, tasks->n_lambda, 1,
                  hook);
    set_model(tasks, k, neuron, course->kept[0]);
    start_neuron(tasks, k, neuron, course->kept);
    *gram = neuron->solver.gram;
    ensemble->rooms = gram;
    if (neuron->metric < k && !course->blend)
      course->blend = nl_new_doubles(tasks->design->n_obs, hook);
    nl_trail trail;
    nl_setup_trail(&trail, penalty->n_theta, NL_MAX_BEFORE, hook);
    for (int i = 0; i < NL_MAX_BEFORE; i++) neuron->before[i] = trail.point + i;
    n_theta += (size_t)penalty->n_theta;
    course->total_pass += neuron->solver.n_pass;
  }
  course->outlook.moves = nl_new_doubles((NL_MAX_BEFORE + 1) * n_theta, hook);
}

/* The lambdas of all neurons, and where their paths begin. Returns the unit at lambda = 0. */
static double set_lambdas(const nl_tasks *tasks, const nl_ensemble *ensemble) {
  double top = largest_score(ensemble, 0), reference = largest_score(ensemble, 1);
  const double *given = tasks->task[0].lambda;
  if (!(top > tasks->task[0].floor)) top = reference = 0;
  if (tasks->ratio > 0)
    nl_lambda_grid(top > 0 ? top : 1, tasks->ratio, tasks->n_lambda,
                   tasks->task[0].lambda);
  for (int k = 0; k < tasks->n_task; k++) {
    nl_task *task = tasks->task + k;
    if (k > 0) nl_copy((size_t)tasks->n_lambda, given, task->lambda);
    task->path.lambda = task->lambda;
    task->path.lambda_max = top;
    task->path.reference = reference;
  }
  return reference > 0 ? reference : ensemble->neuron[0].model.mean_count;
}

void nl_joint_fit(const nl_tasks *tasks) {
  const nl_hook *hook = tasks->hook;
  nl_ensemble ensemble = new_ensemble(tasks);
  nl_course course = {0};
  set_up(tasks, &course, &ensemble);
  const double reference = set_lambdas(tasks, &ensemble);
  nl_pipeline *line = &ensemble.neuron[0].line;
  const double top = line->path->lambda_max > 0 ? line->path->lambda_max : 1;
  nl_line_list(line, tasks->tol, top);
  course.level.lambda = top;
  course.full = 1;
  course.foretold = INFINITY;
  nl_course_blend(&course);
  nl_outlook_note(&course.outlook, &ensemble, &course.level);
  for (int j = 0; j < line->n_job; j++) {
    const nl_job *job = line->job + j;
    const int ahead =
        j + NL_SCREEN_AHEAD < line->n_job ? j + NL_SCREEN_AHEAD : line->n_job - 1;
    nl_course_begin(&course, job, line->job[ahead].lambda, reference);
    nl_course_solve(&course, ensemble.neuron[0].solver.some, line->path->max_passes);
    finish(&course, job);
    nl_outlook_note(&course.outlook, &ensemble, &course.level);
    if (hook && hook->progress) hook->progress(hook->data, j + 1, line->n_job);
  }
  for (int k = 0; k < tasks->n_task; k++) {
    tasks->task[k].n_gram = ensemble.neuron[k].solver.gram.n_built;
    tasks->task[k].n_pass = course.total_pass;
  }
}
