/* r-path.h: what fits of paths and joint fits share on their way from R and back. */
#ifndef NL_R_PATH_H
#define NL_R_PATH_H

#include "paths.h"
#include "r-util.h"

/* x: list(size, rank: integer per group, column: integer (1-based), those of the groups one
 * after the other, transform: list of size x rank matrices, weight, scale: numeric per
 * group, lasso, ridge: numbers, off: numeric per column; where groups have parts,
 * part_start: see nl_penalty, part_from, part_end: integer, part_weight: numeric per part). */
nl_penalty nl_r_penalty(SEXP x, int n_col);

/* An element of a list, numeric(n), or NULL for NULL. */
const double *nl_r_lane(SEXP list, int k, R_xlen_t n, const char *what);

/* Element k of outs becomes the list that R gets of a path, but for lambda_max and what
 * follows; returns the task that fills it. nl_r_close_task adds what is missing. */
nl_task nl_r_new_task(SEXP outs, int k, int n_lambda, int n_col, int n_row,
                      int max_passes);
void nl_r_close_task(SEXP out, const nl_task *task);

#endif
