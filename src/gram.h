/* gram.h: the curvature of the working set, kept and extended.
 *
 * H = m (X' diag(e) X - (X'e)(X'e)') in penalty coordinates, at row weights e that the
 * Gram keeps a copy of: a group that enters later gets its columns at the same weights,
 * so H stays positive semidefinite, and an old H still serves as the metric of a later
 * step. Each group's coordinates are rotated so that its own block of H is diagonal: a
 * block update is then a one-dimensional root. */
#ifndef NL_GRAM_H
#define NL_GRAM_H

#include "penalty.h"
#include "poisson.h"

typedef struct {
  int valid;
  int n_built;    /* how often it was built anew */
  int n_in;       /* groups inside */
  int *group;     /* n_group: the first n_in are those inside, in order of entry */
  int *position;  /* n_group: first coordinate of a group in H, or -1 */
  int size;       /* coordinates inside */
  int capacity;   /* leading dimension of h and spare */
  double *h;      /* capacity x capacity, both triangles */
  double *spare;  /* capacity x capacity, for factorisations of its user */
  double *mean;   /* n_theta: T'X'e of the groups inside, at their position */
  double *weight; /* n_obs: e, sums to 1 */
  /* space */
  size_t batch;     /* doubles in raw and in cross each: nl_gram_batch() */
  double *raw;      /* batch: extended columns */
  double *cross;    /* batch: columns */
  double *scratch;  /* nl_cross_scratch(design) */
  int *entry_index; /* NL_CHUNK * n_entry */
  double *sums;     /* n_col */
  double *ext;      /* n_ext */
  double *block;    /* 3 * max_size^2 */
  double *eigen;    /* nl_eigen_work(max_size) + max_size */
  int *row_of;      /* n_col: a column's row in cross */
  int *column_of;   /* n_col: a fresh column's column in cross */
  int *list;        /* n_block */
  int *row_at;      /* n_block */
  int *column_at;   /* n_block */
  int *fresh;       /* n_block: flags */
  int *old;         /* n_block: flags */
} nl_gram;

/* How large the batch must be: every block against the blocks of the group that touches
 * most of them. seen: n_block ints, scratch. */
size_t nl_gram_batch(const nl_design *design, const nl_penalty *penalty, int *seen);

/* Empties the Gram and takes the weights of a state (n_obs), divided by their total. */
void nl_gram_reset(nl_gram *gram, const nl_poisson *model, const nl_penalty *penalty,
                   const nl_state *state);

/* Adds n_new groups. Rotates their coordinates: T in penalty, and the vectors theta and
 * gradient (n_theta each), which go along. */
void nl_gram_extend(nl_gram *gram, const nl_poisson *model, nl_penalty *penalty,
                    const int *groups, int n_new, double *theta, double *gradient,
                    const nl_hook *hook);

#endif
