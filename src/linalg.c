/* linalg.c: see linalg.h. LAPACK is R's: Fortran, 32-bit sizes, column-major,
 * and hidden string lengths for character arguments (FCONE). Blocks have about ten
 * columns, so vectors of that length go through plain loops: a call would cost more than
 * the work. */
#include "linalg.h"

#include <math.h>
#include <string.h>

#include "lanes.h"

#ifndef USE_FC_LEN_T
#define USE_FC_LEN_T
#endif
#include <R_ext/Lapack.h>
#ifndef FCONE
#define FCONE
#endif

/* Four vectors of sums where they are long. */
NL_CLONES
double nl_dot(int n, const double *x, const double *y) {
  double sum = 0;
  int i = 0;
  if (n >= 4 * NL_VECTOR) {
    nl_v parts[4] = {0};
    for (; i + 4 * NL_VECTOR <= n; i += 4 * NL_VECTOR) {
      for (int k = 0; k < 4; k++) {
        parts[k] += *(const nl_v *)(x + i + k * NL_VECTOR) *
                    *(const nl_v *)(y + i + k * NL_VECTOR);
      }
    }
    double last[NL_VECTOR];
    *(nl_v *)last = (parts[0] + parts[1]) + (parts[2] + parts[3]);
    for (int k = 0; k < NL_VECTOR; k++) sum += last[k];
  }
  for (; i < n; i++) sum += x[i] * y[i];
  return sum;
}

double nl_norm(int n, const double *x) {
  double largest = 0, sum = 0;
  for (int i = 0; i < n; i++) {
    double a = fabs(x[i]);
    if (a > largest) largest = a;
    sum += a * a;
  }
  if (largest < 1e140 && (largest > 1e-140 || largest == 0)) return sqrt(sum);
  if (!isfinite(largest)) return largest;
  sum = 0;
  for (int i = 0; i < n; i++) sum += (x[i] / largest) * (x[i] / largest);
  return largest * sqrt(sum);
}

int nl_is_zero(int n, const double *x) {
  for (int i = 0; i < n; i++) {
    if (x[i] != 0) return 0;
  }
  return 1;
}

void nl_axpy(int n, double a, const double *x, double *y) {
  for (int i = 0; i < n; i++) y[i] += a * x[i];
}

/* Four columns at a time, in vectors: one sweep over y for the four. */
NL_CLONES
void nl_add_columns(int n, int n_col, const double *a, const double *x, size_t ld,
                    double *y) {
  int j = 0;
  for (; j + 4 <= n_col; j += 4, x += 4 * ld) {
    const double *x1 = x + ld, *x2 = x + 2 * ld, *x3 = x + 3 * ld;
    const double a0 = a[j], a1 = a[j + 1], a2 = a[j + 2], a3 = a[j + 3];
    int i = 0;
    for (; i + NL_VECTOR <= n; i += NL_VECTOR) {
      *(nl_v *)(y + i) += (*(const nl_v *)(x + i) * a0 + *(const nl_v *)(x1 + i) * a1) +
                          (*(const nl_v *)(x2 + i) * a2 + *(const nl_v *)(x3 + i) * a3);
    }
    for (; i < n; i++) y[i] += (x[i] * a0 + x1[i] * a1) + (x2[i] * a2 + x3[i] * a3);
  }
  for (; j < n_col; j++, x += ld) nl_axpy(n, a[j], x, y);
}

void nl_fill(size_t n, double a, double *x) {
  if (a == 0) {
    memset(x, 0, n * sizeof(double));
    return;
  }
  for (size_t i = 0; i < n; i++) x[i] = a;
}

void nl_clear_floats(size_t n, float *x) { memset(x, 0, n * sizeof(float)); }

void nl_copy(size_t n, const double *x, double *y) {
  if (n > 0) memmove(y, x, n * sizeof(double));
}

size_t nl_eigen_work(int n) { return 36 * (size_t)(n > 1 ? n : 1); }

int nl_eigen(int n, double *a, double *values, double *work, size_t n_work) {
  int info = 0, lwork = (int)n_work;
  if (n == 0) return 0;
  F77_CALL(dsyev)("V", "U", &n, a, &n, values, work, &lwork, &info FCONE FCONE);
  return info;
}

/* Columns from .. c - 1 of a lower triangle, times minus their entries in row c, added to
 * column c from row c down. */
static void subtract_columns(int n, double *a, int from, int to, int c) {
  double coefficients[NL_PANEL];
  for (int j = from; j < to; j++) coefficients[j - from] = -a[c + (ptrdiff_t)j * n];
  nl_add_columns(n - c, to - from, coefficients, a + c + (ptrdiff_t)from * n, (size_t)n,
                 a + c + (ptrdiff_t)c * n);
}

int nl_cholesky(int n, double *a) {
  for (int k = 0; k < n; k += NL_PANEL) {
    const int end = k + NL_PANEL < n ? k + NL_PANEL : n;
    for (int c = k; c < end; c++) { /* the panel itself */
      double *column = a + (ptrdiff_t)c * n;
      subtract_columns(n, a, k, c, c);
      if (!(column[c] > 0)) return c + 1;
      const double pivot = sqrt(column[c]);
      for (int i = c; i < n; i++) column[i] /= pivot;
    }
    for (int c = end; c < n; c++) subtract_columns(n, a, k, end, c);
  }
  return 0;
}

void nl_cholesky_solve(int n, const double *factor, double *b) {
  for (int j = 0; j < n; j++) {
    const double *column = factor + (ptrdiff_t)j * n;
    b[j] /= column[j];
    nl_axpy(n - j - 1, -b[j], column + j + 1, b + j + 1);
  }
  for (int j = n - 1; j >= 0; j--) {
    const double *column = factor + (ptrdiff_t)j * n;
    b[j] = (b[j] - nl_dot(n - j - 1, column + j + 1, b + j + 1)) / column[j];
  }
}

/* Solves L w = e_j for all columns j, a panel of L at a time: panel columns turn from L
 * into the inverse when their turn comes, so the panel is copied first. */
/* At most NL_PANEL; narrow: inside a panel there are no vectors. */
enum { INVERT_PANEL = 8 };
void nl_triangle_invert(int n, double *factor, double *panel) {
  for (int k = 0; k < n; k += INVERT_PANEL) {
    const int end = k + INVERT_PANEL < n ? k + INVERT_PANEL : n;
    for (int j = k; j < end; j++) {
      double *column = factor + (ptrdiff_t)j * n;
      nl_copy((size_t)(n - k), column + k, panel + (ptrdiff_t)(j - k) * n + k);
      nl_fill((size_t)(n - k), 0, column + k);
      column[j] = 1;
    }
    for (int j = 0; j < end; j++) {
      double *w = factor + (ptrdiff_t)j * n;
      double coefficients[INVERT_PANEL];
      for (int i = k; i < end; i++) {
        const double *l = panel + (ptrdiff_t)(i - k) * n;
        w[i] /= l[i];
        coefficients[i - k] = -w[i];
        nl_axpy(end - i - 1, -w[i], l + i + 1, w + i + 1);
      }
      nl_add_columns(n - end, end - k, coefficients, panel + end, (size_t)n, w + end);
    }
  }
}

double nl_add_ridge(int n, double share, double *x) {
  double largest = 0;
  for (int i = 0; i < n; i++) {
    const double d = x[(size_t)i * ((size_t)n + 1)];
    if (d > largest) largest = d;
  }
  for (int i = 0; i < n; i++) x[(size_t)i * ((size_t)n + 1)] += share * largest;
  return share * largest;
}
