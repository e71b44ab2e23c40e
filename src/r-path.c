/* r-path.c: fits of paths for R: unpack, allocate, call the core, pack. */
#include "r-path.h"

#include "linalg.h"
#include "setup.h"

/* ---- what comes in ----------------------------------------------------------------- */

static void read_parts(SEXP x, nl_penalty *penalty) {
  SEXP start = nl_element(x, "part_start");
  penalty->part_start = NULL;
  penalty->part = NULL;
  if (Rf_isNull(start)) return;
  penalty->part_start = nl_integers(start, penalty->n_group + 1, "part_start");
  const int n_part = penalty->part_start[penalty->n_group];
  const int *from = nl_integers(nl_element(x, "part_from"), n_part, "part_from");
  const int *end = nl_integers(nl_element(x, "part_end"), n_part, "part_end");
  const double *weight = nl_doubles(nl_element(x, "part_weight"), n_part, "part_weight");
  nl_part *part = (nl_part *)R_alloc((size_t)n_part + 1, sizeof(nl_part));
  for (int k = 0; k < n_part; k++) part[k] = (nl_part){from[k], end[k], weight[k]};
  penalty->part = part;
}

nl_penalty nl_r_penalty(SEXP x, int n_col) {
  nl_penalty penalty;
  SEXP transform = nl_element(x, "transform");
  const int n_group = (int)XLENGTH(transform);
  const int *size = nl_integers(nl_element(x, "size"), n_group, "size");
  const int *rank = nl_integers(nl_element(x, "rank"), n_group, "rank");
  int *start = nl_r_ints((size_t)n_group + 1),
      *theta_start = nl_r_ints((size_t)n_group + 1);
  size_t *t_start = (size_t *)R_alloc((size_t)n_group + 1, sizeof(size_t));
  penalty.max_size = 1;
  start[0] = theta_start[0] = 0;
  t_start[0] = 0;
  for (int g = 0; g < n_group; g++) {
    start[g + 1] = start[g] + size[g];
    theta_start[g + 1] = theta_start[g] + rank[g];
    t_start[g + 1] = t_start[g] + (size_t)size[g] * (size_t)rank[g];
    if (size[g] > penalty.max_size) penalty.max_size = size[g];
  }
  const int *given = nl_integers(nl_element(x, "column"), start[n_group], "column");
  int *column = nl_r_ints((size_t)start[n_group]);
  for (int i = 0; i < start[n_group]; i++) column[i] = given[i] - 1;
  double *all = nl_r_doubles(t_start[n_group]);
  for (int g = 0; g < n_group; g++) {
    const R_xlen_t length = (R_xlen_t)size[g] * rank[g];
    nl_copy((size_t)length, nl_doubles(VECTOR_ELT(transform, g), length, "transform"),
            all + t_start[g]);
  }
  penalty.transform = all;
  penalty.off = nl_doubles(nl_element(x, "off"), n_col, "off");
  penalty.n_group = n_group;
  penalty.n_col = n_col;
  penalty.n_theta = theta_start[n_group];
  penalty.start = start;
  penalty.column = column;
  penalty.theta_start = theta_start;
  penalty.t_start = t_start;
  penalty.weight = nl_doubles(nl_element(x, "weight"), n_group, "weight");
  penalty.scale = nl_doubles(nl_element(x, "scale"), n_group, "scale");
  penalty.lasso = nl_number(x, "lasso");
  penalty.ridge = nl_number(x, "ridge");
  read_parts(x, &penalty);
  return penalty;
}

/* ---- what goes out ----------------------------------------------------------------- */

enum {
  OUT_LAMBDA,
  OUT_INTERCEPT,
  OUT_COEFFICIENTS,
  OUT_NORMS,
  OUT_SCORES,
  OUT_LOSS,
  OUT_DF,
  OUT_KKT,
  OUT_STATUS,
  OUT_N_PASS,
  OUT_LAMBDA_MAX,
  OUT_NULL_LOSS,
  OUT_N_GRAM,
  OUT_N_ROUND
};
static const char *out_names[] = {
    "lambda",     "intercept", "coefficients", "group_norms", "group_scores",
    "loss",       "df",        "kkt",          "status",      "n_pass",
    "lambda_max", "null_loss", "n_gram",       "n_round",     ""};

/* Fills `out` (a list by out_names) with vectors for n_lambda points, and points the path
 * at them.
 */
