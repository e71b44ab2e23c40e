/* root.h: a Gram as its root, H = R'R with R = sqrt(c e) (X T - 1 mean'): a row for every
 * bin, a column for every coordinate. With fewer bins than coordinates it is smaller than
 * H and costs no cross products; a sweep then updates R (x - start), the change of the
 * linear predictors, in place of the slope (residual updates). Single precision is enough
 * for a metric: what rests on it are changes, the slope at the start does not. */
#ifndef NL_ROOT_H
#define NL_ROOT_H

#include "design.h"
#include "memory.h"
#include "penalty.h"

typedef struct {
  int on;      /* whether the Gram is kept so */
  int refused; /* whether it must not be: a point got no further with one */
  size_t n_obs;
  int capacity; /* coordinates there is room for */
  float *r; /* n_obs x capacity: a group from n_obs times its position on, row by row */
  double *image; /* n_obs: scratch */
  nl_room strip; /* NL_CHUNK * (NL_LANES + max_size): scratch */
} nl_root;

/* Room for `needed` coordinates, `most` at most; the first `size` are kept. */
void nl_root_grow(nl_root *root, size_t n_obs, int size, int needed, int most,
                  const nl_hook *hook);

/* Fills R for group g at position `at`. weight: n_obs, e; mean: rank, the group's T'X'e;
 * own (rank x rank): the group's block of H. */
void nl_root_enter(nl_root *root, const nl_design *design, const nl_penalty *penalty,
                   int g, int at, const double *weight, double scale, const double *mean,
                   double *own, const nl_hook *hook);

/* image (n_obs) += R_g x, and out (rank) = R_g' image, for a group at position `at`. */
void nl_root_add_image(const nl_root *root, int at, int rank, const double *x,
                       double *image);
void nl_root_back(const nl_root *root, int at, int rank, const double *image,
                  double *out);

/* The same in lanes. image, ratio: n_obs in lanes, single precision; change, slope: rank
 * in lanes. image += ratio times R_g change, row by row (ratio NULL: 1); slope += R_g'
 * image. */
void nl_root_move(const nl_root *root, int at, int rank, const double *change,
                  const float *ratio, float *image);
void nl_root_slope(const nl_root *root, int at, int rank, const float *image,
                   double *slope);

#endif
