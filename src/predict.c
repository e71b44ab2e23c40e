/* predict.c: see predict.h. */
#include "predict.h"

#include <math.h>

#include "cost.h"
#include "linalg.h"

/* An extrapolation reaches no further than this, in units of what it rests on. */
#define NL_REACH 1.6
/* What a move of the path itself counts for, against its move relative to the lead. */
#define NL_OWN_SHARE 0.5
/* Moves between neighbours on a path are nearly parallel. */
#define NL_MOVE_RIDGE 1e-10

/* ---- the solutions of another path ------------------------------------------------- */

void nl_trail_note(nl_trail *trail, const nl_point *point) {
  if (trail->n == trail->most) return;
  nl_point *to = trail->point + trail->n++;
  to->level = point->level;
  to->full = 1;
  to->now.slope = point->now.slope;
  nl_copy(trail->n_theta, point->theta, to->theta);
  nl_copy(trail->n_theta, point->gradient, to->gradient);
}

const nl_point *nl_trail_find(const nl_trail *trail, double lambda) {
  for (int i = 0; trail && i < trail->n; i++) {
    if (trail->point[i].level.lambda == lambda) return trail->point + i;
  }
  return NULL;
}

/* What a prediction at a point rests on. */
typedef struct {
  int n;
  const nl_point **before;             /* n: the nearest first */
  const nl_point *beside;              /* the lead at the point's lambda; NULL: no lead */
  const nl_point *lead[NL_MAX_BEFORE]; /* n: the lead at theirs */
} nl_sources;

static nl_sources find_sources(const nl_point *point, const nl_point **before,
                               int n_before, const nl_trail *lead) {
  nl_sources sources = {0, before, nl_trail_find(lead, point->level.lambda), {NULL}};
  if (n_before > NL_MAX_BEFORE) n_before = NL_MAX_BEFORE;
  while (sources.beside && sources.n < n_before) {
    sources.lead[sources.n] = nl_trail_find(lead, before[sources.n]->level.lambda);
    if (!sources.lead[sources.n]) break;
    sources.n++;
  }
  if (sources.n == 0) {
    sources.n = n_before;
    sources.beside = sources.lead[0] = NULL;
  }
  return sources;
}

/* ---- mixtures ---------------------------------------------------------------------- */

/* slope += weight (slope - H theta) of a point; sum -= weight theta. */
static void mix_in(nl_solver *solver, const nl_point *point, double weight, double *slope,
                   double *sum) {
  double *own = solver->quadratic.rhs;
  const int size = solver->gram.size;
  nl_point_slope(solver, point, own);
  nl_axpy(size, weight, own, slope);
  nl_point_theta(solver, point, own);
  nl_axpy(size, -weight, own, sum);
}

/* The slope at `point` where r is the sum of weight (n) times r of the points before, or,
 * where there is a lead, its r plus the sum of weight times the differences from it. */
static void mix(nl_solver *solver, const nl_point *point, const nl_sources *sources,
                const double *weight, int n, double *slope) {
  const nl_gram *gram = &solver->gram;
  double *sum = solver->quadratic.target, *times = solver->quadratic.rhs;
  nl_fill((size_t)gram->size, 0, slope);
  nl_point_theta(solver, point, sum); /* becomes theta - sum of weight theta_i */
  for (int i = 0; i < n; i++) {
    mix_in(solver, sources->before[i], weight[i], slope, sum);
    if (sources->beside) mix_in(solver, sources->lead[i], -weight[i], slope, sum);
  }
  if (sources->beside) mix_in(solver, sources->beside, 1, slope, sum);
  nl_gram_times(gram, sum, times);
  nl_axpy(gram->size, 1, times, slope);
}

/* ---- weights from lambda ----------------------------------------------------------- */

/* Lagrange's weights for the value at x0 from values at x[0 .. n - 1]. */
static void lagrange(int n, const double *x, double x0, double *weight) {
  for (int i = 0; i < n; i++) {
    weight[i] = 1;
    for (int j = 0; j < n; j++) {
      if (j != i) weight[i] *= (x0 - x[j]) / (x[i] - x[j]);
    }
  }
}

/* Whether x is further than 1e-9 from n others. */
static int is_apart(double x, int n, const double *other) {
  for (int i = 0; i < n; i++) {
    if (!(fabs(x - other[i]) > 1e-9)) return 0;
  }
  return 1;
}

/* Whether x0 lies between two of n. */
static int is_inside(double x0, int n, const double *x) {
  int n_below = 0;
  for (int i = 0; i < n; i++) n_below += x[i] < x0;
  return n_below > 0 && n_below < n;
}

/* Weights for an extrapolation in log lambda from the first few of the points before, or for
 * an interpolation between one more; returns how many. */
static int extrapolate(const nl_point *point, const nl_sources *sources, double *weight) {
  double x[NL_SKETCH_BEFORE + 1];
  const double x0 = log(point->level.lambda);
  int n = 0;
  for (; n < sources->n && n < NL_SKETCH_BEFORE + is_inside(x0, n, x); n++) {
    x[n] = log(sources->before[n]->level.lambda);
    if (!isfinite(x[n]) || !is_apart(x[n], n, x)) break;
  }
  while (n > 1 && !is_inside(x0, n, x) &&
         fabs(x[0] - x0) > NL_REACH * fabs(x[n - 1] - x[0]))
    n--;
  lagrange(n, x, x0, weight);
  return n;
}

