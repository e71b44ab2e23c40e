/* nl.h: what every core file shares: status codes and the hook to the host.
 *
 * The core (every file here but init.c and r-*.c) is C99 without SEXP, without allocation
 * and without global state. The glue owns all memory, passes it in structs whose fields
 * say their sizes, and turns status codes into R conditions.
 *
 * Order of the layers; a file includes only headers above its own line:
 *   nl.h, memory.h    status codes, the hook to the host, memory from it
 *   lanes.h           eight vectors at a time, the vector exponential
 *   linalg.h          vectors, Cholesky, LAPACK
 *   scan.h            what a long vector holds
 *   basis.h           spline and raised-cosine rows
 *   convolve.h        signals convolved with kernels
 *   spikes.h          spike times counted in bins
 *   distinct.h        which rows repeat
 *   block.h kernel.h  one covariate's columns in the storage that suits them; its loops
 *   rows.h            the loop over the rows, threads
 *   design.h          all blocks, and the pieces of a pass
 *   cost.h            what work costs, and the choices that rest on it
 *   link.h model.h    the observation model; the pass over the data
 *   cross.h           weighted cross products of blocks
 *   penalty.h         groups, their coordinates, block solve, KKT residual
 *   terms.h inner.h   a group's penalty term by term; block solve with terms inside
 *   root.h gram.h     curvature of the working set
 *   active.h          the quadratic model at a point, and its active groups
 *   newton.h          Newton steps on the active groups
 *   freedom.h         degrees of freedom
 *   quadratic.h       block coordinate descent on the quadratic model, with Newton steps
 *   anderson.h        extrapolation of sweeps in lanes
 *   weigh.h           curvatures of several points on one root
 *   heavy.h           the rows of a root that weigh most, as a preconditioner
 *   conjugate.h       Newton steps in lanes on a root, by conjugate gradients
 *   quadratics.h      the models of several points, swept in lanes
 *   step.h            how a trial step is judged
 *   point.h           one lambda on its way
 *   predict.h         where the next one will be
 *   line.h            one path: its lambdas, their points, its solutions
 *   ride.h            one pass for points of one path or several
 *   path.h            paths that share their passes, from beginning to end
 *   setup.h paths.h   the memory of a fit; many paths, in turn and together
 *   ensemble.h        neurons that share groups
 *   bordered.h        the curvature of theirs that are in
 *   coupled.h         their quadratic model
 *   outlook.h         where their next solution will be
 *   course.h          one lambda of theirs
 *   joint.h           their path
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
