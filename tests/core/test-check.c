/* Tests of check.h itself: what the macros accept, reject and count. */
#include <math.h>

#include "check.h"

/* Runs `body` silently and returns what it counted, leaving the totals as they were. */
static struct check_state counts_of(void (*body)(void)) {
  struct check_state before = check_state;
  struct check_state counts;
  check_state.passed = check_state.failed = 0;
  check_state.silent = 1;
  check_run(body, "body");
  counts = check_state;
  check_state = before;
  return counts;
}

static void two_hold_one_does_not(void) {
  CHECK(1 + 1 == 2);
  CHECK(1 + 1 == 3);
  CHECK(1 < 2);
}

static void near_enough(void) {
  CHECK_NEAR(1.0, 1.0, 0.0);
  CHECK_NEAR(1.0, 1.25, 0.25);
  CHECK_NEAR(INFINITY, INFINITY, 0.0);
}

static void not_near(void) {
  CHECK_NEAR(1.0, 1.5, 0.25);
  CHECK_NEAR(-INFINITY, INFINITY, 1.0);
  CHECK_NEAR(INFINITY, 0.0, 1.0);
  CHECK_NEAR(NAN, NAN, 1.0);
  CHECK_NEAR(0.0, NAN, 1.0);
}

static void test_check_counts(void) {
  struct check_state counts = counts_of(two_hold_one_does_not);
  CHECK(counts.passed == 2);
  CHECK(counts.failed == 1);
}

static void test_check_near(void) {
  struct check_state near = counts_of(near_enough);
  struct check_state far = counts_of(not_near);
  CHECK(near.passed == 3 && near.failed == 0);
  CHECK(far.passed == 0 && far.failed == 5);
}

void suite_check(void);

void suite_check(void) {
  RUN(test_check_counts);
  RUN(test_check_near);
}
