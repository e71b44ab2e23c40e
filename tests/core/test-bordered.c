/* bordered.h: Newton directions and degrees of freedom of neurons that share groups, against
 * the dense curvature of all neurons together. */
#include <math.h>

#include "bordered.h"
#include "check.h"
#include "fixture.h"

static const nl_link links[] = {NL_LOG, NL_SOFTPLUS};

/* All neurons' coordinates of groups that are in: which neuron, group, place in its Gram. */
typedef struct {
  int n;
  int *neuron, *group, *at;
  double *x, *slope;
} coordinates;

static coordinates list_active(const nl_ensemble *ensemble, int n_in) {
  coordinates all = {0,
                     new_ints(2000),
                     new_ints(2000),
                     new_ints(2000),
                     new_doubles(2000),
                     new_doubles(2000)};
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_solver *solver = &ensemble->neuron[i].solver;
    for (int g = 0; g < n_in; g++) {
      for (int j = 0; j < nl_group_rank(solver->penalty, g); j++) {
        const int at = solver->gram.position[g] + j;
        all.neuron[all.n] = i;
        all.group[all.n] = g;
        all.at[all.n] = at;
        all.x[all.n] = solver->quadratic.x[at];
        all.slope[all.n++] = solver->quadratic.slope[at];
      }
    }
  }
  return all;
}

static double group_norm(const coordinates *all, int g) {
  double norm = 0;
  for (int k = 0; k < all->n; k++) {
    if (all->group[k] == g) norm = hypot(norm, all->x[k]);
  }
  return norm;
}

/* H of all neurons, without what couples them; plus the penalty's curvature. */
static double *dense_curvature(const nl_ensemble *ensemble, const nl_level *level,
                               const coordinates *all, int with_penalty) {
  const size_t n = (size_t)all->n;
  double *m = new_zeros(n * n);
  for (size_t a = 0; a < n; a++) {
    for (size_t b = 0; b < n; b++) {
      const nl_gram *gram = &ensemble->neuron[all->neuron[a]].solver.gram;
      if (all->neuron[a] == all->neuron[b])
        m[a + b * n] =
            gram->h[(size_t)all->at[a] + (size_t)all->at[b] * (size_t)gram->capacity];
      if (!with_penalty || all->group[a] != all->group[b]) continue;
      const double norm = group_norm(all, all->group[a]);
      const double tau =
          level->lambda * ensemble->neuron[0].solver.penalty->weight[all->group[a]];
      m[a + b * n] += tau / norm * ((a == b) - all->x[a] * all->x[b] / (norm * norm));
    }
  }
  return m;
}

/* The largest difference between M direction and the negative gradient, relative to it. */
static void check_direction(nl_ensemble *ensemble, const nl_level *level, int n_in) {
  nl_bordered newton;
  const coordinates all = list_active(ensemble, n_in);
  const size_t n = (size_t)all.n;
  CHECK(nl_bordered_factor(&newton, ensemble, level, ensemble->neuron[0].solver.hook));
  const double came = nl_bordered_direction(&newton, ensemble);
  double *step = new_doubles(n), *gradient = new_doubles(n);
  const double *from = newton.direction;
  size_t k = 0;
  for (int i = 0; i < ensemble->n_neuron; i++) {
    const nl_gram *gram = &ensemble->neuron[i].solver.gram;
    double taken = 0;
    for (; k < n && all.neuron[k] == i; k++) {
      step[k] = from[all.at[k]];
      taken += step[k] * step[k];
    }
    CHECK_NEAR(sqrt(taken), norm_of(gram->size, from), 1e-12 * (1 + sqrt(taken)));
    from += gram->size;
  }
  for (k = 0; k < n; k++) {
    const double tau =
        level->lambda * ensemble->neuron[0].solver.penalty->weight[all.group[k]];
    gradient[k] = all.slope[k] + tau * all.x[k] / group_norm(&all, all.group[k]);
  }
  const double *m = dense_curvature(ensemble, level, &all, 1);
  const double *image = times(all.n, all.n, 1, m, step);
  double worst = 0;
  for (k = 0; k < n; k++) worst = larger(worst, fabs(image[k] + gradient[k]));
  CHECK(worst < 1e-7 * norm_of(all.n, gradient));
  CHECK_NEAR(came, dot_of(all.n, gradient, step), 1e-8 * fabs(came));
}

static void test_directions(void) {
  const int sizes[] = {1, 2, 4};
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < 3; i++) {
      seed_random(420 + (unsigned)i);
      const nl_penalty penalty = mixed_penalty(T_RANDOM),
                       other = mixed_penalty(T_DEFICIENT);
      nl_ensemble *ensemble = new_ensemble(links[k], sizes[i], &penalty, &other);
      const nl_level level = {0.05, 1};
      for (int n_in = 1; n_in < MIXED_GROUPS; n_in += 3) {
        place_models(ensemble, n_in);
        check_direction(ensemble, &level, n_in);
      }
      free_all();
    }
  }
}

/* theta of every neuron's point: of the first n_in groups not zero. */
static void place_points(nl_ensemble *ensemble, int n_in) {
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_neuron *neuron = ensemble->neuron + i;
    const nl_penalty *penalty = neuron->solver.penalty;
    for (int j = 0; j < penalty->n_theta; j++)
      neuron->line.point->theta[j] =
          j < penalty->theta_start[n_in] ? 0.3 * random_normal() : 0;
  }
}

static void test_freedom(void) {
  for (int n_neuron = 1; n_neuron <= 4; n_neuron += 1) {
    for (int n_in = 0; n_in < MIXED_GROUPS; n_in += 4) {
      double df[4];
      seed_random(430);
      const nl_penalty penalty = mixed_penalty(T_RANDOM),
                       other = mixed_penalty(T_DEFICIENT);
      nl_ensemble *ensemble = new_ensemble(NL_LOG, n_neuron, &penalty, &other);
      const nl_level level = {0.05, 1};
      place_points(ensemble, n_in);
      nl_bordered_freedom(ensemble, &level, df, ensemble->neuron[0].solver.hook);
      const coordinates all = list_active(ensemble, n_in);
      const double *h = dense_curvature(ensemble, &level, &all, 0);
      const double *inverted =
          all.n > 0 ? inverse(all.n, dense_curvature(ensemble, &level, &all, 1)) : NULL;
      const double *share = all.n > 0 ? times(all.n, all.n, all.n, inverted, h) : NULL;
      for (int i = 0; i < n_neuron; i++) {
        double wanted = 0;
        for (int k = 0; k < all.n; k++) {
          if (all.neuron[k] == i) wanted += share[(size_t)k * ((size_t)all.n + 1)];
        }
        CHECK_NEAR(df[i], wanted, 1e-6 * (1 + wanted));
      }
      free_all();
    }
  }
}

void suite_bordered(void) {
  RUN(test_directions);
  RUN(test_freedom);
}
