/* coupled.h: the quadratic model of neurons that share groups, against its optimality
 * conditions. */
#include <math.h>

#include "check.h"
#include "coupled.h"
#include "fixture.h"

static const nl_link links[] = {NL_LOG, NL_SOFTPLUS};

/* Group g's residual, by its definition. */
static double residual_of(const nl_ensemble *ensemble, const nl_level *level, int g) {
  const nl_penalty *shared = ensemble->neuron[0].solver.penalty;
  const double tau = level->lambda * shared->weight[g];
  const double unit =
      tau > 0 ? tau
              : (level->lambda > 0 ? level->lambda : level->reference) * shared->scale[g];
  double norm = 0, size = 0, square = 0;
  int n = 0;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_solver *solver = &ensemble->neuron[i].solver;
    const int at = solver->gram.position[g];
    for (int j = 0; j < nl_group_rank(solver->penalty, g); j++, n++)
      norm = hypot(norm, solver->quadratic.x[at + j]);
  }
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_solver *solver = &ensemble->neuron[i].solver;
    const int at = solver->gram.position[g];
    for (int j = 0; j < nl_group_rank(solver->penalty, g); j++) {
      const double s = solver->quadratic.slope[at + j];
      const double r = norm > 0 ? s + tau * solver->quadratic.x[at + j] / norm : 0;
      size = hypot(size, s);
      square += r * r;
    }
  }
  if (n == 0) return 0;
  return (norm > 0 ? sqrt(square) : fmax(size - tau, 0)) / unit;
}

/* Solves from a random place; the slopes must be those of the solution. */
static void solve_and_check(nl_ensemble *ensemble, double lambda, double tol) {
  const nl_level level = {lambda, 1};
  double *before[16], *slope[16];
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_solver *solver = &ensemble->neuron[i].solver;
    before[i] = copy_doubles(solver->quadratic.x, (size_t)solver->gram.size);
    slope[i] = copy_doubles(solver->quadratic.slope, (size_t)solver->gram.size);
  }
  CHECK(nl_coupled_solve(ensemble, &level, tol, ensemble->neuron[0].solver.hook) > 0);
  for (int g = 0; g < ensemble->n_group; g++)
    CHECK(residual_of(ensemble, &level, g) <= tol * (1 + 1e-6));
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_solver *solver = &ensemble->neuron[i].solver;
    const int m = solver->gram.size;
    for (int j = 0; j < m; j++) before[i][j] = solver->quadratic.x[j] - before[i][j];
    const double *moved = times(m, m, 1, gram_matrix(&solver->gram), before[i]);
    for (int j = 0; j < m; j++) slope[i][j] += moved[j];
    CHECK(distance((size_t)m, slope[i], solver->quadratic.slope) < 1e-8);
  }
}

static void test_solutions(void) {
  const double lambda[] = {1, 0.1, 0.01, 1e-4};
  const int sizes[] = {1, 2, 5};
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < 3; i++) {
      seed_random(400 + (unsigned)i);
      const nl_penalty penalty = mixed_penalty(T_RANDOM),
                       other = mixed_penalty(T_DEFICIENT);
      nl_ensemble *ensemble = new_ensemble(links[k], sizes[i], &penalty, &other);
      for (int l = 0; l < 4; l++) {
        place_models(ensemble, l % 3);
        solve_and_check(ensemble, lambda[l], 1e-7);
      }
      CHECK(guards_are_whole());
      free_all();
    }
  }
}

/* A strong penalty puts all groups out, for all neurons, but those without one. */
static void test_all_or_none(void) {
  seed_random(410);
  nl_penalty penalty = mixed_penalty(T_RANDOM);
  set_weight(&penalty, 3, 0);
  nl_ensemble *ensemble = new_ensemble(NL_LOG, 3, &penalty, NULL);
  place_models(ensemble, MIXED_GROUPS);
  solve_and_check(ensemble, 1e3, 1e-7);
  for (int g = 0; g < MIXED_GROUPS; g++) {
    for (int i = 0; i < 3; i++) {
      const nl_solver *solver = &ensemble->neuron[i].solver;
      const double norm = norm_of(nl_group_rank(&penalty, g),
                                  solver->quadratic.x + solver->gram.position[g]);
      CHECK((norm > 0) == (g == 3));
    }
  }
  const nl_level level = {1e3, 1};
  for (int g = 0; g < MIXED_GROUPS; g++)
    CHECK(nl_ensemble_is_active(ensemble, &level, g) == (g == 3));
  free_all();
}

void suite_coupled(void) {
  RUN(test_solutions);
  RUN(test_all_or_none);
}
