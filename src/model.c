/* model.c: see model.h. */
#include "model.h"

#include <math.h>
#include <stdint.h>

#include "kernel.h"
#include "linalg.h"

void nl_model_init(nl_model *model, nl_link link, const nl_design *design,
                   const double *y, const double *offset, const double *prior,
                   double *base, double *score, double *rows, nl_pass_space *space) {
  double v_total = 0, vy_total = 0, vyo_total = 0;
  for (size_t t = 0; t < design->n_obs; t++) {
    const double v = prior ? prior[t] : 1, o = offset ? offset[t] : 0;
    v_total += v;
    vy_total += v * y[t];
    if (v > 0) vyo_total += v * y[t] * o;
    if (base) base[t] = v > 0 ? o + (link == NL_LOG ? log(v) : 0) : -INFINITY;
    rows[t] = v * y[t];
  }
  model->link = link;
  model->design = design;
  model->base = base;
  model->gap = NULL;
  model->n_gap = 0;
  model->count = y;
  model->prior = prior;
  model->score = score;
  model->mean_count = vy_total / v_total;
  model->total_prior = v_total;
  model->log_total = log(vy_total);
  model->constant = 0;
  if (link == NL_LOG)
    model->constant = model->mean_count * (1 - model->log_total) - vyo_total / v_total;
  for (int b = 0; b < design->n_block; b++) space->on[b] = 1;
  nl_design_column_sums(design, space->on, rows, space, score, NULL);
  for (int j = 0; j < design->n_col; j++) score[j] /= v_total;
}

size_t nl_model_gaps(size_t n_obs, const double *prior, const double *other,
                     size_t *gap) {
  size_t n = 0;
  int inside = 0;
  for (size_t t = 0; t < n_obs; t++) {
    const double own = prior ? prior[t] : 1, of_other = other ? other[t] : 1;
    const int is_out = own == 0 && of_other != 0;
    if (!is_out && own != of_other) return SIZE_MAX;
    if (gap && is_out != inside) gap[2 * n + (size_t)inside] = t;
    n += inside && !is_out;
    inside = is_out;
  }
  if (gap && inside) gap[2 * n + 1] = n_obs;
  return n + (size_t)inside;
}

void nl_model_borrow(nl_model *model, const double *base, const size_t *gap,
                     size_t n_gap) {
  model->base = base;
  model->gap = gap;
  model->n_gap = n_gap;
}

/* ---- the sweep over the rows ------------------------------------------------------- */

typedef struct {
  int n_lane;
  const nl_model *const *model;
  const int *wanted;
  double start[NL_LANES]; /* of the linear predictor, beyond base */
  double *const *kept;
  nl_pass_space *space;
  double
      *largest; /* NL_LANES: look for the largest exponents only; NULL: the real sweep */
} sweep_work;

/* The rows of a lane that its model leaves out: -Inf. */
static void cut_gaps(const nl_model *model, size_t row, int n, int lane, double *eta) {
  const size_t end = row + (size_t)n;
  size_t low = 0, high = model->n_gap; /* the first gap that ends beyond `row` */
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (model->gap[2 * middle + 1] > row) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  for (size_t i = low; i < model->n_gap && model->gap[2 * i] < end; i++) {
    const size_t from = model->gap[2 * i] > row ? model->gap[2 * i] : row;
    const size_t to = model->gap[2 * i + 1] < end ? model->gap[2 * i + 1] : end;
    for (size_t t = from; t < to; t++)
      eta[(t - row) * NL_LANES + (size_t)lane] = -INFINITY;
  }
}

/* A lane that nobody rides starts so low that exp() makes it nothing. */
#define NL_IDLE (-1e4)

static void start_eta(const sweep_work *work, size_t row, int n, double *eta) {
  const double *base[NL_LANES];
  int shared = 1;
  for (int v = 0; v < NL_LANES; v++) {
    base[v] = work->model[v < work->n_lane ? v : 0]->base + row;
    shared = shared && base[v] == base[0];
  }
  if (shared) {
    nl_start_eta(n, base[0], work->start, eta);
  } else {
    for (int t = 0; t < n; t++) {
      for (int v = 0; v < NL_LANES; v++)
        eta[t * NL_LANES + v] = base[v][t] + work->start[v];
    }
  }
  for (int v = 0; v < work->n_lane; v++) cut_gaps(work->model[v], row, n, v, eta);
}

