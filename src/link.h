/* link.h: the observation model: what a row of the data contributes, for each link. This
 * is the one file that knows links: from the linear predictor of a chunk it makes the
 * weights of the gradient, the weights of the curvature and the loss; from sums over all
 * rows, the point's loss and gradient. The rest of the core asks for nothing else.
 *
 * Poisson counts. The loss is (1/V) sum_t v_t [mu_t - y_t log mu_t], V = sum v,
 * eta_t = o_t + b + X_t beta.
 *
 * log: mu = exp(eta). The best intercept is log(sum v y) - log(sum v exp(o + X beta)); with
 * it the loss is m lse - s'beta + constant, m = sum v y / V, s = X'(v y) / V,
 * lse = log sum_t v_t exp(o_t + X_t beta), the gradient m X'e - s and the curvature
 * m (X' diag(e) X - (X'e)(X'e)'), e_t = v_t exp(o_t + X_t beta - lse). Exponents are shifted,
 * so nothing overflows, and the counts enter once, through s.
 *
 * softplus: mu = log(1 + exp(eta)), b a coordinate without penalty. With
 * p = 1 / (1 + exp(-eta)), the gradient is X'r / V, r = v (1 - y / mu) p, and the curvature
 * X' diag(h) X / V in (b, beta), h = v [y p^2 / mu^2 + (1 - y / mu) p (1 - p)], never
 * negative. With b eliminated it has the form that it has for the log link:
 * c (X' diag(e) X - (X'e)(X'e)') with e = h / sum h and c = sum h / V. */
#ifndef NL_LINK_H
#define NL_LINK_H

#include "design.h"

typedef enum { NL_LOG, NL_SOFTPLUS } nl_link;

typedef struct {
  nl_link link;
  const nl_design *design;
  const double *base; /* n_obs: offset; log link: offset + log(prior weight), -Inf where
                          it is 0 */
  const size_t *gap; /* 2 n_gap, increasing: the prior weight is 0, whatever base says, in
                          rows gap[2 i] .. gap[2 i + 1] - 1 */
  size_t n_gap;
  const double *count; /* softplus: n_obs, y */
  const double *prior; /* softplus: n_obs, v, or NULL for 1 */
  const double *score; /* n_col: s = X'(v y) / V, of the design as it stands (centred) */
  double mean_count;   /* m */
  double total_prior;  /* V */
  double constant;  /* log link: what the definition's loss has beyond m lse - s'beta */
  double log_total; /* log(sum v y) */
} nl_model;

/* A point: coefficients and what a pass over the data says there. */
typedef struct {
  double *beta;     /* n_col */
  double *gradient; /* n_col, of the loss; only the columns of blocks asked for */
  double intercept; /* softplus: b, as the design stands (centred) */
  double slope;     /* of the loss in b; 0 for the log link, whose b is the best one */
  double curvature; /* c */
  double total;     /* log link: sum of v exp(o + X beta - shift) */
  double shift;     /* log link */
  double loss;      /* log link: m lse - s'beta; softplus: as defined */
  double *weight;   /* NULL, or n_obs: weights of the curvature */
  int has_weight;   /* whether they are those of this point */
} nl_state;

/* Where a lane's linear predictor starts from: base + this. */
double nl_link_start(const nl_model *model, const nl_state *state, double centre_shift);
/* Rows row .. row + n - 1: eta (n in lanes) becomes the weights of the gradient; sums go
 * to own->total, slope, loss. Where kept and kept[v] (n_obs) are not NULL, lane v's weights
 * of the curvature go to kept[v] from `row` on. All models have the same link. */
void nl_link_rows(const nl_model *const *model, int n_lane, size_t row, int n,
                  nl_thread_space *own, double *const *kept);
/* The state of one lane from the sums over all rows: total, slope, loss of the lane, and
 * sums (n_col in lanes) of the blocks wanted. Returns 0 if the exponents must be shifted
 * further first (log link). */
int nl_link_finish(const nl_model *model, nl_state *state, double total, double slope,
                   double loss, const double *sums, int lane, const int *wanted);

double nl_link_lse(const nl_state *state);
double nl_link_intercept(const nl_model *model, const nl_state *state);
/* The loss as the definition has it, with the best intercept. */
double nl_link_objective(const nl_model *model, const nl_state *state);
/* What rounding can do to the loss, in units of its relative precision. */
double nl_link_magnitude(const nl_model *model, const nl_state *state);
/* How far the intercept is from its best: |sum v r| / sum v y, r the derivative of a row's loss in
 * eta (mu - y for the log link, where it is 0). */
double nl_link_intercept_residual(const nl_model *model, const nl_state *state);

#endif
