/* path.h: paths from their largest lambda down, several lambdas on their way at once.
 * While the first of them is about to arrive, the next ones are already predicted from it
 * and ride in the same passes over the data; and so do other paths over the same design. */
#ifndef NL_PATH_H
#define NL_PATH_H

#include "ride.h"

/* n values from lambda_max down to ratio * lambda_max, equal steps in the logarithm. */
void nl_lambda_grid(double lambda_max, double ratio, int n, double *lambda);

/* Fits the model without penalised groups and finds path->lambda_max and `null_loss`, the
 * loss of the intercept alone. What it leaves undone, the first lambda goes on with. A solver
 * without a Gram gets one there. */
void nl_path_null(nl_pipeline *line, double tol, nl_path *path, double *null_loss);

/* Paths over the same design that share their passes. */
typedef struct {
  nl_pipeline
      *line; /* n_line: nl_path_null has been there, and its path has its lambdas */
  int n_line;
  int *wanted; /* n_block: scratch */
  /* what hook->progress is told: so many lambdas were done before, of so many in all */
  int n_before;
  int n_lambda;
  int n_told; /* what it was told last */
  int turn;   /* which path's points get into the next pass first */
} nl_convoy;

/* The paths, from where nl_path_null left their pipelines. */
void nl_path_fit_all(nl_convoy *convoy, double tol);

#endif
