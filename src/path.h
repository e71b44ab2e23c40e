/* path.h: all lambdas, from the largest down: warm starts, the sequential strong rule
 * (Tibshirani et al. 2012, J R Stat Soc B 74:245), a status for each. */
#ifndef NL_PATH_H
#define NL_PATH_H

#include "point.h"

/* What a path returns. L = n_lambda. All arrays belong to the caller. */
typedef struct {
  int n_lambda;
  int max_passes;   /* over the data, per lambda */
  double reference; /* lambda_max if every group_weights were 1: the unit at lambda = 0 */
  double lambda_max;    /* the smallest lambda at which every penalised group is zero */
  const double *lambda; /* L, decreasing; set after nl_path_null */
  double *intercept;    /* L: for the columns as the user gave them */
  double *beta;         /* n_col x L */
  double *norm;         /* n_group x L: ||theta||, the norm that is penalised */
  double *score;        /* n_group x L: ||gradient|| / w, in units of lambda */
  double *loss;         /* L: the smooth part of the objective */
  double *df;           /* L: degrees of freedom, the intercept among them */
  double *kkt;          /* L: largest KKT residual over groups and intercept */
  int *status;          /* L: nl_status */
  int *n_pass;          /* L: passes over the data */
} nl_path;

/* Fits the model without penalised groups and finds path->lambda_max and `null_loss`, the
 * loss of the intercept alone. What it leaves undone, the first lambda goes on with. */
void nl_path_null(nl_solver *solver, double tol, nl_path *path, double *null_loss);

/* n values from lambda_max down to ratio * lambda_max, equal steps in the logarithm. */
void nl_lambda_grid(double lambda_max, double ratio, int n, double *lambda);

/* The path, from where nl_path_null left the solver. */
void nl_path_fit(nl_solver *solver, double tol, nl_path *path);

#endif
