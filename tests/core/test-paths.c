/* paths.h: many paths over one design, each against the optimality conditions of its own
 * data, whatever rode beside it.
 */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "paths.h"

enum { N_OBS = NL_CHUNK + 94, N_LAMBDA = 12 };

static const double tol = 1e-7;
static const nl_link links[] = {NL_LOG, NL_SOFTPLUS};

/* ---- data -------------------------------------------------------------------------- */

/* With offset, and a group that is not penalised where `is_rich`. */
static problem *shared_problem(nl_link link, int is_rich) {
  seed_random(150);
  nl_penalty penalty = mixed_penalty(T_RANDOM);
  double *offset = is_rich ? new_normals(N_OBS) : NULL;
  if (is_rich) set_weight(&penalty, 2, 0);
  for (int t = 0; offset && t < N_OBS; t++) offset[t] *= 0.3;
  return mixed_problem(link, N_OBS, penalty, offset, NULL);
}

/* All rows but every n-th run of ten; all of them for k < 0. */
static const double *fold_weights(int k, int n) {
  double *v = new_doubles(N_OBS);
  for (int t = 0; t < N_OBS; t++) v[t] = t / 10 % n == k ? 0 : 1;
  return v;
}

static const double *other_counts(double mean) {
  double *y = new_doubles(N_OBS);
  for (int t = 0; t < N_OBS; t++) y[t] = random_poisson(mean * (1 + (t % 7 == 0)));
  return y;
}

static nl_tasks tasks_for(problem *p, int n) {
  return new_tasks(p, n, N_LAMBDA, tol, 0.01);
}

static nl_tasks folds_of(problem *p, int n) {
  const nl_tasks tasks = tasks_for(p, n + 1);
  for (int k = 0; k <= n; k++) tasks.task[k].prior = fold_weights(k - 1, n);
  return tasks;
}

/* ---- the optimality conditions of one path ----------------------------------------- */

static void check_task(const problem *shared, const nl_task *task) {
  const nl_path *path = &task->path;
  const int n_col = shared->design.n_col;
  problem own = *shared;
  own.y = task->y;
  own.offset = task->offset;
  own.prior = task->prior;
  for (int l = 0; l < N_LAMBDA; l++) {
    const double *beta = path->beta + l * n_col;
    const truth it = truth_at(&own, beta, path->intercept[l], task->lambda[l],
                              path->reference > 0 ? path->reference : mean_count(&own));
    CHECK(path->status[l] == NL_OK);
    CHECK_NEAR(it.kkt, path->kkt[l],
               1e-3 * path->kkt[l] + 1e-10 + 4e-15 / task->lambda[l]);
    CHECK(path->kkt[l] <= tol);
    CHECK_NEAR(path->loss[l], reference_loss_at(&own, own.raw, beta, path->intercept[l]),
               1e-12);
  }
  CHECK(task->n_gram > 0 && task->n_pass > 0);
}

static void check_tasks(const problem *p, const nl_tasks *tasks) {
  for (int k = 0; k < tasks->n_task; k++) check_task(p, tasks->task + k);
}

/* ---- folds ------------------------------------------------------------------------- */

/* One, a few, more than ride in a pass, more than go at a time. */
static void test_folds(void) {
  const int n_fold[] = {0, 2, 3, 10, 21};
  for (int i = 0; i < 5; i++) {
    for (int k = 0; k < 4; k++) {
      problem *p = shared_problem(links[k % 2], k / 2);
      const nl_tasks tasks = n_fold[i] > 0 ? folds_of(p, n_fold[i]) : tasks_for(p, 1);
      nl_paths_follow(&tasks);
      check_tasks(p, &tasks);
      for (int j = 0; j < tasks.n_task; j++)
        CHECK(same_bits(N_LAMBDA, tasks.task[j].lambda, tasks.task[0].lambda));
      free_all();
    }
  }
}

/* Given lambdas, far apart, some twice. */
static void test_given_lambdas(void) {
  const double share[N_LAMBDA] = {1.5, 1,    1,    0.9,   0.5,   0.5,
                                  0.1, 0.09, 0.01, 0.003, 0.003, 1e-3};
  for (int k = 0; k < 2; k++) {
    problem *p = shared_problem(links[k], 1);
    nl_tasks tasks = folds_of(p, 4);
    tasks.ratio = 0;
    for (int j = 0; j < tasks.n_task; j++) {
      for (int l = 0; l < N_LAMBDA; l++) tasks.task[j].lambda[l] = 0.2 * share[l];
    }
    nl_paths_follow(&tasks);
    check_tasks(p, &tasks);
    free_all();
  }
}

