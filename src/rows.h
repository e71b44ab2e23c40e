/* rows.h: the one loop over the rows of the data: in chunks that stay in cache, over
 * threads where OpenMP is there. The rows are divided into parts, runs of chunks, always
 * the same for the same number of parts, so sums per part, added in order, give the same
 * bits every time, whichever thread takes which. Nothing of the host is called from a
 * thread. */
#ifndef NL_ROWS_H
#define NL_ROWS_H

#include "block.h"

/* Chunks of a thread between two looks for an interrupt; where threads share them, and
 * every look is a wait for the slower one, more. */
enum { NL_SLAB = 64, NL_LONG_SLAB = 2048 };
/* Rounds of parts that balance threads of unequal speed: each round has a part for every
 * thread, and half the rows that are left. */
enum { NL_ROUNDS = 7 };

/* What is done with rows row .. row + n - 1, n <= NL_CHUNK. part: 0 .. n_part - 1; no two
 * threads are in the same part at a time. */
typedef void (*nl_row_work)(void *data, int part, size_t row, int n);

/* Calls work for every chunk of n_obs rows; the host can interrupt between slabs. n_part: a
 * multiple of n_thread, one round of parts or several. */
void nl_rows_in_parts(size_t n_obs, int n_thread, int n_part, nl_row_work work,
                      void *data, const nl_hook *hook);
/* The same with a part for each thread. */
void nl_rows(size_t n_obs, int n_thread, nl_row_work work, void *data,
             const nl_hook *hook);

/* The same, but a part is one call: n <= NL_LONG_SLAB * NL_CHUNK. */
void nl_stretches(size_t n_obs, int n_thread, nl_row_work work, void *data,
                  const nl_hook *hook);

/* What one thread does with its share of a task for rows row .. row + n - 1, n <= NL_SLAB
 * * NL_CHUNK; every thread sees every row. */
typedef void (*nl_share_work)(void *data, int thread, int n_thread, size_t row, int n);

/* Calls work for all rows in every thread: for tasks that are divided by result, not by
 * row, so that the number of threads does not show in the bits. */
void nl_shares(size_t n_obs, int n_thread, nl_share_work work, void *data,
               const nl_hook *hook);

/* Whether the core was compiled with OpenMP. */
int nl_has_threads(void);
/* The threads that the system would give (OMP_NUM_THREADS, OMP_THREAD_LIMIT, cores); 1
 * without OpenMP. */
int nl_available_threads(void);

#endif
