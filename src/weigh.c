/* weigh.c: see weigh.h. */
#include "weigh.h"

#include <math.h>

#include "lanes.h"
#include "linalg.h"

void nl_weigh_lane(const nl_gram *gram, int lane, const double *weight, double scale,
                   nl_lane_weights *weights) {
  const size_t n_obs = gram->root.n_obs;
  double total = 0;
  for (size_t t = 0; weight && t < n_obs; t++) total += weight[t];
  weights->scale[lane] = weight ? scale : gram->scale;
  for (size_t t = 0; t < n_obs; t++) {
    const size_t i = t * NL_LANES + (size_t)lane;
    const double own = sqrt(gram->scale * gram->weight[t]);
    const double f = weight && own > 0 ? scale * weight[t] / (total * own) : own;
    weights->f[i] = (float)f;
    weights->ratio[i] = own > 0 ? (float)(f / own) : 0;
  }
}

void nl_weigh_lean(const nl_gram *gram, nl_lane_weights *weights) {
  nl_fill((size_t)gram->size * NL_LANES, 0, weights->lean);
  for (int k = 0, at = 0; k < gram->n_in; k++) {
    at = gram->position[gram->group[k]];
    const int end = k + 1 < gram->n_in ? gram->position[gram->group[k + 1]] : gram->size;
    nl_root_slope(&gram->root, at, end - at, weights->f,
                  weights->lean + (ptrdiff_t)at * NL_LANES);
  }
}

void nl_weigh_image(const nl_lane_weights *weights, size_t n_obs, const float *image,
                    double *drift, float *out) {
  float sum[NL_LANES];
  for (int v = 0; v < NL_LANES; v++) drift[v] = 0;
  for (size_t i = 0; i < n_obs * NL_LANES; i += NL_LANES) {
    for (int v = 0; v < NL_LANES; v++)
      drift[v] += (double)(weights->f[i + (size_t)v] * image[i + (size_t)v]);
  }
  for (int v = 0; v < NL_LANES; v++) {
    drift[v] = weights->scale[v] > 0 ? drift[v] / weights->scale[v] : 0;
    sum[v] = (float)drift[v];
  }
  for (size_t i = 0; i < n_obs * NL_LANES; i += NL_LANES) {
    for (int v = 0; v < NL_LANES; v++)
      out[i + (size_t)v] = weights->ratio[i + (size_t)v] * image[i + (size_t)v] -
                           weights->f[i + (size_t)v] * sum[v];
  }
}
