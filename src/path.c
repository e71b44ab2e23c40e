/* path.c: see path.h. */
#include "path.h"

#include <math.h>

#include "freedom.h"
#include "linalg.h"

/* Between lambdas further apart than this factor, points in between are solved loosely,
 * so that no step starts far from its solution. */
#define NL_LONGEST_STRIDE 0.2
#define NL_LOOSE 1e-2
/* A lambda of 0 is approached down to this share of lambda_max. */
#define NL_LAST_STRIDE 1e-5

/* ||gradient|| of a group, relative to w, or to w before it was multiplied. */
static double relative_gradient(const nl_solver *solver, int g, double w) {
  const nl_penalty *penalty = solver->penalty;
  if (!(w > 0)) return 0;
  return nl_norm(nl_group_rank(penalty, g), solver->gradient + penalty->theta_start[g]) /
         w;
}

static double score_of(const nl_solver *solver, int g) {
  const nl_penalty *penalty = solver->penalty;
  return relative_gradient(
      solver, g, penalty->weight[g] > 0 ? penalty->weight[g] : penalty->scale[g]);
}

/* The largest score that a group has, or would have if it were not multiplied. */
static double largest_scale(const nl_solver *solver, int only_penalised) {
  const nl_penalty *penalty = solver->penalty;
  double largest = 0;
  for (int g = 0; g < penalty->n_group; g++) {
    if (only_penalised && penalty->weight[g] == 0) continue;
    largest = fmax(largest, relative_gradient(solver, g, penalty->scale[g]));
  }
  return largest;
}

void nl_path_null(nl_solver *solver, double tol, nl_path *path, double *null_loss) {
  const nl_penalty *penalty = solver->penalty;
  double residual = 0;
  nl_point_start(solver);
  *null_loss = nl_poisson_objective(solver->model, &solver->now);
  for (int g = 0; g < penalty->n_group; g++) {
    if (penalty->weight[g] == 0 && nl_group_rank(penalty, g) > 0)
      nl_point_include(solver, g);
  }
  if (solver->n_set > 0) {
    const nl_level level = {0, largest_scale(solver, 0)};
    solver->pass_limit = solver->n_pass + path->max_passes;
    if (level.reference > 0) nl_point_solve(solver, &level, tol, 1, &residual);
    nl_point_refresh(solver);
  }
  path->reference = largest_scale(solver, 1);
  path->lambda_max = 0;
  for (int g = 0; g < penalty->n_group; g++) {
    if (penalty->weight[g] > 0 && score_of(solver, g) > path->lambda_max) {
      path->lambda_max = score_of(solver, g);
    }
  }
}

void nl_lambda_grid(double lambda_max, double ratio, int n, double *lambda) {
  for (int l = 0; l < n; l++) {
    lambda[l] = n == 1 ? lambda_max : lambda_max * pow(ratio, (double)l / (n - 1));
  }
}

/* Sequential strong rule: groups that could be active at `lambda`, seen from `before`. */
static void screen(nl_solver *solver, double lambda, double before) {
  const nl_penalty *penalty = solver->penalty;
  for (int g = 0; g < penalty->n_group; g++) {
    if (solver->in_set[g] || nl_group_rank(penalty, g) == 0) continue;
    if (score_of(solver, g) > 2 * lambda - before) nl_point_include(solver, g);
  }
}

static void store(nl_solver *solver, const nl_level *level, nl_path *path, int l) {
  const nl_penalty *penalty = solver->penalty;
  const nl_design *design = solver->model->design;
  const size_t n_col = (size_t)design->n_col, n_group = (size_t)penalty->n_group;
  nl_copy(n_col, solver->now.beta, path->beta + (size_t)l * n_col);
  path->intercept[l] = nl_poisson_intercept(solver->model, &solver->now) -
                       nl_design_centre_shift(design, solver->now.beta);
  path->loss[l] = nl_poisson_objective(solver->model, &solver->now);
  for (int g = 0; g < penalty->n_group; g++) {
    path->norm[(size_t)l * n_group + (size_t)g] =
        nl_norm(nl_group_rank(penalty, g), solver->theta + penalty->theta_start[g]);
    path->score[(size_t)l * n_group + (size_t)g] = score_of(solver, g);
  }
  nl_point_cover(solver);
  nl_point_theta(solver, solver->quadratic.x);
  path->df[l] = 1 + nl_degrees_of_freedom(penalty, &solver->gram, level,
                                          solver->quadratic.x, &solver->quadratic);
}

/* Solves loosely for points between two lambdas that are far apart. */
static double approach(nl_solver *solver, double from, double to, double lambda_max,
                       double reference) {
  double residual;
  while (to < NL_LONGEST_STRIDE * from && from > NL_LAST_STRIDE * lambda_max) {
    nl_level level = {NL_LONGEST_STRIDE * from, reference};
    screen(solver, level.lambda, from);
    nl_point_solve(solver, &level, NL_LOOSE, 0, &residual);
    from = level.lambda;
  }
  return from;
}

void nl_path_fit(nl_solver *solver, double tol, nl_path *path) {
  const nl_hook *hook = solver->hook;
  const double top = path->lambda_max > 0 ? path->lambda_max : 1;
  double before = top;
  for (int l = 0; l < path->n_lambda; l++) {
    /* above lambda_max nothing changes any more; infinity is not for arithmetic */
    const nl_level level = {
        path->lambda[l] < 2 * top ? path->lambda[l] : 2 * top,
        path->reference > 0 ? path->reference : solver->model->mean_count};
    const int first_pass = solver->n_pass;
    solver->pass_limit = first_pass + path->max_passes;
    nl_check(hook);
    before = approach(solver, before, level.lambda, top, level.reference);
    screen(solver, level.lambda, before);
    path->status[l] = (int)nl_point_solve(solver, &level, tol, 0, path->kkt + l);
    path->n_pass[l] = solver->n_pass - first_pass;
    store(solver, &level, path, l);
    if (level.lambda < before) before = level.lambda;
    if (hook && hook->progress) hook->progress(hook->data, l + 1, path->n_lambda);
  }
}
