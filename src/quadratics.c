/* quadratics.c: see quadratics.h. */
#include "quadratics.h"

#include <math.h>

#include "active.h"
#include "kernel.h"
#include "linalg.h"

enum {
  MAX_ROUNDS = 50, /* rounds of one sweep over all groups and some over the active ones */
  /* Sweeps over the active groups before one that is left goes to Newton steps, at least */
  SWEEPS_BEFORE_NEWTON = 20
};

typedef struct {
  const nl_penalty *penalty;
  nl_gram *gram;
  int n_model;
  nl_lane_model *model;
  nl_quadratics_space *space;
} lane_work;

/* The coordinates a sweep works on: all of the Gram, or the active ones set aside. */
typedef struct {
  int size;
  size_t ld;
  const double *h; /* size x size; NULL where the Gram is a root */
  double *x;       /* size in lanes */
  double *slope;   /* size in lanes; with a root those where the models started */
} lane_view;

void nl_quadratics_room(const nl_gram *gram, nl_quadratics_space *space,
                        const nl_hook *hook) {
  const size_t length = (size_t)gram->size * NL_LANES,
               n_image = gram->root.on ? gram->root.n_obs : 0,
               image = n_image * (NL_LANES / 2);
  double *room = nl_room_for(&space->room,
                             3 * length + 3 * image + nl_iterates_size(gram->size), hook);
  space->x = room;
  space->slope = room += length;
  space->weights.lean = room += length;
  space->image = (float *)(room += length);
  space->weights.ratio = (float *)(room += image);
  space->weights.f = (float *)(room += image);
  space->iterates = room + image;
  nl_fill(2 * length, 0, space->x);
  nl_clear_floats(n_image * NL_LANES, space->image);
  for (int v = 0; v < NL_LANES; v++) space->drift[v] = 0;
}

/* ---- one group --------------------------------------------------------------------- */

/* KKT residuals of group g in every lane. */
static void lane_residuals(const lane_work *work, int g, const double *x,
                           const double *slope, double *residual) {
  const int rank = nl_group_rank(work->penalty, g);
  double square[NL_LANES] = {0}, push[NL_LANES] = {0}, sum[NL_LANES] = {0},
         pull[NL_LANES] = {0}, tau[NL_LANES] = {0};
  for (int i = 0; i < rank * NL_LANES; i += NL_LANES) {
    for (int v = 0; v < NL_LANES; v++) {
      square[v] += x[i + v] * x[i + v];
      push[v] += slope[i + v] * slope[i + v];
    }
  }
  for (int v = 0; v < work->n_model; v++) {
    tau[v] = nl_level_tau(&work->model[v].level, work->penalty, g);
    pull[v] = square[v] > 0 ? tau[v] / sqrt(square[v]) : 0;
  }
  for (int i = 0; i < rank * NL_LANES; i += NL_LANES) {
    for (int v = 0; v < NL_LANES; v++) {
      const double r = slope[i + v] + pull[v] * x[i + v];
      sum[v] += r * r;
    }
  }
  for (int v = 0; v < work->n_model; v++) {
    const double unit = nl_level_unit(&work->model[v].level, work->penalty, g);
    const double over = square[v] > 0 ? sqrt(sum[v]) : fmax(sqrt(push[v]) - tau[v], 0);
    residual[v] = unit > 0 ? over / unit : 0;
  }
}

/* out (rank in lanes) = U'x, or U x, for the eigenvectors U of the group's block; x
 * itself where there are none. */
static void turn(const nl_gram *gram, int g, int rank, int back, const double *x,
                 double *out) {
  const double *u = gram->vectors + gram->vector_start[g];
  const size_t length = (size_t)rank * NL_LANES;
  if (!gram->has_vectors[g]) {
    nl_copy(length, x, out);
    return;
  }
  nl_fill(length, 0, out);
  if (back) {
    nl_dense_eta(rank, rank, u, (size_t)rank, x, out);
  } else {
    nl_dense_gradient(rank, rank, u, (size_t)rank, x, out);
  }
}