static nl_path new_path(SEXP out, int n_lambda, int n_col, int n_row) {
  nl_path path;
  for (int i = OUT_LAMBDA; i <= OUT_KKT; i++) {
    if (i != OUT_COEFFICIENTS && i != OUT_NORMS && i != OUT_SCORES) {
      SET_VECTOR_ELT(out, i, Rf_allocVector(REALSXP, n_lambda));
    }
  }
  SET_VECTOR_ELT(out, OUT_COEFFICIENTS, Rf_allocMatrix(REALSXP, n_col, n_lambda));
  SET_VECTOR_ELT(out, OUT_NORMS, Rf_allocMatrix(REALSXP, n_row, n_lambda));
  SET_VECTOR_ELT(out, OUT_SCORES, Rf_allocMatrix(REALSXP, n_row, n_lambda));
  SET_VECTOR_ELT(out, OUT_STATUS, Rf_allocVector(INTSXP, n_lambda));
  SET_VECTOR_ELT(out, OUT_N_PASS, Rf_allocVector(INTSXP, n_lambda));
  path.n_lambda = n_lambda;
  path.max_passes = 0;
  path.reference = 0;
  path.lambda_max = 0;
  path.lambda = REAL(VECTOR_ELT(out, OUT_LAMBDA));
  path.intercept = REAL(VECTOR_ELT(out, OUT_INTERCEPT));
  path.beta = REAL(VECTOR_ELT(out, OUT_COEFFICIENTS));
  path.norm = REAL(VECTOR_ELT(out, OUT_NORMS));
  path.score = REAL(VECTOR_ELT(out, OUT_SCORES));
  path.loss = REAL(VECTOR_ELT(out, OUT_LOSS));
  path.df = REAL(VECTOR_ELT(out, OUT_DF));
  path.kkt = REAL(VECTOR_ELT(out, OUT_KKT));
  path.status = INTEGER(VECTOR_ELT(out, OUT_STATUS));
  path.n_pass = INTEGER(VECTOR_ELT(out, OUT_N_PASS));
  return path;
}

/* An element of a list, numeric(n), or NULL for NULL. */
static const double *lane_doubles(SEXP list, int k, R_xlen_t n, const char *what) {
  SEXP x = VECTOR_ELT(list, k);
  return Rf_isNull(x) ? NULL : nl_doubles(x, n, what);
}

/* One result: the list of out_names, but for lambda_max and what follows, and the task that
 * fills it. */
static nl_task new_task(SEXP out, const nl_tasks *tasks, int max_passes) {
  nl_task task = {0};
  task.path = new_path(out, tasks->n_lambda, tasks->design->n_col,
                       nl_penalty_n_row(tasks->penalty));
  task.path.max_passes = max_passes;
  task.lambda = REAL(VECTOR_ELT(out, OUT_LAMBDA));
  return task;
}

SEXP nl_r_open_tasks(nl_tasks *tasks, SEXP counts, SEXP offset, SEXP weights, SEXP lambda,
                     SEXP control) {
  const int n_task = (int)XLENGTH(counts);
  const R_xlen_t n = (R_xlen_t)tasks->design->n_obs;
  SEXP values = nl_element(lambda, "values");
  const double *floor = nl_doubles(nl_element(lambda, "floor"), n_task, "floor");
  tasks->link = nl_integer(control, "link") == 1 ? NL_SOFTPLUS : NL_LOG;
  tasks->tol = nl_number(control, "tol");
  tasks->n_lambda = Rf_isNull(values) ? nl_integer(lambda, "n") : (int)XLENGTH(values);
  tasks->ratio = Rf_isNull(values) ? nl_number(lambda, "ratio") : 0;
  tasks->n_task = n_task;
  tasks->task = (nl_task *)R_alloc((size_t)n_task, sizeof(nl_task));
  SEXP outs = PROTECT(Rf_allocVector(VECSXP, n_task));
  for (int k = 0; k < n_task; k++) {
    nl_task *task = tasks->task + k;
    SET_VECTOR_ELT(outs, k, Rf_mkNamed(VECSXP, out_names));
    *task = new_task(VECTOR_ELT(outs, k), tasks, nl_integer(control, "max_passes"));
    task->y = nl_doubles(VECTOR_ELT(counts, k), n, "counts");
    task->offset = lane_doubles(offset, k, n, "offset");
    task->prior = lane_doubles(weights, k, n, "weights");
    task->floor = floor[k];
    if (!Rf_isNull(values))
      nl_copy((size_t)tasks->n_lambda, nl_doubles(values, tasks->n_lambda, "lambda"),
              task->lambda);
  }
  nl_design_prepare(tasks->design, tasks->hook);
  tasks->pass = nl_setup_pass(tasks->design, tasks->hook);
  UNPROTECT(1);
  return outs;
}

