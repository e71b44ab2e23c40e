/* secant.h: what steps have shown is what they will meet. */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "linalg.h"
#include "point.h"

enum { SIZE = 6 };

/* A Gram that is the identity, and secants of it. */
static nl_gram unit_gram(void) {
  nl_gram gram = {0};
  gram.stretch = 1;
  gram.size = gram.capacity = SIZE;
  gram.h = new_doubles(SIZE * SIZE);
  for (int i = 0; i < SIZE * SIZE; i++) gram.h[i] = i % (SIZE + 1) == 0;
  return gram;
}

static nl_secants no_secants(void) {
  nl_secants secants = {0};
  secants.ld = SIZE;
  secants.step = new_doubles(SIZE * NL_SECANTS);
  secants.error = new_doubles(SIZE * NL_SECANTS);
  return secants;
}

/* Notes a step along coordinate i over which the slope changes by factor times the step. */
static void note_axis(nl_secants *secants, const nl_gram *gram, int i, double factor,
                      int n_known) {
  double step[SIZE] = {0}, change[SIZE] = {0};
  step[i] = 0.01;
  change[i] = 0.01 * factor;
  nl_secants_note(secants, gram, n_known, step, change);
}

static void test_nothing_known(void) {
  const nl_gram gram = unit_gram();
  nl_secants secants = no_secants();
  const double times[SIZE] = {1};
  double error[SIZE];
  CHECK(!nl_secants_error(&secants, &gram, times, error));
  note_axis(&secants, &gram, 0, 2, SIZE);
  CHECK(nl_secants_error(&secants, &gram, times, error));
  nl_secants_forget(&secants);
  CHECK(!nl_secants_error(&secants, &gram, times, error));
  free_all();
}

/* The error is linear in the step, along what was seen, and none elsewhere. */
static void test_error(void) {
  const nl_gram gram = unit_gram();
  nl_secants secants = no_secants();
  const double times[SIZE] = {2, -1, 3};
  double error[SIZE];
  note_axis(&secants, &gram, 0, 1.5, SIZE);
  note_axis(&secants, &gram, 1, 0.8, SIZE);
  CHECK(nl_secants_error(&secants, &gram, times, error));
  CHECK_NEAR(error[0], 1, 2e-3);
  CHECK_NEAR(error[1], 0.2, 1e-3);
  for (int i = 2; i < SIZE; i++) CHECK_NEAR(error[i], 0, 1e-12);
  free_all();
}

/* Of what was not looked at nothing is learnt; the oldest make room. */
static void test_unknown_and_old(void) {
  const nl_gram gram = unit_gram();
  nl_secants secants = no_secants();
  const double times[SIZE] = {1, 0, 0, 1};
  double error[SIZE];
  note_axis(&secants, &gram, 3, 2, 3);
  CHECK(nl_secants_error(&secants, &gram, times, error));
  CHECK_NEAR(error[3], 0, 1e-12);
  note_axis(&secants, &gram, 0, 2, SIZE);
  for (int i = 0; i < NL_SECANTS; i++) note_axis(&secants, &gram, 1, 3, SIZE);
  CHECK(secants.n == NL_SECANTS);
  CHECK(nl_secants_error(&secants, &gram, times, error));
  CHECK_NEAR(error[0], 0, 1e-12);
  free_all();
}

/* A step of no length leaves nothing. */
static void test_no_step(void) {
  const nl_gram gram = unit_gram();
  nl_secants secants = no_secants();
  double step[SIZE] = {0}, change[SIZE] = {0};
  note_axis(&secants, &gram, 0, 2, SIZE);
  nl_secants_note(&secants, &gram, SIZE, step, change);
  CHECK(secants.n == 0);
  free_all();
}

void suite_secant(void);

void suite_secant(void) {
  RUN(test_nothing_known);
  RUN(test_error);
  RUN(test_unknown_and_old);
  RUN(test_no_step);
}
