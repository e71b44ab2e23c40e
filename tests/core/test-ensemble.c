/* ensemble.h: what neurons that share groups have of them. */
#include <math.h>

#include "check.h"
#include "ensemble.h"
#include "fixture.h"

/* Random points, of the first n_in groups not zero. */
static nl_ensemble *random_points(nl_link link, int n_in) {
  const nl_penalty penalty = mixed_penalty(T_RANDOM), other = mixed_penalty(T_DEFICIENT);
  nl_ensemble *ensemble = new_ensemble(link, 3, &penalty, &other);
  for (int i = 0; i < 3; i++) {
    nl_point *point = ensemble->neuron[i].line.point;
    const nl_penalty *own = ensemble->neuron[i].solver.penalty;
    for (int j = 0; j < own->n_theta; j++) {
      point->theta[j] = j < own->theta_start[n_in] ? random_normal() : 0;
      point->next_theta[j] = 2 * point->theta[j];
      point->gradient[j] = random_normal();
      point->next_gradient[j] = -point->gradient[j];
    }
    if (link == NL_SOFTPLUS) point->now.slope = 0.3 * random_normal();
  }
  return ensemble;
}

static void test_gather(void) {
  seed_random(440);
  nl_ensemble *ensemble = random_points(NL_LOG, 4);
  double *out = new_doubles((size_t)ensemble->max_rank);
  for (int g = 0; g < ensemble->n_group; g++) {
    const int n = nl_ensemble_gather(ensemble, g, NL_THETA, out);
    int k = 0, wrong = 0;
    for (int i = 0; i < 3; i++) {
      const nl_penalty *own = ensemble->neuron[i].solver.penalty;
      for (int j = own->theta_start[g]; j < own->theta_start[g + 1]; j++)
        wrong += out[k++] != ensemble->neuron[i].line.point->theta[j];
    }
    CHECK(k == n && wrong == 0);
    CHECK_NEAR(nl_ensemble_score(ensemble, g, 2),
               norm_of(nl_ensemble_gather(ensemble, g, NL_GRADIENT, out), out) / 2,
               1e-12);
    CHECK(nl_ensemble_score(ensemble, g, 0) == 0);
  }
  free_all();
}

/* Each group's residual, the largest, and each neuron's share of it: the squares of the shares
 * of one group add up to its own. */
static void test_residuals(void) {
  for (int k = 0; k < 2; k++) {
    seed_random(450);
    nl_ensemble *ensemble = random_points(k == 0 ? NL_LOG : NL_SOFTPLUS, 4);
    const nl_level level = {0.2, 1};
    double part[3], worst = 0;
    for (int i = 0; i < 3; i++)
      worst =
          fmax(worst, nl_link_intercept_residual(&ensemble->neuron[i].model,
                                                 &ensemble->neuron[i].line.point->now));
    for (int g = 0; g < ensemble->n_group; g++) {
      const double tau = level.lambda * ensemble->neuron[0].solver.penalty->weight[g];
      double norm = 0, size = 0, square = 0;
      for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < 3; i++) {
          const nl_neuron *neuron = ensemble->neuron + i;
          const nl_point *point = neuron->line.point;
          const nl_penalty *own = neuron->solver.penalty;
          for (int j = own->theta_start[g]; j < own->theta_start[g + 1]; j++) {
            const double slope =
                point->gradient[j] + point->now.slope * neuron->solver.lean[j];
            if (turn == 0) {
              norm = hypot(norm, point->theta[j]);
              size = hypot(size, slope);
            } else {
              const double r = slope + tau * point->theta[j] / norm;
              square += r * r;
            }
          }
        }
      }
      const double wanted = (norm > 0 ? sqrt(square) : fmax(size - tau, 0)) / tau;
      CHECK_NEAR(nl_ensemble_group_residual(ensemble, &level, g), wanted, 1e-10);
      worst = fmax(worst, wanted);
    }
    CHECK_NEAR(nl_ensemble_residual(ensemble, &level, -1, 0, part), worst, 1e-10);
    /* of the first group alone, and its shares */
    const double one = nl_ensemble_residual(ensemble, &level, 1, 0, part);
    const int first = ensemble->neuron[0].solver.set[0];
    CHECK(first == 0);
    CHECK_NEAR(one, nl_ensemble_group_residual(ensemble, &level, 0), 1e-12);
    CHECK_NEAR(norm_of(3, part), one, 1e-9);
    free_all();
  }
}

static void test_penalty(void) {
  seed_random(460);
  nl_ensemble *ensemble = random_points(NL_LOG, 5);
  const nl_level level = {0.2, 1};
  double sum = 0, *out = new_doubles((size_t)ensemble->max_rank);
  for (int g = 0; g < ensemble->n_group; g++)
    sum += 0.2 * ensemble->neuron[0].solver.penalty->weight[g] *
           norm_of(nl_ensemble_gather(ensemble, g, NL_THETA, out), out);
  CHECK_NEAR(nl_ensemble_penalty_value(ensemble, &level, 0), sum, 1e-10);
  CHECK_NEAR(nl_ensemble_penalty_value(ensemble, &level, 1), 2 * sum, 1e-10);
  free_all();
}

void suite_ensemble(void) {
  RUN(test_gather);
  RUN(test_residuals);
  RUN(test_penalty);
}
