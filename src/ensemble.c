/* ensemble.c: see ensemble.h. */
#include "ensemble.h"

#include <math.h>

#include "linalg.h"
#include "setup.h"

const nl_penalty *nl_ensemble_penalty(const nl_ensemble *ensemble) {
  return ensemble->neuron[0].solver.penalty;
}

/* ---- coordinates ------------------------------------------------------------------- */

static const double *vector_of(const nl_neuron *neuron, nl_vector_kind kind) {
  const nl_point *point = neuron->line.point;
  switch (kind) {
    case NL_THETA:
      return point->theta;
    case NL_GRADIENT:
      return point->gradient;
    case NL_NEXT_THETA:
      return point->next_theta;
    default:
      return point->next_gradient;
  }
}

/* What the slope of the loss in the intercept adds to a gradient; 0: nothing. */
static double leaning(const nl_neuron *neuron, nl_vector_kind kind) {
  if (kind == NL_GRADIENT) return neuron->line.point->now.slope;
  return kind == NL_NEXT_GRADIENT ? neuron->line.point->next.slope : 0;
}

int nl_ensemble_gather(const nl_ensemble *ensemble, int g, nl_vector_kind kind,
                       double *out) {
  int n = 0;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_neuron *neuron = ensemble->neuron + i;
    const nl_penalty *penalty = neuron->solver.penalty;
    const int at = penalty->theta_start[g], rank = nl_group_rank(penalty, g);
    const double lean = leaning(neuron, kind);
    nl_copy((size_t)rank, vector_of(neuron, kind) + at, out + n);
    if (lean != 0) nl_axpy(rank, lean, neuron->solver.lean + at, out + n);
    n += rank;
  }
  return n;
}

int nl_ensemble_gather_model(const nl_ensemble *ensemble, int g, nl_model_vector which,
                             double *out) {
  int n = 0;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_solver *solver = &ensemble->neuron[i].solver;
    const nl_quadratic_space *space = &solver->quadratic;
    const int rank = nl_group_rank(solver->penalty, g);
    nl_copy((size_t)rank,
            (which == NL_MODEL_X ? space->x : space->slope) + solver->gram.position[g],
            out + n);
    n += rank;
  }
  return n;
}

/* ---- residuals --------------------------------------------------------------------- */

/* r (n) <- what is left of a group's condition: gradient + tau theta / ||theta||, or, where
 * theta is 0, the gradient's excess over tau. */
static void group_remainder(int n, const double *theta, double tau, double *r) {
  const double norm = nl_norm(n, theta), size = nl_norm(n, r);
  const double share = size > tau ? 1 - tau / size : 0;
  for (int i = 0; i < n; i++)
    r[i] = norm > 0 ? r[i] + tau * theta[i] / norm : share * r[i];
}

static double group_residual(const nl_ensemble *ensemble, const nl_level *level, int g,
                             int at_next, double *part) {
  const nl_penalty *shared = nl_ensemble_penalty(ensemble);
  double *theta = ensemble->space, *r = ensemble->space + ensemble->max_rank;
  const int n =
      nl_ensemble_gather(ensemble, g, at_next ? NL_NEXT_THETA : NL_THETA, theta);
  nl_ensemble_gather(ensemble, g, at_next ? NL_NEXT_GRADIENT : NL_GRADIENT, r);
  const double tau = nl_level_tau(level, shared, g),
               unit = nl_level_unit(level, shared, g);
  const double residual = nl_group_kkt(n, theta, r, tau, unit);
  if (!part || unit == 0) return residual;
  group_remainder(n, theta, tau, r);
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const int rank = nl_group_rank(ensemble->neuron[i].solver.penalty, g);
    part[i] = fmax(part[i], nl_norm(rank, r) / unit);
    r += rank;
  }
  return residual;
}

