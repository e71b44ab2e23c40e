/* memory.h: what the host is asked for, and what setup.h asks it for. */
#include <string.h>

#include "check.h"
#include "fixture.h"
#include "memory.h"
#include "setup.h"

/* A host that notes the size of the last request. */
static size_t asked;
static int n_asked;

static double *note_request(void *data, size_t n) {
  (void)data;
  asked = n;
  n_asked++;
  return new_doubles(n);
}

static const nl_hook noting = {NULL, NULL, note_request, NULL};

/* ---- arrays ------------------------------------------------------------------------ */

/* Every element can be written: the sanitizer would know otherwise. */
static void test_arrays(void) {
  for (size_t n = 0; n < 20; n++) {
    double *doubles = nl_new_doubles(n, &noting);
    CHECK(asked == (n > 0 ? n : 1));
    int *ints = nl_new_ints(n, &noting);
    CHECK(asked * sizeof(double) >= n * sizeof(int) && asked >= 1);
    size_t *sizes = nl_new_sizes(n, &noting);
    CHECK(asked * sizeof(double) >= n * sizeof(size_t) && asked >= 1);
    void *bytes = nl_new_bytes(n, &noting);
    CHECK(asked * sizeof(double) >= n && asked >= 1 && asked <= n / 8 + 1);
    memset(doubles, 1, n * sizeof *doubles);
    memset(ints, 1, n * sizeof *ints);
    memset(sizes, 1, n * sizeof *sizes);
    memset(bytes, 1, n);
    CHECK((void *)doubles != (void *)ints && (void *)sizes != bytes);
    free_all();
  }
}

/* It grows at least twofold, and is asked for only when it must. */
static void test_room(void) {
  nl_room room = {NULL, 0};
  n_asked = 0;
  CHECK(nl_room_for(&room, 0, &noting) != NULL);
  double *small = nl_room_for(&room, 10, &noting);
  CHECK(small == room.data && room.size >= 10);
  n_asked = 0;
  CHECK(nl_room_for(&room, 3, &noting) == small && n_asked == 0);
  CHECK(nl_room_for(&room, room.size, &noting) == small && n_asked == 0);
  const size_t before = room.size;
  double *large = nl_room_for(&room, before + 1, &noting);
  CHECK(n_asked == 1 && asked >= 2 * before && room.size == asked);
  memset(large, 1, room.size * sizeof *large);
  CHECK(nl_room_for(&room, 10 * before, &noting) == room.data && n_asked == 2);
  CHECK(asked >= 10 * before);
  free_all();
}

/* ---- what a fit is set up with ----------------------------------------------------- */

static void test_setup(void) {
  enum { N_LAMBDA = 7 };
  seed_random(75);
  problem *p = mixed_problem(NL_LOG, 30, mixed_penalty(T_DEFICIENT), NULL, NULL);
  start_pipeline(p, N_LAMBDA);
  CHECK(p->line.solver == &p->solver);
  CHECK(p->line.model == &p->model && p->solver.penalty == &p->penalty);
  CHECK(p->solver.design == &p->design);
  CHECK(p->solver.hook == &p->hook);
  CHECK(p->solver.n_set == 0 && p->solver.n_pass == 0);
  CHECK(p->solver.gram.n_in == 0 && p->solver.gram.size == 0 && !p->solver.gram.valid);
  for (int g = 0; g < MIXED_GROUPS; g++)
    CHECK(p->solver.in_set[g] == 0 && p->solver.gram.position[g] == -1);
  for (int b = 0; b < MIXED_BLOCKS; b++) CHECK(p->solver.all[b] != 0);
  for (int i = 0; i < NL_POINTS; i++) CHECK(p->line.point[i].job == -1);
  CHECK(p->line.n_job == 0 && p->line.n_done == 0);
  CHECK(nl_line_jobs(N_LAMBDA) >= N_LAMBDA);
  memset(p->line.job, 0, (size_t)nl_line_jobs(N_LAMBDA) * sizeof *p->line.job);
  memset(p->solver.kept, 0, 30 * sizeof(double));
  memset(p->solver.quadratic.step, 0, 3 * (size_t)p->penalty.max_size * sizeof(double));
  free_all();
}

/* No groups and no columns at all. */
static void test_setup_of_nothing(void) {
  const double y[] = {1, 0, 2};
  problem *p = new_problem(NL_LOG, design_of(3, 0, NULL),
                           penalty_of(0, 0, NULL, T_IDENTITY), y, NULL, NULL);
  start_pipeline(p, 1);
  CHECK(p->solver.gram.capacity >= 1);
  free_all();
}

void suite_memory(void);

void suite_memory(void) {
  RUN(test_arrays);
  RUN(test_room);
  RUN(test_setup);
  RUN(test_setup_of_nothing);
}
