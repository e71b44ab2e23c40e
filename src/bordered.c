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

/* The factor of B_i into the Gram's spare (n x n), with a jitter if it must be; 0 if it
 * worked. */
static int factor_block(const nl_ensemble *ensemble, nl_neuron *neuron, const int *index,
                        int n) {
  nl_gram *gram = &neuron->solver.gram;
  for (double jitter = 0; jitter < 1e-3;
       jitter = jitter == 0 ? NL_BORDERED_JITTER : 100 * jitter) {
    int at = 0;
    nl_gram_part(gram, index, n);
    for (int k = 0; k < gram->n_in && at < n; k++) {
      const int g = gram->group[k], rank = nl_group_rank(neuron->solver.penalty, g);
      if (rank == 0 || index[at] != gram->position[g]) continue;
      const double own = ensemble->stiffness[g];
      for (int j = at; j < at + rank; j++)
        gram->spare[(size_t)j * ((size_t)n + 1)] += own;
      at += rank;
    }
    nl_add_ridge(n, jitter, gram->spare);
    if (nl_cholesky(n, gram->spare) == 0) return 0;
  }
  return 1;
}

/* Where group g is among a neuron's coordinates of groups that are in: -1 if it has none
 * there. */
static int place_of(const nl_neuron *neuron, int g, const int *index, int n) {
  const int position = neuron->solver.gram.position[g];
  if (nl_group_rank(neuron->solver.penalty, g) == 0) return -1;
  int low = 0, high = n;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    if (index[middle] < position) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* out (n x n_border) <- B_i^-1 U_i. */
static void solve_border(const nl_ensemble *ensemble, const nl_neuron *neuron,
                         int n_border, const int *index, int n, double *out) {
  const nl_solver *solver = &neuron->solver;
  nl_fill((size_t)n * (size_t)n_border, 0, out);
  for (int k = 0; k < n_border; k++) {
    const int g = ensemble->border[k], at = place_of(neuron, g, index, n);
    double *column = out + (size_t)k * (size_t)n;
    if (at < 0) continue;
    nl_axpy(nl_group_rank(solver->penalty, g), 1 / ensemble->norm[g],
            solver->quadratic.x + solver->gram.position[g], column + at);
    nl_cholesky_solve(n, solver->gram.spare, column);
  }
}

/* out (n): the gradient of model and penalty, in the groups that are in. */
static void block_gradient(const nl_ensemble *ensemble, const nl_neuron *neuron,
                           const int *index, int n, double *out) {
  const nl_solver *solver = &neuron->solver;
  int at = 0;
  for (int k = 0; k < solver->gram.n_in && at < n; k++) {
    const int g = solver->gram.group[k], rank = nl_group_rank(solver->penalty, g);
    if (rank == 0 || index[at] != solver->gram.position[g]) continue;
    const double own = ensemble->stiffness[g];
    for (int j = 0; j < rank; j++, at++)
      out[at] = solver->quadratic.slope[index[at]] + own * solver->quadratic.x[index[at]];
  }
}

/* U_i'v for one border: v (n) of a neuron. */
static double border_dot(const nl_ensemble *ensemble, const nl_neuron *neuron, int k,
                         const int *index, int n, const double *v) {
  const nl_solver *solver = &neuron->solver;
  const int g = ensemble->border[k], at = place_of(neuron, g, index, n);
  if (at < 0) return 0;
  return nl_dot(nl_group_rank(solver->penalty, g),
                solver->quadratic.x + solver->gram.position[g], v + at) /
         ensemble->norm[g];
}

/* ---- all neurons ------------------------------------------------------------------- */

/* Carves the pieces out of the ensemble's room. */
static void lay_out(nl_bordered *bordered, nl_ensemble *ensemble, const nl_level *level,
                    const nl_hook *hook) {
  const size_t n_border = (size_t)bordered->n_border;
  size_t n_solved = 0, n_size = 0;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_neuron *neuron = ensemble->neuron + i;
    n_size += (size_t)neuron->solver.gram.size;
    n_solved += (size_t)nl_ensemble_coordinates(ensemble, level, neuron,
                                                neuron->solver.quadratic.index) *
                (n_border + 1);
  }
  bordered->solved = nl_room_for(
      &ensemble->room, n_solved + 2 * n_size + n_border * (n_border + 1) + 1, hook);
  bordered->direction = bordered->solved + n_solved;
  bordered->times = bordered->direction + n_size;
  bordered->schur = bordered->times + n_size;
  bordered->weight = bordered->schur + n_border * n_border;
}

/* schur <- C^-1. */
static void start_schur(nl_bordered *bordered, const nl_ensemble *ensemble) {
  const size_t n = (size_t)bordered->n_border;
  nl_fill(n * n, 0, bordered->schur);
  for (size_t k = 0; k < n; k++)
    bordered->schur[k * (n + 1)] = 1 / ensemble->stiffness[ensemble->border[k]];
}

/* schur -= U_i'B_i^-1 U_i. solved: n x n_border. */
static void add_to_schur(nl_bordered *bordered, const nl_ensemble *ensemble,
                         const nl_neuron *neuron, const int *index, int n,
                         const double *solved) {
  const int n_border = bordered->n_border;
  for (int l = 0; l < n_border; l++) {
    for (int k = 0; k < n_border; k++) {
      bordered->schur[k + (ptrdiff_t)l * n_border] -=
          border_dot(ensemble, neuron, k, index, n, solved + (ptrdiff_t)l * n);
    }
  }
}