double nl_ensemble_residual(const nl_ensemble *ensemble, const nl_level *level,
                            int n_seen, int at_next, double *part) {
  const int n = n_seen < 0 ? ensemble->n_group : n_seen;
  double worst = 0;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_neuron *neuron = ensemble->neuron + i;
    const nl_point *point = neuron->line.point;
    part[i] =
        nl_link_intercept_residual(&neuron->model, at_next ? &point->next : &point->now);
    if (!(part[i] <= worst)) worst = part[i];
  }
  for (int k = 0; k < n; k++) {
    const int g = n_seen < 0 ? k : ensemble->neuron[0].solver.set[k];
    const double r = group_residual(ensemble, level, g, at_next, part);
    if (!(r <= worst)) worst = r;
  }
  return worst;
}

double nl_ensemble_group_residual(const nl_ensemble *ensemble, const nl_level *level,
                                  int g) {
  return group_residual(ensemble, level, g, 0, NULL);
}

double nl_ensemble_penalty_value(const nl_ensemble *ensemble, const nl_level *level,
                                 int at_next) {
  const nl_penalty *shared = nl_ensemble_penalty(ensemble);
  double sum = 0;
  for (int g = 0; g < ensemble->n_group; g++) {
    const double tau = nl_level_tau(level, shared, g);
    if (tau == 0) continue;
    const int n = nl_ensemble_gather(ensemble, g, at_next ? NL_NEXT_THETA : NL_THETA,
                                     ensemble->space);
    sum += tau * nl_norm(n, ensemble->space);
  }
  return sum;
}

double nl_ensemble_score(const nl_ensemble *ensemble, int g, double w) {
  if (!(w > 0)) return 0;
  double sum = 0;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_penalty *penalty = ensemble->neuron[i].solver.penalty;
    const double *gradient = ensemble->neuron[i].line.point->gradient;
    const double size =
        nl_norm(nl_group_rank(penalty, g), gradient + penalty->theta_start[g]);
    sum += size * size;
  }
  return sqrt(sum) / w;
}

/* ---- active groups ----------------------------------------------------------------- */

int nl_ensemble_is_active(const nl_ensemble *ensemble, const nl_level *level, int g) {
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_solver *solver = &ensemble->neuron[i].solver;
    if (nl_is_active(solver->penalty, &solver->gram, level, g, solver->quadratic.x))
      return 1;
  }
  return 0;
}

void nl_ensemble_mark(nl_ensemble *ensemble, const nl_level *level) {
  const nl_gram *gram = &ensemble->neuron[0].solver.gram;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k];
    ensemble->is_in[g] = nl_ensemble_is_active(ensemble, level, g);
  }
}

int nl_ensemble_coordinates(const nl_ensemble *ensemble, const nl_neuron *neuron,
                            int *index) {
  const nl_gram *gram = &neuron->solver.gram;
  int n = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g];
    if (!ensemble->is_in[g]) continue;
    for (int j = 0; j < nl_group_rank(neuron->solver.penalty, g); j++)
      index[n++] = at + j;
  }
  return n;
}

/* ---- the working set --------------------------------------------------------------- */

void nl_ensemble_include(nl_ensemble *ensemble, int g) {
  for (int i = 0; i < ensemble->n_neuron; i++)
    nl_set_include(&ensemble->neuron[i].solver, g);
}

void nl_ensemble_share(nl_ensemble *ensemble, int metric, const nl_gram *gram) {
  const nl_gram now = *gram;
  for (int i = metric; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    if (neuron->metric != metric) continue;
    neuron->solver.gram = now;
    neuron->solver.gram.stretch = neuron->solver.gram.scale =
        neuron->curvature * neuron->excess;
  }
}

void nl_ensemble_cover(nl_ensemble *ensemble) {
  const nl_gram *rooms = ensemble->rooms;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_solver *solver = &ensemble->neuron[i].solver;
    const int n_with = ensemble->neuron[i].n_with;
    if (n_with == 0) continue;
    nl_setup_lend(rooms, &solver->gram);
    if (n_with > 1) solver->gram.scale = 1;
    nl_set_cover(solver);
    if (n_with > 1) nl_ensemble_share(ensemble, i, &solver->gram);
    rooms = &solver->gram;
  }
  ensemble->rooms = rooms;
}
