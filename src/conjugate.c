/* conjugate.c: see conjugate.h. */
#include "conjugate.h"

#include <math.h>

#include "lanes.h"
#include "linalg.h"

enum {
  MOST_ITERATIONS = 20, /* of conjugate gradients, for a step */
  MOST_STOPS = 3,       /* rounds in which groups stop at zero */
  MOST_HALVINGS = 6     /* of a step */
};
/* The equations are solved to this share of their residual, squared, as M measures it. */
#define NL_SOLVED 1e-3

/* What a step works on. */
typedef struct {
  const nl_gram *gram;
  const nl_lane_weights *weights;
  const nl_lane_groups *groups;
  const int *member;
  int n;
  int n_model;
  const double *x;
  nl_conjugate *space;
} step_work;

static void make_room(nl_conjugate *space, size_t n_obs, int n, int n_group,
                      const nl_hook *hook) {
  const size_t length = (size_t)n * NL_LANES, n_image = n_obs * NL_LANES / 2;
  double *room = nl_room_for(&space->room,
                             6 * length + (size_t)n_group * NL_LANES + 3 * n_image, hook);
  space->gradient = room;
  space->direction = room += length;
  space->residual = room += length;
  space->search = room += length;
  space->answer = room += length;
  space->turned = room += length;
  space->free = room += length;
  space->image = (float *)(room += (size_t)n_group * NL_LANES);
  space->search_image = (float *)(room += n_image);
  space->weighed = (float *)(room + n_image);
}

/* ---- in lanes ---------------------------------------------------------------------- */

/* y (n in lanes) += a (NL_LANES) times x. */
NL_CLONES
static void add_multiple(size_t n, const double *a, const double *x, double *y) {
  for (size_t i = 0; i < n * NL_LANES; i += NL_VECTOR)
    *(nl_v *)(y + i) += *(const nl_v *)(a + i % NL_LANES) * *(const nl_v *)(x + i);
}

/* y (n in lanes) = x + a (NL_LANES) times y. */
NL_CLONES
static void update_search(size_t n, const double *a, const double *x, double *y) {
  for (size_t i = 0; i < n * NL_LANES; i += NL_VECTOR)
    *(nl_v *)(y + i) =
        *(const nl_v *)(x + i) + *(const nl_v *)(a + i % NL_LANES) * *(nl_v *)(y + i);
}

static void add_image(size_t n, const double *a, const float *x, float *y) {
  float share[NL_LANES];
  for (int v = 0; v < NL_LANES; v++) share[v] = (float)a[v];
  for (size_t t = 0; t < n; t++) {
    for (int v = 0; v < NL_LANES; v++)
      y[t * NL_LANES + (size_t)v] += share[v] * x[t * NL_LANES + (size_t)v];
  }
}

/* sum (NL_LANES) of the products of x and y (n in lanes). */
NL_CLONES
static void products(size_t n, const double *x, const double *y, double *sum) {
  for (int h = 0; h < NL_LANES; h += NL_VECTOR) {
    nl_v own = {0};
    for (size_t i = 0; i < n; i++)
      own +=
          *(const nl_v *)(x + i * NL_LANES + h) * *(const nl_v *)(y + i * NL_LANES + h);
    *(nl_v *)(sum + h) = own;
  }
}

/* ---- groups ------------------------------------------------------------------------ */

static double lane_product(int rank, const double *x, const double *y, int v) {
  double sum = 0;
  for (int i = 0; i < rank; i++) sum += x[i * NL_LANES + v] * y[i * NL_LANES + v];
  return sum;
}

/* Which groups are not zero, by lane. */
static void find_free(const step_work *work, const int *idle) {
  const nl_lane_groups *groups = work->groups;
  for (int k = 0, at = 0; k < groups->n_group; at += groups->rank[k++]) {
    const double *x = work->x + (ptrdiff_t)at * NL_LANES;
    const double *tau = groups->tau + (ptrdiff_t)k * NL_LANES;
    for (int v = 0; v < NL_LANES; v++)
      work->space->free[k * NL_LANES + v] =
          v < work->n_model && !idle[v] &&
          (tau[v] == 0 || lane_product(groups->rank[k], x, x, v) > 0);
  }
}

