/* rows.h: every row once, in chunks, whoever takes it. */
#include "check.h"
#include "fixture.h"
#include "rows.h"

enum { MOST_THREAD = 4 };

static const size_t sizes[] = {0,    1,    NL_CHUNK - 1, NL_CHUNK, NL_CHUNK + 1, 1023,
                               1024, 2047, 2048,         3000,     4096,         70001};
enum { N_SIZE = sizeof sizes / sizeof sizes[0] };

/* Who took each row, how often, and in which order each thread went. */
typedef struct {
  size_t n_obs;
  int n_thread;
  int *count;                /* MOST_THREAD x n_obs */
  size_t after[MOST_THREAD]; /* end of the thread's last chunk */
  int wrong[MOST_THREAD];
} record;

static record new_record(size_t n_obs, int n_thread) {
  record it = {n_obs, n_thread, new_ints(MOST_THREAD * n_obs), {0}, {0}};
  for (size_t i = 0; i < MOST_THREAD * n_obs; i++) it.count[i] = 0;
  return it;
}

static void note(record *it, int thread, size_t row, int n, int most) {
  if (thread < 0 || thread >= MOST_THREAD) {
    it->wrong[0]++;
    return;
  }
  it->wrong[thread] += row % NL_CHUNK != 0 || n < 1 || n > most;
  it->wrong[thread] += n % NL_CHUNK != 0 && row + (size_t)n != it->n_obs;
  it->wrong[thread] += row < it->after[thread];
  it->after[thread] = row + (size_t)n;
  for (size_t t = row; t < row + (size_t)n; t++)
    it->count[(size_t)thread * it->n_obs + t]++;
}

static int count_wrong(const record *it) {
  int wrong = 0;
  for (int k = 0; k < MOST_THREAD; k++) wrong += it->wrong[k];
  return wrong;
}

/* ---- divided by rows --------------------------------------------------------------- */

static void note_row(void *data, int thread, size_t row, int n) {
  note(data, thread, row, n, NL_CHUNK);
}

/* How many threads took part. */
static int count_parts(const record *it) {
  int parts = 0;
  for (int k = 0; k < MOST_THREAD; k++) parts += it->after[k] > 0;
  return parts;
}

static void check_rows(size_t n_obs, int n_thread) {
  hook_counts counts;
  const nl_hook hook = counting_hook(&counts);
  record it = new_record(n_obs, n_thread);
  nl_rows(n_obs, n_thread, note_row, &it, &hook);
  int not_once = 0;
  for (size_t t = 0; t < n_obs; t++) {
    int times_seen = 0;
    for (int k = 0; k < MOST_THREAD; k++) times_seen += it.count[(size_t)k * n_obs + t];
    not_once += times_seen != 1;
  }
  CHECK(not_once == 0);
  CHECK(count_wrong(&it) == 0);
  CHECK(count_parts(&it) <= (n_thread > 1 ? n_thread : 1));
  CHECK(counts.in_threads == 0);
  CHECK(counts.n_check >= (n_obs > 0) && counts.n_check <= 1 + (int)(n_obs / NL_CHUNK));
  free_all();
}

static void test_every_row_once(void) {
  for (int i = 0; i < N_SIZE; i++) {
    for (int n_thread = 0; n_thread <= MOST_THREAD; n_thread++)
      check_rows(sizes[i], n_thread);
  }
}

/* Many rows are shared out, evenly; few are not worth it. */
static void test_threads_share(void) {
  enum { N_OBS = 40000 };
  record many = new_record(N_OBS, 2), few = new_record(1500, 2);
  nl_rows(N_OBS, 2, note_row, &many, NULL);
  nl_rows(1500, 2, note_row, &few, NULL);
  CHECK(count_parts(&few) == 1);
  CHECK(count_parts(&many) == (nl_has_threads() ? 2 : 1));
  int own = 0;
  for (int t = 0; t < N_OBS; t++) own += many.count[t];
  if (nl_has_threads()) CHECK(own > 0.45 * N_OBS && own < 0.55 * N_OBS);
  free_all();
}

/* The same rows for the same thread every time. */
static void test_threads_take_the_same(void) {
  enum { N_OBS = 50000 };
  record first = new_record(N_OBS, 3), second = new_record(N_OBS, 3);
  int different = 0;
  nl_rows(N_OBS, 3, note_row, &first, NULL);
  nl_rows(N_OBS, 3, note_row, &second, NULL);
  for (int i = 0; i < MOST_THREAD * N_OBS; i++)
    different += first.count[i] != second.count[i];
  CHECK(different == 0);
  free_all();
}

/* ---- in rounds of parts ------------------------------------------------------------- */

enum { MOST_PART = MOST_THREAD * NL_ROUNDS };

/* The rows of each part: they follow each other in a slab. */
typedef struct {
  size_t n_obs;
  int n_part, wrong;
  int *part;              /* n_obs: who took a row, -1 at first */
  size_t size[MOST_PART]; /* rows in all */
} division;

static void note_part(void *data, int part, size_t row, int n) {
  division *it = data;
  if (part < 0 || part >= it->n_part || row % NL_CHUNK != 0 || n < 1 || n > NL_CHUNK) {
    it->wrong = 1;
    return;
  }
  it->size[part] += (size_t)n;
  for (size_t t = row; t < row + (size_t)n; t++) {
    if (it->part[t] >= 0) it->wrong = 1;
    it->part[t] = part;
  }
}

static division divide(size_t n_obs, int n_thread, int n_round) {
  hook_counts counts;
  const nl_hook hook = counting_hook(&counts);
  division it = {n_obs, n_thread * n_round, 0, new_ints(n_obs), {0}};
  for (size_t t = 0; t < n_obs; t++) it.part[t] = -1;
  nl_rows_in_parts(n_obs, n_thread, it.n_part, note_part, &it, &hook);
  CHECK(counts.in_threads == 0);
  return it;
}

