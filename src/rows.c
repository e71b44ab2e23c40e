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

/* Chunks first .. last - 1, by one thread. */
static void run(size_t n_obs, size_t first, size_t last, int thread, nl_row_work work,
                void *data) {
  for (size_t chunk = first; chunk < last; chunk++) {
    const size_t row = chunk * NL_CHUNK;
    const int n = n_obs - row < NL_CHUNK ? (int)(n_obs - row) : NL_CHUNK;
    work(data, thread, row, n);
  }
}

void nl_rows(size_t n_obs, int n_thread, nl_row_work work, void *data,
             const nl_hook *hook) {
  const size_t n_chunk = (n_obs + NL_CHUNK - 1) / NL_CHUNK;
  if (n_thread < 1 || n_obs < (size_t)n_thread * NL_ROWS_PER_THREAD) n_thread = 1;
  const size_t slab = (size_t)NL_SLAB * (size_t)n_thread;
  for (size_t start = 0; start < n_chunk; start += slab) {
    const size_t size = n_chunk - start < slab ? n_chunk - start : slab;
    nl_check(hook);
#ifdef _OPENMP
    if (n_thread > 1) {
#pragma omp parallel for schedule(static, 1) num_threads(n_thread)
      for (int k = 0; k < n_thread; k++) {
        run(n_obs, start + size * (size_t)k / (size_t)n_thread,
            start + size * ((size_t)k + 1) / (size_t)n_thread, k, work, data);
      }
      continue;
    }
#endif
    run(n_obs, start, start + size, 0, work, data);
  }
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