/* The first path's data tell nothing of the others': slower, and right all the same. */
static void test_misled(void) {
  for (int k = 0; k < 2; k++) {
    problem *p = shared_problem(links[k], 0);
    nl_tasks tasks = folds_of(p, 5);
    for (int j = 1; j < tasks.n_task; j++) tasks.task[j].y = other_counts(0.5 + j);
    nl_paths_follow(&tasks);
    check_tasks(p, &tasks);
    free_all();
  }
}

/* Folds ride together: far fewer passes than there are rides. */
static void test_shared_passes(void) {
  problem *p = shared_problem(NL_LOG, 0);
  const nl_tasks tasks = folds_of(p, 10);
  int rides = 0;
  nl_paths_follow(&tasks);
  for (int k = 0; k < tasks.n_task; k++) {
    CHECK(tasks.task[k].n_pass == tasks.task[0].n_pass);
    for (int l = 0; l < N_LAMBDA; l++) rides += tasks.task[k].path.n_pass[l];
  }
  CHECK(tasks.task[0].n_pass < rides / 4);
  free_all();
}

/* ---- neurons ----------------------------------------------------------------------- */

/* Each on its own lambdas, from its own lambda_max; more of them than go at a time. */
static void test_neurons(void) {
  for (int k = 0; k < 4; k++) {
    problem *p = shared_problem(links[k % 2], k / 2);
    const nl_tasks tasks = tasks_for(p, 11);
    for (int j = 1; j < tasks.n_task; j++) tasks.task[j].y = other_counts(0.2 * j);
    tasks.task[3].prior = fold_weights(1, 3);
    nl_paths_each(&tasks);
    check_tasks(p, &tasks);
    for (int j = 0; j < tasks.n_task; j++)
      CHECK(tasks.task[j].lambda[0] == tasks.task[j].path.lambda_max);
    CHECK(tasks.task[1].lambda[0] != tasks.task[2].lambda[0]);
    free_all();
  }
}

/* Counts that have nothing to do with the design: no signal, and a grid from 1. */
static void test_no_signal(void) {
  problem *p = shared_problem(NL_LOG, 0);
  const nl_tasks tasks = tasks_for(p, 3);
  tasks.task[1].floor = INFINITY;
  nl_paths_each(&tasks);
  CHECK(tasks.task[1].path.lambda_max == 0 && tasks.task[1].lambda[0] == 1);
  CHECK(tasks.task[0].path.lambda_max > 0 && tasks.task[2].path.lambda_max > 0);
  check_task(p, tasks.task + 2);
  free_all();
}

/* ---- how it goes ------------------------------------------------------------------- */

static void fit_twice(void (*fit)(const nl_tasks *)) {
  double *beta[2];
  size_t n = 0;
  for (int i = 0; i < 2; i++) {
    problem *p = shared_problem(NL_LOG, 1);
    const nl_tasks tasks = folds_of(p, 9);
    fit(&tasks);
    n = (size_t)(p->design.n_col * N_LAMBDA);
    beta[i] = tasks.task[7].path.beta;
  }
  CHECK(same_bits(n, beta[0], beta[1]));
  free_all();
}

static void test_same_bits(void) {
  fit_twice(nl_paths_follow);
  fit_twice(nl_paths_each);
}

/* The host is asked often whether to go on, and told of the lambdas of all paths. */
static void test_hook(void) {
  problem *p = shared_problem(NL_LOG, 0);
  const nl_tasks tasks = folds_of(p, 10);
  p->counts.n_check = p->counts.n_progress = 0;
  nl_paths_follow(&tasks);
  CHECK(p->counts.n_check >= tasks.task[0].n_pass);
  CHECK(p->counts.n_progress > 0 && p->counts.n_progress <= 11 * N_LAMBDA);
  CHECK(p->counts.done == 11 * N_LAMBDA);
  free_all();
}

void suite_paths(void);

void suite_paths(void) {
  RUN(test_folds);
  RUN(test_given_lambdas);
  RUN(test_misled);
  RUN(test_shared_passes);
  RUN(test_neurons);
  RUN(test_no_signal);
  RUN(test_same_bits);
  RUN(test_hook);
}
