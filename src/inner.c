/* inner.c: see inner.h. */
#include "inner.h"

#include <math.h>

#include "linalg.h"

enum { MOST_STEPS = 100, MOST_HALVINGS = 30 };
/* What is left of the optimality conditions, relative to c: rounding. */
#define NL_INNER_TOL 1e-13
/* The slope of a block at its zero is above the norm by less than this share: it is zero. */
#define NL_INNER_ZERO 1e-12
/* Differences of the objective below this share of it are rounding. */
#define NL_INNER_ROUNDING 1e-13
/* A part with a norm below this share of the block's is near zero. */
#define NL_INNER_SMALL 0.01
/* Added to the diagonal, relative to its largest entry: at least what is rounding there. */
#define NL_INNER_JITTER 1e-12

/* A point of the block: x, the slope of the smooth part there, H x + ridge x - c, the
 * residual of the optimality conditions, and the objective. */
typedef struct {
  double *x;
  double *slope;
  double residual;
  double value;
} place;

typedef struct {
  place now, next, trial, kept;
  double *own; /* rank */
  double *move;
  double *curvature; /* rank x rank */
  int *index;        /* rank */
} inner_space;

size_t nl_inner_room(int max_rank) {
  const size_t n = (size_t)max_rank;
  return n * n + 11 * n;
}

static inner_space divide(int rank, double *space) {
  const size_t n = (size_t)rank;
  return (inner_space){{space, space + n, 0, 0},
                       {space + 2 * n, space + 3 * n, 0, 0},
                       {space + 4 * n, space + 5 * n, 0, 0},
                       {space + 6 * n, space + 7 * n, 0, 0},
                       space + 8 * n,
                       space + 9 * n,
                       space + 11 * n,
                       (int *)(space + 10 * n)};
}

/* Fills in what follows from x. own: rank. */
static void look(const nl_inner_block *block, place *at, double *own) {
  const int n = block->rank;
  nl_terms terms = *block->terms;
  const double ridge = terms.ridge;
  terms.ridge = 0; /* the slope has it */
  terms.unit = 1;
  for (int i = 0; i < n; i++) at->slope[i] = ridge * at->x[i] - block->c[i];
  nl_add_columns(n, n, at->x, block->h, block->ld, at->slope);
  at->residual = nl_terms_residual(&terms, n, at->x, at->slope, own);
  at->value = nl_terms_value(&terms, n, at->x);
  for (int i = 0; i < n; i++) at->value += 0.5 * at->x[i] * (at->slope[i] - block->c[i]);
}

void nl_inner_step(const nl_terms *terms, int rank, double bound, const double *slope,
                   double *x) {
  for (int i = 0; i < rank; i++) x[i] -= slope[i] / bound;
  nl_terms_shrink(terms, rank, 1 / bound, x);
}

/* Newton's direction at `at` in its moving coordinates, 0 in others, into space->move. 0
 * where there is none. */
static int newton_direction(const nl_inner_block *block, const place *at,
                            inner_space *space) {
  const nl_terms *terms = block->terms;
  const int rank = block->rank;
  const int n = nl_terms_moving(terms, rank, at->x, 0, space->index);
  nl_terms norms = *terms;
  norms.ridge = 0; /* the slope has it */
  nl_copy((size_t)rank, at->slope, space->own);
  nl_terms_gradient(&norms, rank, at->x, space->own);
  double jitter = NL_INNER_JITTER;
  do {
    for (int j = 0; j < n; j++) {
      const double *column = block->h + (size_t)space->index[j] * block->ld;
      for (int i = 0; i < n; i++) space->curvature[i + j * n] = column[space->index[i]];
    }
    nl_terms_curvature(terms, rank, at->x, 0, space->index, n, space->curvature,
                       (size_t)n);
    nl_add_ridge(n, jitter, space->curvature);
    if (nl_cholesky(n, space->curvature) == 0) break;
    jitter *= 100;
  } while (jitter < 1e-3);
  if (n == 0 || jitter >= 1e-3) return 0;
  double *solved = space->trial.x;
  for (int i = 0; i < n; i++) solved[i] = -space->own[space->index[i]];
  nl_cholesky_solve(n, space->curvature, solved);
  nl_fill((size_t)rank, 0, space->move);
  for (int i = 0; i < n; i++) space->move[space->index[i]] = solved[i];
  return 1;
}

