/* linalg.c: see linalg.h. BLAS and LAPACK are R's: Fortran, 32-bit sizes, column-major,
 * and hidden string lengths for character arguments (FCONE). Blocks have about ten
 * columns, so vectors of that length go through plain loops: a call would cost more than
 * the work. */
#include "linalg.h"

#include <math.h>
#include <string.h>

#ifndef USE_FC_LEN_T
#define USE_FC_LEN_T
#endif
#include <R_ext/BLAS.h>
#include <R_ext/Lapack.h>
#ifndef FCONE
#define FCONE
#endif

double nl_dot(int n, const double *x, const double *y) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += x[i] * y[i];
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

void nl_fill(size_t n, double a, double *x) {
  for (size_t i = 0; i < n; i++) x[i] = a;
}

void nl_copy(size_t n, const double *x, double *y) {
  if (n > 0) memmove(y, x, n * sizeof(double));
}

void nl_gemv(int n_row, int n_col, double a, const double *x, size_t ld, const double *b,
             double *y) {
  const int one = 1, lda = (int)ld;
  const double keep = 1;
  if (n_row == 0 || n_col == 0) return;
  F77_CALL(dgemv)("N", &n_row, &n_col, &a, x, &lda, b, &one, &keep, y, &one FCONE);
}

void nl_gemv_t(int n_row, int n_col, double a, const double *x, size_t ld,
               const double *r, double *y) {
  const int one = 1, lda = (int)ld;
  const double keep = 1;
  if (n_row == 0 || n_col == 0) return;
  F77_CALL(dgemv)("T", &n_row, &n_col, &a, x, &lda, r, &one, &keep, y, &one FCONE);
}

void nl_gemm_tn(int k, int l, int n, const double *x, int ldx, const double *y, int ldy,
                double *c, int ldc) {
  const double one = 1;
  if (k == 0 || l == 0 || n == 0) return;
  F77_CALL(dgemm)
  ("T", "N", &k, &l, &n, &one, x, &ldx, y, &ldy, &one, c, &ldc FCONE FCONE);
}

size_t nl_eigen_work(int n) { return 36 * (size_t)(n > 1 ? n : 1); }

int nl_eigen(int n, double *a, double *values, double *work, size_t n_work) {
  int info = 0, lwork = (int)n_work;
  if (n == 0) return 0;
  F77_CALL(dsyev)("V", "U", &n, a, &n, values, work, &lwork, &info FCONE FCONE);
  return info;
}

int nl_cholesky(int n, double *a) {
  int info = 0;
  if (n == 0) return 0;
  F77_CALL(dpotrf)("U", &n, a, &n, &info FCONE);
  return info;
}

void nl_cholesky_solve(int n, const double *factor, double *b) {
  const int one = 1;
  int info = 0;
  if (n == 0) return;
  F77_CALL(dpotrs)("U", &n, &one, factor, &n, b, &n, &info FCONE);
}

int nl_cholesky_invert(int n, double *factor) {
  int info = 0;
  if (n == 0) return 0;
  F77_CALL(dpotri)("U", &n, factor, &n, &info FCONE);
  return info;
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
