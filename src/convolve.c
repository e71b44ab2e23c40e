/* convolve.c: see convolve.h. */
#include "convolve.h"

#include <math.h>
#include <string.h>

typedef struct {
  ptrdiff_t begin, end; /* the rows begin .. end - 1 */
} row_range;

static row_range meet(row_range a, row_range b) {
  const row_range both = {a.begin > b.begin ? a.begin : b.begin,
                          a.end < b.end ? a.end : b.end};
  return both;
}

static row_range run_rows(const nl_convolution *c, int run) {
  const row_range rows = {c->start[run], c->start[run + 1]};
  return rows;
}

/* The rows of a run whose whole window is in it. */
static row_range whole_rows(const nl_convolution *c, row_range run) {
  const ptrdiff_t first = c->first_lag, last = first + c->window - 1;
  const row_range rows = {run.begin + last, run.end + first};
  return meet(run, rows);
}

/* A kernel, or the part of one that is not zero: `n` values from lag `lag` on. */
typedef struct {
  const double *value;
  ptrdiff_t lag;
  ptrdiff_t n;
} kernel_part;

static kernel_part nonzero_part(const nl_convolution *c, int column) {
  const double *kernel = c->kernel + (size_t)column * (size_t)c->window;
  ptrdiff_t low = 0, high = c->window;
  while (high > low && kernel[high - 1] == 0) high--;
  while (low < high && kernel[low] == 0) low++;
  const kernel_part part = {kernel + low, c->first_lag + low, high - low};
  return part;
}

/* The n rows that row s reaches from a lag on. */
static row_range reached_from(ptrdiff_t s, ptrdiff_t lag, ptrdiff_t n) {
  const row_range rows = {s + lag, s + lag + n};
  return rows;
}

static void set_rows(unsigned char *missing, row_range rows, int value) {
  if (rows.end > rows.begin)
    memset(missing + rows.begin, value, (size_t)(rows.end - rows.begin));
}

size_t nl_convolve_missing(const nl_convolution *c, unsigned char *missing) {
  size_t n = 0;
  memset(missing, 1, c->n_obs);
  for (int r = 0; r < c->n_run; r++) {
    const row_range run = run_rows(c, r), whole = whole_rows(c, run);
    ptrdiff_t done = whole.begin; /* a NaN's rows are marked once, not once for each */
    set_rows(missing, whole, 0);
    for (ptrdiff_t s = run.begin; s < run.end; s++) {
      if (!isnan(c->x[s])) continue;
      row_range rows = meet(whole, reached_from(s, c->first_lag, c->window));
      if (rows.begin < done) rows.begin = done;
      set_rows(missing, rows, 1);
      if (rows.end > done) done = rows.end;
    }
  }
  for (size_t t = 0; t < c->n_obs; t++) n += missing[t];
  return n;
}

/* to (n) += x kernel (n) */
static void add_kernel(ptrdiff_t n, double x, const double *restrict kernel,
                       double *restrict to) {
  for (ptrdiff_t k = 0; k < n; k++) to[k] += x * kernel[k];
}

static void convolve_run(const nl_convolution *c, row_range run,
                         const kernel_part *kernel, double *out) {
  const row_range whole = whole_rows(c, run);
  for (ptrdiff_t s = run.begin; s < run.end; s++) {
    const double x = c->x[s];
    if (x == 0) continue; /* a NaN's rows are missing: whatever they get */
    const row_range all = reached_from(s, kernel->lag, kernel->n);
    const row_range rows = meet(whole, all);
    if (rows.end <= rows.begin) continue;
    add_kernel(rows.end - rows.begin, x, kernel->value + (rows.begin - all.begin),
               out + rows.begin);
  }
}

void nl_convolve(const nl_convolution *c, double *out, const nl_hook *hook) {
  memset(out, 0, c->n_obs * (size_t)c->n_col * sizeof *out);
  for (int j = 0; j < c->n_col; j++) {
    const kernel_part kernel = nonzero_part(c, j);
    double *column = out + (size_t)j * c->n_obs;
    nl_check(hook);
    for (int r = 0; r < c->n_run; r++) convolve_run(c, run_rows(c, r), &kernel, column);
  }
}
