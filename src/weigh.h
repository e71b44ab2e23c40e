/* weigh.h: the curvature of several points, on one root. Points of a pass have weights of
 * their own, and so have the models in lanes: with R of a Gram's weights e and constant c,
 * and weights e_v, c_v of lane v,
 *   H_v = R' (diag(ratio) - f f' / c_v) R,  f = c_v e_v / sqrt(c e),  ratio = f / sqrt(c e),
 * the last term because means are those of the Gram. */
#ifndef NL_WEIGH_H
#define NL_WEIGH_H

#include "gram.h"

/* All by row in lanes, single precision. */
typedef struct {
  float *ratio;
  float *f;
  double scale[NL_LANES]; /* c_v */
  double *lean;           /* R'f: coordinates of the Gram in lanes */
} nl_lane_weights;

/* One lane's weights (n_obs, of any sum; NULL: those of the Gram) and c_v. */
void nl_weigh_lane(const nl_gram *gram, int lane, const double *weight, double scale,
                   nl_lane_weights *weights);
/* lean, when all lanes are weighed. */
void nl_weigh_lean(const nl_gram *gram, nl_lane_weights *weights);

/* out = (diag(ratio) - f f' / c_v) image: what R' makes H_v x of, where image = R x.
 * drift (NL_LANES): f' image / c_v. */
void nl_weigh_image(const nl_lane_weights *weights, size_t n_obs, const float *image,
                    double *drift, float *out);

#endif
