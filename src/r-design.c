/* r-design.c: blocks for R: as a matrix, times coefficients, and their moments. */
#include <R.h>

#include "linalg.h"
#include "r-util.h"

static size_t read_n_obs(SEXP n_obs) { return (size_t)Rf_asReal(n_obs); }

/* The block as an n_obs x n_col matrix. */
SEXP nl_r_expand(SEXP blocks, SEXP n_obs) {
  const size_t n = read_n_obs(n_obs);
  nl_design design = nl_r_design(blocks, n);
  SEXP out = PROTECT(Rf_allocMatrix(REALSXP, (int)n, design.n_col));
  double *x = REAL(out);
  nl_fill(n * (size_t)design.n_col, 0, x);
  int *index = nl_r_ints((size_t)design.n_entry);
  double *value = nl_r_doubles((size_t)design.n_entry);
  for (int b = 0; b < design.n_block; b++) {
    const nl_block *block = design.block + b;
    double *corner = x + n * (size_t)design.start[b];
    if (block->kind == NL_DENSE) {
      nl_copy(n * (size_t)block->n_col, block->x, corner);
      continue;
    }
    for (size_t t = 0; t < n; t++) {
      nl_block_entries(block, t, 1, index, value);
      if (ISNAN(value[0])) { /* a row that is NA is NA in every column */
        for (int j = 0; j < block->n_col; j++) corner[t + n * (size_t)j] = NA_REAL;
        continue;
      }
      for (int i = 0; i < block->n_entry; i++) {
        corner[t + n * (size_t)nl_block_column(block, index[i])] += value[i];
      }
    }
  }
  UNPROTECT(1);
  return out;
}

/* X B: n_obs x L, for coefficients B (n_col x L). */
SEXP nl_r_predictor(SEXP blocks, SEXP n_obs, SEXP coefficients) {
  const size_t n = read_n_obs(n_obs);
  nl_design design = nl_r_design(blocks, n);
  const int n_set = Rf_ncols(coefficients);
  const double *b =
      nl_doubles(coefficients, (R_xlen_t)design.n_col * n_set, "coefficients");
  SEXP out = PROTECT(Rf_allocMatrix(REALSXP, (int)n, n_set));
  double *ext = nl_r_doubles((size_t)design.n_ext);
  int *on = nl_r_ints((size_t)design.n_block);
  nl_fill(n * (size_t)n_set, 0, REAL(out));
  for (int l = 0; l < n_set; l++) {
    double *eta = REAL(out) + n * (size_t)l;
    R_CheckUserInterrupt();
    nl_design_extend(&design, b + (size_t)l * (size_t)design.n_col, ext, on);
    for (size_t row = 0; row < n; row += NL_CHUNK) {
      nl_design_add_eta(&design, on, ext, row, nl_design_chunk(&design, row), eta + row);
    }
  }
  UNPROTECT(1);
  return out;
}

/* Weighted means (n_col) and covariance (n_col x n_col) of one block, with weights that
 * sum to one: mean = X'v, second = X' diag(v) X - mean mean'. Dense columns are centred
 * first, so that a large mean costs no digits. */
SEXP nl_r_moments(SEXP blocks, SEXP n_obs, SEXP weights) {
  const char *names[] = {"mean", "second", ""};
  const size_t n = read_n_obs(n_obs);
  nl_design design = nl_r_design(blocks, n);
  const double *v = nl_doubles(weights, (R_xlen_t)n, "weights");
  const nl_hook hook = nl_r_hook(0);
  const int p = design.n_col, p_ext = design.n_ext, b0 = 0;
  SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, p));
  SET_VECTOR_ELT(out, 1, Rf_allocMatrix(REALSXP, p, p));
  double *mean = REAL(VECTOR_ELT(out, 0)), *second = REAL(VECTOR_ELT(out, 1));
  double *ext = nl_r_doubles((size_t)p_ext),
         *raw = nl_r_doubles((size_t)p_ext * (size_t)p_ext);
  const int on = 1, at = 0;
  const int is_dense = design.block[0].kind == NL_DENSE;
  const nl_block_list list = {&b0, 1, is_dense, 0, 0};
  nl_design_column_sums(&design, &on, v, ext, mean, &hook);
  if (is_dense) design.block[0].centre = mean;
  nl_fill((size_t)p_ext * (size_t)p_ext, 0, raw);
  nl_design_cross(&design, &list, &at, &at, v, raw, p_ext,
                  nl_r_doubles(nl_cross_scratch(&design)),
                  nl_r_ints((size_t)NL_CHUNK * (size_t)design.n_entry), &hook);
  for (int j = 0; j < p; j++) {
    for (int i = 0; i < p; i++) {
      second[i + (size_t)j * (size_t)p] = is_dense ? 0 : -mean[i] * mean[j];
    }
  }
  for (int l = 0; l < p_ext; l++) {
    const int column = nl_block_column(design.block, l);
    for (int k = 0; k < p_ext; k++) {
      const int row = nl_block_column(design.block, k);
      second[row + (size_t)column * (size_t)p] += raw[k + (size_t)l * (size_t)p_ext];
    }
  }
  UNPROTECT(1);
  return out;
}
