/* nl.h: what every core file shares: status codes and the hook to the host.
 *
 * The core (every file here but init.c and r-*.c) is C99 without SEXP, without allocation
 * and without global state. The glue owns all memory, passes it in structs whose fields
 * say their sizes, and turns status codes into R conditions.
 *
 * Order of the layers; a file includes only headers above its own line:
 *   nl.h
 *   linalg.h                 vectors, BLAS, LAPACK
 *   basis.h                  spline and raised-cosine rows
 *   block.h                  one covariate's columns, in the storage that suits them
 *   design.h                 all blocks, and the passes over the data
 *   poisson.h                the observation model: log link, intercept profiled out
 *   penalty.h                groups, their coordinates, block solve, KKT residual
 *   gram.h                   curvature of the working set
 *   active.h                 the quadratic model at a point, and its active groups
 *   newton.h                 Newton steps on the active groups
 *   freedom.h                degrees of freedom
 *   quadratic.h              block coordinate descent on the quadratic model, with Newton
 * steps point.h                  one lambda path.h                   all lambdas
 */
#ifndef NL_H
#define NL_H

#include <stddef.h>

typedef enum {
  NL_OK = 0,         /* KKT residual within tolerance */
  NL_MAX_PASSES = 1, /* stopped by the limit on passes over the data */
  NL_STALLED =
      2, /* no step decreases the objective any more: the limit of double precision */
  NL_NOT_FINITE = 3 /* the objective is not finite at the starting point */
} nl_status;

/* How the core reaches its host. Any member may be NULL but `more`, which is needed as
 * soon as a working set outgrows what it was given. All memory from `more` belongs to the
 * host. */
typedef struct {
  void (*check)(void *data); /* may jump out: user interrupt */
  void (*progress)(void *data, int done, int n_lambda);
  double *(*more)(void *data, size_t n_double); /* n_double new doubles, or a jump */
  void *data;
} nl_hook;

/* Lets the host interrupt; may not come back. hook may be NULL. */
static inline void nl_check(const nl_hook *hook) {
  if (hook && hook->check) hook->check(hook->data);
}

#endif