int nl_bordered_factor(nl_bordered *bordered, nl_ensemble *ensemble,
                       const nl_level *level, const nl_hook *hook) {
  bordered->n_border = read_groups(ensemble, level);
  lay_out(bordered, ensemble, level, hook);
  start_schur(bordered, ensemble);
  double *solved = bordered->solved;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    int *index = neuron->solver.quadratic.index;
    const int n = nl_ensemble_coordinates(ensemble, level, neuron, index);
    if (n == 0) continue;
    nl_check(hook);
    if (factor_block(ensemble, neuron, index, n) != 0) return 0;
    block_gradient(ensemble, neuron, index, n, solved);
    nl_cholesky_solve(n, neuron->solver.gram.spare, solved);
    solve_border(ensemble, neuron, bordered->n_border, index, n, solved + n);
    add_to_schur(bordered, ensemble, neuron, index, n, solved + n);
    solved += (size_t)n * (size_t)(bordered->n_border + 1);
  }
  return bordered->n_border == 0 || nl_cholesky(bordered->n_border, bordered->schur) == 0;
}

double nl_bordered_direction(nl_bordered *bordered, const nl_ensemble *ensemble,
                             const nl_level *level) {
  const int n_border = bordered->n_border;
  double *solved = bordered->solved, *direction = bordered->direction, slope = 0;
  nl_fill((size_t)n_border, 0, bordered->weight);
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_neuron *neuron = ensemble->neuron + i;
    int *index = neuron->solver.quadratic.index;
    const int n = nl_ensemble_coordinates(ensemble, level, neuron, index);
    for (int k = 0; k < n_border && n > 0; k++)
      bordered->weight[k] += border_dot(ensemble, neuron, k, index, n, solved);
    solved += (size_t)n * (size_t)(n_border + 1);
  }
  if (n_border > 0) nl_cholesky_solve(n_border, bordered->schur, bordered->weight);
  solved = bordered->solved;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_neuron *neuron = ensemble->neuron + i;
    int *index = neuron->solver.quadratic.index;
    const int n = nl_ensemble_coordinates(ensemble, level, neuron, index);
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

/* trace of B_i^-1 H_i = n - trace of D B_i^-1, D what B_i has beyond H_i; the factor in spare
 * becomes its inverse. */
static double block_trace(const nl_ensemble *ensemble, nl_neuron *neuron,
                          const int *index, int n) {
  nl_gram *gram = &neuron->solver.gram;
  double trace = n;
  int at = 0;
  nl_triangle_invert(n, gram->spare, neuron->solver.quadratic.panel);
  for (int k = 0; k < gram->n_in && at < n; k++) {
    const int g = gram->group[k], rank = nl_group_rank(neuron->solver.penalty, g);
    if (rank == 0 || index[at] != gram->position[g]) continue;
    const double own = ensemble->stiffness[g];
    for (int j = 0; j < rank; j++, at++) {
      const double length = nl_norm(n - at, gram->spare + (size_t)at * ((size_t)n + 1));
      trace -= own * length * length;
    }
  }
  return trace;
}

/* trace of S^-1 P'H P, P = B_i^-1 U_i (solved, n x n_border), S the Schur complement;
 * P'H P = P'U - P'D P. */
static double border_trace(const nl_bordered *bordered, const nl_ensemble *ensemble,
                           const nl_neuron *neuron, const int *index, int n,
                           const double *solved) {
  const int n_border = bordered->n_border;
  const nl_gram *gram = &neuron->solver.gram;
  double trace = 0;
  for (int l = 0; l < n_border; l++) {
    const double *own = solved + (ptrdiff_t)l * n;
    for (int k = 0; k < n_border; k++) {
      const double *other = solved + (ptrdiff_t)k * n;
      double sum = border_dot(ensemble, neuron, k, index, n, own);
      int at = 0;
      for (int m = 0; m < gram->n_in && at < n; m++) {
        const int g = gram->group[m], rank = nl_group_rank(neuron->solver.penalty, g);
        if (rank == 0 || index[at] != gram->position[g]) continue;
        sum -= ensemble->stiffness[g] * nl_dot(rank, own + at, other + at);
        at += rank;
      }
      bordered->weight[k] = sum;
    }
    nl_cholesky_solve(n_border, bordered->schur, bordered->weight);
    trace += bordered->weight[l];
  }
  return trace;
}

void nl_bordered_freedom(nl_ensemble *ensemble, const nl_level *level, double *df,
                         const nl_hook *hook) {
  nl_bordered bordered;
  int is_small = 1;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_neuron *neuron = ensemble->neuron + i;
    nl_point_theta(&neuron->solver, neuron->line.point, neuron->solver.quadratic.x);
    nl_point_slope(&neuron->solver, neuron->line.point, neuron->solver.quadratic.slope);
  }
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_neuron *neuron = ensemble->neuron + i;
    is_small = is_small &&
               nl_ensemble_coordinates(ensemble, level, neuron,
                                       neuron->solver.quadratic.index) <= NL_MOST_FREEDOM;
    df[i] = NAN;
  }
  if (!is_small || !nl_bordered_factor(&bordered, ensemble, level, hook)) return;
  const double *solved = bordered.solved;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    int *index = neuron->solver.quadratic.index;
    const int n = nl_ensemble_coordinates(ensemble, level, neuron, index);
    df[i] = 0;
    if (n == 0) continue;
    df[i] = block_trace(ensemble, neuron, index, n) +
            border_trace(&bordered, ensemble, neuron, index, n, solved + n);
    solved += (size_t)n * (size_t)(bordered.n_border + 1);
  }
}
