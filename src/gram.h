/* gram.h: the curvature of the working set, kept and extended.
 *
 * H = c (X' diag(e) X - (X'e)(X'e)') in penalty coordinates, at row weights e that the
 * Gram keeps a copy of: a group that enters later gets its columns at the same weights,
 * so H stays positive semidefinite, and an old H still serves as the metric of a later
 * step, of another lambda, of another fold. Each group's own block comes with its
 * eigenvectors: a block update is then a one-dimensional root. */
#ifndef NL_GRAM_H
#define NL_GRAM_H

#include "cross.h"
#include "memory.h"
#include "model.h"
#include "penalty.h"
#include "root.h"

/* Groups larger than this get no eigenvectors (n^3), but a bound on their curvature. */
enum { NL_LARGE_GROUP = 256 };

typedef struct {
  int valid;
  int n_built;   /* how often it was built anew */
  int n_in;      /* groups inside */
  int *group;    /* n_group: the first n_in are those inside, in order of entry */
  int *position; /* n_group: first coordinate of a group in H, or -1 */
  int size;      /* coordinates inside */
  int capacity;  /* leading dimension of h */
  double *h;     /* capacity x capacity, both triangles */
  /* H is h times this: 1, but where a Gram is another one's, too; not of a root */
  double stretch;
  double *spare; /* n_spare, at least capacity^2: for factorisations of its user */
  size_t n_spare;
  nl_root root;   /* in place of h and spare where root.on; off after a reset */
  double *mean;   /* n_theta: T'X'e of the groups inside, at their position */
  double *weight; /* n_obs: e, sums to 1 */
  double scale;   /* c */
  int stride;     /* one row in so many is used, without pattern, in runs of `run` */
  int run;
  /* of each group's own block of h */
  double *curvature; /* n_theta, by position: eigenvalues, or the bound */
  double *vectors; /* rank x rank per group, from vector_start[group]; see has_vectors */
  size_t *vector_start; /* n_group */
  int *has_vectors;     /* n_group: 0 where the group is large: curvature is a bound */
  /* space */
  nl_room cross, raw, strip, entry;
  int *index;       /* n_thread * NL_CHUNK * entries of all blocks */
  double *sums;     /* n_col */
  double *fold;     /* n_col in lanes */
  double *block;    /* 2 * max_size^2 */
  double *eigen;    /* nl_eigen_work(max_size) */
  int *row_of;      /* n_col: a column's row in cross */
  int *column_of;   /* n_col: a fresh column's column in cross */
  int *list;        /* n_block */
  int *list_fresh;  /* n_block */
  int *list_row;    /* n_block */
  int *list_column; /* n_block */
  int *fresh;       /* n_block: flags */
  int *old;         /* n_block: flags */
} nl_gram;

/* Empties the Gram and takes the weights `kept` by a pass, swapping arrays with it (n_obs
 * each), and the curvature c of that point. */
void nl_gram_reset(nl_gram *gram, const nl_penalty *penalty, double **kept, size_t n_obs,
                   double scale);

/* Adds n_new groups. */
void nl_gram_extend(nl_gram *gram, const nl_design *design, const nl_penalty *penalty,
                    const int *groups, int n_new, nl_pass_space *space,
                    const nl_hook *hook);

/* The part of H of some coordinates (index, n, increasing), n x n, into spare; not of a
 * root. */
void nl_gram_part(nl_gram *gram, const int *index, int n);

/* out (size) = H x, x (size). */
void nl_gram_times(const nl_gram *gram, const double *x, double *out);

/* out (rank) = U'x, or U x, for the eigenvectors U of group g's own block; x itself where
 * there are none. */
void nl_gram_turn(const nl_gram *gram, int g, int rank, const double *x, double *out);
void nl_gram_turn_back(const nl_gram *gram, int g, int rank, const double *x,
                       double *out);

#endif
