/* paths.c: see paths.h. */
#include "paths.h"

#include <stdint.h>

#include "linalg.h"
#include "setup.h"

enum {
  NL_ABREAST = 3, /* paths with Grams of their own at a time: more share fewer blocks */
  NL_FOLLOWERS = 16, /* paths that follow another at a time */
  NL_FEW_POINTS = 12 /* of a path that has few lanes to itself */
};

static int smaller(int a, int b) { return a < b ? a : b; }

/* What a pipeline's path is fitted to. */
typedef struct {
  nl_model model;
  double *base;  /* n_obs, or NULL as long as none was needed */
  double *score; /* n_col */
} nl_seat;

static nl_seat *new_seats(const nl_tasks *tasks, int n) {
  const nl_hook *hook = tasks->hook;
  nl_seat *seat = (nl_seat *)nl_new_bytes((size_t)n * sizeof(nl_seat), hook);
  for (int k = 0; k < n; k++) {
    seat[k].base = NULL;
    seat[k].score = nl_new_doubles((size_t)tasks->design->n_col, hook);
  }
  return seat;
}

/* The model of a task. Where it only leaves rows out, compared with the first task, it uses
 * `common`, the base of that, which it fills for the first task itself. */
static void set_model(const nl_tasks *tasks, const nl_task *task, nl_seat *seat,
                      nl_solver *solver, double *common) {
  const nl_task *first = tasks->task;
  const size_t n_obs = tasks->design->n_obs;
  size_t n_gap = SIZE_MAX;
  if (task->offset == first->offset)
    n_gap = nl_model_gaps(n_obs, task->prior, first->prior, NULL);
  const int borrows = task != first && n_gap <= n_obs / 4;
  if (!borrows && task != first && !seat->base)
    seat->base = nl_new_doubles(n_obs, tasks->hook);
  nl_model_init(&seat->model, tasks->link, tasks->design, task->y, task->offset,
                task->prior,
                task == first ? common
                : borrows     ? NULL
                              : seat->base,
                seat->score, solver->kept, &solver->pass);
  if (!borrows) return;
  size_t *gap = nl_new_sizes(2 * n_gap, tasks->hook);
  nl_model_gaps(n_obs, task->prior, first->prior, gap);
  nl_model_borrow(&seat->model, common, gap, n_gap);
}

/* The model of a task, its fit without penalised groups, and its lambdas; lambda: NULL for
 * its own. */
static void begin_task(const nl_tasks *tasks, nl_task *task, nl_seat *seat,
                       double *common, nl_pipeline *line, const double *lambda) {
  nl_path *path = &task->path;
  set_model(tasks, task, seat, line->solver, common);
  nl_path_null(line, tasks->tol, path, &task->null_loss);
  const int no_signal = !(path->lambda_max > task->floor);
  if (lambda) {
    if (lambda != task->lambda) nl_copy((size_t)tasks->n_lambda, lambda, task->lambda);
  } else {
    nl_lambda_grid(no_signal ? 1 : path->lambda_max, tasks->ratio, tasks->n_lambda,
                   task->lambda);
  }
  if (no_signal) path->lambda_max = path->reference = 0;
  path->lambda = task->lambda;
}

/* Fits n tasks from `first` on, which have begun on the lines. */
static void fit(const nl_tasks *tasks, int first, int n, nl_pipeline *line) {
  nl_convoy convoy = {line,
                      n,
                      line->solver->some,
                      first * tasks->n_lambda,
                      tasks->n_task * tasks->n_lambda,
                      0,
                      0};
  nl_path_fit_all(&convoy, tasks->tol);
  for (int k = 0; k < n; k++) {
    tasks->task[first + k].n_gram = line[k].solver->gram.n_built;
    tasks->task[first + k].n_pass = line[k].solver->n_pass;
  }
}

void nl_paths_each(const nl_tasks *tasks) {
  const nl_hook *hook = tasks->hook;
  const int most = smaller(tasks->n_task, NL_ABREAST);
  nl_seat *seat = new_seats(tasks, most);
  double *common = nl_new_doubles(tasks->design->n_obs, hook);
  nl_solver *solver = (nl_solver *)nl_new_bytes((size_t)most * sizeof(nl_solver), hook);
  nl_pipeline *line =
      (nl_pipeline *)nl_new_bytes((size_t)most * sizeof(nl_pipeline), hook);
  for (int k = 0; k < most; k++) {
    nl_setup_solver(solver + k, tasks->design, tasks->penalty, tasks->pass, hook);
    nl_setup_line(line + k, solver + k, &seat[k].model, tasks->n_lambda,
                  most == 1 ? NL_POINTS : NL_FEW_POINTS, hook);
  }
  for (int first = 0; first < tasks->n_task; first += most) {
    const int n = smaller(most, tasks->n_task - first);
    for (int k = 0; k < n; k++) {
      nl_task *task = tasks->task + first + k;
      nl_solver_restart(solver + k);
      solver[k].n_pass = solver[k].gram.n_built = 0;
      begin_task(tasks, task, seat + k, common, line + k,
                 tasks->ratio > 0 ? NULL : task->lambda);
    }
    fit(tasks, first, n, line);
  }
}

void nl_paths_follow(const nl_tasks *tasks) {
  const nl_hook *hook = tasks->hook;
  const int n_batch = (tasks->n_task + NL_FOLLOWERS - 1) / NL_FOLLOWERS;
  const int most = (tasks->n_task + n_batch - 1) / n_batch;
  nl_seat *seat = new_seats(tasks, most);
  double *common = nl_new_doubles(tasks->design->n_obs, hook);
  nl_solver solver;
  nl_trail trail;
  nl_pipeline *line =
      (nl_pipeline *)nl_new_bytes((size_t)most * sizeof(nl_pipeline), hook);
  nl_setup_solver(&solver, tasks->design, tasks->penalty, tasks->pass, hook);
  nl_setup_trail(&trail, tasks->penalty->n_theta, tasks->n_lambda, hook);
  for (int k = 0; k < most; k++)
    nl_setup_line(line + k, &solver, &seat[k].model, tasks->n_lambda,
                  most == 1 ? NL_POINTS : NL_FEW_POINTS, hook);
  for (int first = 0; first < tasks->n_task; first += most) {
    const int n = smaller(most, tasks->n_task - first);
    nl_solver_restart(&solver);
    solver.n_pass = solver.gram.n_built = 0;
    for (int k = 0; k < n; k++) {
      const int leads = first + k == 0, is_given = !leads || tasks->ratio == 0;
      line[k].trail = leads ? &trail : NULL;
      line[k].lead = leads ? NULL : &trail;
      begin_task(tasks, tasks->task + first + k, seat + k, common, line + k,
                 is_given ? tasks->task->lambda : NULL);
    }
    fit(tasks, first, n, line);
  }
}
