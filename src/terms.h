/* terms.h: the penalty of one group at one lambda, term by term:
 *   norm ||x|| + sum over parts s of part w_s ||x_s|| + lasso ||x||_1 + ridge / 2 ||x||^2
 * A part is a run of the group's coordinates; two parts lie apart or one inside the other.
 * So the proximal map of the norms is the maps of the terms one after the other, from single
 * coordinates to the whole group (Jenatton et al. 2011, J Mach Learn Res 12:2297), and that
 * map of a gradient is what the gradient has beyond the subdifferential at 0. */
#ifndef NL_TERMS_H
#define NL_TERMS_H

#include "penalty.h"

typedef struct {
  double norm;
  double lasso;
  double ridge;
  double unit; /* what residuals are measured in */
  double part; /* what the weights of parts are multiplied by */
  int n_part;
  const nl_part *parts; /* n_part: each after those inside it */
} nl_terms;

nl_terms nl_group_terms(const nl_penalty *penalty, const nl_level *level, int g);

/* Whether coordinates inside the group have penalties of their own. */
static inline int nl_terms_have_inner(const nl_terms *terms) {
  return terms->lasso > 0 || terms->n_part > 0;
}

/* Norm k of the n_part + 1, with its weight at this lambda; the last is the group's. */
nl_part nl_terms_norm(const nl_terms *terms, int rank, int k);

double nl_terms_value(const nl_terms *terms, int rank, const double *x);
/* The value at y, less that at x: more exact than of the two by themselves. */
double nl_terms_change(const nl_terms *terms, int rank, const double *x, const double *y);

/* The proximal map of step times the norms: x (rank) becomes the z that minimises
 * 0.5 ||z - x||^2 + step (all terms but the ridge). */
void nl_terms_shrink(const nl_terms *terms, int rank, double step, double *x);

/* The coordinates (first + 0, 1, ...) in which the penalty is smooth at x, which is not zero:
 * not those that their own term holds at zero. Fills index; returns how many. */
int nl_terms_moving(const nl_terms *terms, int rank, const double *x, int first,
                    int *index);

/* out += the penalty's gradient at x in the moving coordinates; what it adds to others means
 * nothing. */
void nl_terms_gradient(const nl_terms *terms, int rank, const double *x, double *out);

/* h (n x n, ld) += the penalty's curvature at x in n of the group's coordinates (index,
 * increasing, counted from `first`). */
void nl_terms_curvature(const nl_terms *terms, int rank, const double *x, int first,
                        const int *index, int n, double *h, size_t ld);

/* The longest step below `step` along `direction` at which a coordinate with an l1 norm is zero;
 * 0 if there is none. */
double nl_terms_kink(const nl_terms *terms, int rank, const double *x,
                     const double *direction, double step);
/* x + change, exactly zero where that is rounding. */
static inline double nl_moved(double x, double change) {
  const double sum = x + change;
  return sum * sum <= 1e-28 * x * x ? 0 : sum;
}

/* How far x is from stationarity: the distance of -gradient from the subdifferential of the
 * penalty, in units of `unit`. space: rank; may be the gradient. */
double nl_terms_residual(const nl_terms *terms, int rank, const double *x,
                         const double *gradient, double *space);

/* The smallest lambda at which group g, with the weight `weight` in the place of its own, is
 * zero against this gradient (rank). space: rank; not the gradient. */
double nl_group_score(const nl_penalty *penalty, int g, const double *gradient,
                      double weight, double *space);

/* The same for part k of the group, if the rest of the group is in. */
double nl_part_score(const nl_penalty *penalty, int g, int k, const double *gradient,
                     double *space);

#endif
