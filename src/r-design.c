/* r-design.c: blocks for R: as a matrix, times coefficients, and their moments. */
#include <R.h>
#include <math.h>

#include "cross.h"
#include "distinct.h"
#include "linalg.h"
#include "r-util.h"
#include "setup.h"

static size_t read_n_obs(SEXP n_obs) { return (size_t)Rf_asReal(n_obs); }

/* A value that small against the largest of its row is the rounding of a zero. */
#define NL_ROUNDED_ZERO 1e-15

static void expand_sparse(const nl_block *block, size_t n, int *index, double *value,
                          double *corner) {
  const int none = 0;
  for (size_t t = 0; t < n; t++) {
    nl_block_entries(block, t, 1, &none, index, value);
    int missing = 0;
    double largest = 0;
    for (int i = 0; i < block->n_entry; i++) {
      missing |= ISNAN(value[i]) != 0;
      if (fabs(value[i]) > largest) largest = fabs(value[i]);
    }
    if (missing) { /* a row that is NA is NA in every column */
      for (int j = 0; j < block->n_col; j++) corner[t + n * (size_t)j] = NA_REAL;
      continue;
    }
    for (int i = 0; i < block->n_entry; i++) {
      if (fabs(value[i]) > NL_ROUNDED_ZERO * largest)
        corner[t + n * (size_t)nl_block_column(block, index[i])] += value[i];
    }
  }
}

static void expand_dense(const nl_block *block, size_t n, double *corner) {
  const nl_block *rows = block->kind == NL_TABLE ? block->table : block;
  for (size_t t = 0; t < n; t++) {
    int buffer;
    const size_t at = block->kind == NL_TABLE
                          ? (size_t)*nl_cells_read(&block->index, t, 1, &buffer)
                          : t;
    for (int j = 0; j < block->n_col; j++)
      corner[t + n * (size_t)j] = rows->x[at + (size_t)j * rows->n_obs];
  }
}

/* The blocks as an n_obs x n_col matrix. */
SEXP nl_r_expand(SEXP blocks, SEXP n_obs) {
  const size_t n = read_n_obs(n_obs);
  nl_design design = nl_r_design(blocks, n, 1);
  SEXP out = PROTECT(Rf_allocMatrix(REALSXP, (int)n, design.n_col));
  int most = 1;
  for (int b = 0; b < design.n_block; b++) {
    if (design.block[b].n_entry > most) most = design.block[b].n_entry;
  }
  int *index = nl_r_ints((size_t)most);
  double *value = nl_r_doubles((size_t)most);
  nl_fill(n * (size_t)design.n_col, 0, REAL(out));
  for (int b = 0; b < design.n_block; b++) {
    const nl_block *block = design.block + b;
    double *corner = REAL(out) + n * (size_t)design.start[b];
    if (block->n_entry > 0) {
      expand_sparse(block, n, index, value, corner);
    } else {
      expand_dense(block, n, corner);
    }
  }
  UNPROTECT(1);
  return out;
}

/* What a chunk of X B needs, for up to NL_LANES of its columns: first, ... */
typedef struct {
  const nl_design *design;
  nl_pass_space space;
  int first, n_lane;
  void *more; /* of the chunk's own */
} set_work;

/* Calls chunk(a set_work *) for all rows and columns of B (n_col x n_set). */
static void for_sets(const nl_design *design, const double *b, int n_set,
                     nl_row_work chunk, void *more) {
  const nl_hook hook = nl_r_hook(0);
  const size_t n_col = (size_t)design->n_col;
  set_work work = {design, nl_setup_pass(design, &hook), 0, 0, more};
  for (int l = 0; l < n_set; l += NL_LANES) {
    double shift[NL_LANES];
    work.first = l;
    work.n_lane = n_set - l < NL_LANES ? n_set - l : NL_LANES;
    nl_fill(n_col * NL_LANES, 0, work.space.beta);
    for (int v = 0; v < work.n_lane; v++)
      nl_lane_set(n_col, b + (size_t)(l + v) * n_col, v, work.space.beta);
    nl_design_extend(design, &work.space, shift);
    nl_rows(design->n_obs, 1, chunk, &work, &hook);
  }
}

