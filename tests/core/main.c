/* Runs the C unit tests: all suites, or those named on the command line. The
 * last line printed is "core: N passed, N failed". */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

/* The suites, in the order in which they run. */
#define SUITES(X) \
  X(check)        \
  X(linalg)       \
  X(scan)         \
  X(basis)        \
  X(lanes)        \
  X(kernel)       \
  X(block)        \
  X(rows)         \
  X(design)       \
  X(convolve)     \
  X(spikes)       \
  X(distinct)     \
  X(memory)       \
  X(link)         \
  X(model)        \
  X(penalty)      \
  X(terms)        \
  X(inner)        \
  X(cross)        \
  X(cost)         \
  X(gram)         \
  X(anderson)     \
  X(quadratic)    \
  X(root)         \
  X(step)         \
  X(secant)       \
  X(point)        \
  X(predict)      \
  X(path)         \
  X(paths)        \
  X(ensemble)     \
  X(bordered)     \
  X(coupled)      \
  X(joint)

#define DECLARE(name) void suite_##name(void);
SUITES(DECLARE)

#define ENTRY(name) {#name, suite_##name},
static const struct {
  const char *name;
  void (*run)(void);
} suites[] = {SUITES(ENTRY)};

struct check_state check_state;

static void record(int ok) {
  if (ok) {
    check_state.passed++;
  } else {
    check_state.failed++;
  }
}

int check_true(int ok, const char *cond, const char *file, int line) {
  record(ok);
  if (!ok && !check_state.silent) {
    printf("%s:%d: CHECK(%s) failed\n", file, line, cond);
  }
  return ok;
}

int check_near(double a, double b, double tol, const char *a_text, const char *b_text,
               const char *file, int line) {
  int ok = (isinf(a) && isinf(b)) ? (a > 0) == (b > 0) : fabs(a - b) <= tol;
  record(ok);
  if (!ok && !check_state.silent) {
    printf("%s:%d: CHECK_NEAR(%s, %s) failed: %.17g and %.17g differ by %g > %g\n", file,
           line, a_text, b_text, a, b, fabs(a - b), tol);
  }
  return ok;
}

void check_run(void (*test)(void), const char *name) {
  int failed_before = check_state.failed;
  test();
  if (check_state.failed > failed_before && !check_state.silent) {
    printf("FAILED: %s\n", name);
  }
  fflush(stdout);
}

static int wanted(const char *name, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(name, argv[i]) == 0) return 1;
  }
  return argc < 2;
}

int main(int argc, char **argv) {
  for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
    if (!wanted(suites[i].name, argc, argv)) continue;
    printf("%s\n", suites[i].name);
    fflush(stdout);
    suites[i].run();
  }
  printf("core: %d passed, %d failed\n", check_state.passed, check_state.failed);
  return check_state.failed > 0;
}
