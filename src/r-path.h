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

/* The tasks (design, penalty and hook are there) from what R gave: counts, offset, weights:
 * lists of K numeric(n), or NULL in the latter two; lambda, control: see nl_r_paths. Returns
 * the list that R gets, of K lists that the tasks fill, but for what nl_r_close_tasks adds; it
 * is not protected. */
SEXP nl_r_open_tasks(nl_tasks *tasks, SEXP counts, SEXP offset, SEXP weights, SEXP lambda,
                     SEXP control);
void nl_r_close_tasks(SEXP outs, const nl_tasks *tasks);

#endif
