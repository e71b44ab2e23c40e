/* distinct.h against comparing every row with every row before it. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "distinct.h"
#include "fixture.h"

enum { MOST_COL = 3 };

static int same_number(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static int same_row(int n_col, const double *const *column, size_t a, size_t b) {
  for (int j = 0; j < n_col; j++) {
    if (!same_number(column[j][a], column[j][b])) return 0;
  }
  return 1;
}

/* index and first by definition; returns how many there are. */
static int number_rows(size_t n, int n_col, const double *const *column, int *index,
                       int *first) {
  int found = 0;
  for (size_t row = 0; row < n; row++) {
    int k = 0;
    while (k < found && !same_row(n_col, column, (size_t)first[k], row)) k++;
    if (k == found) first[found++] = (int)row;
    index[row] = k;
  }
  return found;
}

static size_t slots_for(int limit) {
  size_t n = 1;
  while (n <= 2 * (size_t)limit) n *= 2;
  return n;
}

static int same_ints(size_t n, const int *a, const int *b) {
  return memcmp(a, b, n * sizeof *a) == 0;
}

/* With exactly as many places as there are different rows, with more, and with one less.
 */
static void check_rows(size_t n, int n_col, const double *const *column) {
  int *index = new_ints(n), *first = new_ints(n);
  const int found = number_rows(n, n_col, column, index, first);
  for (int limit = found - 1; limit <= found + 5; limit++) {
    const size_t n_slot = slots_for(limit);
    int *index_got = new_ints(n), *first_got = new_ints((size_t)limit);
    const int got = nl_distinct(n, n_col, column, limit, index_got, first_got,
                                new_ints(n_slot), n_slot);
    if (limit < found) {
      CHECK(got == -1);
      continue;
    }
    CHECK(got == found);
    CHECK(same_ints(n, index_got, index));
    CHECK(same_ints((size_t)found, first_got, first));
  }
}

/* Values that repeat, with zeros of both signs and different NaNs among them. */
static double random_value(int n_value) {
  const double special[] = {0, -0.0, NAN, -NAN, INFINITY, -INFINITY, 5e-324, 1e300};
  const int i = random_below(n_value);
  return i < 8 ? special[i] : i * 0.1;
}

static void test_random_rows(void) {
  for (unsigned trial = 0; trial < 60; trial++) {
    seed_random(70 + trial);
    const size_t n = 1 + (size_t)random_below(400);
    const int n_col = 1 + random_below(MOST_COL), n_value = 1 + random_below(30);
    const double *column[MOST_COL];
    for (int j = 0; j < n_col; j++) {
      double *x = new_doubles(n);
      for (size_t t = 0; t < n; t++) x[t] = random_value(n_value);
      column[j] = x;
    }
    check_rows(n, n_col, column);
    free_all();
  }
}

/* Multiples of a power of two: their low bits are all the same. */
static void test_round_numbers(void) {
  enum { N = 600 };
  double *x = new_doubles(N), *y = new_doubles(N);
  for (int t = 0; t < N; t++) {
    x[t] = (t * 7 % 150) * 1024.0;
    y[t] = -x[t];
  }
  const double *columns[] = {x, y};
  check_rows(N, 1, columns);
  check_rows(N, 2, columns);
  free_all();
}

/* (a, b) is not (b, a). */
static void test_swapped_columns(void) {
  const double a[] = {1, 2, 1, 2}, b[] = {2, 1, 2, 1};
  const double *columns[] = {a, b};
  check_rows(4, 2, columns);
  int index[4], first[2], slot[8];
  CHECK(nl_distinct(4, 2, columns, 2, index, first, slot, 8) == 2);
}

static void test_edges(void) {
  const double x[] = {3, 3, 3};
  const double *column = x;
  int index[3] = {-1, -1, -1}, first[1] = {-1}, slot[4];
  CHECK(nl_distinct(0, 1, &column, 1, index, first, slot, 4) == 0);
  CHECK(nl_distinct(3, 1, &column, 0, index, first, slot, 1) == -1);
  CHECK(nl_distinct(3, 1, &column, 1, index, first, slot, 4) == 1);
  CHECK(index[0] == 0 && index[1] == 0 && index[2] == 0 && first[0] == 0);
}

void suite_distinct(void);

void suite_distinct(void) {
  RUN(test_random_rows);
  RUN(test_round_numbers);
  RUN(test_swapped_columns);
  RUN(test_edges);
}
