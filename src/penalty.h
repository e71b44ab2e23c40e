/* penalty.h: groups of columns, their penalty coordinates, the exact solution of one
 * block, and the KKT residual.
 *
 * A group's penalty is lambda w ||theta||, theta = A b its coordinates. The core holds
 * the map back, b = T theta: T has rank(A) columns, T'(gradient in b) is the gradient in
 * theta. With a lasso share a and a ridge share r, and p = rank(A), it is
 *   lambda w ((1 - r) ((1 - a) ||theta|| + a / sqrt(p) ||theta||_1) + r / 2 ||theta||^2)
 * and with parts (1 - r) (1 - a) lambda w_s ||theta_s|| more for each of them: terms.h. */
#ifndef NL_PENALTY_H
#define NL_PENALTY_H

#include "nl.h"

/* Coordinates from .. end - 1 of a group, counted from its first, that have a norm of their
 * own in the penalty. */
typedef struct {
  int from;
  int end;
  double weight;
} nl_part;

typedef struct {
  int n_group;
  int n_col;
  int n_theta;             /* sum of ranks */
  int max_size;            /* columns of the largest group */
  const int *start;        /* n_group + 1: where a group's columns begin in `column` */
  const int *column;       /* start[n_group] design columns, 0-based. A column may be in
                              several groups, its coefficient is then the sum of their
                              parts; one in no group has the coefficient 0 */
  const int *theta_start;  /* n_group + 1: where a group's coordinates begin */
  const size_t *t_start;   /* n_group + 1: where a group's T begins in `transform` */
  const double *transform; /* T of each group: size x rank, column-major */
  const double *off; /* n_col: what was taken off each column before the core saw it, or
                        NULL: conditions are those of the columns as they were given */
  const double *weight; /* n_group: w, 0 where the group is not penalised */
  const double *scale;  /* n_group: w before it was multiplied, what an unpenalised
                           residual is    measured in */
  double lasso;         /* a */
  double ridge;         /* r */
  /* Parts of groups: runs apart or nested, each after those inside it. Groups that are not
   * penalised have none. */
  const int *part_start; /* n_group + 1: where a group's begin; NULL: no group has any */
  const nl_part *part;
} nl_penalty;

/* Whether the penalty is lambda w ||theta|| in every group. */
static inline int nl_penalty_is_plain(const nl_penalty *penalty) {
  return penalty->lasso == 0 && penalty->ridge == 0 && !penalty->part_start;
}
/* Whether coordinates inside a group may have penalties of their own. */
static inline int nl_penalty_has_inner(const nl_penalty *penalty) {
  return penalty->lasso > 0 || penalty->part_start != NULL;
}

/* Rows of results: the groups, then their parts in order. */
int nl_penalty_n_row(const nl_penalty *penalty);
int nl_group_size(const nl_penalty *penalty, int g);
int nl_group_rank(const nl_penalty *penalty, int g);

/* beta (n_col) += T theta in the columns of group g; theta has the group's rank. */
void nl_group_add(const nl_penalty *penalty, int g, const double *theta, double *beta);
/* theta-gradient (rank) = T' gradient, gradient in design columns. */
void nl_group_gradient(const nl_penalty *penalty, int g, const double *gradient,
                       double *out);
/* x minimises 0.5 x' diag(d) x - c'x + tau ||x||: exactly zero where ||c|| <= tau,
 * to rounding.
 * d, c, x: length n; d > 0. tau >= 0. near: a guess of ||x||, which saves steps; 0: none. */
void nl_block_solve(int n, const double *d, const double *c, double tau, double near,
                    double *x);

/* How far group g is from stationarity, relative to the penalty: ||gradient + tau theta /
 * ||theta||
 * || / unit where theta is not zero, else the excess of ||gradient|| over tau, / unit. */
double nl_group_kkt(int rank, const double *theta, const double *gradient, double tau,
                    double unit);

/* One lambda: the penalty of group g is of size tau = lambda w_g, and residuals are measured in
 * units of tau; of lambda * scale_g for a group without penalty, and of reference *
 * scale_g where lambda is 0. */
typedef struct {
  double lambda;
  double reference;
} nl_level;

double nl_level_tau(const nl_level *level, const nl_penalty *penalty, int g);
double nl_level_unit(const nl_level *level, const nl_penalty *penalty, int g);

#endif
