/* outlook.c: see outlook.h. */
#include "outlook.h"

#include "cost.h"
#include "coupled.h"
#include "linalg.h"

/* predicted <- the slope that `weight` (n) of each neuron's earlier points predicts. */
static void mix_slopes(nl_ensemble *ensemble, int n, const double *weight) {
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    nl_predict_mix(&neuron->solver, neuron->line.point, (const nl_point **)neuron->before,
                   n, weight, neuron->solver.quadratic.predicted);
  }
}

/* Weights for the earlier points, whose moves add up to that to the sketch, which the models
 * hold; 0 if there are none. */
static int add_up_moves(nl_outlook *outlook, nl_ensemble *ensemble, double *weight) {
  const int n = outlook->n_before - 1;
  int length = 0, at = 0;
  if (n < 1) return 0;
  for (int i = 0; i < ensemble->n_neuron; i++)
    length += ensemble->neuron[i].solver.gram.size;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    nl_solver *solver = &neuron->solver;
    const int size = solver->gram.size;
    double *move = outlook->moves + at;
    nl_point_slope(solver, neuron->before[0], move);
    for (int j = 0; j < size; j++) move[j] = solver->quadratic.slope[j] - move[j];
    for (int k = 0; k < n; k++) {
      move += length;
      nl_predict_move(solver, neuron->before[k], neuron->before[k + 1], move);
    }
    at += size;
  }
  return nl_predict_from_moves(length, n, outlook->moves, weight);
}

int nl_outlook_predict(nl_outlook *outlook, nl_ensemble *ensemble, const nl_level *level,
                       const nl_hook *hook) {
  nl_neuron *neuron = ensemble->neuron;
  double weight[NL_MAX_BEFORE];
  if (!(level->lambda > 0)) return 0;
  const int n = nl_predict_extrapolate(
      neuron->line.point, (const nl_point **)neuron->before, outlook->n_before, weight);
  if (n < 2) return 0;
  mix_slopes(ensemble, n, weight);
  if (!nl_cost_sketch_pays(neuron->solver.design, neuron->solver.wanted,
                           neuron->solver.gram.size))
    return 1;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_solver *solver = &ensemble->neuron[i].solver;
    nl_copy((size_t)solver->gram.size, solver->quadratic.predicted,
            solver->quadratic.slope);
    nl_point_theta(solver, ensemble->neuron[i].line.point, solver->quadratic.x);
  }
  nl_coupled_solve(ensemble, level, NL_SKETCH, hook);
  if (add_up_moves(outlook, ensemble, weight))
    mix_slopes(ensemble, outlook->n_before, weight);
  return 1;
}

void nl_outlook_note(nl_outlook *outlook, nl_ensemble *ensemble, const nl_level *level) {
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    const nl_point *point = neuron->line.point;
    const size_t n_theta = (size_t)neuron->solver.penalty->n_theta;
    nl_point *to = neuron->before[NL_MAX_BEFORE - 1];
    for (int k = NL_MAX_BEFORE - 1; k > 0; k--) neuron->before[k] = neuron->before[k - 1];
    neuron->before[0] = to;
    to->level = *level;
    to->full = 1;
    to->now.slope = point->now.slope;
    nl_copy(n_theta, point->theta, to->theta);
    nl_copy(n_theta, point->gradient, to->gradient);
  }
  if (outlook->n_before < NL_MAX_BEFORE) outlook->n_before++;
}