/* work->more: n_obs x n_set, filled. */
static void predictor_chunk(void *data, int thread, size_t row, int n) {
  const set_work *work = (const set_work *)data;
  double *eta = work->space.thread[thread].eta;
  nl_fill((size_t)n * NL_LANES, 0, eta);
  nl_design_add_eta(work->design, work->space.on, work->space.ext, row, n, eta);
  for (int v = 0; v < work->n_lane; v++)
    nl_lane_get(
        (size_t)n, eta, v,
        (double *)work->more + work->design->n_obs * (size_t)(work->first + v) + row);
}

/* X B: n_obs x L, for coefficients B (n_col x L). */
SEXP nl_r_predictor(SEXP blocks, SEXP n_obs, SEXP coefficients) {
  const size_t n = read_n_obs(n_obs);
  nl_design design = nl_r_design(blocks, n, 1);
  const int n_set = Rf_ncols(coefficients);
  const double *b =
      nl_doubles(coefficients, (R_xlen_t)design.n_col * n_set, "coefficients");
  SEXP out = PROTECT(Rf_allocMatrix(REALSXP, (int)n, n_set));
  for_sets(&design, b, n_set, predictor_chunk, REAL(out));
  UNPROTECT(1);
  return out;
}

/* The data and sums of log-likelihoods. */
typedef struct {
  const double *intercept;       /* n_set */
  const double *offset, *v, *vy; /* n_obs: prior weights, and times the counts */
  double *sum;                   /* n_set, filled */
} likelihood_work;

static void likelihood_chunk(void *data, int thread, size_t row, int n) {
  const set_work *work = (const set_work *)data;
  const likelihood_work *own = (const likelihood_work *)work->more;
  double *eta = work->space.thread[thread].eta, sum[NL_LANES] = {0};
  double intercept[NL_LANES] = {0};
  for (int v = 0; v < work->n_lane; v++) intercept[v] = own->intercept[work->first + v];
  for (int t = 0; t < n; t++) {
    for (int v = 0; v < NL_LANES; v++)
      eta[t * NL_LANES + v] = own->offset[row + (size_t)t] + intercept[v];
  }
  nl_design_add_eta(work->design, work->space.on, work->space.ext, row, n, eta);
  for (int t = 0; t < n; t++) {
    const double vy = own->vy[row + (size_t)t];
    if (!(vy > 0)) continue;
    for (int v = 0; v < NL_LANES; v++) sum[v] += vy * eta[t * NL_LANES + v];
  }
  nl_exp(n * NL_LANES, eta);
  for (int t = 0; t < n; t++) {
    const double weight = own->v[row + (size_t)t];
    if (!(weight > 0)) continue;
    for (int v = 0; v < NL_LANES; v++) sum[v] -= weight * eta[t * NL_LANES + v];
  }
  for (int v = 0; v < work->n_lane; v++) own->sum[work->first + v] += sum[v];
}

/* sum_t v (y log mu - mu), mu = exp(offset + intercept + X b), of each of L models: numeric(L).
 * intercept: L; coefficients: n_col x L; offset, v, vy: n_obs, vy = v y. */
SEXP nl_r_likelihood(SEXP blocks, SEXP coefficients, SEXP intercept, SEXP offset, SEXP v,
                     SEXP vy) {
  const R_xlen_t n = XLENGTH(offset);
  nl_design design = nl_r_design(blocks, (size_t)n, 1);
  const int n_set = Rf_ncols(coefficients);
  const double *b =
      nl_doubles(coefficients, (R_xlen_t)design.n_col * n_set, "coefficients");
  SEXP out = PROTECT(Rf_allocVector(REALSXP, n_set));
  nl_fill((size_t)n_set, 0, REAL(out));
  likelihood_work work = {nl_doubles(intercept, n_set, "intercept"),
                          nl_doubles(offset, n, "offset"), nl_doubles(v, n, "v"),
                          nl_doubles(vy, n, "vy"), REAL(out)};
  for_sets(&design, b, n_set, likelihood_chunk, &work);
  UNPROTECT(1);
  return out;
}