/* y (n in lanes) becomes zero where groups are not free. */
static void keep_free(const step_work *work, double *y) {
  const nl_lane_groups *groups = work->groups;
  const double *allowed = work->space->free;
  for (int k = 0; k < groups->n_group; k++, allowed += NL_LANES) {
    for (int i = 0; i < groups->rank[k]; i++, y += NL_LANES) {
      for (int v = 0; v < NL_LANES; v++) y[v] *= allowed[v];
    }
  }
}

/* out += the penalty's gradient (d: NULL), or its curvature times d. */
static void add_penalty(const step_work *work, const double *d, double *out) {
  const nl_lane_groups *groups = work->groups;
  for (int k = 0, at = 0; k < groups->n_group; at += groups->rank[k++]) {
    const int rank = groups->rank[k];
    const ptrdiff_t from = (ptrdiff_t)at * NL_LANES;
    const double *x = work->x + from, *tau = groups->tau + (ptrdiff_t)k * NL_LANES;
    double square[NL_LANES] = {0}, along[NL_LANES] = {0}, pull[NL_LANES];
    for (int i = 0; i < rank * NL_LANES; i += NL_LANES) {
      for (int v = 0; v < NL_LANES; v++) {
        square[v] += x[i + v] * x[i + v];
        if (d) along[v] += x[i + v] * d[from + i + v];
      }
    }
    for (int v = 0; v < NL_LANES; v++) {
      pull[v] = square[v] > 0 ? tau[v] / sqrt(square[v]) : 0;
      along[v] = square[v] > 0 ? along[v] / square[v] : 0;
    }
    for (int i = 0; i < rank * NL_LANES; i += NL_LANES) {
      for (int v = 0; v < NL_LANES; v++)
        out[from + i + v] +=
            pull[v] * (d ? d[from + i + v] - along[v] * x[i + v] : x[i + v]);
    }
  }
}

/* image (n_obs in lanes) = R d. */
static void image_of(const step_work *work, const double *d, float *image) {
  const nl_root *root = &work->gram->root;
  nl_clear_floats(root->n_obs * NL_LANES, image);
  for (int k = 0, at = 0; k < work->groups->n_group; at += work->groups->rank[k++])
    nl_root_move(root, work->gram->position[work->member[k]], work->groups->rank[k],
                 d + (ptrdiff_t)at * NL_LANES, NULL, image);
}

/* out += R' image. */
static void add_slope(const step_work *work, const float *image, double *out) {
  for (int k = 0, at = 0; k < work->groups->n_group; at += work->groups->rank[k++])
    nl_root_slope(&work->gram->root, work->gram->position[work->member[k]],
                  work->groups->rank[k], image, out + (ptrdiff_t)at * NL_LANES);
}

/* out += H_v x, where image = R x. */
static void add_curved(const step_work *work, const float *image, double *out) {
  double drift[NL_LANES];
  nl_weigh_image(work->weights, work->gram->root.n_obs, image, drift,
                 work->space->weighed);
  add_slope(work, work->space->weighed, out);
}

/* ---- Newton's equations ------------------------------------------------------------ */

/* gradient: slope + R' image - lean drift. */
static void find_gradient(const step_work *work, const nl_lane_place *place) {
  const nl_lane_groups *groups = work->groups;
  double *gradient = work->space->gradient;
  nl_copy((size_t)work->n * NL_LANES, place->slope, gradient);
  for (int k = 0; k < groups->n_group; gradient += groups->rank[k++] * NL_LANES) {
    const double *lean =
        work->weights->lean + (ptrdiff_t)work->gram->position[work->member[k]] * NL_LANES;
    for (int i = 0; i < groups->rank[k] * NL_LANES; i++)
      gradient[i] -= lean[i] * place->drift[i % NL_LANES];
  }
  add_slope(work, place->image, work->space->gradient);
}

/* residual = - gradient - (H + D) direction, of what is free. */
static void find_residual(const step_work *work) {
  nl_conjugate *space = work->space;
  const size_t length = (size_t)work->n * NL_LANES;
  nl_fill(length, 0, space->answer);
  add_curved(work, space->image, space->answer);
  add_penalty(work, space->direction, space->answer);
  add_penalty(work, NULL, space->answer);
  for (size_t i = 0; i < length; i++)
    space->residual[i] = -space->gradient[i] - space->answer[i];
  keep_free(work, space->residual);
}

