/* A very small unit-test kit. A suite is a file test-<name>.c with a function
 * `void suite_<name>(void)` that RUNs its tests; main.c lists the suites. Every
 * CHECK counts as one result, and a failing one prints where it stands. */
#ifndef NEUROLASSO_TESTS_CHECK_H
#define NEUROLASSO_TESTS_CHECK_H

#define CHECK(cond) check_true((cond) != 0, #cond, __FILE__, __LINE__)

/* |a - b| <= tol, or both the same infinity; never true of a NaN. */
#define CHECK_NEAR(a, b, tol) check_near((a), (b), (tol), #a, #b, __FILE__, __LINE__)

#define RUN(test) check_run((test), #test)

struct check_state {
  int passed;
  int failed;
  int silent; /* count, but print nothing */
};

extern struct check_state check_state;

/* Both return whether the check passed. */
int check_true(int ok, const char *cond, const char *file, int line);
int check_near(double a, double b, double tol, const char *a_text, const char *b_text,
               const char *file, int line);

void check_run(void (*test)(void), const char *name);

#endif
