/* freedom.c: see freedom.h. */
#include "freedom.h"

#include <math.h>

#include "linalg.h"

/* Added to the scaled diagonal where it must be: directions less curved than this have no
 * degrees of freedom. */
#define NL_DF_RIDGE 1e-10

/* Scales M = H + D (n x n) so that neither a large penalty curvature nor the units of H
 * show: by the largest diagonal entry of H plus that of D. Directions without curvature
 * stay small. scale: n. */
static void scale_curvature(const nl_gram *gram, const int *index, int n, double *m,
                            double *scale) {
  double largest = 0;
  for (int i = 0; i < n; i++) {
    scale[i] = gram->h[(size_t)index[i] * ((size_t)gram->capacity + 1)];
    largest = fmax(largest, scale[i]);
  }
  for (int i = 0; i < n; i++) {
    scale[i] = 1 / sqrt(largest + fmax(m[(size_t)i * ((size_t)n + 1)] - scale[i], 0));
  }
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < n; i++) m[i + (size_t)j * (size_t)n] *= scale[i] * scale[j];
  }
}

/* Whether the Cholesky factor (n x n) of a scaled matrix inverts it accurately. */
static int is_well_conditioned(int n, const double *factor) {
  for (int i = 0; i < n; i++) {
    if (factor[(size_t)i * ((size_t)n + 1)] < 1e-4) return 0;
  }
  return 1;
}

/* trace of K M^-1 for the curvature K of one term, weight / ||x|| (I - u u') over the
 * coordinates at .. end - 1 of index, from the inverse W of the scaled M's factor in spare:
 * M^-1 = S W'W S. x: the term's point by coordinate of the Gram. turned: n. */
static double norm_trace(const nl_gram *gram, double curvature, double norm,
                         const double *x, const int *index, int at, int end, int n,
                         const double *scale, double *turned) {
  double own = 0;
  nl_fill((size_t)n, 0, turned);
  for (int i = at; i < end; i++) {
    const double *w = gram->spare + (size_t)i * (size_t)n; /* zero above row i */
    const double length = nl_norm(n - i, w + i);
    own += scale[i] * scale[i] * length * length;
    nl_axpy(n - i, scale[i] * x[index[i]] / norm, w + i, turned + i);
  }
  const double radial = nl_norm(n - at, turned + at);
  return curvature * (own - radial * radial);
}

/* trace of H M^-1 = n - trace of D M^-1. */
static double trace_by_inverse(const nl_penalty *penalty, const nl_gram *gram,
                               const nl_level *level, const double *theta,
                               const int *index, int n, const double *scale,
                               double *turned) {
  double trace = n;
  for (int k = 0, at = 0, own; k < gram->n_in && at < n; k++, at += own) {
    const int g = gram->group[k], rank = nl_group_rank(penalty, g),
              first = gram->position[g];
    const nl_terms terms = nl_group_terms(penalty, level, g);
    own = nl_count_own(penalty, gram, g, index + at, n - at);
    for (int s = 0; own > 0 && s <= terms.n_part; s++) {
      const nl_part term = nl_terms_norm(&terms, rank, s);
      const double norm = nl_norm(term.end - term.from, theta + first + term.from);
      int from = at, end = at + own;
      while (from < end && index[from] < first + term.from) from++;
      while (end > from && index[end - 1] >= first + term.end) end--;
      if (norm > 0 && term.weight > 0)
        trace -= norm_trace(gram, term.weight / norm, norm, theta, index, from, end, n,
                            scale, turned);
    }
    for (int i = at; terms.ridge > 0 && i < at + own; i++) {
      const double length = nl_norm(n - i, gram->spare + (size_t)i * ((size_t)n + 1));
      trace -= terms.ridge * scale[i] * scale[i] * length * length;
    }
  }
  return trace;
}

/* The same column by column, H M^-1 with a ridge in M: columns of H have no part in the
 * directions in which M is only the ridge. rhs: n. */
static double trace_by_solving(const nl_gram *gram, const int *index, int n,
                               const double *scale, double *rhs) {
  double trace = 0;
  for (int j = 0; j < n; j++) {
    const double *column = gram->h + (size_t)index[j] * (size_t)gram->capacity;
    for (int i = 0; i < n; i++) rhs[i] = column[index[i]] * scale[i] * scale[j];
    nl_cholesky_solve(n, gram->spare, rhs);
    trace += rhs[j];
  }
  return trace;
}

double nl_degrees_of_freedom(const nl_penalty *penalty, nl_gram *gram,
                             const nl_level *level, const double *theta,
                             nl_quadratic_space *space) {
  const int n = nl_moving_coordinates(penalty, gram, level, theta, space->index);
  double *scale = space->target;
  if (n == 0) return 0;
  if (n > NL_MOST_FREEDOM || gram->root.on) return NAN;
  nl_active_curvature(penalty, gram, level, theta, 0, space->index, n);
  scale_curvature(gram, space->index, n, gram->spare, scale);
  if (nl_cholesky(n, gram->spare) == 0 && is_well_conditioned(n, gram->spare)) {
    nl_triangle_invert(n, gram->spare, space->panel);
    return trace_by_inverse(penalty, gram, level, theta, space->index, n, scale,
                            space->rhs);
  }
  nl_active_curvature(penalty, gram, level, theta, 0, space->index, n);
  scale_curvature(gram, space->index, n, gram->spare, scale);
  nl_add_ridge(n, NL_DF_RIDGE, gram->spare);
  if (nl_cholesky(n, gram->spare) != 0) return n;
  return trace_by_solving(gram, space->index, n, scale, space->rhs);
}