static void cross_moments(nl_design *design, const double *v, double *mean,
                          double *second, const nl_hook *hook) {
  const size_t most = (size_t)1 << 20, p = (size_t)design->n_col;
  int *number = nl_r_ints((size_t)design->n_block),
      *on = nl_r_ints((size_t)design->n_block);
  const nl_cross_list list = {design->n_block, number, on, design->start, design->start};
  nl_pass_space pass = nl_setup_pass(design, hook);
  for (int b = 0; b < design->n_block; b++) {
    number[b] = b;
    on[b] = 1;
  }
  nl_design_prepare(design, hook);
  nl_design_column_sums(design, on, v, &pass, mean, hook);
  for (int b = 0; b < design->n_block; b++) {
    if (design->block[b].n_entry == 0) design->block[b].centre = mean + design->start[b];
  }
  const nl_cross_need need = nl_cross_needs(design, &list, most);
  const size_t n_thread = (size_t)design->n_thread;
  nl_cross_space space = {nl_r_doubles(need.n_raw * (size_t)need.n_copy),
                          nl_r_doubles(need.n_strip),
                          nl_r_doubles(need.n_thread * n_thread),
                          nl_r_ints(need.n_index * n_thread),
                          nl_r_doubles(p * NL_LANES),
                          pass.scratch};
  nl_cross(design, &list, v, second, p, most, &space, hook);
}

/* Takes mean mean' off the products of columns that were not centred. */
static void centre_products(const nl_design *design, const double *mean, double *second) {
  const int p = design->n_col;
  for (int j = 0; j < p; j++) {
    if (design->block[design->block_of_column[j]].n_entry == 0) continue;
    for (int i = 0; i < p; i++) {
      if (design->block[design->block_of_column[i]].n_entry > 0)
        second[i + (size_t)j * (size_t)p] -= mean[i] * mean[j];
    }
  }
}

/* Weighted means (n_col) and covariance (n_col x n_col) of all blocks' columns, with
 * weights that sum to one: mean = X'v, second = X' diag(v) X - mean mean'. Dense columns
 * are centred first, so that a large mean costs no digits. */
SEXP nl_r_moments(SEXP blocks, SEXP n_obs, SEXP weights, SEXP n_threads) {
  const char *names[] = {"mean", "second", ""};
  const size_t n = read_n_obs(n_obs);
  nl_design design = nl_r_design(blocks, n, Rf_asInteger(n_threads));
  const double *v = nl_doubles(weights, (R_xlen_t)n, "weights");
  const nl_hook hook = nl_r_hook(0);
  const int p = design.n_col;
  SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, p));
  SET_VECTOR_ELT(out, 1, Rf_allocMatrix(REALSXP, p, p));
  double *mean = REAL(VECTOR_ELT(out, 0)), *second = REAL(VECTOR_ELT(out, 1));
  if (design.n_block == 1 && nl_is_spline(design.block)) {
    const size_t size = 8 * (size_t)design.block->factor->n_cell;
    nl_cross_spline(design.block, design.n_thread, v,
                    nl_r_doubles(size * (size_t)design.n_thread), mean, second, &hook);
  } else {
    cross_moments(&design, v, mean, second, &hook);
  }
  centre_products(&design, mean, second);
  UNPROTECT(1);
  return out;
}

/* columns: a list of numeric vectors or matrices with n rows each. NULL if more than
 * `limit` rows are different; else list(index: each row's number from 0, raw where a byte
 * holds it; first: the row, from 1, in which a number first appears). */
SEXP nl_r_distinct(SEXP columns, SEXP n_obs, SEXP limit) {
  const char *names[] = {"index", "first", ""};
  const size_t n = read_n_obs(n_obs);
  const int most = Rf_asInteger(limit);
  size_t n_slot = 64;
  int n_col = 0;
  while (n_slot < 4 * (size_t)most) n_slot *= 2;
  for (R_xlen_t i = 0; i < XLENGTH(columns); i++)
    n_col += n > 0 ? (int)((size_t)XLENGTH(VECTOR_ELT(columns, i)) / n) : 0;
  const double **column = (const double **)R_alloc((size_t)n_col + 1, sizeof(double *));
  int j = 0;
  for (R_xlen_t i = 0; i < XLENGTH(columns); i++) {
    SEXP x = VECTOR_ELT(columns, i);
    const double *values = nl_doubles(x, XLENGTH(x), "columns");
    for (size_t k = 0; n > 0 && k < (size_t)XLENGTH(x) / n; k++)
      column[j++] = values + k * n;
  }
  int *index = nl_r_ints(n), *first = nl_r_ints((size_t)most);
  const int found =
      nl_distinct(n, n_col, column, most, index, first, nl_r_ints(n_slot), n_slot);
  if (found < 0) return R_NilValue;
  SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(out, 0, nl_r_cells(n, index, found - 1));
  SET_VECTOR_ELT(out, 1, Rf_allocVector(INTSXP, found));
  for (int i = 0; i < found; i++) INTEGER(VECTOR_ELT(out, 1))[i] = first[i] + 1;
  UNPROTECT(1);
  return out;
}
