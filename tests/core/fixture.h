/* What the suites of the core share: memory, random numbers, a hook, designs, groups, a
 * whole pipeline, and reference computations. The references are dense nested loops over
 * the definitions and call nothing of the core. Matrices are column-major. */
#ifndef NEUROLASSO_TESTS_FIXTURE_H
#define NEUROLASSO_TESTS_FIXTURE_H

#include "ensemble.h"
#include "paths.h"

/* ---- memory: one malloc each, until free_all. Whatever is not written yet is NaN as a
 * double and far below zero as an int. ------------------------------------------------
 */

void *new_bytes(size_t n);
double *new_doubles(size_t n);
int *new_ints(size_t n);
size_t *new_sizes(size_t n);
double *new_zeros(size_t n);
double *new_normals(size_t n);
double *copy_doubles(const double *x, size_t n);
int *copy_ints(const int *x, size_t n);
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
/* Whether all bits agree. */
int same_bits(size_t n, const double *x, const double *y);
double norm_of(int n, const double *x);
double dot_of(int n, const double *x, const double *y);
/* Whether all are finite. */
int all_finite(size_t n, const double *x);
/* a b, a' b: new matrices; a is n x k (times) or k x n (cross_times), the result n x l.
 */
double *times(int n, int k, int l, const double *a, const double *b);
double *cross_times(int n, int k, int l, const double *a, const double *b);
/* The inverse of an n x n matrix by Gauss-Jordan elimination. */
double *inverse(int n, const double *a);
/* Eigenvectors of a symmetric n x n matrix by Jacobi's rotations; values: n, increasing.
 */
double *eigenvectors(int n, const double *a, double *values);
/* A random orthogonal n x n matrix. */
double *random_rotation(int n);

/* ---- lanes ------------------------------------------------------------------------- */

/* A vector in all lanes at once, n in lanes; one lane of x. */
double *in_each_lane(size_t n, const double *x);
double *lane_of(size_t n, const double *x, int lane);
/* eta (n in lanes) += x b, out (n_col in lanes) += x'r: x is n x n_col, b and r in lanes.
 */
void add_product(size_t n, int n_col, const double *x, size_t ld, const double *b,
                 double *eta);
void add_cross_product(size_t n, int n_col, const double *x, size_t ld, const double *r,
                       double *out);

/* ---- a hook that counts ------------------------------------------------------------ */

typedef struct {
  int n_more;
  int n_check;
  int n_progress;
  int done; /* what progress was told last */
  int n_lambda;
  int went_back;  /* whether `done` ever was below 1, or below what it was before */
  int in_threads; /* how often a thread that is not the first one called */
  size_t n_guard; /* bytes that follow each new array and must not change */
} hook_counts;

nl_hook counting_hook(hook_counts *counts);
/* Whether all guard bytes are as they were. */
int guards_are_whole(void);
/* Runs `body` in a process of its own. Returns whether that came to its end without a
 * failed check. */
int survives(void (*body)(void));

/* ---- designs ----------------------------------------------------------------------- */

typedef enum { CELL_WIDE, CELL_BYTE, CELL_NONE } cell_kind;

/* A factor with random features and places. NL_POWERS: n_cell cells with random
 * polynomials. */
typedef struct {
  nl_feature feature;
  int width;
  int n_col;
  int periodic;
  int n_cell; /* NL_POWERS only */
  cell_kind cells;
} factor_spec;

nl_block dense_block(size_t n_obs, int n_col, int centred);
nl_block local_block(size_t n_obs, int n_factor, const factor_spec *spec);
/* Rows of another block at random places. centred: of dense rows. */
nl_block table_block(size_t n_obs, nl_block rows, cell_kind cells, int centred);
nl_design design_of(size_t n_obs, int n_block, const nl_block *blocks);
/* What nl_design_prepare does, for one block. */
void prepare_block(nl_block *block, const nl_hook *hook);

/* Nine blocks: dense centred (3), four neighbouring values (7), a periodic cubic spline
 * (6), a product with a periodic spline (4 x 3), dense as it is (2), a table of dense
 * centred rows (3), a table of a cubic spline (5), a cubic spline (6), a product of three
 * (3 x 2 x 2). */
enum { MIXED_BLOCKS = 9, MIXED_COLUMNS = 56, MIXED_GROUPS = 9 };
nl_design mixed_design(size_t n_obs);

/* The column that a wrapped one stands for. */
int reference_column(const nl_block *block, int wrapped);
/* Columns as they are given are a product G F: G (n_obs x n_ext) is what the rows hold in
 * extended columns, F (n_ext x n_col) what these are made of. */
double *reference_features(const nl_block *block);
double *reference_extension(const nl_block *block);
/* All columns of a block, or of a design, as they stand (centred != 0) or as given. */
double *reference_block(const nl_block *block, int centred);
double *reference_matrix(const nl_design *design, int centred);
/* X' diag(w) X of a design as it stands. */
double *reference_cross(const nl_design *design, const double *weight);

/* ---- groups ------------------------------------------------------------------------ */

typedef enum { T_IDENTITY, T_RANDOM, T_DEFICIENT } transform_kind;

/* Groups by the number of each column's. T_DEFICIENT: rank one less than the size.
 * Weights and scales are the root of the size. */
