/* anderson.h: an extrapolation finds the fixed point of a linear iteration in as many
 * dimensions as it has differences (up to the ridge), never makes an objective worse, and keeps the slope
 * true. */
#include <math.h>

#include "anderson.h"
#include "check.h"
#include "fixture.h"
#include "lanes.h"

enum { N = 9, N_SLOW = 4 };

/* Minimise 0.5 sum d (x - c)^2 in every lane: x -> x - d (x - c), with N_SLOW different
 * rates. */
typedef struct {
  double d[N];
  double c[N * NL_LANES];
  nl_iterates iterates;
  nl_lane_groups groups;
} iteration;

static void start(iteration *p, const double *tau) {
  static const int rank[] = {4, 5};
  for (int i = 0; i < N; i++) p->d[i] = 0.1 + 0.2 * (i % N_SLOW);
  const double *c = new_normals(N * NL_LANES), *x = new_normals(N * NL_LANES);
  nl_iterates_place(&p->iterates, N, new_doubles(nl_iterates_size(N)));
  for (int i = 0; i < N * NL_LANES; i++) {
    p->c[i] = c[i];
    p->iterates.x[i] = x[i];
    p->iterates.slope[i] = p->d[i / NL_LANES] * (x[i] - c[i]);
  }
  p->groups = (nl_lane_groups){2, rank, tau};
  nl_iterates_begin(&p->iterates, N);
}

static void iterate(iteration *p) {
  for (int i = 0; i < N * NL_LANES; i++) {
    p->iterates.x[i] -= p->iterates.slope[i];
    p->iterates.slope[i] = p->d[i / NL_LANES] * (p->iterates.x[i] - p->c[i]);
  }
  nl_iterates_note(&p->iterates, N, &p->groups);
}

static double value(const iteration *p, int v) {
  double sum = 0;
  for (int g = 0, i = 0; g < 2; g++) {
    double square = 0;
    for (int k = 0; k < p->groups.rank[g]; k++, i++) {
      const double x = p->iterates.x[i * NL_LANES + v], z = x - p->c[i * NL_LANES + v];
      sum += 0.5 * p->d[i] * z * z;
      square += x * x;
    }
    sum += p->groups.tau[g * NL_LANES + v] * sqrt(square);
  }
  return sum;
}

static void test_linear(void) {
  iteration p;
  const double *tau = new_zeros(2 * NL_LANES);
  seed_random(31);
  start(&p, tau);
  for (int k = 0; k < NL_HISTORY; k++) iterate(&p);
  CHECK(p.iterates.n_old == 0);
  for (int i = 0; i < N * NL_LANES; i++) {
    CHECK_NEAR(p.iterates.x[i], p.c[i], 1e-3);
    CHECK_NEAR(p.iterates.slope[i], p.d[i / NL_LANES] * (p.iterates.x[i] - p.c[i]),
               1e-12);
  }
  free_all();
}

/* A penalty that pulls elsewhere: a lane moves only where that lowers its objective. */
static void test_never_worse(void) {
  int moved = 0, stayed = 0;
  for (unsigned seed = 0; seed < 20; seed++) {
    iteration p;
    seed_random(40 + seed);
    double *tau = new_zeros(2 * NL_LANES);
    for (int i = 0; i < 2 * NL_LANES; i++) tau[i] = i % 3 ? 0 : 0.3 * (i % NL_LANES);
    start(&p, tau);
    for (int k = 0; k < NL_HISTORY - 1; k++) iterate(&p);
    double before[NL_LANES], x[N * NL_LANES];
    for (int i = 0; i < N * NL_LANES; i++) {
      p.iterates.x[i] -= p.iterates.slope[i];
      p.iterates.slope[i] = p.d[i / NL_LANES] * (p.iterates.x[i] - p.c[i]);
      x[i] = p.iterates.x[i];
    }
    for (int v = 0; v < NL_LANES; v++) before[v] = value(&p, v);
    nl_iterates_note(&p.iterates, N, &p.groups);
    for (int v = 0; v < NL_LANES; v++) {
      int same = 1;
      for (int i = v; i < N * NL_LANES; i += NL_LANES) same &= p.iterates.x[i] == x[i];
      CHECK(value(&p, v) <= before[v]);
      moved += !same;
      stayed += same;
    }
    free_all();
  }
  CHECK(moved > 20 && stayed > 5);
}

/* Iterates that stand still have no differences. */
static void test_standing_still(void) {
  iteration p;
  const double *tau = new_zeros(2 * NL_LANES);
  seed_random(33);
  start(&p, tau);
  double x[N * NL_LANES];
  for (int i = 0; i < N * NL_LANES; i++) x[i] = p.iterates.x[i];
  for (int k = 0; k < 2 * NL_HISTORY; k++) nl_iterates_note(&p.iterates, N, &p.groups);
  for (int i = 0; i < N * NL_LANES; i++) CHECK_NEAR(p.iterates.x[i], x[i], 1e-12);
  free_all();
}

void suite_anderson(void);

void suite_anderson(void) {
  RUN(test_linear);
  RUN(test_never_worse);
  RUN(test_standing_still);
}
