/* rows.c: see rows.h. */
#include "rows.h"

#ifdef _OPENMP
#include <omp.h>
#endif

/* Below so many rows a second thread costs more than it brings. */
enum { NL_ROWS_PER_THREAD = 4 * NL_CHUNK };

int nl_has_threads(void) {
#ifdef _OPENMP
  return 1;
#else
  return 0;
#endif
}

int nl_available_threads(void) {
#ifdef _OPENMP
  const int most = omp_get_max_threads(), limit = omp_get_thread_limit(),
            cores = omp_get_num_procs();
  int n = most < limit ? most : limit;
  if (cores < n) n = cores;
  return n < 1 ? 1 : n;
#else
  return 1;
#endif
}

/* What is done with n_obs rows, at most `most` of them at a time. */
typedef struct {
  size_t n_obs, most;
  int n_thread, n_part; /* n_part: a multiple of n_thread */
  nl_row_work work;
  void *data;
} row_loop;

/* Chunks first .. last - 1, which belong to a part. */
static void run(const row_loop *loop, size_t first, size_t last, int part) {
  const size_t rows = last * NL_CHUNK, end = rows < loop->n_obs ? rows : loop->n_obs;
  for (size_t row = first * NL_CHUNK; row < end; row += loop->most) {
    const size_t n = end - row < loop->most ? end - row : loop->most;
    loop->work(loop->data, part, row, (int)n);
  }
}

#ifdef _OPENMP
/* How many of n chunks come before a part: a round has half of those that are left, the
 * last one all, and its parts as many each. */
static size_t before_part(const row_loop *loop, size_t n, int part) {
  const size_t n_thread = (size_t)loop->n_thread, k = (size_t)part % n_thread;
  const int round = part / loop->n_thread, last = loop->n_part / loop->n_thread - 1;
  const size_t left = n >> round, from = n - left;
  if (round > last) return n;
  return from + (left - (round < last ? left >> 1 : 0)) * k / n_thread;
}
#endif

/* Slabs of `size` chunks a thread. */
static void run_slabs(const row_loop *loop, size_t size, const nl_hook *hook) {
  const size_t n_chunk = (loop->n_obs + NL_CHUNK - 1) / NL_CHUNK;
  const size_t slab = size * (size_t)loop->n_thread;
  for (size_t start = 0; start < n_chunk; start += slab) {
    const size_t n = n_chunk - start < slab ? n_chunk - start : slab;
    nl_check(hook);
#ifdef _OPENMP
    if (loop->n_thread > 1) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(loop->n_thread)
      for (int k = 0; k < loop->n_part; k++)
        run(loop, start + before_part(loop, n, k), start + before_part(loop, n, k + 1),
            k);
      continue;
    }
#endif
    run(loop, start, start + n, 0);
  }
}

static int is_worth_threads(size_t n_obs, int n_thread) {
  return n_thread > 1 && n_obs >= (size_t)n_thread * NL_ROWS_PER_THREAD;
}

void nl_rows_in_parts(size_t n_obs, int n_thread, int n_part, nl_row_work work,
                      void *data, const nl_hook *hook) {
  row_loop loop = {n_obs, NL_CHUNK, n_thread, n_part, work, data};
  const int in_threads = is_worth_threads(n_obs, n_thread);
  if (!in_threads) loop.n_thread = loop.n_part = 1;
  run_slabs(&loop, in_threads ? NL_LONG_SLAB : NL_SLAB, hook);
}

void nl_rows(size_t n_obs, int n_thread, nl_row_work work, void *data,
             const nl_hook *hook) {
  nl_rows_in_parts(n_obs, n_thread, n_thread, work, data, hook);
}

void nl_stretches(size_t n_obs, int n_thread, nl_row_work work, void *data,
                  const nl_hook *hook) {
  const int in_threads = is_worth_threads(n_obs, n_thread);
  const size_t slab = in_threads ? NL_LONG_SLAB : NL_SLAB;
  row_loop loop = {n_obs, slab * NL_CHUNK, n_thread, n_thread, work, data};
  if (!in_threads) loop.n_thread = loop.n_part = 1;
  run_slabs(&loop, slab, hook);
}

void nl_shares(size_t n_obs, int n_thread, nl_share_work work, void *data,
               const nl_hook *hook) {
  const size_t slab = (size_t)NL_SLAB * NL_CHUNK;
  if (n_thread < 1 || n_obs < NL_ROWS_PER_THREAD) n_thread = 1;
  for (size_t row = 0; row < n_obs; row += slab) {
    const int n = (int)(n_obs - row < slab ? n_obs - row : slab);
    nl_check(hook);
#ifdef _OPENMP
#pragma omp parallel for schedule(static, 1) num_threads(n_thread) if (n_thread > 1)
#endif
    for (int k = 0; k < n_thread; k++) work(data, k, n_thread, row, n);
  }
}