static void exchange(place *a, place *b) {
  const place keep = *a;
  *a = *b;
  *b = keep;
}

/* Whether a place is lower, or, where values differ by rounding only, nearer to the end. */
static int is_better(const place *it, const place *other) {
  if (it->value < other->value) return 1;
  return it->value - other->value <= NL_INNER_ROUNDING * fabs(other->value) &&
         it->residual < 0.5 * other->residual;
}

/* Moves `next` along Newton's direction, as far as that helps. Where the curvature is
 * singular, that is at the last of the l1 norm's kinks at which it does: a full step goes far
 * too far then. Returns the length of the step, 0 if there was none. */
static double newton_step(const nl_inner_block *block, inner_space *space) {
  const int n = block->rank;
  const place *from = &space->next;
  place *to = &space->trial;
  if (!newton_direction(block, from, space)) return 0;
  double step = 1;
  for (int i = 0; i < n + MOST_HALVINGS; i++) {
    for (int k = 0; k < n; k++) to->x[k] = nl_moved(from->x[k], step * space->move[k]);
    look(block, to, space->own);
    if (is_better(to, from)) {
      exchange(&space->next, &space->trial);
      return step;
    }
    const double kink = nl_terms_kink(block->terms, n, from->x, space->move, step);
    step = kink > 0 ? kink : 0.5 * step;
  }
  return 0;
}

/* Newton steps until one is whole: a coordinate that stopped at zero rests in the next. */
static void newton_steps(const nl_inner_block *block, inner_space *space) {
  double step = 0.5;
  for (int i = 0; i <= block->rank && step > 0 && step < 1; i++)
    step = newton_step(block, space);
}

/* Makes parts near zero exactly zero in `next`; returns how many. */
static int drop_small_parts(const nl_inner_block *block, inner_space *space) {
  const nl_terms *terms = block->terms;
  const double most = NL_INNER_SMALL * nl_norm(block->rank, space->next.x);
  int n = 0;
  for (int k = 0; k < terms->n_part; k++) {
    const nl_part part = terms->parts[k];
    double *x = space->next.x + part.from;
    const double norm = nl_norm(part.end - part.from, x);
    if (norm == 0 || norm > most) continue;
    nl_fill((size_t)(part.end - part.from), 0, x);
    n++;
  }
  return n;
}

/* Newton steps without the parts near zero, where that leads to a better place than where
 * `next` is: their norms bend so much that steps with them get nowhere. If not, with them. */
static void settle(const nl_inner_block *block, inner_space *space) {
  const size_t n = (size_t)block->rank;
  if (block->terms->n_part > 0) {
    nl_copy(n, space->next.x, space->kept.x);
    if (drop_small_parts(block, space) > 0) {
      look(block, &space->kept, space->own);
      look(block, &space->next, space->own);
      newton_steps(block, space);
      if (is_better(&space->next, &space->kept)) return;
      exchange(&space->next, &space->kept);
    }
  }
  newton_steps(block, space);
}

/* Whether the block is zero: what c has beyond the inner terms is within the norm. */
static int is_zero(const nl_inner_block *block, double *own) {
  nl_terms inner = *block->terms;
  inner.norm = 0;
  nl_copy((size_t)block->rank, block->c, own);
  nl_terms_shrink(&inner, block->rank, 1, own);
  return nl_norm(block->rank, own) <=
         block->terms->norm + NL_INNER_ZERO * nl_norm(block->rank, block->c);
}

void nl_inner_solve(const nl_inner_block *block, double *x, double *space) {
  const int n = block->rank;
  const double bound = block->bound + block->terms->ridge;
  inner_space own = divide(n, space);
  const double enough = NL_INNER_TOL * nl_norm(n, block->c);
  if (is_zero(block, own.own)) {
    nl_fill((size_t)n, 0, x);
    return;
  }
  nl_copy((size_t)n, x, own.now.x);
  look(block, &own.now, own.own);
  for (int step = 0; step < MOST_STEPS && own.now.residual > enough; step++) {
    nl_copy((size_t)n, own.now.x, own.next.x);
    nl_inner_step(block->terms, n, bound, own.now.slope, own.next.x);
    look(block, &own.next, own.own);
    settle(block, &own);
    const int stays =
        !(own.next.value < own.now.value) && !(own.next.residual < own.now.residual);
    if (stays) break;
    exchange(&own.now, &own.next);
  }
  nl_copy((size_t)n, own.now.x, x);
}