/* The block solution of one lane: c (rank in lanes, coordinates of the eigenvectors) is
 * overwritten. */
static void solve_lane(const lane_work *work, int g, int rank, int v, const double *d,
                       double *c) {
  double *own = work->space->own, *next = own + rank;
  nl_lane_get((size_t)rank, c, v, own);
  nl_block_solve(rank, d, own, nl_level_tau(&work->model[v].level, work->penalty, g), 0,
                 next);
  nl_lane_set((size_t)rank, next, v, c);
}

/* The slope of group g: where it is kept, or, with a root, made of it (own: rank in
 * lanes). */
static const double *group_slope(const lane_work *work, int g, int at,
                                 const lane_view *view, double *own) {
  const nl_gram *gram = work->gram;
  const int rank = nl_group_rank(work->penalty, g);
  const double *slope = view->slope + (size_t)at * NL_LANES;
  if (view->h) return slope;
  const double *lean =
      work->space->weights.lean + (ptrdiff_t)gram->position[g] * NL_LANES;
  for (int i = 0; i < rank * NL_LANES; i++)
    own[i] = slope[i] - lean[i] * work->space->drift[i % NL_LANES];
  nl_root_slope(&gram->root, gram->position[g], rank, work->space->image, own);
  return own;
}

/* What a change of group g (rank in lanes) does to the slopes, or to the images. */
static void spread_change(const lane_work *work, int g, int at, const lane_view *view,
                          const double *change) {
  const nl_gram *gram = work->gram;
  const int rank = nl_group_rank(work->penalty, g);
  if (view->h) {
    nl_dense_eta(view->size, rank, view->h + (size_t)at * view->ld, view->ld, change,
                 view->slope);
    return;
  }
  const nl_lane_weights *weights = &work->space->weights;
  const double *lean = weights->lean + (ptrdiff_t)gram->position[g] * NL_LANES;
  nl_root_move(&gram->root, gram->position[g], rank, change, weights->ratio,
               work->space->image);
  for (int i = 0; i < rank * NL_LANES; i++) {
    const int v = i % NL_LANES;
    if (weights->scale[v] > 0)
      work->space->drift[v] += lean[i] * change[i] / weights->scale[v];
  }
}

/* Solves group g, at coordinate `at` of the view, exactly in the lanes where it is further
 * from that than `share` of the tolerance; worst (n_model): the residuals met. */
static void update_group(const lane_work *work, int g, int at, const lane_view *view,
                         double *worst) {
  const nl_gram *gram = work->gram;
  const int rank = nl_group_rank(work->penalty, g);
  const double *d = gram->curvature + gram->position[g];
  double *x = view->x + (size_t)at * NL_LANES;
  double *c = work->space->step, *turned = c + rank * NL_LANES,
         *change = turned + rank * NL_LANES;
  const double *slope =
      group_slope(work, g, at, view, change); /* until there is a change */
  double residual[NL_LANES];
  int moves[NL_LANES] = {0}, any = 0;
  lane_residuals(work, g, x, slope, residual);
  for (int v = 0; v < work->n_model; v++) {
    worst[v] = fmax(worst[v], residual[v]);
    moves[v] = !work->model[v].done && residual[v] > NL_ENOUGH * work->model[v].tol;
    any |= moves[v];
  }
  if (!any) return;
  turn(gram, g, rank, 0, x, turned);
  turn(gram, g, rank, 0, slope, c);
  for (int i = 0; i < rank * NL_LANES; i++) c[i] = d[i / NL_LANES] * turned[i] - c[i];
  for (int v = 0; v < work->n_model; v++) {
    if (moves[v]) solve_lane(work, g, rank, v, d, c);
  }
  turn(gram, g, rank, 1, c, turned);
  for (int i = 0; i < rank * NL_LANES; i++) {
    const int v = i % NL_LANES;
    change[i] = moves[v] ? turned[i] - x[i] : 0;
    if (moves[v]) x[i] = turned[i];
  }
  spread_change(work, g, at, view, change);
}