/* Every row is in one part, the same every time. */
static void check_parts(size_t n_obs, int n_thread, int n_round) {
  const division first = divide(n_obs, n_thread, n_round),
                 second = divide(n_obs, n_thread, n_round);
  int missing = 0, different = 0;
  for (size_t t = 0; t < n_obs; t++) {
    missing += first.part[t] < 0;
    different += first.part[t] != second.part[t];
  }
  CHECK(missing == 0 && different == 0 && !first.wrong && !second.wrong);
  free_all();
}

static void test_parts(void) {
  const int rounds[] = {1, 2, NL_ROUNDS};
  for (int i = 0; i < N_SIZE; i++) {
    for (int n_thread = 1; n_thread <= MOST_THREAD; n_thread++) {
      for (int k = 0; k < 3; k++) check_parts(sizes[i], n_thread, rounds[k]);
    }
  }
  check_parts((size_t)NL_LONG_SLAB * NL_CHUNK * 2 + 1000, 2, NL_ROUNDS); /* two slabs */
}

/* Each round has a part for every thread and half of what is left, so that the last ones
 * are small. */
static void test_rounds(void) {
  enum { N_CHUNK = 1024 };
  const division it = divide((size_t)N_CHUNK * NL_CHUNK, 2, NL_ROUNDS);
  for (int k = 0; k < 2 * NL_ROUNDS && nl_has_threads(); k++) {
    const int round = k / 2 < NL_ROUNDS - 1 ? k / 2 + 1 : NL_ROUNDS - 1;
    CHECK(it.size[k] == (size_t)(N_CHUNK >> round) / 2 * NL_CHUNK);
  }
  free_all();
}

/* A part's rows of a slab in one call. */
static void note_stretch(void *data, int part, size_t row, int n) {
  note(data, part, row, n, NL_LONG_SLAB * NL_CHUNK);
}

static void test_stretches(void) {
  for (int i = 0; i < N_SIZE; i++) {
    for (int n_thread = 1; n_thread <= MOST_THREAD; n_thread++) {
      hook_counts counts;
      const nl_hook hook = counting_hook(&counts);
      record it = new_record(sizes[i], n_thread);
      nl_stretches(sizes[i], n_thread, note_stretch, &it, &hook);
      size_t taken = 0;
      int twice = 0;
      for (size_t t = 0; t < MOST_THREAD * sizes[i]; t++) {
        twice += it.count[t] > 1;
        taken += (size_t)it.count[t];
      }
      CHECK(taken == sizes[i] && twice == 0);
      CHECK(count_wrong(&it) == 0 && counts.in_threads == 0);
      CHECK(count_parts(&it) <= n_thread);
      free_all();
    }
  }
}

/* A long task can be interrupted in between. */
static void test_interrupts(void) {
  enum { N_OBS = 200 * NL_CHUNK };
  hook_counts counts;
  const nl_hook hook = counting_hook(&counts), bare = {NULL, NULL, NULL, NULL};
  record it = new_record(N_OBS, 1);
  nl_rows(N_OBS, 1, note_row, &it, &hook);
  CHECK(counts.n_check > 2 && counts.n_check < 100);
  nl_rows(N_OBS, 1, note_row, &it, &bare);
  nl_rows(N_OBS, 1, note_row, &it, NULL);
  free_all();
}

/* ---- divided by result ------------------------------------------------------------- */

static void note_share(void *data, int thread, int n_thread, size_t row, int n) {
  record *it = data;
  if (n_thread > it->n_thread || thread >= n_thread) it->wrong[thread % MOST_THREAD]++;
  note(it, thread, row, n, NL_SLAB * NL_CHUNK);
}

static void check_shares(size_t n_obs, int n_thread) {
  hook_counts counts;
  const nl_hook hook = counting_hook(&counts);
  record it = new_record(n_obs, n_thread > 1 ? n_thread : 1);
  nl_shares(n_obs, n_thread, note_share, &it, &hook);
  const int parts = count_parts(&it);
  int not_once = 0;
  for (int k = 0; k < parts; k++) { /* whoever takes part sees everything */
    for (size_t t = 0; t < n_obs; t++) not_once += it.count[(size_t)k * n_obs + t] != 1;
  }
  CHECK(not_once == 0);
  CHECK(count_wrong(&it) == 0);
  CHECK(parts == (n_obs == 0 ? 0 : n_obs < 1024 || n_thread < 1 ? 1 : n_thread));
  CHECK(counts.in_threads == 0);
  CHECK(counts.n_check >= (n_obs > 0));
  free_all();
}

static void test_every_row_for_everyone(void) {
  for (int i = 0; i < N_SIZE; i++) {
    for (int n_thread = 0; n_thread <= MOST_THREAD; n_thread++)
      check_shares(sizes[i], n_thread);
  }
}

/* ---- threads ----------------------------------------------------------------------- */

static void test_available_threads(void) {
  CHECK(nl_available_threads() >= 1);
#ifdef _OPENMP
  CHECK(nl_has_threads() == 1);
#else
  CHECK(nl_has_threads() == 0 && nl_available_threads() == 1);
#endif
}

void suite_rows(void);

void suite_rows(void) {
  RUN(test_every_row_once);
  RUN(test_threads_share);
  RUN(test_threads_take_the_same);
  RUN(test_parts);
  RUN(test_rounds);
  RUN(test_stretches);
  RUN(test_interrupts);
  RUN(test_every_row_for_everyone);
  RUN(test_available_threads);
}