/* ---- weights from moves ------------------------------------------------------------ */

size_t nl_predict_room(int n_theta) { return 2 * NL_MAX_BEFORE * (size_t)n_theta; }

void nl_predict_move(nl_solver *solver, const nl_point *to, const nl_point *from,
                     double *move) {
  double *other = solver->quadratic.rhs;
  nl_point_slope(solver, to, move);
  nl_point_slope(solver, from, other);
  nl_axpy(solver->gram.size, -1, other, move);
}

/* Where there is a lead, a move (size: how the slope of the path moves) counts NL_OWN_SHARE,
 * and is followed by how it differs from the lead's (size). */
static void relate_move(nl_solver *solver, const nl_point *lead_to,
                        const nl_point *lead_from, double *move) {
  const int size = solver->gram.size;
  if (!lead_to) return;
  double *relative = move + size;
  nl_predict_move(solver, lead_to, lead_from, relative);
  for (int i = 0; i < size; i++) {
    relative[i] = move[i] - relative[i];
    move[i] *= NL_OWN_SHARE;
  }
}

/* share (n): multiples of the moves (n of a length, after the one to be reached) whose sum
 * comes nearest to it. Returns 0 if they can't be told. */
static int fit_moves(int length, int n, const double *move, double *share) {
  double product[NL_MAX_BEFORE * NL_MAX_BEFORE];
  for (int i = 0; i < n; i++) {
    const double *own = move + (ptrdiff_t)length * (i + 1);
    share[i] = nl_dot(length, own, move);
    for (int j = 0; j < n; j++)
      product[i + j * n] = nl_dot(length, own, move + (ptrdiff_t)length * (j + 1));
  }
  nl_add_ridge(n, NL_MOVE_RIDGE, product);
  if (nl_cholesky(n, product) != 0) return 0;
  nl_cholesky_solve(n, product, share);
  return 1;
}

int nl_predict_from_moves(int length, int n, const double *move, double *weight) {
  double share[NL_MAX_BEFORE];
  if (!fit_moves(length, n, move, share)) return 0;
  for (int i = 0; i <= n; i++)
    weight[i] = (i == 0 ? 1 : -share[i - 1]) + (i < n ? share[i] : 0);
  return 1;
}

/* move: of the path from the nearest point before to where the model with `slope` has its
 * solution. */
static void sketch_move(nl_solver *solver, const nl_point *point,
                        const nl_sources *sources, const double *slope, double *move) {
  nl_quadratic_space *space = &solver->quadratic;
  const size_t size = (size_t)solver->gram.size;
  nl_copy(size, slope, space->slope);
  nl_point_theta(solver, point, space->x);
  nl_quadratic_guess(solver->penalty, &solver->gram, &point->level, NL_SKETCH, space,
                     solver->hook);
  nl_copy(size, space->slope, move);
  nl_point_slope(solver, sources->before[0], space->rhs);
  nl_axpy(solver->gram.size, -1, space->rhs, move);
  relate_move(solver, sources->beside, sources->lead[0], move);
}

/* Weights for the points before, such that the moves between them add up to the move to
 * where the model with `slope` has its solution. Returns 0 if there are none. */
static int add_up_moves(nl_solver *solver, const nl_point *point,
                        const nl_sources *sources, const double *slope, double *weight) {
  const int size = solver->gram.size, n = sources->n - 1;
  const int length = sources->beside ? 2 * size : size;
  double *move = solver->moves;
  if (n < 1) return 0;
  sketch_move(solver, point, sources, slope, move);
  for (int i = 0; i < n; i++) {
    double *own = move + (ptrdiff_t)length * (i + 1);
    nl_predict_move(solver, sources->before[i], sources->before[i + 1], own);
    relate_move(solver, sources->lead[i], sources->lead[i + 1], own);
  }
  return nl_predict_from_moves(length, n, move, weight);
}

/* ---- of several paths together ----------------------------------------------------- */

int nl_predict_extrapolate(const nl_point *point, const nl_point **before, int n_before,
                           double *weight) {
  const nl_sources sources = {n_before, before, NULL, {NULL}};
  return extrapolate(point, &sources, weight);
}

void nl_predict_mix(nl_solver *solver, const nl_point *point, const nl_point **before,
                    int n, const double *weight, double *slope) {
  const nl_sources sources = {n, before, NULL, {NULL}};
  mix(solver, point, &sources, weight, n, slope);
}

/* ---- prediction -------------------------------------------------------------------- */

int nl_predict_slope(nl_solver *solver, const nl_point *point, const nl_point **before,
                     int n_before, const nl_trail *lead, double *slope) {
  double weight[NL_MAX_BEFORE];
  if (!(point->level.lambda > 0)) return 0;
  const nl_sources sources = find_sources(point, before, n_before, lead);
  const int n = extrapolate(point, &sources, weight);
  if (n < (sources.beside ? 1 : 2)) return 0;
  mix(solver, point, &sources, weight, n, slope);
  if (!solver->gram.root.on &&
      nl_cost_sketch_pays(solver->design, solver->wanted, solver->gram.size) &&
      add_up_moves(solver, point, &sources, slope, weight))
    mix(solver, point, &sources, weight, sources.n, slope);
  return 1;
}