void nl_r_close_tasks(SEXP outs, const nl_tasks *tasks) {
  for (int k = 0; k < tasks->n_task; k++) {
    const nl_task *task = tasks->task + k;
    SEXP out = VECTOR_ELT(outs, k);
    SET_VECTOR_ELT(out, OUT_LAMBDA_MAX, Rf_ScalarReal(task->path.lambda_max));
    SET_VECTOR_ELT(out, OUT_NULL_LOSS, Rf_ScalarReal(task->null_loss));
    SET_VECTOR_ELT(out, OUT_N_GRAM, Rf_ScalarInteger(task->n_gram));
    SET_VECTOR_ELT(out, OUT_N_ROUND, Rf_ScalarInteger(task->n_pass));
  }
}

/* K paths. blocks: see nl_r_design. counts: list of K numeric(n), some above zero where
 * weights are. offset, weights: lists of K numeric(n) or NULL. penalty: see nl_r_penalty.
 * lambda: list(values = numeric, decreasing, or NULL; n, ratio: the grid to make then; floor:
 * numeric(K): a lambda_max at or below it is rounding, and the grid starts at 1). control:
 * list(tol, max_passes, n_threads, progress, link: 0 log, 1 softplus, follow: 1 where the
 * paths differ little and are all fitted at the first one's lambdas). Returns a list of K. */
SEXP nl_r_paths(SEXP blocks, SEXP counts, SEXP offset, SEXP weights, SEXP penalty_list,
                SEXP lambda, SEXP control) {
  const size_t n = (size_t)XLENGTH(VECTOR_ELT(counts, 0));
  nl_design design = nl_r_design(blocks, n, nl_integer(control, "n_threads"));
  const nl_penalty penalty = nl_r_penalty(penalty_list, design.n_col);
  const nl_hook hook = nl_r_hook(nl_integer(control, "progress"));
  nl_tasks tasks = {0};
  tasks.design = &design;
  tasks.penalty = &penalty;
  tasks.hook = &hook;
  SEXP outs = PROTECT(nl_r_open_tasks(&tasks, counts, offset, weights, lambda, control));
  if (nl_integer(control, "follow")) {
    nl_paths_follow(&tasks);
  } else {
    nl_paths_each(&tasks);
  }
  nl_r_close_tasks(outs, &tasks);
  UNPROTECT(1);
  return outs;
}

/* The threads that the system would give this process; 0 without OpenMP. */
SEXP nl_r_threads(void) {
  return Rf_ScalarInteger(nl_has_threads() ? nl_available_threads() : 0);
}

/* The cost of only checking a path: one pass (linear predictor, exponential, gradient of
 * all columns) at each of its solutions, in lanes. For benchmarks; nothing is returned.
 * path: a group_lasso_path with the log link. */
SEXP nl_r_limit(SEXP path) {
  SEXP counts = nl_element(path, "counts"), beta = nl_element(path, "coefficients");
  SEXP blocks = nl_element(nl_element(path, "design"), "blocks");
  const R_xlen_t n = XLENGTH(counts);
  nl_design design = nl_r_design(blocks, (size_t)n, 1);
  const nl_hook hook = nl_r_hook(0);
  const int n_lambda = Rf_ncols(beta);
  const size_t n_col = (size_t)design.n_col;
  const double *b = nl_doubles(beta, (R_xlen_t)design.n_col * n_lambda, "coefficients");
  nl_pass_space pass = nl_setup_pass(&design, &hook);
  nl_state state[NL_LANES] = {{0}}, *states[NL_LANES];
  const nl_model *models[NL_LANES];
  nl_model model;
  int *all = nl_r_ints((size_t)design.n_block);
  nl_design_prepare(&design, &hook);
  for (int k = 0; k < design.n_block; k++) all[k] = 1;
  nl_model_init(&model, NL_LOG, &design, nl_doubles(counts, n, "counts"), NULL, NULL,
                nl_r_doubles((size_t)n), nl_r_doubles(n_col), nl_r_doubles((size_t)n),
                &pass);
  for (int v = 0; v < NL_LANES; v++) {
    state[v].beta = nl_r_doubles(n_col);
    state[v].gradient = nl_r_doubles(n_col);
    states[v] = state + v;
    models[v] = &model;
  }
  for (int l = 0; l < n_lambda; l += NL_LANES) {
    const int n_lane = n_lambda - l < NL_LANES ? n_lambda - l : NL_LANES;
    for (int v = 0; v < n_lane; v++)
      nl_copy(n_col, b + (size_t)(l + v) * n_col, state[v].beta);
    nl_model_pass(n_lane, models, states, all, NULL, &pass, &hook);
  }
  return R_NilValue;
}
