/* bordered.c: see bordered.h. */
#include "bordered.h"

#include <math.h>

#include "freedom.h"
#include "linalg.h"

/* Added to the diagonal, relative to its largest entry, where a neuron's block isn't
 * positive. */
#define NL_BORDERED_JITTER 1e-10
/* A group with a norm below this share of the largest counts as a block without border: the
 * difference that the border makes would be rounding. */
#define NL_BORDERED_SMALL 1e-6

/* ---- groups that are in ------------------------------------------------------------ */

/* Takes down the groups' norms at the x of the models and what B adds to H on their diagonals,
 * tau / ||x||; lists the penalised groups that are in, but those that are all but zero, and
 * returns how many. */
static int read_groups(nl_ensemble *ensemble, const nl_level *level) {
  const nl_gram *gram = &ensemble->neuron[0].solver.gram;
  double largest = 0;
  int n = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k];
    const double tau = nl_level_tau(level, nl_ensemble_penalty(ensemble), g);
    const int rank = nl_ensemble_gather_model(ensemble, g, NL_MODEL_X, ensemble->space);
    const double norm = nl_norm(rank, ensemble->space);
    ensemble->norm[g] = norm;
    ensemble->stiffness[g] = tau > 0 && norm > 0 ? tau / norm : 0;
    largest = fmax(largest, norm);
  }
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k];
    if (ensemble->stiffness[g] > 0 && ensemble->norm[g] > NL_BORDERED_SMALL * largest)
      ensemble->border[n++] = g;
  }
  return n;
}

/* ---- one neuron's block ------------------------------------------------------------ */

/* A neuron's coordinates of groups that are in, and W = L^-1 of B_i = L L', in its Gram's
 * spare below the diagonal: B_i^-1 = W'W. */
typedef struct {
  const nl_neuron *neuron;
  const int *index; /* n: their places in the Gram */
  int n;
  const double *w; /* n x n */
} nl_block_factor;

/* Adds the stiffness of each group to its part of the diagonal of x (n x n). */
static void add_stiffness(const nl_ensemble *ensemble, const nl_neuron *neuron,
                          const int *index, int n, double *x) {
  const nl_solver *solver = &neuron->solver;
  for (int k = 0, at = 0, own; k < solver->gram.n_in && at < n; k++, at += own) {
    const int g = solver->gram.group[k];
    own = nl_count_own(solver->penalty, &solver->gram, g, index + at, n - at);
    for (int j = at; j < at + own; j++)
      x[(size_t)j * ((size_t)n + 1)] += ensemble->stiffness[g];
  }
}

/* The factor of B_i, with a jitter if it must be; returns whether it worked. */
static int factor_block(const nl_ensemble *ensemble, nl_neuron *neuron,
                        nl_block_factor *factor) {
  nl_gram *gram = &neuron->solver.gram;
  const int n = nl_ensemble_coordinates(ensemble, neuron, neuron->solver.quadratic.index);
  *factor = (nl_block_factor){neuron, neuron->solver.quadratic.index, n, gram->spare};
  for (double jitter = 0; jitter < 1e-3;
       jitter = jitter == 0 ? NL_BORDERED_JITTER : 100 * jitter) {
    nl_gram_part(gram, factor->index, n);
    add_stiffness(ensemble, neuron, factor->index, n, gram->spare);
    nl_add_ridge(n, jitter, gram->spare);
    if (nl_cholesky(n, gram->spare) != 0) continue;
    nl_triangle_invert(n, gram->spare, neuron->solver.quadratic.panel);
    return 1;
  }
  return 0;
}