static void sweep_chunk(void *data, int thread, size_t row, int n) {
  const sweep_work *work = (const sweep_work *)data;
  const nl_design *design = work->model[0]->design;
  nl_pass_space *space = work->space;
  nl_thread_space *own = space->thread + thread;
  start_eta(work, row, n, own->eta);
  nl_design_add_eta(design, space->on, space->ext, row, n, own->eta);
  if (work->largest) {
    for (int i = 0; i < n * NL_LANES; i++) {
      double *largest = work->largest + i % NL_LANES;
      *largest = fmax(*largest, own->eta[i]);
    }
    return;
  }
  nl_link_rows(work->model, work->n_lane, row, n, own, work->kept);
  nl_design_add_gradient(design, work->wanted, own->eta, row, n, own->ext);
}

/* Takes the largest exponent of every lane into its shift. */
static void shift_exponents(sweep_work *work, nl_state *const *state,
                            const nl_hook *hook) {
  const nl_design *design = work->model[0]->design;
  double largest[NL_LANES];
  for (int v = 0; v < NL_LANES; v++) largest[v] = -INFINITY;
  work->largest = largest;
  nl_rows(design->n_obs, 1, sweep_chunk, work, hook);
  work->largest = NULL;
  for (int v = 0; v < work->n_lane; v++) {
    if (!isfinite(largest[v])) continue;
    state[v]->shift += largest[v];
    work->start[v] -= largest[v];
  }
}

static void sweep(sweep_work *work, const nl_hook *hook) {
  const nl_design *design = work->model[0]->design;
  nl_design_clear(design, work->wanted, work->space);
  nl_rows_in_parts(design->n_obs, design->n_thread, nl_design_parts(design), sweep_chunk,
                   work, hook);
}

/* States from sums. Returns 0 if a lane's exponents must be shifted. */
static int finish(const sweep_work *work, nl_state *const *state) {
  const nl_design *design = work->model[0]->design;
  nl_pass_space *space = work->space;
  double total[NL_LANES] = {0}, slope[NL_LANES] = {0}, loss[NL_LANES] = {0};
  const int n_part = nl_design_parts(design);
  int in_range = 1;
  for (int k = 0; k < n_part; k++) {
    for (int v = 0; v < work->n_lane; v++) {
      total[v] += space->thread[k].total[v];
      slope[v] += space->thread[k].slope[v];
      loss[v] += space->thread[k].loss[v];
    }
  }
  nl_design_fold(design, work->wanted, work->model[0]->link == NL_LOG ? total : slope,
                 space);
  for (int v = 0; v < work->n_lane; v++) {
    in_range &= nl_link_finish(work->model[v], state[v], total[v], slope[v], loss[v],
                               space->sums, v, work->wanted);
  }
  return in_range;
}

void nl_model_pass(int n_lane, const nl_model *const *model, nl_state *const *state,
                   const int *wanted, double *const *kept, nl_pass_space *space,
                   const nl_hook *hook) {
  const nl_design *design = model[0]->design;
  sweep_work work = {n_lane, model, wanted, {0}, kept, space, NULL};
  double shift[NL_LANES];
  nl_fill(NL_LANES * (size_t)design->n_col, 0, space->beta);
  for (int v = 0; v < n_lane; v++)
    nl_lane_set((size_t)design->n_col, state[v]->beta, v, space->beta);
  nl_design_extend(design, space, shift);
  for (int v = 0; v < NL_LANES; v++)
    work.start[v] = v < n_lane ? nl_link_start(model[v], state[v], shift[v]) : NL_IDLE;
  sweep(&work, hook);
  if (finish(&work, state)) return;
  shift_exponents(&work, state, hook);
  sweep(&work, hook);
  finish(&work, state);
}
