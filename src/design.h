/* design.h: all blocks of a fit, and the pieces of a pass over the rows: from
 * coefficients to extended columns, X b and X'r of a chunk, and back. All in lanes. */
#ifndef NL_DESIGN_H
#define NL_DESIGN_H

#include "rows.h"

typedef struct {
  size_t n_obs;
  int n_block;
  int n_col;            /* columns of all blocks */
  int n_ext;            /* extended columns of all blocks */
  size_t n_scratch;     /* doubles that extend and fold need */
  int n_thread;         /* threads a pass may use */
  nl_block *block;      /* n_block */
  int *start;           /* n_block + 1: first column of each block */
  int *ext_start;       /* n_block + 1: first extended column of each block */
  int *block_of_column; /* n_col */
} nl_design;

/* Fills the derived fields from block[0 .. n_block - 1]; start and ext_start point to
 * n_block + 1 ints. Then block_of_column can be given n_col ints, for
 * nl_design_index_columns. */
void nl_design_measure(nl_design *design);
void nl_design_index_columns(nl_design *design);

/* Makes what repeated passes use (nl_block_prepare) of all blocks. */
void nl_design_prepare(const nl_design *design, const nl_hook *hook);

/* Parts of the rows in a pass (rows.h), each with sums of its own: rounds of them where
 * the sums take little memory. */
int nl_design_parts(const nl_design *design);

/* Space of one part for a pass. */
typedef struct {
  double *ext;            /* n_ext in lanes: X'r of its rows */
  double *eta;            /* NL_CHUNK in lanes */
  double total[NL_LANES]; /* sums over its rows, see link.h */
  double slope[NL_LANES];
  double loss[NL_LANES];
} nl_thread_space;

/* Space for a pass, owned by the caller. */
typedef struct {
  double *beta;            /* n_col in lanes */
  double *ext;             /* n_ext in lanes: beta extended */
  double *sums;            /* n_col in lanes: X'r */
  double *scratch;         /* n_scratch */
  int *on;                 /* n_block: blocks with a coefficient that is not zero */
  nl_thread_space *thread; /* for each of the nl_design_parts */
} nl_pass_space;

/* space->ext and space->on from space->beta; shift[v]: what the centring of dense columns
 * takes off lane v's linear predictor. */
void nl_design_extend(const nl_design *design, nl_pass_space *space,
                      double shift[NL_LANES]);
/* eta (n in lanes) += X b over rows row .. row + n - 1 and the blocks that are on. */
void nl_design_add_eta(const nl_design *design, const int *on, const double *ext,
                       size_t row, int n, double *eta);
/* ext (n_ext in lanes) += X'r over rows row .. row + n - 1 for the blocks wanted. */
void nl_design_add_gradient(const nl_design *design, const int *wanted, const double *r,
                            size_t row, int n, double *ext);
/* Before a pass: the threads' sums to zero. */
void nl_design_clear(const nl_design *design, const int *wanted, nl_pass_space *space);
/* After it: space->sums, for the columns of the blocks wanted. total[v]: sum of r over
 * all rows, for the centring. */
void nl_design_fold(const nl_design *design, const int *wanted,
                    const double total[NL_LANES], nl_pass_space *space);

/* sums (n_col): X'r over all rows, for the blocks wanted; r: n_obs. */
void nl_design_column_sums(const nl_design *design, const int *wanted, const double *r,
                           nl_pass_space *space, double *sums, const nl_hook *hook);

/* What X b costs per row and lane, and X'r as much again: in multiplications. */
double nl_block_cost(const nl_block *block);

#endif
