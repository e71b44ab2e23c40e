/* inner.h against the optimality conditions of a block, by hand and by terms.h. */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "inner.h"

enum { MOST = 9 };

static const nl_part parts[] = {{0, 2, 0.6}, {0, 4, 0.5}, {5, 7, 1}};

typedef struct {
  nl_terms terms;
  int rank;
  double h[MOST * MOST];
  double bound;
  double c[MOST];
} problem_block;

/* H = A'A of a random A, with columns of different sizes, few rows, and columns that are sums
 * of others. */
static problem_block random_block(int with_parts) {
  problem_block it = {{0}, 0, {0}, 0, {0}};
  double a[12][MOST], hidden[MOST];
  const int rank = it.rank = with_parts ? MOST : 1 + random_below(MOST);
  const int n_row = random_below(3) ? 12 : 3, kind = random_below(3);
  for (int t = 0; t < n_row; t++) {
    for (int j = 0; j < rank; j++)
      a[t][j] = random_normal() * (kind == 1 ? pow(10, 0.5 * (j % 5)) : 1);
    if (kind == 2) a[t][rank - 1] = a[t][0];
  }
  for (int j = 0; j < rank; j++) hidden[j] = random_normal();
  for (int i = 0; i < rank; i++) {
    for (int j = 0; j < rank; j++) {
      for (int t = 0; t < n_row; t++) it.h[i + j * rank] += a[t][i] * a[t][j];
    }
    it.bound += it.h[i * (rank + 1)]; /* the trace */
  }
  for (int i = 0; i < rank; i++) {
    for (int j = 0; j < rank; j++) it.c[i] += it.h[i + j * rank] * hidden[j];
  }
  const double size = norm_of(rank, it.c);
  it.terms.unit = 1;
  it.terms.norm =
      with_parts || random_below(4) ? size * pow(10, random_between(-5, 0.2)) : 0;
  it.terms.lasso = with_parts && random_below(2)
                       ? 0
                       : size / sqrt(rank) * pow(10, random_between(-5, -0.2));
  it.terms.ridge = random_below(2) ? 0 : random_uniform();
  if (with_parts) {
    it.terms.part = size * pow(10, random_between(-4, -0.5));
    it.terms.n_part = 3;
    it.terms.parts = parts;
  }
  return it;
}

static double soft_by_hand(double x, double by) {
  return fabs(x) <= by ? 0 : x > 0 ? x - by : x + by;
}

/* The residual of a block without parts, from the conditions of the sparse group lasso. */
static double residual_by_hand(const problem_block *it, const double *x) {
  const double norm = norm_of(it->rank, x);
  double left[MOST];
  for (int i = 0; i < it->rank; i++) {
    double slope = it->terms.ridge * x[i] - it->c[i];
    for (int j = 0; j < it->rank; j++) slope += it->h[i + j * it->rank] * x[j];
    if (norm > 0) slope += it->terms.norm * x[i] / norm;
    left[i] = x[i] == 0  ? soft_by_hand(slope, it->terms.lasso)
              : x[i] > 0 ? slope + it->terms.lasso
                         : slope - it->terms.lasso;
  }
  if (norm == 0) return fmax(norm_of(it->rank, left) - it->terms.norm, 0);
  return norm_of(it->rank, left);
}

static void solve(const problem_block *it, double *x) {
  const nl_inner_block block = {&it->terms,       it->rank,  it->h,
                                (size_t)it->rank, it->bound, it->c};
  nl_inner_solve(&block, x, new_doubles(nl_inner_room(it->rank)));
}

static void test_sparse_groups(void) {
  seed_random(81);
  double worst = 0;
  int zeros = 0, inside = 0;
  for (int i = 0; i < 3000; i++) {
    const problem_block it = random_block(0);
    double x[MOST];
    int n_zero = 0;
    for (int k = 0; k < it.rank; k++) x[k] = random_below(2) ? random_normal() : 0;
    solve(&it, x);
    worst = larger(worst, residual_by_hand(&it, x) / norm_of(it.rank, it.c));
    for (int k = 0; k < it.rank; k++) n_zero += x[k] == 0;
    zeros += n_zero == it.rank;
    inside += n_zero > 0 && n_zero < it.rank;
    free_all();
  }
  CHECK_NEAR(worst, 0, 1e-11);
  CHECK(zeros > 50 && inside > 300);
}

static void test_parts(void) {
  seed_random(82);
  double worst = 0;
  int out = 0;
  for (int i = 0; i < 3000; i++) {
    const problem_block it = random_block(1);
    double x[MOST] = {0}, slope[MOST], space[MOST];
    nl_terms terms = it.terms;
    solve(&it, x);
    for (int k = 0; k < it.rank; k++) {
      slope[k] = -it.c[k];
      for (int j = 0; j < it.rank; j++) slope[k] += it.h[k + j * it.rank] * x[j];
    }
    worst = larger(worst, nl_terms_residual(&terms, it.rank, x, slope, space) /
                              norm_of(it.rank, it.c));
    out += x[0] == 0 && x[1] == 0 && norm_of(it.rank, x) > 0;
    free_all();
  }
  CHECK_NEAR(worst, 0, 1e-8);
  CHECK(out > 100);
}

/* Above the score of c the block is zero, below it is not. */
static void test_zero(void) {
  problem_block it = {{1, 0.5, 0, 1, 0, 0, NULL}, 2, {2, 0, 0, 1}, 2, {0, 0}};
  double x[MOST] = {3, 3};
  it.c[0] = 0.5 + 0.6;
  it.c[1] = -0.5 - 0.8;
  solve(&it, x);
  CHECK(x[0] == 0 && x[1] == 0);
  it.c[1] = -0.5 - 0.81;
  solve(&it, x);
  CHECK(x[0] > 0 && x[1] < 0);
  it.c[0] = 0.5;
  it.c[1] = -4;
  solve(&it, x);
  CHECK(x[0] == 0);
  CHECK_NEAR(x[1], -2.5, 1e-13); /* x = -(4 - 0.5 - 1) */
  free_all();
}

void suite_inner(void);

void suite_inner(void) {
  RUN(test_sparse_groups);
  RUN(test_parts);
  RUN(test_zero);
}
