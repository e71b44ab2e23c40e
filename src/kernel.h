/* kernel.h: the innermost loops over rows, all in lanes: eta += X b and ext += X'r for n
 * rows of each storage. ext: extended columns (block.h); eta, r: n in lanes. */
#ifndef NL_KERNEL_H
#define NL_KERNEL_H

#include "block.h"

/* eta = base + start, for n rows; start: NL_LANES. */
void nl_start_eta(int n, const double *base, const double *start, double *eta);
/* sums (NL_LANES) += x summed over n rows. */
void nl_sum_rows(int n, const double *x, double *sums);

/* x: column-major with leading dimension ld, its first row the first of the n. */
void nl_dense_eta(int n, int n_col, const double *x, size_t ld, const double *b,
                  double *eta);
void nl_dense_gradient(int n, int n_col, const double *x, size_t ld, const double *r,
                       double *ext);

void nl_table_eta(int n, const int *index, const double *ext, double *eta);
void nl_table_gradient(int n, const int *index, const double *r, double *ext);

/* values: width x n; cell: the first of `width` neighbouring extended columns. */
void nl_values_eta(int n, int width, const int *cell, const double *values,
                   const double *ext, double *eta);
void nl_values_gradient(int n, int width, const int *cell, const double *values,
                        const double *r, double *ext);

/* s: n; the features of a row are 1, s, ..., s^(width - 1), in extended columns cell *
 * width + 0 .. width - 1. */
void nl_powers_eta(int n, int width, const int *cell, const double *s, const double *ext,
                   double *eta);
void nl_powers_gradient(int n, int width, const int *cell, const double *s,
                        const double *r, double *ext);

/* The same for width 4 and the rows of one chunk sorted by cell: cell c's rows are order[
 * begin[c] .. begin[c + 1] - 1]. */
void nl_sorted_eta(int n_cell, const unsigned char *order, const uint16_t *begin,
                   const double *s, const double *ext, double *eta);
void nl_sorted_gradient(int n_cell, const unsigned char *order, const uint16_t *begin,
                        const double *s, const double *r, double *ext);

/* Sums of powers times rows of any number of columns: sums (ld x 4 n_cell) += s^k times row
 * order[i] of x (ld x rows; ld a multiple of four), for i = begin[c] .. begin[c + 1] - 1 and the
 * place s[i], into column 4 c + k. */
void nl_sorted_products(int n_cell, const unsigned char *order, const uint16_t *begin,
                        const double *s, const double *x, int ld, double *sums);

/* Width 4: the values (4 x n) of the columns that are not zero, from poly (4 x 4 x
 * cells). */
void nl_powers_values(int n, const int *cell, const double *s, const double *poly,
                      double *values);

/* Width 4: moments (8 x cells): sums over the n rows of a cell of weight s^k, k = 0 .. 6.
 */
void nl_powers_moments(int n, const int *cell, const double *s, const double *weight,
                       double *moments);

/* Rows row .. row + n - 1 of a product of factors. */
void nl_product_eta(const nl_block *block, size_t row, int n, const double *ext,
                    double *eta);
void nl_product_gradient(const nl_block *block, size_t row, int n, const double *r,
                         double *ext);

/* Entries of n rows, as nl_block_entries gives them; for nl_cross_four with one index a
 * row, the first of the four neighbours. */
typedef struct {
  const int *index;
  const double *value; /* n_entry x n */
  int n_entry;
} nl_entries;

/* Cross products of sparse rows with four neighbours a side: for n rows,
 * corner[index_a + ., index_b + .] += value_a weight value_b', and, where b2 is not NULL,
 * the same with b2 into corner2, in one sweep that hides the latency of either. */
void nl_cross_four(int n, const nl_entries *a, const nl_entries *b, double *corner,
                   const nl_entries *b2, double *corner2, const double *weight,
                   ptrdiff_t ld);
/* The same for one b, with the sums in registers while the neighbours stay the same, and
 * whether that is faster: their runs are two rows long on average. */
void nl_cross_runs(int n, const nl_entries *a, const nl_entries *b, double *corner,
                   const double *weight, ptrdiff_t ld);
int nl_runs_pay(int n, const nl_entries *a, const nl_entries *b);
/* Any rows. */
void nl_cross_any(int n, const nl_entries *a, const nl_entries *b, double *corner,
                  const double *weight, ptrdiff_t ld);

#endif
