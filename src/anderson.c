/* anderson.c: see anderson.h. */
#include "anderson.h"

#include <math.h>

#include "lanes.h"
#include "linalg.h"

enum { DIFFERENCES = NL_HISTORY - 1, ARRAYS = 4 + 2 * NL_HISTORY };
/* Added to the diagonal of the differences' inner products, relative to its largest. */
#define NL_RIDGE 1e-12

size_t nl_iterates_size(int n) { return (size_t)n * NL_LANES * ARRAYS; }

void nl_iterates_place(nl_iterates *iterates, int n, double *room) {
  const size_t length = (size_t)n * NL_LANES;
  iterates->x = room;
  iterates->slope = room + length;
  iterates->first_x = room + 2 * length;
  iterates->first_slope = room + 3 * length;
  iterates->old_x = room + 4 * length;
  iterates->old_slope = iterates->old_x + NL_HISTORY * length;
  iterates->n_old = 0;
}

void nl_iterates_begin(nl_iterates *iterates, int n) {
  const size_t length = (size_t)n * NL_LANES;
  nl_copy(length, iterates->x, iterates->first_x);
  nl_copy(length, iterates->slope, iterates->first_slope);
  iterates->n_old = 0;
}

/* products (DIFFERENCES^2 in lanes): inner products of the iterates' differences. */
NL_CLONES
static void difference_products(size_t length, const double *old_x, double *products) {
  for (int h = 0; h < NL_LANES; h += NL_VECTOR) {
    nl_v sums[DIFFERENCES][DIFFERENCES] = {{{0}}};
    for (size_t i = (size_t)h; i < length; i += NL_LANES) {
      nl_v difference[DIFFERENCES];
      for (int k = 0; k < DIFFERENCES; k++) {
        const double *x = old_x + (size_t)k * length + i;
        difference[k] = *(const nl_v *)(x + length) - *(const nl_v *)x;
      }
      for (int k = 0; k < DIFFERENCES; k++) {
        for (int l = 0; l <= k; l++) sums[k][l] += difference[k] * difference[l];
      }
    }
    for (int k = 0; k < DIFFERENCES; k++) {
      for (int l = 0; l <= k; l++) {
        *(nl_v *)(products + (k + l * DIFFERENCES) * NL_LANES + h) = sums[k][l];
        *(nl_v *)(products + (l + k * DIFFERENCES) * NL_LANES + h) = sums[k][l];
      }
    }
  }
}

/* The weights (DIFFERENCES, sum 1) of one lane's later iterates in the extrapolation; all
 * on the last one where the differences do not tell. */
static void lane_weights(const double *products, int lane, double *weight) {
  double factor[DIFFERENCES * DIFFERENCES], sum = 0;
  nl_lane_get(DIFFERENCES * DIFFERENCES, products, lane, factor);
  nl_fill(DIFFERENCES, 1, weight);
  nl_add_ridge(DIFFERENCES, NL_RIDGE, factor);
  if (nl_cholesky(DIFFERENCES, factor) == 0)
    nl_cholesky_solve(DIFFERENCES, factor, weight);
  for (int k = 0; k < DIFFERENCES; k++) sum += weight[k];
  for (int k = 0; k < DIFFERENCES; k++) {
    weight[k] = isfinite(weight[k] / sum) ? weight[k] / sum : k == DIFFERENCES - 1;
  }
}

/* out (length) = sum over k of weight[k] (in lanes) times old iterate k + 1. */
NL_CLONES
static void combine(size_t length, const double *weight, const double *old, double *out) {
  for (size_t i = 0; i < length; i += NL_VECTOR) {
    const double *lane_weight = weight + i % NL_LANES;
    nl_v sum = {0};
    for (int k = 0; k < DIFFERENCES; k++) {
      sum += *(const nl_v *)(lane_weight + k * NL_LANES) *
             *(const nl_v *)(old + (size_t)(k + 1) * length + i);
    }
    *(nl_v *)(out + i) = sum;
  }
}

/* The models' objectives (NL_LANES) at a point. */
static void objective(const nl_iterates *iterates, const nl_lane_groups *groups,
                      const double *x, const double *slope, double *value) {
  size_t i = 0;
  for (int v = 0; v < NL_LANES; v++) value[v] = 0;
  for (int g = 0; g < groups->n_group; g++) {
    const double *tau = groups->tau + (size_t)g * NL_LANES;
    double square[NL_LANES] = {0};
    for (int k = 0; k < groups->rank[g]; k++) {
      for (int v = 0; v < NL_LANES; v++, i++) {
        square[v] += x[i] * x[i];
        value[v] +=
            0.5 * (iterates->first_slope[i] + slope[i]) * (x[i] - iterates->first_x[i]);
      }
    }
    for (int v = 0; v < NL_LANES; v++) value[v] += tau[v] * sqrt(square[v]);
  }
}

static void extrapolate(nl_iterates *iterates, int n, const nl_lane_groups *groups) {
  const size_t length = (size_t)n * NL_LANES;
  double products[DIFFERENCES * DIFFERENCES * NL_LANES], weight[DIFFERENCES * NL_LANES];
  double before[NL_LANES], after[NL_LANES];
  difference_products(length, iterates->old_x, products);
  for (int v = 0; v < NL_LANES; v++) {
    double own[DIFFERENCES];
    lane_weights(products, v, own);
    nl_lane_set(DIFFERENCES, own, v, weight);
  }
  /* in place of the oldest, which is not used */
  double *x = iterates->old_x, *slope = iterates->old_slope;
  combine(length, weight, iterates->old_x, x);
  combine(length, weight, iterates->old_slope, slope);
  objective(iterates, groups, iterates->x, iterates->slope, before);
  objective(iterates, groups, x, slope, after);
  for (int v = 0; v < NL_LANES; v++) {
    if (!(after[v] < before[v])) continue;
    for (size_t i = (size_t)v; i < length; i += NL_LANES) {
      iterates->x[i] = x[i];
      iterates->slope[i] = slope[i];
    }
  }
}

void nl_iterates_note(nl_iterates *iterates, int n, const nl_lane_groups *groups) {
  const size_t length = (size_t)n * NL_LANES;
  nl_copy(length, iterates->x, iterates->old_x + (size_t)iterates->n_old * length);
  nl_copy(length, iterates->slope,
          iterates->old_slope + (size_t)iterates->n_old * length);
  if (++iterates->n_old < NL_HISTORY) return;
  extrapolate(iterates, n, groups);
  iterates->n_old = 0;
}
