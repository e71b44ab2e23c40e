/* poisson.c: see poisson.h. */
#include "poisson.h"

#include <math.h>

#include "linalg.h"

/* exp() stays far from overflow below this, and a sum above NL_TOTAL_LOW lost nothing. */
#define NL_EXPONENT_HIGH 300.0
#define NL_TOTAL_LOW 1e-200

double nl_poisson_lse(const nl_state *state) { return log(state->total) + state->shift; }

double nl_poisson_intercept(const nl_poisson *model, const nl_state *state) {
  return model->log_total - nl_poisson_lse(state);
}

double nl_poisson_objective(const nl_poisson *model, const nl_state *state) {
  return state->loss + model->constant;
}

void nl_poisson_init(nl_poisson *model, const nl_design *design, const double *y,
                     const double *offset, const double *prior, double *base,
                     double *score, double *rows, nl_pass_space *space) {
  double v_total = 0, vy_total = 0, vyo_total = 0;
  for (size_t t = 0; t < design->n_obs; t++) {
    const double v = prior ? prior[t] : 1, o = offset ? offset[t] : 0;
    v_total += v;
    vy_total += v * y[t];
    if (v > 0) vyo_total += v * y[t] * o;
    base[t] = v > 0 ? o + log(v) : -INFINITY;
    rows[t] = v * y[t];
  }
  model->design = design;
  model->base = base;
  model->score = score;
  model->mean_count = vy_total / v_total;
  model->log_total = log(vy_total);
  model->constant = model->mean_count * (1 - model->log_total) - vyo_total / v_total;
  for (int b = 0; b < design->n_block; b++) space->on[b] = 1;
  nl_design_column_sums(design, space->on, rows, space->ext_gradient, score, NULL);
  for (int j = 0; j < design->n_col; j++) score[j] /= v_total;
}

/* Sums over rows become the gradient m X'e - s. */
static void finish_gradient(const nl_poisson *model, nl_state *state, const int *wanted) {
  const nl_design *design = model->design;
  const double scale = model->mean_count / state->total;
  for (int b = 0; b < design->n_block; b++) {
    if (!wanted[b]) continue;
    for (int j = design->start[b]; j < design->start[b + 1]; j++) {
      state->gradient[j] = scale * state->gradient[j] - model->score[j];
    }
  }
}

/* The pass with the shift as it is. Returns the largest exponent. */
static double sweep(const nl_poisson *model, nl_state *state, const int *wanted,
                    nl_pass_space *space, const nl_hook *hook) {
  const nl_design *design = model->design;
  double largest = -INFINITY;
  state->total = 0;
  nl_design_clear(design, wanted, space->ext_gradient);
  for (size_t row = 0; row < design->n_obs; row += NL_CHUNK) {
    const int n = nl_design_chunk(design, row);
    double *weight = state->weight + row, sum = 0;
    if (row % (256 * NL_CHUNK) == 0) nl_check(hook);
    for (int t = 0; t < n; t++)
      space->eta[t] = model->base[row + (size_t)t] - state->shift;
    nl_design_add_eta(design, space->on, space->ext_beta, row, n, space->eta);
    for (int t = 0; t < n; t++) {
      if (space->eta[t] > largest) largest = space->eta[t];
      weight[t] = exp(space->eta[t]);
      sum += weight[t];
    }
    state->total += sum;
    nl_design_add_gradient(design, wanted, weight, row, n, space->ext_gradient);
  }
  return largest;
}

void nl_poisson_pass(const nl_poisson *model, nl_state *state, const int *wanted,
                     nl_pass_space *space, const nl_hook *hook) {
  nl_design_extend(model->design, state->beta, space->ext_beta, space->on);
  double largest = sweep(model, state, wanted, space, hook);
  if (isfinite(largest) && (largest > NL_EXPONENT_HIGH || state->total < NL_TOTAL_LOW)) {
    state->shift += largest;
    sweep(model, state, wanted, space, hook);
  }
  state->loss = model->mean_count * nl_poisson_lse(state) -
                nl_dot(model->design->n_col, model->score, state->beta);
  nl_design_fold(model->design, wanted, space->ext_gradient, state->gradient);
  finish_gradient(model, state, wanted);
}

void nl_poisson_gradient(const nl_poisson *model, nl_state *state, const int *wanted,
                         nl_pass_space *space, const nl_hook *hook) {
  nl_design_column_sums(model->design, wanted, state->weight, space->ext_gradient,
                        state->gradient, hook);
  finish_gradient(model, state, wanted);
}