/* Where group g is among the coordinates: -1 if it has none there. */
static int place_of(const nl_block_factor *factor, int g) {
  const nl_solver *solver = &factor->neuron->solver;
  const int position = solver->gram.position[g];
  if (nl_group_rank(solver->penalty, g) == 0) return -1;
  int low = 0, high = factor->n;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    if (factor->index[middle] < position) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* out (n) <- W'z, z (n) zero before `from`. */
static void times_transposed(const nl_block_factor *factor, int from, const double *z,
                             double *out) {
  for (int j = 0; j < factor->n; j++) {
    const int first = j > from ? j : from;
    out[j] = nl_dot(factor->n - first,
                    factor->w + (size_t)j * (size_t)factor->n + (size_t)first, z + first);
  }
}

/* z (n) <- W U_k for the k-th border. Returns where it starts: n if the neuron has no part. */
static int whiten_border(const nl_ensemble *ensemble, const nl_block_factor *factor,
                         int k, double *z) {
  const nl_solver *solver = &factor->neuron->solver;
  const int g = ensemble->border[k], at = place_of(factor, g), n = factor->n;
  nl_fill((size_t)n, 0, z);
  if (at < 0) return n;
  const double *x = solver->quadratic.x + solver->gram.position[g];
  for (int j = 0; j < nl_group_rank(solver->penalty, g); j++) {
    nl_axpy(n - at - j, x[j] / ensemble->norm[g],
            factor->w + (size_t)(at + j) * ((size_t)n + 1), z + at + j);
  }
  return at;
}

/* out (n): the gradient of model and penalty, in the groups that are in. */
static void block_gradient(const nl_ensemble *ensemble, const nl_neuron *neuron,
                           const int *index, int n, double *out) {
  const nl_solver *solver = &neuron->solver;
  for (int k = 0, at = 0, own; k < solver->gram.n_in && at < n; k++, at += own) {
    const int g = solver->gram.group[k];
    own = nl_count_own(solver->penalty, &solver->gram, g, index + at, n - at);
    for (int j = at; j < at + own; j++)
      out[j] = solver->quadratic.slope[index[j]] +
               ensemble->stiffness[g] * solver->quadratic.x[index[j]];
  }
}

/* U_i'v for one border: v (n) of a neuron. */
static double border_dot(const nl_ensemble *ensemble, const nl_block_factor *factor,
                         int k, const double *v) {
  const nl_solver *solver = &factor->neuron->solver;
  const int g = ensemble->border[k], at = place_of(factor, g);
  if (at < 0) return 0;
  return nl_dot(nl_group_rank(solver->penalty, g),
                solver->quadratic.x + solver->gram.position[g], v + at) /
         ensemble->norm[g];
}

/* ---- all neurons ------------------------------------------------------------------- */

/* What of B_i^-1 U_i is to be kept of every neuron. */
typedef enum { NL_STEP, NL_TRACES } nl_bordered_use;

/* Carves the pieces out of the ensemble's room. */
static void lay_out(nl_bordered *bordered, nl_ensemble *ensemble, nl_bordered_use use,
                    const nl_hook *hook) {
  const size_t n_border = (size_t)bordered->n_border;
  size_t n_solved = 0, n_size = 0, most = 0;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_neuron *neuron = ensemble->neuron + i;
    const size_t n =
        (size_t)nl_ensemble_coordinates(ensemble, neuron, neuron->solver.quadratic.index);
    n_size += (size_t)neuron->solver.gram.size;
    n_solved += n * (n_border + 1);
    if (n > most) most = n;
  }
  if (use == NL_TRACES) {
    n_solved = (size_t)ensemble->n_neuron * n_border * n_border + most * n_border;
    n_size = 0;
  }
  bordered->solved = nl_room_for(
      &ensemble->room,
      n_solved + 2 * n_size + most * n_border + n_border * (n_border + 1) + 1, hook);
  bordered->direction = bordered->solved + n_solved;
  bordered->times = bordered->direction + n_size;
  bordered->white = bordered->times + n_size;
  bordered->schur = bordered->white + most * n_border;
  bordered->weight = bordered->schur + n_border * n_border;
}

/* schur <- C^-1. */
static void start_schur(nl_bordered *bordered, const nl_ensemble *ensemble) {
  const size_t n = (size_t)bordered->n_border;
  nl_fill(n * n, 0, bordered->schur);
  for (size_t k = 0; k < n; k++)
    bordered->schur[k * (n + 1)] = 1 / ensemble->stiffness[ensemble->border[k]];
}

/* x += sign Z'Z, Z (n x n_border), both triangles. */
static void add_squares(int n, int n_border, double sign, const double *z, double *x) {
  for (int l = 0; l < n_border; l++) {
    for (int k = 0; k <= l; k++) {
      const double sum = sign * nl_dot(n, z + (ptrdiff_t)k * n, z + (ptrdiff_t)l * n);
      x[k + (ptrdiff_t)l * n_border] += sum;
      if (k < l) x[l + (ptrdiff_t)k * n_border] += sum;
    }
  }
}

