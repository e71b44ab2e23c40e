/* link.c: see link.h. */
#include "link.h"

#include <math.h>

#include "kernel.h"
#include "linalg.h"

/* A sum of exponentials between these lost nothing. */
#define NL_TOTAL_LOW 1e-200
#define NL_TOTAL_HIGH 1e200

double nl_link_start(const nl_model *model, const nl_state *state, double centre_shift) {
  return (model->link == NL_LOG ? -state->shift : state->intercept) - centre_shift;
}

/* ---- rows -------------------------------------------------------------------------- */

static void log_rows(int n, nl_thread_space *own) {
  nl_exp(n * NL_LANES, own->eta);
  nl_sum_rows(n, own->eta, own->total);
}

/* One row of the softplus link: r, h and the loss, each to be times v. */
static void softplus_row(double eta, double y, double *r, double *h, double *loss) {
  const double small = exp(-fabs(eta));
  const double mu = (eta > 0 ? eta : 0) + log1p(small);
  const double p = (eta > 0 ? 1 : small) / (1 + small);
  /* p / mu -> 1 and log mu -> eta far below zero, where mu may vanish */
  const double ratio = eta < -36 ? 1 : p / mu;
  *loss = mu - (y > 0 ? y * (eta < -36 ? eta : log(mu)) : 0);
  *r = p - y * ratio;
  *h = y * ratio * ratio + (p - y * ratio) * (eta > 0 ? small : 1) / (1 + small);
  if (*h < 0) *h = 0; /* rounding: y p (p / mu - 1) + ... vanishes far below zero */
}

static void softplus_rows(const nl_model *const *model, int n_lane, size_t row, int n,
                          nl_thread_space *own, double *const *kept) {
  for (int v = 0; v < n_lane; v++) {
    const double *y = model[v]->count + row;
    const double *prior = model[v]->prior ? model[v]->prior + row : NULL;
    double *curvature = kept && kept[v] ? kept[v] + row : NULL;
    double slope_sum = 0, loss_sum = 0,
           total = 0; /* of the chunk: sums of sums round less */
    for (int t = 0; t < n; t++) {
      double *at = own->eta + t * NL_LANES + v, r, h, loss;
      const double weight = prior ? prior[t] : 1;
      if (curvature) curvature[t] = 0;
      if (!(weight > 0)) {
        *at = 0;
        continue;
      }
      softplus_row(*at, y[t], &r, &h, &loss);
      *at = weight * r;
      slope_sum += weight * r;
      loss_sum += weight * loss;
      total += weight * h;
      if (curvature) curvature[t] = weight * h;
    }
    own->slope[v] += slope_sum;
    own->loss[v] += loss_sum;
    own->total[v] += total;
  }
}

void nl_link_rows(const nl_model *const *model, int n_lane, size_t row, int n,
                  nl_thread_space *own, double *const *kept) {
  if (model[0]->link == NL_SOFTPLUS) {
    softplus_rows(model, n_lane, row, n, own, kept);
    return;
  }
  log_rows(n, own);
  for (int v = 0; kept && v < n_lane; v++) {
    if (kept[v]) nl_lane_get((size_t)n, own->eta, v, kept[v] + row);
  }
}

/* ---- a point ----------------------------------------------------------------------- */

/* gradient = scale sums - score, for the blocks wanted; score may be NULL. */
static void lane_gradient(const nl_model *model, const double *sums, int lane,
                          const int *wanted, double scale, const double *score,
                          double *gradient) {
  const nl_design *design = model->design;
  for (int b = 0; b < design->n_block; b++) {
    if (!wanted[b]) continue;
    for (int j = design->start[b]; j < design->start[b + 1]; j++) {
      gradient[j] =
          scale * sums[(size_t)j * NL_LANES + (size_t)lane] - (score ? score[j] : 0);
    }
  }
}

int nl_link_finish(const nl_model *model, nl_state *state, double total, double slope,
                   double loss, const double *sums, int lane, const int *wanted) {
  if (model->link == NL_SOFTPLUS) {
    const double scale = 1 / model->total_prior;
    state->loss = loss * scale;
    state->slope = slope * scale;
    state->curvature = fmax(total * scale, 1e-290);
    lane_gradient(model, sums, lane, wanted, scale, NULL, state->gradient);
    return 1;
  }
  if (!(total > NL_TOTAL_LOW && total < NL_TOTAL_HIGH)) {
    state->loss = INFINITY;
    return 0;
  }
  state->total = total;
  state->slope = 0;
  state->curvature = model->mean_count;
  state->loss = model->mean_count * nl_link_lse(state) -
                nl_dot(model->design->n_col, model->score, state->beta);
  lane_gradient(model, sums, lane, wanted, model->mean_count / total, model->score,
                state->gradient);
  return 1;
}

double nl_link_lse(const nl_state *state) { return log(state->total) + state->shift; }

double nl_link_intercept(const nl_model *model, const nl_state *state) {
  return model->link == NL_LOG ? model->log_total - nl_link_lse(state) : state->intercept;
}

double nl_link_objective(const nl_model *model, const nl_state *state) {
  return state->loss + model->constant;
}

double nl_link_magnitude(const nl_model *model, const nl_state *state) {
  if (model->link == NL_SOFTPLUS) return fabs(state->loss) + model->mean_count;
  double sum = fabs(model->mean_count * nl_link_lse(state)) + fabs(state->loss);
  for (int j = 0; j < model->design->n_col; j++)
    sum += fabs(model->score[j] * state->beta[j]);
  return sum;
}

double nl_link_intercept_residual(const nl_model *model, const nl_state *state) {
  return fabs(state->slope) / model->mean_count;
}
