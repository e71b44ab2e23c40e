/* design.h: all blocks of a fit, and what one pass over the rows can return. Rows go
 * through in chunks that stay in cache. */
#ifndef NL_DESIGN_H
#define NL_DESIGN_H

#include "block.h"

enum { NL_CHUNK = 256 }; /* rows at a time */

typedef struct {
  size_t n_obs;
  int n_block;
  int n_col;            /* columns of all blocks */
  int n_ext;            /* extended columns of all blocks */
  int n_entry;          /* nonzeros of a row over all local blocks */
  int n_dense;          /* columns of all dense blocks */
  nl_block *block;      /* n_block */
  int *start;           /* n_block + 1: first column of each block */
  int *ext_start;       /* n_block + 1: first extended column of each block */
  int *entry_start;     /* n_block + 1: nonzeros of a row before each block */
  int *block_of_column; /* n_col */
} nl_design;

/* Fills the derived fields from block[0 .. n_block - 1]; start, ext_start and entry_start
 * point to n_block + 1 ints. Then block_of_column can be given n_col ints, for
 * nl_design_index_columns. */
void nl_design_measure(nl_design *design);
void nl_design_index_columns(nl_design *design);

/* Writes coefficients (n_col) in extended columns (n_ext); on[b] != 0 for the blocks that
 * have a coefficient that is not zero. */
void nl_design_extend(const nl_design *design, const double *coefficients, double *ext,
                      int *on);
/* eta (n) += X b over rows row .. row + n - 1 and the blocks that are on. */
void nl_design_add_eta(const nl_design *design, const int *on, const double *ext,
                       size_t row, int n, double *eta);
/* ext (n_ext) += X'r over rows row .. row + n - 1 for the blocks that are on. */
void nl_design_add_gradient(const nl_design *design, const int *on, const double *r,
                            size_t row, int n, double *ext);
/* gradient (n_col): the columns of the blocks that are on become their folded extended
 * ones. */
void nl_design_fold(const nl_design *design, const int *on, const double *ext,
                    double *gradient);

/* sums (n_col): X'r over all rows, for the blocks that are on. r: n_obs; ext: n_ext,
 * scratch. */
void nl_design_column_sums(const nl_design *design, const int *on, const double *r,
                           double *ext, double *sums, const nl_hook *hook);
/* Sets the extended columns of the blocks that are on to zero. */
void nl_design_clear(const nl_design *design, const int *on, double *ext);
/* Rows of the chunk that starts at row. */
int nl_design_chunk(const nl_design *design, size_t row);
/* What the centring of dense columns takes off the linear predictor: centre'coefficients.
 */
double nl_design_centre_shift(const nl_design *design, const double *coefficients);

/* A list of blocks for cross products: dense blocks first, then local ones; of either
 * kind, the blocks that are `old` to a Gram before those that are fresh. */
typedef struct {
  const int *block; /* n_all block numbers */
  int n_all;
  int n_dense; /* the first n_dense are dense */
  int old_dense;
  int old_local;
} nl_block_list;

/* Whether position i of the list is fresh. */
int nl_list_is_fresh(const nl_block_list *list, int i);

/* Weighted cross products of every block of the list with every fresh one, in extended
 * columns: raw[row_at[i] + ., column_at[j] + .] += X_i' W X_j,  row_at[i], column_at[j]:
 * where position i has its first row and fresh position j its first column; the rows of
 * dense blocks follow each other. Of two fresh blocks only the pair with i <= j is
 * computed. weight: n_obs, not negative. raw has leading dimension ld. scratch:
 * nl_cross_scratch(design) doubles; index: NL_CHUNK * n_entry ints. */
size_t nl_cross_scratch(const nl_design *design);
void nl_design_cross(const nl_design *design, const nl_block_list *list,
                     const int *row_at, const int *column_at, const double *weight,
                     double *raw, int ld, double *scratch, int *index,
                     const nl_hook *hook);

#endif