/* answer = M^-1 residual, of what is free; length (NL_LANES): its product with it. */
static void precondition(const step_work *work, double *length) {
  nl_conjugate *space = work->space;
  nl_heavy_solve(&space->heavy, work->groups, work->n, space->residual, space->turned,
                 space->answer);
  keep_free(work, space->answer);
  products((size_t)work->n, space->residual, space->answer, length);
}

/* Conjugate gradients from direction on, until no lane's length is above its `enough`; at
 * most so many iterations. Returns how many there were. enough: set where `first`. */
static int solve_equations(const step_work *work, int most, int first, double *enough,
                           const nl_hook *hook) {
  nl_conjugate *space = work->space;
  const size_t n = (size_t)work->n, n_obs = work->gram->root.n_obs;
  double length[NL_LANES], share[NL_LANES], curvature[NL_LANES], next[NL_LANES];
  precondition(work, length);
  for (int v = 0; first && v < NL_LANES; v++) enough[v] = NL_SOLVED * length[v];
  nl_copy(n * NL_LANES, space->answer, space->search);
  for (int i = 0; i < most; i++) {
    int left = 0;
    nl_check(hook);
    for (int v = 0; v < NL_LANES; v++) left += length[v] > enough[v];
    if (left == 0) return i;
    image_of(work, space->search, space->search_image);
    nl_fill(n * NL_LANES, 0, space->answer);
    add_curved(work, space->search_image, space->answer);
    add_penalty(work, space->search, space->answer);
    keep_free(work, space->answer);
    products(n, space->search, space->answer, curvature);
    for (int v = 0; v < NL_LANES; v++)
      share[v] = length[v] > enough[v] && curvature[v] > 0 ? length[v] / curvature[v] : 0;
    add_multiple(n, share, space->search, space->direction);
    add_image(n_obs, share, space->search_image, space->image);
    for (int v = 0; v < NL_LANES; v++) share[v] = -share[v];
    add_multiple(n, share, space->answer, space->residual);
    precondition(work, next);
    for (int v = 0; v < NL_LANES; v++) {
      share[v] = length[v] > 0 ? next[v] / length[v] : 0;
      length[v] = next[v];
    }
    update_search(n, share, space->answer, space->search);
  }
  return most;
}

/* Groups that the direction takes through zero stop there, and are no longer free.
 * Returns how many there were. */
static int stop_at_zero(const step_work *work) {
  nl_conjugate *space = work->space;
  const nl_lane_groups *groups = work->groups;
  int n_stopped = 0;
  for (int k = 0, at = 0; k < groups->n_group; at += groups->rank[k++]) {
    const int rank = groups->rank[k];
    const ptrdiff_t from = (ptrdiff_t)at * NL_LANES;
    const double *x = work->x + from;
    double *d = space->direction + from, *change = space->turned;
    int any = 0;
    nl_fill((size_t)rank * NL_LANES, 0, change);
    for (int v = 0; v < work->n_model; v++) {
      double *allowed = space->free + k * NL_LANES + v;
      const double square = lane_product(rank, x, x, v);
      if (*allowed == 0 || groups->tau[k * NL_LANES + v] == 0 ||
          square + lane_product(rank, x, d, v) > 0)
        continue;
      *allowed = 0;
      any = 1;
      for (int i = v; i < rank * NL_LANES; i += NL_LANES) {
        change[i] = -x[i] - d[i];
        d[i] = -x[i];
      }
    }
    n_stopped += any;
    if (any)
      nl_root_move(&work->gram->root, work->gram->position[work->member[k]], rank, change,
                   NULL, space->image);
  }
  return n_stopped;
}

/* ---- the step ---------------------------------------------------------------------- */

/* What the models change by on the way along step (NL_LANES) times the direction. smooth,
 * curvature: the smooth part's along it. */
