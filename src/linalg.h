/* linalg.h: short-vector loops and the only door to LAPACK. Matrices are
 * column-major. */
#ifndef NL_LINALG_H
#define NL_LINALG_H

#include "nl.h"

double nl_dot(int n, const double *x, const double *y);
double nl_norm(int n, const double *x);
int nl_is_zero(int n, const double *x);
void nl_axpy(int n, double a, const double *x, double *y);
void nl_fill(size_t n, double a, double *x);
/* x (n) = 0 */
void nl_clear_floats(size_t n, float *x);
void nl_copy(size_t n, const double *x, double *y);

/* y (n) += x a for n_col columns of length n, ld apart */
void nl_add_columns(int n, int n_col, const double *a, const double *x, size_t ld,
                    double *y);

/* Eigenvalues (increasing) and vectors of the symmetric n x n matrix a, which is
 * overwritten by the vectors. work: n_work = nl_eigen_work(n) doubles. Returns 0, or
 * LAPACK's info. */
size_t nl_eigen_work(int n);
int nl_eigen(int n, double *a, double *values, double *work, size_t n_work);

/* Cholesky factor L of the symmetric n x n matrix a = L L' (lower triangle read and
 * overwritten). 0, or the order of the leading minor that is not positive. */
int nl_cholesky(int n, double *a);
/* Solves in place with the factor of nl_cholesky: b <- inv(a) b. */
void nl_cholesky_solve(int n, const double *factor, double *b);
/* The factor L becomes its inverse; above it, zeros or what was
 * there. panel: n *
 * NL_PANEL doubles. */
enum { NL_PANEL = 32 };
void nl_triangle_invert(int n, double *factor, double *panel);
/* Adds share times the largest diagonal entry to the diagonal of x (n x n). Returns what
 * it added. */
double nl_add_ridge(int n, double share, double *x);
#endif