nl_penalty penalty_of(int n_col, int n_group, const int *group_of, transform_kind kind);
/* Groups of the mixed design: 0 spans both dense blocks but for one column, which is 1;
 * 2 and 3 share the second block's columns, 6 has both tables, the others a block each.
 */
nl_penalty mixed_penalty(transform_kind kind);
/* The same groups, each with the columns of the next one, too, but for LONELY_COLUMN, which
 * is in none. */
enum { LONELY_COLUMN = 20 };
nl_penalty overlapping_penalty(transform_kind kind);
void set_weight(nl_penalty *penalty, int g, double weight);
/* The group of each column. */
void write_groups(const nl_penalty *penalty, int *group_of);

/* ---- a model and its solver -------------------------------------------------------- */

typedef struct {
  hook_counts counts;
  nl_hook hook;
  nl_design design;
  nl_penalty penalty;
  nl_link link;
  const double *y;
  const double *offset; /* may be NULL */
  const double *prior;  /* may be NULL */
  nl_model model;
  nl_pass_space pass;
  int stride, run;  /* of the rows of a Gram, if they are not 0 */
  nl_solver solver; /* and line: of start_pipeline */
  nl_pipeline line;
  double *x;   /* reference matrix of the design, as it stands */
  double *raw; /* and as given */
} problem;

problem *new_problem(nl_link link, nl_design design, nl_penalty penalty, const double *y,
                     const double *offset, const double *prior);
/* The same with a number of threads. */
problem *new_threaded_problem(nl_link link, nl_design design, nl_penalty penalty,
                              const double *y, const double *offset, const double *prior,
                              int n_thread);
/* The mixed design with counts from a model with a few strong coefficients. */
problem *mixed_problem(nl_link link, size_t n_obs, nl_penalty penalty,
                       const double *offset, const double *prior);
/* Counts with mean `link`(0.2 + X beta). */
double *simulate_counts(nl_link link, size_t n_obs, int n_col, const double *x,
                        const double *beta);
/* Blocks, groups, data, lambdas of anything. */
problem *random_problem(nl_link link, unsigned seed);

/* A new solver and pipeline. */
void start_pipeline(problem *p, int n_lambda);
nl_state new_state(const nl_design *design);
nl_path new_path(const problem *p, int n_lambda);
/* The problem's data and a new path. */
nl_task new_task(const problem *p, int n_lambda);
/* n such tasks, on grids down to ratio lambda_max. */
nl_tasks new_tasks(problem *p, int n, int n_lambda, double tol, double ratio);
/* A pass at beta (n_col) over all blocks, from a shift (log link) or with an intercept
 * (softplus). kept: n_obs, or NULL. */
nl_state pass_at(problem *p, const double *beta, double start, double *kept);

/* ---- neurons that share groups ----------------------------------------------------- */

/* An ensemble of n neurons over the mixed design, each with counts of its own, at its model
 * without penalised groups; all groups are in the sets, and the Grams cover them. other: the
 * coordinates of the second neuron, or NULL: those of the first. */
nl_ensemble *new_ensemble(nl_link link, int n, const nl_penalty *penalty,
                          const nl_penalty *other);
/* Takes all neurons' models to x of which only the first `n_in` groups are not zero, and the
 * slope that a random linear term gives there. */
void place_models(nl_ensemble *ensemble, int n_in);
/* H of a neuron, m x m for its Gram's size m. */
double *gram_matrix(const nl_gram *gram);

/* ---- the model by its definition --------------------------------------------------- */

/* offset + X beta */
double *reference_predictor(const problem *p, const double *x, const double *beta);
/* The mean, and mean - y log(mean) with its derivatives by eta. */
double reference_mu(nl_link link, double eta);
double reference_row_loss(nl_link link, double eta, double y);
double reference_row_slope(nl_link link, double eta, double y);
double reference_row_curvature(nl_link link, double eta, double y);
/* (1/V) sum v (mu - y log mu) at an intercept, or at the best one. */
double reference_loss_at(const problem *p, const double *x, const double *beta,
                         double intercept);
double reference_loss(const problem *p, const double *beta);
/* Its derivative in the intercept, and in beta. */
double reference_slope(const problem *p, const double *x, const double *beta,
                       double intercept);
double *reference_gradient(const problem *p, const double *x, const double *beta,
                           double intercept);
/* The intercept at which the slope is zero. */
double reference_intercept(const problem *p, const double *x, const double *beta);
/* Weights of the curvature v d2, and X' diag(w) X / V with the intercept eliminated. */
double *reference_weights(const problem *p, const double *beta, double intercept);
double *reference_curvature(const problem *p, const double *beta, double intercept);
double prior_of(const problem *p, size_t t);
double prior_total(const problem *p);
double mean_count(const problem *p);

/* ---- optimality by its definition -------------------------------------------------- */

/* A point, in the coordinates of the penalty. */
typedef struct {
  double kkt;     /* the largest residual over groups and intercept */
  double misfit;  /* how far the coefficients are from the range of T */
  double balance; /* |derivative in the intercept| / mean count */
  double penalty; /* lambda sum w ||theta|| */
  double *norm;   /* n_group: ||theta|| */
  double *score;  /* n_group: ||gradient|| / w */
  const double *
      *theta; /* n_group: coordinates, and T'gradient, for the columns as given */
  const double **slope;
} truth;

/* intercept: for the columns as they are given. reference: the unit at lambda = 0. */
truth truth_at(const problem *p, const double *beta, double intercept, double lambda,
               double reference);

#endif
