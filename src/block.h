/* block.h: the columns of one covariate, in the storage that suits them, behind one set
 * of operations in lanes: X b for a chunk of rows, X'r for a chunk of rows, the nonzeros
 * of a row.
 *
 * Three kinds:
 *
 * dense: an n_obs x n_col matrix, as the user gave it.
 *
 * local: the row-wise product of one to NL_MAX_FACTOR factors (B-splines, raised cosines,
 * place fields). A factor's row has a cell and `width` features: the values of neighbouring
 * columns, or, for splines, the powers 1, s, s^2, ... of the place s inside the cell, on
 * which every column is a polynomial: 9 bytes a row.
 *
 * table: an index and a block of the distinct rows (factors, pixels, whole seconds).
 *
 * Passes work in *extended* columns, in which a row is what is stored: features of a cell
 * (local), one row of the table (table), the columns themselves (dense). `extend` takes
 * coefficients there once per pass, `fold` brings sums back, so that the rows need
 * neither the polynomials nor the table.
 *
 * A new storage implements the functions below and nothing else. */
#ifndef NL_BLOCK_H
#define NL_BLOCK_H

#include "lanes.h"
#include "nl.h"

enum {
  NL_CHUNK = 256, /* most rows at a time */
  NL_MAX_FACTOR = 4,
  NL_MAX_RUN = 1024,
  NL_MAX_WIDTH = 32 /* most features of a factor of a product but its last */
};

typedef enum { NL_DENSE, NL_LOCAL, NL_TABLE } nl_block_kind;
typedef enum { NL_VALUES, NL_POWERS } nl_feature;

/* n_obs whole numbers from 0, one byte or four each; both NULL: 0 in every row. */
typedef struct {
  const unsigned char *byte;
  const int *wide;
} nl_cells;

typedef struct {
  nl_feature feature;
  nl_cells cell;
  const double *values;  /* VALUES: width x n_obs; POWERS: s, n_obs */
  int width;             /* features of a row */
  int n_cell;            /* POWERS only */
  const double *poly;    /* POWERS only: width x width x n_cell, [i, k, cell]: what s^k
                            counts for in column (poly_first[cell] + i) mod n_col */
  const int *poly_first; /* POWERS only: n_cell */
  /* POWERS only, NULL or of nl_block_prepare and nl_block_sort: the rows of a chunk sorted by cell, so
     that a cell's coefficients and sums stay in registers */
  unsigned char *order; /* n_obs: rows of the chunk */
  uint16_t *begin;      /* (n_cell + 1) x chunks: where each cell's rows begin */
  int n_col;
  int n_wrap; /* n_col, + width - 1 where the factor is periodic: runs that never wrap */
  int n_ext;  /* n_wrap (VALUES; the cell is the first of `width` neighbours), or
                 width * n_cell (POWERS) */
} nl_factor;

typedef struct nl_block {
  nl_block_kind kind;
  size_t n_obs;
  int n_col; /* columns, the product over factors */
  int n_ext; /* extended columns */
  /* dense, and table of a dense block */
  const double *centre; /* n_col: what the design takes off the columns; may be NULL */
  /* dense */
  const double *x; /* n_obs x n_col */
  /* local */
  int n_factor;
  nl_factor factor[NL_MAX_FACTOR]; /* the last one varies fastest over columns */
  /* local, and table of a local block */
  int n_wrap;  /* product over factors */
  int n_entry; /* nonzeros in a row: product of widths; 0 for dense columns */
  /* table */
  nl_cells index;               /* n_obs: a row's place in the table */
  const struct nl_block *table; /* the distinct rows: dense or local, n_ext of them */
  const int *entry_index;    /* n_entry x n_ext, NULL or made by nl_block_prepare: the */
  const double *entry_value; /* nonzeros of the table's rows */
} nl_block;

/* The numbers of rows row .. row + n - 1: from where they are, or from buffer (n). */
const int *nl_cells_read(const nl_cells *cells, size_t row, int n, int *buffer);

/* Makes what repeated passes over a block use, in memory of the host's that the block
 * then points to: the nonzeros of a table's rows; room for the chunks of a spline sorted
 * by cell, which nl_block_sort, once called for every chunk, fills. */
void nl_block_prepare(nl_block *block, const nl_hook *hook);
void nl_block_sort(nl_block *block, size_t row, int n);

/* Where the cells of the chunk that starts at `row` begin in its order. */
const uint16_t *nl_chunk_cells(const nl_factor *factor, size_t row);

/* Doubles of scratch that extend and fold need: the table's extended columns in lanes. */
size_t nl_block_scratch(const nl_block *block);
/* ext (n_ext in lanes) from coefficients (n_col in lanes). */
void nl_block_extend(const nl_block *block, const double *coefficients, double *ext,
                     double *scratch);
/* coefficients (n_col in lanes) += ext (n_ext in lanes), summed back. */
void nl_block_fold(const nl_block *block, const double *ext, double *coefficients,
                   double *scratch);

/* Asks the processor for what the two operations below read out of order of rows row ..
 * row + n - 1, so that it comes while another block is at work. */
void nl_block_fetch(const nl_block *block, size_t row, int n);
/* Rows row .. row + n - 1, within one chunk: eta (n in lanes) += X b, b extended. */
void nl_block_add_eta(const nl_block *block, size_t row, int n, const double *ext,
                      double *eta);
/* Rows row .. row + n - 1: ext (n_ext in lanes) += X'r, r n in lanes. */
void nl_block_add_gradient(const nl_block *block, size_t row, int n, const double *r,
                           double *ext);

/* The nonzeros (n_entry > 0 only) of rows row + pick[0 .. n - 1], below row + NL_CHUNK:
 * index and value, n_entry x n; index counts wrapped columns, and the last factor's are
 * neighbours. */
void nl_block_entries(const nl_block *block, size_t row, int n, const int *pick,
                      int *index, double *value);
/* Of blocks whose rows are one run of neighbours each, the same with the first of them only:
 * first, n. */
int nl_block_has_runs(const nl_block *block);
void nl_block_runs(const nl_block *block, size_t row, int n, const int *pick, int *first,
                   double *value);
/* The column (0 .. n_col - 1) that a wrapped column stands for. */
int nl_block_column(const nl_block *block, int wrapped);
/* Dense columns only. Columns column .. column + NL_LANES - 1 (zero beyond the last) of
 * rows row .. row + n - 1, centred, times scale[t]: out (n in lanes). */
void nl_block_strip(const nl_block *block, size_t row, int n, int column,
                    const double *scale, double *out);

#endif
