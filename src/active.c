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

int nl_moving_coordinates(const nl_penalty *penalty, const nl_gram *gram,
                          const nl_level *level, const double *x, int *index) {
  int n = 0;
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g];
    if (!nl_is_active(penalty, gram, level, g, x)) continue;
    const nl_terms terms = nl_group_terms(penalty, level, g);
    n += nl_terms_moving(&terms, nl_group_rank(penalty, g), x + at, at, index + n);
  }
  return n;
}

int nl_count_own(const nl_penalty *penalty, const nl_gram *gram, int g, const int *index,
                 int n) {
  const int end = gram->position[g] + nl_group_rank(penalty, g);
  int own = 0;
  while (own < n && index[own] < end) own++;
  return own;
}

void nl_active_curvature(const nl_penalty *penalty, nl_gram *gram, const nl_level *level,
                         const double *x, double floor, const int *index, int n) {
  nl_gram_part(gram, index, n);
  for (int k = 0, at = 0, own; k < gram->n_in && at < n; k++, at += own) {
    const int g = gram->group[k], rank = nl_group_rank(penalty, g),
              from = gram->position[g];
    double *own_h = gram->spare + (size_t)at * ((size_t)n + 1);
    nl_terms terms = nl_group_terms(penalty, level, g);
    own = nl_count_own(penalty, gram, g, index + at, n - at);
    if (own == 0) continue;
    const double norm = nl_norm(rank, x + from);
    if (norm > 0 && norm < floor && !nl_terms_have_inner(&terms)) {
      terms.ridge += terms.norm / floor;
      terms.norm = 0;
    }
    nl_terms_curvature(&terms, rank, x + from, from, index + at, own, own_h, (size_t)n);
  }
}
