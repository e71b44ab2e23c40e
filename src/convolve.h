/* convolve.h: a signal convolved with kernels, within runs of rows: sessions.
 *
 * Row t of column j is the sum over k of kernel[k, j] x[t - first_lag - k], for k = 0 ..
 * window - 1. Lags above 0 are the past. A row whose window reaches beyond its run, or
 * holds a NaN, is missing. */
#ifndef NL_CONVOLVE_H
#define NL_CONVOLVE_H

#include "nl.h"

typedef struct {
  size_t n_obs;
  const double *x;  /* n_obs */
  int n_run;        /* rows start[r] .. start[r + 1] - 1 are run r */
  const int *start; /* n_run + 1: from 0 to n_obs, increasing */
  int window;
  int first_lag; /* of the kernels' first row */
  int n_col;
  const double *kernel; /* window x n_col */
} nl_convolution;

/* missing (n_obs): 1 for the rows that are, 0 for the others. Returns how many are. */
size_t nl_convolve_missing(const nl_convolution *convolution, unsigned char *missing);

/* out (n_obs x n_col): for every value of the signal that is not zero, each kernel from its
 * first to its last value that is not zero, times it: at most (nonzeros) x window x n_col
 * multiplications. Terms of a row are
 * added from the earliest value on, so equal windows give equal bits. What missing rows
 * get is not meant to be read. */
void nl_convolve(const nl_convolution *convolution, double *out, const nl_hook *hook);

#endif