/* white <- W U_i, solved (n x n_border) <- B_i^-1 U_i = W'white; schur -= U_i'B_i^-1 U_i. */
static void solve_border(nl_bordered *bordered, const nl_ensemble *ensemble,
                         const nl_block_factor *factor, double *solved) {
  const int n = factor->n;
  for (int k = 0; k < bordered->n_border; k++) {
    double *z = bordered->white + (ptrdiff_t)k * n;
    const int from = whiten_border(ensemble, factor, k, z);
    times_transposed(factor, from, z, solved + (ptrdiff_t)k * n);
  }
  add_squares(n, bordered->n_border, -1, bordered->white, bordered->schur);
}

static int factor_schur(nl_bordered *bordered) {
  return bordered->n_border == 0 || nl_cholesky(bordered->n_border, bordered->schur) == 0;
}

/* z (n) <- W v; n. */
static void whiten(const nl_block_factor *factor, const double *v, double *z) {
  const int n = factor->n;
  nl_fill((size_t)n, 0, z);
  for (int j = 0; j < n; j++)
    nl_axpy(n - j, v[j], factor->w + (size_t)j * ((size_t)n + 1), z + j);
}

int nl_bordered_factor(nl_bordered *bordered, nl_ensemble *ensemble,
                       const nl_level *level, const nl_hook *hook) {
  nl_ensemble_mark(ensemble, level);
  bordered->n_border = read_groups(ensemble, level);
  lay_out(bordered, ensemble, NL_STEP, hook);
  start_schur(bordered, ensemble);
  double *solved = bordered->solved;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_block_factor factor;
    nl_check(hook);
    if (!factor_block(ensemble, ensemble->neuron + i, &factor)) return 0;
    const int n = factor.n;
    block_gradient(ensemble, factor.neuron, factor.index, n, solved);
    whiten(&factor, solved, bordered->times);
    times_transposed(&factor, 0, bordered->times, solved);
    solve_border(bordered, ensemble, &factor, solved + n);
    solved += (size_t)n * (size_t)(bordered->n_border + 1);
  }
  return factor_schur(bordered);
}

double nl_bordered_direction(nl_bordered *bordered, const nl_ensemble *ensemble) {
  const int n_border = bordered->n_border;
  double *solved = bordered->solved, *direction = bordered->direction, slope = 0;
  nl_fill((size_t)n_border, 0, bordered->weight);
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_neuron *neuron = ensemble->neuron + i;
    int *index = neuron->solver.quadratic.index;
    const int n = nl_ensemble_coordinates(ensemble, neuron, index);
    const nl_block_factor factor = {neuron, index, n, NULL};
    for (int k = 0; k < n_border && n > 0; k++)
      bordered->weight[k] += border_dot(ensemble, &factor, k, solved);
    solved += (size_t)n * (size_t)(n_border + 1);
  }
  if (n_border > 0) nl_cholesky_solve(n_border, bordered->schur, bordered->weight);
  solved = bordered->solved;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_neuron *neuron = ensemble->neuron + i;
    int *index = neuron->solver.quadratic.index;
    const int n = nl_ensemble_coordinates(ensemble, neuron, index);
    nl_fill((size_t)neuron->solver.gram.size, 0, direction);
    nl_add_columns(n, n_border, bordered->weight, solved + n, (size_t)n, solved);
    block_gradient(ensemble, neuron, index, n, bordered->times);
    for (int j = 0; j < n; j++) {
      direction[index[j]] = -solved[j];
      slope -= solved[j] * bordered->times[j];
    }
    direction += neuron->solver.gram.size;
    solved += (size_t)n * (size_t)(n_border + 1);
  }
  return slope;
}

/* ---- degrees of freedom ------------------------------------------------------------ */

/* Multiplies the rows of x (n x n_col) by the roots of what B_i adds to H_i there. */
static void scale_rows(const nl_ensemble *ensemble, const nl_block_factor *factor,
                       int n_col, double *x) {
  const nl_solver *solver = &factor->neuron->solver;
  const int n = factor->n;
  for (int k = 0, at = 0, own; k < solver->gram.n_in && at < n; k++, at += own) {
    const int g = solver->gram.group[k];
    const double root = sqrt(ensemble->stiffness[g]);
    own = nl_count_own(solver->penalty, &solver->gram, g, factor->index + at, n - at);
    for (int l = 0; l < n_col; l++) {
      for (int j = at; j < at + own; j++) x[j + (ptrdiff_t)l * n] *= root;
    }
  }
}

