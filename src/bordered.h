/* bordered.h: the curvature of neurons that share groups, on the groups that are in.
 *
 * A group's penalty tau ||x|| has the curvature tau / ||x|| (I - u u'), u = x / ||x|| over the
 * coordinates of all its neurons. So the whole is a block B_i = H_i + tau / ||x|| I for each
 * neuron, less one vector's square for each group: M = B - U C U', and
 * M^-1 = B^-1 + B^-1 U (C^-1 - U'B^-1 U)^-1 U'B^-1 (Woodbury). Its cost is linear in the
 * neurons. */
#ifndef NL_BORDERED_H
#define NL_BORDERED_H

#include "ensemble.h"

/* n_i: neuron i's coordinates of groups that are in; m: its Gram's size. */
typedef struct {
  int n_border;      /* penalised groups that are in, listed in ensemble->border */
  double *solved;    /* for each neuron B_i^-1 [gradient, U_i]: n_i x (1 + n_border); for
                        degrees of freedom n_border x n_border */
  double *white;     /* the largest n_i x n_border: scratch */
  double *schur;     /* n_border x n_border: factor of C^-1 - U'B^-1 U */
  double *weight;    /* n_border: scratch */
  double *direction; /* m of each neuron: where a Newton step goes */
  double *times;     /* m of each neuron: room for H times it */
} nl_bordered;

/* Factors M at the x of the neurons' models. Overwrites the Grams' spare. Returns 0 where M
 * isn't positive. */
int nl_bordered_factor(nl_bordered *bordered, nl_ensemble *ensemble,
                       const nl_level *level, const nl_hook *hook);

/* direction <- -M^-1 gradient, of model and penalty. Returns gradient'direction. */
double nl_bordered_direction(nl_bordered *bordered, const nl_ensemble *ensemble);

/* df (n_neuron): each neuron's degrees of freedom without its intercept's, its part of the
 * trace of H M^-1 (compare freedom.h), at theta = now. NaN where it has more than
 * NL_MOST_FREEDOM coordinates in, M isn't positive, or neurons share a Gram, which is then
 * not the H of any. */
void nl_bordered_freedom(nl_ensemble *ensemble, const nl_level *level, double *df,
                         const nl_hook *hook);

#endif