/* ---- sweeps ------------------------------------------------------------------------ */

/* One sweep over all groups. Notes which models are done; returns how many are not. */
static int sweep_all(const lane_work *work) {
  const nl_gram *gram = work->gram;
  const lane_view view = {gram->size, (size_t)gram->capacity,
                          gram->root.on ? NULL : gram->h, work->space->x,
                          work->space->slope};
  double worst[NL_LANES] = {0};
  int left = 0;
  for (int k = 0; k < gram->n_in; k++) {
    if (nl_group_rank(work->penalty, gram->group[k]) > 0)
      update_group(work, gram->group[k], gram->position[gram->group[k]], &view, worst);
  }
  for (int v = 0; v < work->n_model; v++) {
    work->model[v].done |= worst[v] <= work->model[v].tol;
    left += !work->model[v].done;
  }
  return left;
}

/* Whether a group is active in a model that is not done. */
static int is_active(const lane_work *work, int g) {
  const int rank = nl_group_rank(work->penalty, g);
  const double *x = work->space->x + (size_t)work->gram->position[g] * NL_LANES;
  if (rank == 0) return 0;
  if (work->penalty->weight[g] == 0) return 1;
  for (int i = 0; i < rank * NL_LANES; i++) {
    const int v = i % NL_LANES;
    if (v < work->n_model && !work->model[v].done && x[i] != 0) return 1;
  }
  return 0;
}

/* The active groups (members), with ranks and penalties, and their coordinates in index;
 * returns how many coordinates. */
static int list_active(const lane_work *work, nl_lane_groups *groups) {
  const nl_gram *gram = work->gram;
  int *member = work->space->member, *rank = work->space->rank;
  double *tau = work->space->tau;
  int n = 0, n_group = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k];
    if (!is_active(work, g)) continue;
    for (int i = 0; i < nl_group_rank(work->penalty, g); i++)
      work->space->index[n++] = gram->position[g] + i;
    for (int v = 0; v < NL_LANES; v++) {
      tau[n_group * NL_LANES + v] =
          v < work->n_model ? nl_level_tau(&work->model[v].level, work->penalty, g) : 0;
    }
    rank[n_group] = nl_group_rank(work->penalty, g);
    member[n_group++] = g;
  }
  *groups = (nl_lane_groups){n_group, rank, tau};
  return n;
}

/* The active coordinates' part of H goes to the Gram's spare, theirs of x and slope aside.
 */
static void set_aside(const lane_work *work, int n, nl_iterates *aside) {
  const int *index = work->space->index;
  nl_gram *gram = work->gram;
  if (!gram->root.on) nl_gram_part(gram, index, n);
  for (int j = 0; j < n; j++) {
    const size_t from = (size_t)index[j] * NL_LANES, to = (size_t)j * NL_LANES;
    nl_copy(NL_LANES, work->space->x + from, aside->x + to);
    nl_copy(NL_LANES, work->space->slope + from, aside->slope + to);
  }
  nl_iterates_begin(aside, n);
}

/* Moves the models to where the active coordinates went. */
static void put_back(const lane_work *work, int n, nl_iterates *aside) {
  const nl_gram *gram = work->gram;
  const int *index = work->space->index;
  for (int j = 0; j < n; j++) {
    double *x = work->space->x + (size_t)index[j] * NL_LANES;
    double *change = aside->x + (size_t)j * NL_LANES;
    for (int v = 0; v < NL_LANES; v++) {
      const double now = change[v];
      change[v] -= x[v];
      x[v] = now;
    }
  }
  if (gram->root.on) return;         /* the images are where they went */
  for (int j = 0, k; j < n; j = k) { /* neighbouring columns of H together */
    for (k = j + 1; k < n && index[k] == index[k - 1] + 1;) k++;
    nl_dense_eta(gram->size, k - j, gram->h + (size_t)index[j] * (size_t)gram->capacity,
                 (size_t)gram->capacity, aside->x + (size_t)j * NL_LANES,
                 work->space->slope);
  }
}

