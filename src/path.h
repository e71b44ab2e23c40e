/* path.h: all lambdas, from the largest down, several on their way at once. While the
 * first of them is about to arrive, the next ones are already predicted from it and ride
 * in the same passes over the data. */
#ifndef NL_PATH_H
#define NL_PATH_H

#include "point.h"

/* Points that are kept: those on their way, and those that predictions rest on. */
enum { NL_POINTS = 24 };

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
  int *n_pass;          /* L: passes over the data that it rode in */
} nl_path;

/* A lambda to solve for; out .. out + n_out - 1 are its places in the path; a stepping
 * stone has none. */
typedef struct {
  double lambda;
  double tol;
  int out;
  int n_out;
} nl_job;

/* Jobs that a path of n lambdas can have: the lambdas and the stones between them. */
int nl_path_jobs(int n_lambda);

typedef struct {
  nl_solver *solver;
  nl_point *point;  /* NL_POINTS: job j is point j % NL_POINTS */
  nl_point *origin; /* the model without penalised groups */
  nl_job *job;      /* nl_path_jobs(n_lambda) */
  int n_job;
  int next_job; /* the first that has not begun */
  int n_done;
  int gram_for;  /* job that waits for a Gram at its point; -1: none */
  int gram_slow; /* the Gram has become a poor metric */
  double gram_age; /* what was spent since it was built, in passes */
} nl_pipeline;

/* Fits the model without penalised groups and finds path->lambda_max and `null_loss`, the
 * loss of the intercept alone. What it leaves undone, the first lambda goes on with. */
void nl_path_null(nl_pipeline *line, double tol, nl_path *path, double *null_loss);

/* n values from lambda_max down to ratio * lambda_max, equal steps in the logarithm. */
void nl_lambda_grid(double lambda_max, double ratio, int n, double *lambda);

/* The path, from where nl_path_null left the pipeline. */
void nl_path_fit(nl_pipeline *line, double tol, nl_path *path);

#endif
