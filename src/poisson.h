/* poisson.h: the observation model. Poisson counts, log link, intercept profiled out.
 *
 * With eta_t = o_t + X_t b, the intercept that minimises
 *   (1/V) sum_t v_t [mu_t - y_t log mu_t],   mu_t = exp(intercept + eta_t),   V = sum v
 * is log(sum v y) - log(sum v exp(eta)). What remains is, up to a constant,
 *   loss(b) = m lse(b) - s'b,   m = sum v y / V,  s = X'(v y) / V,  lse = log sum_t v_t
 * exp(eta_t) with gradient m X'e - s and curvature m (X' diag(e) X - (X'e)(X'e)'), e_t =
 * v_t exp(eta_t - lse). It can't overflow (eta is shifted), e sums to one, and the counts
 * enter once, through s. Another link or model replaces this file: its weights, gradient
 * and intercept. */
#ifndef NL_POISSON_H
#define NL_POISSON_H

#include "design.h"

typedef struct {
  const nl_design *design;
  const double *base;  /* n_obs: offset + log(prior weight), -Inf where the weight is 0 */
  const double *score; /* n_col: s = X'(v y) / V, of the design as it stands (centred) */
  double mean_count;   /* m */
  double constant;     /* what the definition's loss has beyond m lse - s'b */
  double log_total;    /* log(sum v y) */
} nl_poisson;

/* A point: coefficients and what a pass over the data says there. */
typedef struct {
  double *beta; /* n_col */
  double
      *gradient;  /* n_col, of the loss; only the columns of blocks that were asked for */
  double *weight; /* n_obs: exp(base + X beta - shift); sums to `total` */
  double total;
  double shift;
  double loss; /* m lse - s'beta */
} nl_state;

/* Space for a pass, owned by the caller. */
typedef struct {
  double *ext_beta;     /* n_ext */
  double *ext_gradient; /* n_ext */
  double *eta;          /* NL_CHUNK */
  int *on;              /* n_block */
} nl_pass_space;

/* Fills the model. y: n_obs counts, at least one above 0 where prior > 0; offset, prior:
 * n_obs, or NULL for 0 and 1. base, rows: n_obs, score: n_col, all overwritten; the model
 * keeps base and score. */
void nl_poisson_init(nl_poisson *model, const nl_design *design, const double *y,
                     const double *offset, const double *prior, double *base,
                     double *score, double *rows, nl_pass_space *space);

double nl_poisson_lse(const nl_state *state);
double nl_poisson_intercept(const nl_poisson *model, const nl_state *state);
/* The loss as the definition has it, with the best intercept. */
double nl_poisson_objective(const nl_poisson *model, const nl_state *state);

/* One pass at state->beta: fills weight, total, loss, and the gradient of the blocks with
 * wanted[b] != 0. state->shift is the guess to start from. */
void nl_poisson_pass(const nl_poisson *model, nl_state *state, const int *wanted,
                     nl_pass_space *space, const nl_hook *hook);

/* The gradient of further blocks at a state that has its weights. */
void nl_poisson_gradient(const nl_poisson *model, nl_state *state, const int *wanted,
                         nl_pass_space *space, const nl_hook *hook);

#endif