/* Up to `patience` sweeps over the active groups; returns how many there were. */
static int sweeps_aside(const lane_work *work, int n, int patience,
                        const nl_lane_groups *groups, nl_iterates *aside,
                        const nl_hook *hook) {
  const lane_view view = {n, (size_t)n, work->gram->root.on ? NULL : work->gram->spare,
                          aside->x, aside->slope};
  for (int i = 0; i < patience; i++) {
    double worst[NL_LANES] = {0};
    int left = 0;
    nl_check(hook);
    for (int k = 0, at = 0; k < groups->n_group; at += groups->rank[k++])
      update_group(work, work->space->member[k], at, &view, worst);
    for (int v = 0; v < work->n_model; v++)
      left += !work->model[v].done && worst[v] > work->model[v].tol;
    if (left == 0) return i + 1;
    if (view.h) nl_iterates_note(aside, n, groups);
  }
  return patience;
}

/* The lanes' own weights. */
static void weigh_lanes(const lane_work *work) {
  nl_lane_weights *weights = &work->space->weights;
  for (int v = 0; v < NL_LANES; v++) {
    const nl_lane_model *model = work->model + v;
    const int is_own = v < work->n_model && model->weight;
    nl_weigh_lane(work->gram, v, is_own ? model->weight : NULL, is_own ? model->scale : 0,
                  weights);
  }
  nl_weigh_lean(work->gram, weights);
}

static int newton_step(const lane_work *work, int n, const nl_lane_groups *groups,
                       nl_iterates *aside, const nl_hook *hook) {
  int idle[NL_LANES] = {0};
  nl_lane_place place = {aside->x, aside->slope, work->space->image, work->space->drift};
  for (int v = 0; v < work->n_model; v++) idle[v] = work->model[v].done;
  return nl_conjugate_step(work->penalty, work->gram, &work->space->weights, groups,
                           work->space->member, n, work->n_model, idle, &place,
                           &work->space->conjugate, hook);
}

/* On a root: a sweep over all groups, which finds those that are active, one over these,
 * Newton's step on them, and a sweep over all. Returns how many entries it read. */
static double solve_on_root(const lane_work *work, const nl_hook *hook) {
  nl_quadratics_space *space = work->space;
  nl_lane_groups groups;
  weigh_lanes(work);
  if (sweep_all(work) == 0) return 0;
  const int n = list_active(work, &groups);
  if (n == 0) return 0;
  nl_iterates_place(&space->aside, n, space->iterates);
  set_aside(work, n, &space->aside);
  const int n_sweep = sweeps_aside(work, n, 1, &groups, &space->aside, hook) +
                      newton_step(work, n, &groups, &space->aside, hook);
  put_back(work, n, &space->aside);
  sweep_all(work);
  return (double)n * (double)work->gram->root.n_obs * n_sweep;
}

double nl_quadratics_solve(const nl_penalty *penalty, nl_gram *gram, int n_model,
                           nl_lane_model *model, nl_quadratics_space *space,
                           const nl_hook *hook) {
  const lane_work work = {penalty, gram, n_model, model, space};
  double n_read = 0;
  for (int v = 0; v < n_model; v++) model[v].done = 0;
  if (gram->root.on) return solve_on_root(&work, hook);
  for (int round = 0, spent = 0; round < MAX_ROUNDS; round++) {
    nl_lane_groups groups;
    nl_check(hook);
    if (sweep_all(&work) == 0) break;
    const int n = list_active(&work, &groups);
    const int patience = SWEEPS_BEFORE_NEWTON + n / NL_COORDINATES_PER_SWEEP - spent;
    if (n == 0 || patience <= 0) break;
    nl_iterates_place(&space->aside, n, space->iterates);
    set_aside(&work, n, &space->aside);
    const int n_sweep = sweeps_aside(&work, n, patience, &groups, &space->aside, hook);
    spent += n_sweep;
    n_read += (double)n * n * n_sweep;
    put_back(&work, n, &space->aside);
  }
  return n_read;
}
