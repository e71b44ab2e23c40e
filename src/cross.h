/* cross.h: weighted cross products X_i' W X_j of blocks, what a Gram is made of. Sparse
 * rows (local blocks, tables of them) are multiplied nonzero by nonzero; dense columns go
 * in strips (strips.h), splines of few columns in tiles (tiles.h). */
#ifndef NL_CROSS_H
#define NL_CROSS_H

#include "design.h"

/* The blocks that take part: `old` ones only against fresh ones, fresh ones against all.
 */
typedef struct {
  int n_block;       /* blocks that take part */
  const int *block;  /* n_block: their numbers */
  const int *fresh;  /* n_block: flags */
  const int *row;    /* n_block: the first row of a block in `out` */
  const int *column; /* n_block: the first column of a fresh block in `out` */
} nl_cross_list;

/* Threads share the rows of sparse blocks, where their sums are small, else the products;
 * dense columns always by products. */

/* Doubles and ints of scratch for a list, and for each thread. `most`: doubles that sums
 * in lanes may take; at least one strip's are needed. */
typedef struct {
  size_t n_raw;    /* sums of sparse blocks: wrapped columns, all x fresh, per copy */
  int n_copy;      /* one copy, or one per thread where these take little room */
  size_t n_strip;  /* sums of the strips of one batch, or of one tile of splines */
  size_t n_thread; /* entries and a strip, or the rows of a tile, per thread */
  size_t n_index;  /* ints, per thread: entries, and the first of each row */
  size_t n_entry;  /* the entries among them */
} nl_cross_need;
nl_cross_need nl_cross_needs(const nl_design *design, const nl_cross_list *list,
                             size_t most);

typedef struct {
  double *raw;     /* n_raw per copy */
  double *strip;   /* n_strip */
  double *entry;   /* n_thread per thread */
  int *index;      /* n_index per thread */
  double *fold;    /* n_col in lanes */
  double *scratch; /* n_scratch of the design */
} nl_cross_space;

/* What all kinds of products work on. */
typedef struct {
  const nl_design *design;
  const nl_cross_list *list;
  const double *weight; /* n_obs */
  nl_cross_need need;
  nl_cross_space *space;
  double *out; /* as of nl_cross */
  size_t ld;
} nl_cross_work;

/* Block i of a list; whether its rows have few nonzeros. */
const nl_block *nl_cross_block(const nl_design *design, const nl_cross_list *list, int i);
int nl_cross_is_sparse(const nl_block *block);

/* Writes X_k' W x into out, and its transpose, wherever these belong: x columns `column` to
 * `column` + n - 1 of block i, in the lanes of `folded` (n_col of block k in lanes) from
 * `lane` on. */
void nl_cross_write(const nl_cross_work *work, int i, int k, int column, int lane, int n,
                    const double *folded);

/* out[row[i] + ., column[j] + .] = X_i' W X_j for every block i of the list and every
 * fresh block j, in the columns of the design (dense ones centred). weight: n_obs, not
 * negative; rows of sparse blocks without a weight cost nothing. out has leading
 * dimension ld. */
void nl_cross(const nl_design *design, const nl_cross_list *list, const double *weight,
              double *out, size_t ld, size_t most, nl_cross_space *space,
              const nl_hook *hook);

/* Whether a block's own products come from nl_cross_spline. */
int nl_is_spline(const nl_block *block);
/* X'v (mean, n_col) and X' diag(v) X (second, n_col x n_col) of a block of one cubic
 * spline, from seven moments in each cell. moments: 8 x its cells, per thread. */
void nl_cross_spline(const nl_block *block, int n_thread, const double *v,
                     double *moments, double *mean, double *second, const nl_hook *hook);

#endif
