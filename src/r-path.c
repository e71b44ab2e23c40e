/* r-path.c: the fit of a path for R: unpack, allocate, call the core, pack. */
#include "linalg.h"
#include "r-util.h"
#include "setup.h"

/* ---- what comes in ----------------------------------------------------------------- */

/* penalty: list(size, rank: integer per group, column: integer (1-based), transform: list
 * of size x rank matrices, weight, scale: numeric per group, off:
 * numeric per column). */
static nl_penalty read_penalty(SEXP x, int n_col) {
  nl_penalty penalty;
  SEXP transform = nl_element(x, "transform");
  const int n_group = (int)XLENGTH(transform);
  const int *size = nl_integers(nl_element(x, "size"), n_group, "size");
  const int *rank = nl_integers(nl_element(x, "rank"), n_group, "rank");
  const int *given = nl_integers(nl_element(x, "column"), n_col, "column");
  int *start = nl_r_ints((size_t)n_group + 1),
      *theta_start = nl_r_ints((size_t)n_group + 1);
  int *column = nl_r_ints((size_t)n_col);
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
  for (int j = 0; j < n_col; j++) column[j] = given[j] - 1;
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
static nl_path new_path(SEXP out, int n_lambda, int n_col, int n_group) {
  nl_path path;
  for (int i = OUT_LAMBDA; i <= OUT_KKT; i++) {
    if (i != OUT_COEFFICIENTS && i != OUT_NORMS && i != OUT_SCORES) {
      SET_VECTOR_ELT(out, i, Rf_allocVector(REALSXP, n_lambda));
    }
  }
  SET_VECTOR_ELT(out, OUT_COEFFICIENTS, Rf_allocMatrix(REALSXP, n_col, n_lambda));
  SET_VECTOR_ELT(out, OUT_NORMS, Rf_allocMatrix(REALSXP, n_group, n_lambda));
  SET_VECTOR_ELT(out, OUT_SCORES, Rf_allocMatrix(REALSXP, n_group, n_lambda));
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

/* blocks: see nl_r_design. counts: numeric(n), some above zero. offset, weights:
 * numeric(n) or NULL. penalty: see read_penalty. lambda: list(values = numeric,
 * decreasing, or NULL; n, ratio: the grid to make then; floor: a lambda_max at or below
 * it is rounding, and the grid starts at 1). control: list(tol, max_passes, n_threads,
 * progress, link: 0 log, 1 softplus). */
SEXP nl_r_path(SEXP blocks, SEXP counts, SEXP offset, SEXP weights, SEXP penalty_list,
               SEXP lambda, SEXP control) {
  const R_xlen_t n = XLENGTH(counts);
  const double *y = nl_doubles(counts, n, "counts");
  const double *o = Rf_isNull(offset) ? NULL : nl_doubles(offset, n, "offset");
  const double *v = Rf_isNull(weights) ? NULL : nl_doubles(weights, n, "weights");
  SEXP values = nl_element(lambda, "values");
  const int n_lambda = Rf_isNull(values) ? nl_integer(lambda, "n") : (int)XLENGTH(values);
  nl_design design = nl_r_design(blocks, (size_t)n, nl_integer(control, "n_threads"));
  nl_penalty penalty = read_penalty(penalty_list, design.n_col);
  const nl_hook hook = nl_r_hook(nl_integer(control, "progress"));
  const double tol = nl_number(control, "tol");
  const nl_link link = nl_integer(control, "link") == 1 ? NL_SOFTPLUS : NL_LOG;

  SEXP out = PROTECT(Rf_mkNamed(VECSXP, out_names));
  nl_path path = new_path(out, n_lambda, design.n_col, penalty.n_group);
  nl_model model;
  nl_solver solver;
  nl_pipeline line;
  model.design = &design;
  for (int b = 0; b < design.n_block; b++) nl_block_prepare(design.block + b, &hook);
  nl_setup_pipeline(&line, &solver, &model, &penalty, n_lambda,
                    nl_setup_pass(&design, &hook), &hook);
  path.max_passes = nl_integer(control, "max_passes");
  nl_model_init(&model, link, &design, y, o, v, nl_r_doubles((size_t)n),
                nl_r_doubles((size_t)design.n_col), solver.kept, &solver.pass);

  double null_loss = 0;
  nl_path_null(&line, tol, &path, &null_loss);
  const int no_signal = !(path.lambda_max > nl_number(lambda, "floor"));
  double *grid = REAL(VECTOR_ELT(out, OUT_LAMBDA));
  if (Rf_isNull(values)) {
    nl_lambda_grid(no_signal ? 1 : path.lambda_max, nl_number(lambda, "ratio"), n_lambda,
                   grid);
  } else {
    nl_copy((size_t)n_lambda, nl_doubles(values, n_lambda, "lambda"), grid);
  }
  if (no_signal) path.lambda_max = path.reference = 0;
  nl_path_fit(&line, tol, &path);
  SET_VECTOR_ELT(out, OUT_LAMBDA_MAX, Rf_ScalarReal(path.lambda_max));
  SET_VECTOR_ELT(out, OUT_NULL_LOSS, Rf_ScalarReal(null_loss));
  SET_VECTOR_ELT(out, OUT_N_GRAM, Rf_ScalarInteger(solver.gram.n_built));
  SET_VECTOR_ELT(out, OUT_N_ROUND, Rf_ScalarInteger(solver.n_pass));
  UNPROTECT(1);
  return out;
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
  for (int k = 0; k < design.n_block; k++) {
    nl_block_prepare(design.block + k, &hook);
    all[k] = 1;
  }
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
    nl_model_pass(n_lane, models, states, all, 0, NULL, &pass, &hook);
  }
  return R_NilValue;
}