/* trace of B_i^-1 H_i = n - trace of D B_i^-1, D what B_i has beyond H_i. */
static double block_trace(const nl_ensemble *ensemble, const nl_block_factor *factor) {
  const nl_solver *solver = &factor->neuron->solver;
  const int n = factor->n;
  double trace = n;
  for (int k = 0, at = 0, own; k < solver->gram.n_in && at < n; k++, at += own) {
    const int g = solver->gram.group[k];
    own = nl_count_own(solver->penalty, &solver->gram, g, factor->index + at, n - at);
    for (int j = at; j < at + own; j++) {
      const double *w = factor->w + (size_t)j * ((size_t)n + 1);
      trace -= ensemble->stiffness[g] * nl_dot(n - j, w, w);
    }
  }
  return trace;
}

/* Each neuron's trace of B_i^-1 H_i into df, and P'H_i P = U_i'P - P'D P for P = B_i^-1 U_i into
 * its n_border x n_border of solved. Returns whether all blocks could be factored. */
static int find_traces(nl_bordered *bordered, nl_ensemble *ensemble, double *df,
                       const nl_hook *hook) {
  const size_t n_square = (size_t)bordered->n_border * (size_t)bordered->n_border;
  double *p = bordered->solved + (size_t)ensemble->n_neuron * n_square;
  nl_fill((size_t)ensemble->n_neuron * n_square, 0, bordered->solved);
  for (int i = 0; i < ensemble->n_neuron; i++) {
    double *square = bordered->solved + (size_t)i * n_square;
    nl_block_factor factor;
    nl_check(hook);
    if (!factor_block(ensemble, ensemble->neuron + i, &factor)) return 0;
    df[i] = block_trace(ensemble, &factor);
    solve_border(bordered, ensemble, &factor, p);
    add_squares(factor.n, bordered->n_border, 1, bordered->white, square);
    scale_rows(ensemble, &factor, bordered->n_border, p);
    add_squares(factor.n, bordered->n_border, -1, p, square);
  }
  return 1;
}

/* df += trace of S^-1 square, S the Schur complement: by the columns of S^-1. */
static void add_border_traces(nl_bordered *bordered, const nl_ensemble *ensemble,
                              double *df) {
  const int n_border = bordered->n_border;
  const size_t n_square = (size_t)n_border * (size_t)n_border;
  for (int k = 0; k < n_border; k++) {
    nl_fill((size_t)n_border, 0, bordered->weight);
    bordered->weight[k] = 1;
    nl_cholesky_solve(n_border, bordered->schur, bordered->weight);
    for (int i = 0; i < ensemble->n_neuron; i++) {
      const double *square = bordered->solved + (size_t)i * n_square;
      df[i] += nl_dot(n_border, square + (ptrdiff_t)k * n_border, bordered->weight);
    }
  }
}

void nl_bordered_freedom(nl_ensemble *ensemble, const nl_level *level, double *df,
                         const nl_hook *hook) {
  nl_bordered bordered;
  int is_small = 1;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_neuron *neuron = ensemble->neuron + i;
    nl_point_theta(&neuron->solver, neuron->line.point, neuron->solver.quadratic.x);
  }
  nl_ensemble_mark(ensemble, level);
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_neuron *neuron = ensemble->neuron + i;
    is_small = is_small && neuron->n_with == 1 &&
               nl_ensemble_coordinates(ensemble, neuron,
                                       neuron->solver.quadratic.index) <= NL_MOST_FREEDOM;
  }
  if (is_small) {
    bordered.n_border = read_groups(ensemble, level);
    lay_out(&bordered, ensemble, NL_TRACES, hook);
    start_schur(&bordered, ensemble);
    if (find_traces(&bordered, ensemble, df, hook) && factor_schur(&bordered)) {
      add_border_traces(&bordered, ensemble, df);
      return;
    }
  }
  for (int i = 0; i < ensemble->n_neuron; i++) df[i] = NAN;
}