static void find_change(const step_work *work, const double *step, const double *smooth,
                        const double *curvature, double *change) {
  const nl_lane_groups *groups = work->groups;
  for (int v = 0; v < NL_LANES; v++)
    change[v] = step[v] * smooth[v] + 0.5 * step[v] * step[v] * curvature[v];
  for (int k = 0, at = 0; k < groups->n_group; at += groups->rank[k++]) {
    const ptrdiff_t from = (ptrdiff_t)at * NL_LANES;
    const double *x = work->x + from, *d = work->space->direction + from;
    const double *tau = groups->tau + (ptrdiff_t)k * NL_LANES;
    double square[NL_LANES] = {0}, more[NL_LANES] = {0};
    for (int i = 0; i < groups->rank[k] * NL_LANES; i += NL_LANES) {
      for (int v = 0; v < NL_LANES; v++) {
        const double moved = step[v] * d[i + v];
        square[v] += x[i + v] * x[i + v];
        more[v] += moved * (2 * x[i + v] + moved);
      }
    }
    for (int v = 0; v < NL_LANES; v++) {
      const double sum = sqrt(square[v]) + sqrt(fmax(square[v] + more[v], 0));
      if (sum > 0) change[v] += tau[v] * more[v] / sum;
    }
  }
}

/* step (NL_LANES): the longest of 1, 1/2, ... that decreases a lane's model; 0 where none
 * does. */
static void choose_steps(const step_work *work, double *step) {
  nl_conjugate *space = work->space;
  double smooth[NL_LANES], curvature[NL_LANES] = {0}, change[NL_LANES];
  products((size_t)work->n, space->gradient, space->direction, smooth);
  for (size_t i = 0; i < work->gram->root.n_obs * NL_LANES; i++)
    curvature[i % NL_LANES] += (double)space->image[i] * (double)space->weighed[i];
  for (int v = 0; v < NL_LANES; v++) step[v] = 1;
  for (int i = 0, left = 1; left && i <= MOST_HALVINGS; i++) {
    left = 0;
    find_change(work, step, smooth, curvature, change);
    for (int v = 0; v < NL_LANES; v++) {
      if (step[v] == 0 || change[v] < 0) continue;
      step[v] = i < MOST_HALVINGS ? 0.5 * step[v] : 0;
      left = 1;
    }
  }
}

/* Moves the lanes by step (NL_LANES) times the direction. */
static void move_lanes(const step_work *work, const double *step, const double *drift,
                       nl_lane_place *place) {
  const size_t n_image = work->gram->root.n_obs * NL_LANES;
  float share[NL_LANES];
  add_multiple((size_t)work->n, step, work->space->direction, place->x);
  for (int v = 0; v < NL_LANES; v++) {
    place->drift[v] += step[v] * drift[v];
    share[v] = (float)step[v];
  }
  for (size_t i = 0; i < n_image; i++)
    place->image[i] +=
        share[i % NL_LANES] * work->weights->ratio[i] * work->space->image[i];
}

int nl_conjugate_step(const nl_penalty *penalty, const nl_gram *gram,
                      const nl_lane_weights *weights, const nl_lane_groups *groups,
                      const int *member, int n, int n_model, const int *idle,
                      nl_lane_place *place, nl_conjugate *space, const nl_hook *hook) {
  const step_work work = {gram, weights, groups, member, n, n_model, place->x, space};
  const size_t length = (size_t)n * NL_LANES, n_obs = gram->root.n_obs;
  double enough[NL_LANES] = {0}, step[NL_LANES], drift[NL_LANES];
  nl_heavy_setup(&space->heavy, gram, penalty, hook);
  make_room(space, n_obs, n, groups->n_group, hook);
  if (!nl_heavy_build(&space->heavy, gram, groups, member, n, n_model, place->x, hook))
    return 1;
  find_free(&work, idle);
  find_gradient(&work, place);
  nl_fill(length, 0, space->direction);
  nl_clear_floats(n_obs * NL_LANES, space->image);
  int n_read = 2, left = MOST_ITERATIONS;
  for (int i = 0; i <= MOST_STOPS; i++) {
    find_residual(&work);
    const int n_iteration = solve_equations(&work, left, i == 0, enough, hook);
    n_read += 1 + n_iteration;
    left -= n_iteration;
    if (stop_at_zero(&work) == 0) break;
  }
  nl_weigh_image(weights, n_obs, space->image, drift, space->weighed);
  choose_steps(&work, step);
  move_lanes(&work, step, drift, place);
  return n_read;
}
