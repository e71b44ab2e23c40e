/* What the suites of the core share: memory, random numbers, a hook, designs, groups, a
 * whole solver, and reference computations. The references are dense nested loops over
 * the definitions and call nothing of the core. Matrices are column-major. */
#ifndef NEUROLASSO_TESTS_FIXTURE_H
#define NEUROLASSO_TESTS_FIXTURE_H

#include "path.h"

/* ---- memory: one malloc each, full of NaN or of an absurd int, until free_all ---- */

double *new_doubles(size_t n);
int *new_ints(size_t n);
size_t *new_sizes(size_t n);
double *new_zeros(size_t n);
double *new_normals(size_t n);
double *copy_doubles(const double *x, size_t n);
void free_all(void);

/* ---- random numbers, the same on every machine ------------------------------------- */

void seed_random(unsigned seed);
double random_uniform(void); /* in (0, 1) */
double random_between(double low, double high);
double random_normal(void);
int random_below(int n);
double random_poisson(double mean);

/* ---- reference algebra ------------------------------------------------------------- */

/* The larger of two, and NaN once either is NaN. */
double larger(double a, double b);
/* Largest |x - y|, NaN if any is NaN. */
double distance(size_t n, const double *x, const double *y);
double norm_of(int n, const double *x);
/* Whether all are finite. */
int all_finite(size_t n, const double *x);
/* a b, a' b: new matrices; a is n x k (times) or k x n (cross_times), the result n x l.
 */
double *times(int n, int k, int l, const double *a, const double *b);
double *cross_times(int n, int k, int l, const double *a, const double *b);
/* The inverse of an n x n matrix by Gauss-Jordan elimination. */
double *inverse(int n, const double *a);
/* A random orthogonal n x n matrix. */
double *random_rotation(int n);
/* Makes column j of an n-row matrix orthogonal to columns from .. j - 1. */
void orthogonalise(int n, int from, int j, double *a);

/* ---- a hook that counts ------------------------------------------------------------ */

typedef struct {
  int n_more;
  int n_check;
  int n_progress;
  int done; /* what progress was told last */
  int n_lambda;
} hook_counts;

nl_hook counting_hook(hook_counts *counts);

/* ---- designs ----------------------------------------------------------------------- */

/* A factor with random values; fixed: `first` is NULL. */
typedef struct {
  int width;
  int n_col;
  int periodic;
  int fixed;
} factor_spec;

nl_block dense_block(size_t n_obs, int n_col, int centred);
nl_block local_block(size_t n_obs, int n_factor, const factor_spec *spec);
nl_design design_of(size_t n_obs, int n_block, const nl_block *blocks);

/* Five blocks, 29 columns: dense centred (3), four neighbours (7), periodic (5), a
 * product with a periodic factor (4 x 3), dense as it is (2). */
enum { MIXED_BLOCKS = 5, MIXED_COLUMNS = 29, MIXED_GROUPS = 6 };
nl_design mixed_design(size_t n_obs);

/* The column that an extended one stands for. */
int reference_column(const nl_block *block, int ext);
/* All columns of a block, or of a design, as they stand (centred != 0) or as given. */
double *reference_block(const nl_block *block, int centred);
double *reference_matrix(const nl_design *design, int centred);

/* ---- groups ------------------------------------------------------------------------ */

typedef enum { T_IDENTITY, T_RANDOM, T_DEFICIENT } transform_kind;

/* Groups by the number of each column's. T_DEFICIENT: rank one less than the size.
 * Weights and scales are the root of the size. */
nl_penalty penalty_of(int n_col, int n_group, const int *group_of, transform_kind kind);
/* Groups of the mixed design: 0 spans both dense blocks, 1 has one dense column, 2 and 3
 * share the second block's columns, 4 and 5 are whole blocks. */
nl_penalty mixed_penalty(transform_kind kind);
void set_weight(nl_penalty *penalty, int g, double weight);

/* ---- a model and its solver -------------------------------------------------------- */

typedef struct {
  hook_counts counts;
  nl_hook hook;
  nl_design design;
  nl_penalty penalty;
  double *given_transform; /* T before the solver rotated it */
  const double *y;
  const double *offset; /* may be NULL */
  const double *prior;  /* may be NULL */
  nl_poisson model;
  nl_solver solver;
  double *x;   /* reference matrix of the design, as it stands */
  double *raw; /* and as given */
} problem;

problem *new_problem(nl_design design, nl_penalty penalty, const double *y,
                     const double *offset, const double *prior);
/* The mixed design with counts from a model with a few strong coefficients. */
problem *mixed_problem(size_t n_obs, nl_penalty penalty, const double *offset,
                       const double *prior);
/* Counts from exp(0.2 + X beta). */
double *simulate_counts(size_t n_obs, int n_col, const double *x, const double *beta);

nl_pass_space new_pass_space(const nl_design *design);
nl_state new_state(const nl_design *design);
nl_gram new_gram(const nl_design *design, const nl_penalty *penalty, int capacity);
nl_quadratic_space new_quadratic_space(const nl_penalty *penalty);
nl_path new_path(const problem *p, int n_lambda);

/* ---- the model by its definition --------------------------------------------------- */

/* mu_t = exp(intercept + offset_t + x_t beta). */
double *reference_mean(const problem *p, const double *x, const double *beta,
                       double intercept);
/* The intercept at which the counts and their means have the same weighted sum. */
double reference_intercept(const problem *p, const double *x, const double *beta);
/* (1/V) sum v (mu - y log mu), at the best intercept. */
double reference_loss(const problem *p, const double *beta);
/* X'(v (mu - y)) / V, for means from reference_mean. */
double *reference_gradient(const problem *p, const double *x, const double *mean);
/* m (X' diag(e) X - X'e e'X), e = v mu / sum(v mu), m = sum(v y) / V. */
double *reference_curvature(const problem *p, const double *beta);

#endif
