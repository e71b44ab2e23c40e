/* block.h: the columns of one covariate, in the storage that suits them, behind one set
 * of operations: add X b to eta, collect X'r, list the nonzeros of a row.
 *
 * Two kinds:
 *   dense  an n_obs x n_col matrix, as the user gave it, through BLAS;
 *   local  the row-wise product of one to NL_MAX_FACTOR factors; a factor's row has
 * `width` neighbouring nonzeros (B-splines, raised cosines, factors with width 1, place
 * fields as products). A row of the product has runs of neighbouring nonzeros.
 *
 * Local blocks work in *extended* columns: a periodic factor of n_col columns gets width
 * - 1 more at its end, which stand for its first ones, so that a run never wraps.
 * `extend` writes coefficients in extended columns, `fold` sums extended columns back.
 * For dense and for non-periodic blocks both are copies.
 *
 * A new storage implements these seven functions and nothing else. */
#ifndef NL_BLOCK_H
#define NL_BLOCK_H

#include "nl.h"

enum { NL_MAX_FACTOR = 4, NL_MAX_RUN = 1024 };

typedef enum { NL_DENSE, NL_LOCAL } nl_block_kind;

typedef struct {
  const int *first;     /* n_obs, 0-based first column; NULL: 0 in every row */
  const double *values; /* width x n_obs */
  int width;
  int n_col;
  int n_ext; /* n_col, + width - 1 where the factor is periodic */
} nl_factor;

typedef struct {
  nl_block_kind kind;
  size_t n_obs;
  int n_col; /* columns, the product over factors */
  int n_ext; /* extended columns */
  /* dense */
  const double *x;      /* n_obs x n_col */
  const double *centre; /* n_col: the block stands for x - 1 centre'; may be NULL */
  /* local */
  int n_factor;
  nl_factor factor[NL_MAX_FACTOR]; /* the last one varies fastest over columns */
  int n_entry;                     /* nonzeros in a row: product of widths */
} nl_block;

/* ext (n_ext) from coefficients (n_col). */
void nl_block_extend(const nl_block *block, const double *coefficients, double *ext);
/* coefficients (n_col) += ext (n_ext), summed back. */
void nl_block_fold(const nl_block *block, const double *ext, double *coefficients);
/* The column (0 .. n_col - 1) that extended column `ext` stands for. */
int nl_block_column(const nl_block *block, int ext);

/* Rows row .. row + n - 1: eta (n) += X b, with b extended. */
void nl_block_add_eta(const nl_block *block, size_t row, int n, const double *ext,
                      double *eta);
/* Rows row .. row + n - 1: ext (n_ext) += X'r, r of length n. */
void nl_block_add_gradient(const nl_block *block, size_t row, int n, const double *r,
                           double *ext);

/* Local only. Rows row .. row + n - 1: extended columns and values of the nonzeros,
 * index and value: n_entry x n. */
void nl_block_entries(const nl_block *block, size_t row, int n, int *index,
                      double *value);
/* Dense only. Rows row .. row + n - 1 of scale[t] (x[t, ] - centre), n x n_col with
 * leading dimension ld. */
void nl_block_pack(const nl_block *block, size_t row, int n, const double *scale,
                   double *packed, int ld);

#endif
