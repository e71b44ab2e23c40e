/* step.h: what a trial must reach, and where a refused one goes. */
#include <math.h>

#include "check.h"
#include "step.h"

static void test_enough(void) {
  const nl_step step = {0, 0.5, -1, 1}, guess = {1, 1, -1, 1};
  CHECK(nl_step_is_enough(&step, -1e-4, 1e-12, 5));
  CHECK(!nl_step_is_enough(&step, -1e-5, 1e-12, 0.1)); /* less than promised */
  CHECK(nl_step_is_enough(&step, 1e-13, 1e-12, 0.8));  /* rounding, and nearer */
  CHECK(!nl_step_is_enough(&step, 1e-13, 1e-12, 0.95));
  CHECK(nl_step_is_enough(&guess, 0, 1e-12, 0.95)); /* a guess need only be nearer */
  CHECK(!nl_step_is_enough(&guess, -1, 1e-12, 1.1));
  CHECK(!nl_step_is_enough(&guess, 1e-3, 1e-12, 0.1));
  CHECK(!nl_step_is_enough(&step, NAN, 1e-12, 0.1));
}

static void test_rounding(void) {
  nl_step step = {0, 1, -1e-13, 1};
  CHECK(nl_step_is_rounding(&step, 1e-12));
  CHECK(!nl_step_is_rounding(&step, 1e-14));
  step.promised = 1; /* no decrease was promised: nothing more than rounding is */
  CHECK(nl_step_is_rounding(&step, 1e-12));
  step = (nl_step){0, 1e-9, -1, 1};
  CHECK(nl_step_is_rounding(&step, 1e-14)); /* too short */
}

/* The parabola through f(0) = 0, slope promised, f(length) = change. */
static void test_shorten(void) {
  const nl_step step = {0, 1, -1, 1};
  CHECK_NEAR(nl_step_shorten(&step, 1, 1e-12), 0.25, 1e-15);
  CHECK_NEAR(nl_step_shorten(&step, 1e6, 1e-12), 0.1, 1e-15);
  CHECK_NEAR(nl_step_shorten(&step, -0.5, 1e-12), 0.5, 1e-15);
  CHECK_NEAR(nl_step_shorten(&step, INFINITY, 1e-12), 0.1, 1e-15);
  CHECK_NEAR(nl_step_shorten(&step, NAN, 1e-12), 0.1, 1e-15);
}

void suite_step(void);

void suite_step(void) {
  RUN(test_enough);
  RUN(test_rounding);
  RUN(test_shorten);
}
