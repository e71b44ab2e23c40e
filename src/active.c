/* active.c: see active.h. */
#include "active.h"

#include "linalg.h"

int nl_is_active(const nl_penalty *penalty, const nl_gram *gram, const nl_level *level,
                 int g, const double *x) {
  return nl_level_tau(level, penalty, g) == 0 ||
         !nl_is_zero(nl_group_rank(penalty, g), x + gram->position[g]);
}

int nl_active_coordinates(const nl_penalty *penalty, const nl_gram *gram,
                          const nl_level *level, const double *x, int *index) {
  int n = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g],
              rank = nl_group_rank(penalty, g);
    if (!nl_is_active(penalty, gram, level, g, x)) continue;
    for (int i = 0; i < rank; i++) index[n++] = at + i;
  }
  return n;
}

void nl_active_curvature(const nl_penalty *penalty, nl_gram *gram,
                         const nl_level *level, const double *x, double floor,
                         const int *index, int n) {
  nl_gram_part(gram, index, n);
  int at = 0;
  for (int k = 0; k < gram->n_in && at < n; k++) {
    const int g = gram->group[k], rank = nl_group_rank(penalty, g);
    if (rank == 0 || index[at] != gram->position[g]) continue;
    const double *u = x + gram->position[g];
    const double norm = nl_norm(rank, u), tau = nl_level_tau(level, penalty, g);
    for (int j = 0; norm > 0 && tau > 0 && j < rank; j++) {
      double *column = gram->spare + (size_t)(at + j) * (size_t)n + at;
      if (norm < floor) {
        column[j] += tau / floor;
        continue;
      }
      for (int i = 0; i < rank; i++) {
        column[i] += tau / norm * ((i == j ? 1 : 0) - (u[i] / norm) * (u[j] / norm));
      }
    }
    at += rank;
  }
}
