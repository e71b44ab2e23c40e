/* spikes.h against looking through all bins for every spike. */
#include <string.h>

#include "check.h"
#include "fixture.h"
#include "spikes.h"

static int bin_of(const nl_spikes *s, double time) {
  for (int b = 0; b < s->n_bin; b++) {
    const int closed = b == s->n_bin - 1 && time == s->edge[b + 1];
    if (closed || (s->edge[b] <= time && time < s->edge[b + 1])) return b;
  }
  return -1;
}

static void check_counts(const nl_spikes *s) {
  const size_t n_unit = (size_t)s->n_unit, size = (size_t)s->n_bin * n_unit;
  int *counts = new_ints(size), *wanted = new_ints(size), wrong = 0;
  double *outside = new_doubles(n_unit), *missed = new_zeros(n_unit);
  memset(wanted, 0, size * sizeof *wanted);
  for (size_t i = 0; i < s->n_spike; i++) {
    const int bin = bin_of(s, s->time[i]), unit = s->unit ? s->unit[i] : 0;
    if (bin < 0) {
      missed[unit]++;
    } else {
      wanted[bin + unit * s->n_bin]++;
    }
  }
  nl_count_spikes(s, counts, outside);
  for (size_t i = 0; i < size; i++) wrong += counts[i] != wanted[i];
  CHECK(wrong == 0);
  CHECK(distance(n_unit, outside, missed) == 0);
}

/* Equal bins and others, spikes sorted or not, on the edges, outside, far outside. */
static void test_definition(void) {
  for (unsigned trial = 0; trial < 200; trial++) {
    seed_random(500 + trial);
    nl_spikes s = {(size_t)random_below(300), NULL, NULL, 1 + random_below(3),
                   1 + random_below(40),      NULL};
    double *edge = new_doubles((size_t)s.n_bin + 1), *time = new_doubles(s.n_spike);
    int *unit = new_ints(s.n_spike);
    edge[0] = random_between(-5, 5);
    for (int b = 0; b < s.n_bin; b++)
      edge[b + 1] =
          edge[b] + (trial % 2 ? 0.1 : random_between(1e-3, 1) * random_below(4) + 1e-6);
    const double length = edge[s.n_bin] - edge[0];
    for (size_t i = 0; i < s.n_spike; i++) {
      const int kind = random_below(6);
      time[i] = kind == 0   ? edge[random_below(s.n_bin + 1)]
                : kind == 1 ? edge[0] + length * random_between(-1, 2)
                : kind == 2 ? random_between(-1e300, 1e300)
                            : edge[0] + length * random_uniform();
      if (trial % 4 == 0) time[i] = edge[0] + length * (double)i / (double)s.n_spike;
      unit[i] = random_below(s.n_unit);
    }
    s.time = time;
    s.edge = edge;
    s.unit = s.n_unit > 1 ? unit : NULL;
    check_counts(&s);
    free_all();
  }
}

/* Limits whose distances overflow. */
static void test_huge_range(void) {
  const double edge[] = {-1.7e308, -1, 0, 1e-300, 1.7e308};
  const double time[] = {1.7e308, 0, -1e308, 1e-301, 1e308, -1, 5e-324};
  const nl_spikes s = {7, time, NULL, 1, 4, edge};
  check_counts(&s);
  free_all();
}

void suite_spikes(void);

void suite_spikes(void) {
  RUN(test_definition);
  RUN(test_huge_range);
}
