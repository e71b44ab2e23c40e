/* scan.h against its definitions, value by value. */
#include <float.h>
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "scan.h"

enum { MOST = 19 }; /* more than values that are looked at together, and a rest */

static const double odd[] = {NAN, INFINITY, -INFINITY};

/* Every length, one value at every place. */
static void for_each_place(double base, double value,
                           void (*check)(size_t n, double base, double value,
                                         const double *x)) {
  for (size_t n = 1; n <= MOST; n++) {
    for (size_t at = 0; at < n; at++) {
      double *x = new_doubles(n);
      for (size_t t = 0; t < n; t++) x[t] = base;
      x[at] = value;
      check(n, base, value, x);
      free_all();
    }
  }
}

static void check_finite(size_t n, double base, double value, const double *x) {
  (void)base;
  CHECK((nl_are_finite(n, x) != 0) == (isfinite(value) != 0));
}

static void test_finite(void) {
  for (int k = 0; k < 3; k++) for_each_place(1, odd[k], check_finite);
  for_each_place(DBL_MAX, DBL_MAX, check_finite); /* no sum that overflows */
  for_each_place(-DBL_MAX, 0, check_finite);
  CHECK(nl_are_finite(0, NULL));
}

static void check_counts(size_t n, double base, double value, const double *x) {
  const int is_count = value >= 0 && isfinite(value) && value == floor(value);
  (void)base;
  CHECK((nl_are_counts(n, x) != 0) == is_count);
}

static void test_counts(void) {
  const double values[] = {
      0,    -0.0,  1,     7, 0.5, -1, 1e-9, 4503599627370495.5, 4503599627370496.0,
      1e18, 1e300, -1e300};
  for (size_t k = 0; k < sizeof values / sizeof *values; k++)
    for_each_place(3, values[k], check_counts);
  for (int k = 0; k < 3; k++) for_each_place(3, odd[k], check_counts);
  CHECK(nl_are_counts(0, NULL));
}

static void check_span(size_t n, double base, double value, const double *x) {
  double bounds[2];
  nl_span(n, x, bounds);
  if (isfinite(value)) {
    CHECK(bounds[0] == (n == 1 ? value : fmin(base, value)));
    CHECK(bounds[1] == (n == 1 ? value : fmax(base, value)));
  } else {
    CHECK(bounds[0] == (n == 1 ? INFINITY : base));
    CHECK(bounds[1] == (n == 1 ? -INFINITY : base));
  }
}

static void test_span(void) {
  for_each_place(2, -5, check_span);
  for_each_place(2, 5, check_span);
  for_each_place(-DBL_MAX, DBL_MAX, check_span);
  for (int k = 0; k < 3; k++) for_each_place(2, odd[k], check_span);
  double bounds[2];
  nl_span(3, odd, bounds);
  CHECK(bounds[0] == INFINITY && bounds[1] == -INFINITY);
}

void suite_scan(void);

void suite_scan(void) {
  RUN(test_finite);
  RUN(test_counts);
  RUN(test_span);
}
