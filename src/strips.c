/* strips.c: see strips.h. */
#include "strips.h"

#include "kernel.h"
#include "linalg.h"

/* ---- which strips ------------------------------------------------------------------ */

/* Whether block i has a strip (eight dense columns) of which the products with block k
 * are wanted. Of two fresh dense blocks the earlier one is multiplied by the later one's.
 */
static int strip_meets(const nl_design *design, const nl_cross_list *list, int i, int k) {
  if (nl_cross_is_sparse(nl_cross_block(design, list, i))) return 0;
  if (nl_cross_is_sparse(nl_cross_block(design, list, k)))
    return list->fresh[i] || list->fresh[k];
  return list->fresh[i] && (!list->fresh[k] || k <= i);
}

static int count_strips(const nl_block *block) {
  return (block->n_col + NL_LANES - 1) / NL_LANES;
}

/* Doubles that the sums of one strip of block i take. */
static size_t strip_size(const nl_design *design, const nl_cross_list *list, int i) {
  size_t size = 0;
  for (int k = 0; k < list->n_block; k++) {
    if (strip_meets(design, list, i, k))
      size += (size_t)nl_cross_block(design, list, k)->n_ext * NL_LANES;
  }
  return size > 0 ? size + NL_LANES : 0; /* + the sums of the strip itself */
}

void nl_strips_need(const nl_design *design, const nl_cross_list *list, size_t most,
                    nl_cross_need *need) {
  size_t largest = 0, all = 0;
  for (int i = 0; i < list->n_block; i++) {
    const size_t strip = strip_size(design, list, i);
    if (strip > largest) largest = strip;
    all += strip * (size_t)count_strips(nl_cross_block(design, list, i));
  }
  need->n_strip = all < most ? all : (largest > most ? largest : most);
}

/* ---- products ---------------------------------------------------------------------- */

/* A batch of strips: the first is number `first` in the order of blocks and their
 * columns. */
typedef struct {
  const nl_cross_work *cross;
  int first, last; /* strips first .. last - 1 */
} strip_work;

/* Calls with every strip of the batch: block i, its column, and where its sums are. */
typedef void (*strip_use)(const strip_work *work, int i, int column, double *sums,
                          int number, void *data);

static void each_strip(const strip_work *work, strip_use use, void *data) {
  int number = 0;
  double *sums = work->cross->space->strip;
  for (int i = 0; i < work->cross->list->n_block; i++) {
    const size_t size = strip_size(work->cross->design, work->cross->list, i);
    if (size == 0) continue;
    const int n = count_strips(nl_cross_block(work->cross->design, work->cross->list, i));
    for (int k = 0; k < n; k++, number++) {
      if (number < work->first || number >= work->last) continue;
      use(work, i, k * NL_LANES, sums, number, data);
      sums += size;
    }
  }
}

typedef struct {
  int thread, n_thread;
  size_t row;
  int n;
} chunk_at;

/* The gradient kernels with a strip's weighted columns in place of residuals. */
static void add_strip(const strip_work *work, int i, int column, double *sums, int number,
                      void *data) {
  const chunk_at *at = (const chunk_at *)data;
  if (number % at->n_thread != at->thread) return;
  double *strip =
      work->cross->space->entry + (size_t)at->thread * work->cross->need.n_thread;
  nl_block_strip(nl_cross_block(work->cross->design, work->cross->list, i), at->row,
                 at->n, column, work->cross->weight + at->row, strip);
  nl_sum_rows(at->n, strip, sums);
  sums += NL_LANES;
  for (int k = 0; k < work->cross->list->n_block; k++) {
    const nl_block *target = nl_cross_block(work->cross->design, work->cross->list, k);
    if (!strip_meets(work->cross->design, work->cross->list, i, k)) continue;
    nl_block_add_gradient(target, at->row, at->n, strip, sums);
    sums += (size_t)target->n_ext * NL_LANES;
  }
}

/* Run by run of rows that have a weight, none across the end of a chunk. */
static void strip_rows(void *data, int thread, int n_thread, size_t row, int n) {
  const strip_work *work = (const strip_work *)data;
  const double *weight = work->cross->weight + row;
  for (int from = 0, to; from < n; from = to) {
    const int has_weight = weight[from] != 0;
    for (to = from + 1; to < n && to % NL_CHUNK != 0 && (weight[to] != 0) == has_weight;)
      to++;
    chunk_at at = {thread, n_thread, row + (size_t)from, to - from};
    if (has_weight) each_strip(work, add_strip, &at);
  }
}

static void fold_strip(const strip_work *work, int i, int column, double *sums,
                       int number, void *data) {
  const int n_col = nl_cross_block(work->cross->design, work->cross->list, i)->n_col;
  const int n_lane = n_col - column < NL_LANES ? n_col - column : NL_LANES;
  const double *total = sums;
  double *folded = work->cross->space->fold;
  (void)number;
  (void)data;
  sums += NL_LANES;
  for (int k = 0; k < work->cross->list->n_block; k++) {
    const nl_block *target = nl_cross_block(work->cross->design, work->cross->list, k);
    if (!strip_meets(work->cross->design, work->cross->list, i, k)) continue;
    nl_fill((size_t)target->n_col * NL_LANES, 0, folded);
    nl_block_fold(target, sums, folded, work->cross->space->scratch);
    for (int r = 0; target->centre && r < target->n_col; r++) {
      for (int v = 0; v < NL_LANES; v++)
        folded[r * NL_LANES + v] -= target->centre[r] * total[v];
    }
    nl_cross_write(work->cross, i, k, column, 0, n_lane, folded);
    sums += (size_t)target->n_ext * NL_LANES;
  }
}

/* How many strips from `first` on fit into n_strip doubles. Returns the end, `first` when
 * there are no more. */
static int batch_end(const strip_work *work, int first) {
  int number = 0, end = first;
  size_t used = 0;
  for (int i = 0; i < work->cross->list->n_block; i++) {
    const size_t size = strip_size(work->cross->design, work->cross->list, i);
    const int n =
        size > 0 ? count_strips(nl_cross_block(work->cross->design, work->cross->list, i))
                 : 0;
    for (int k = 0; k < n; k++, number++) {
      if (number < first) continue;
      if (used + size > work->cross->need.n_strip) return end;
      used += size;
      end = number + 1;
    }
  }
  return end;
}

void nl_strips_products(const nl_cross_work *cross, const nl_hook *hook) {
  const nl_design *design = cross->design;
  strip_work work = {cross, 0, 0};
  for (;;) {
    work.last = batch_end(&work, work.first);
    if (work.last == work.first) return;
    nl_fill(cross->need.n_strip, 0, cross->space->strip);
    nl_shares(design->n_obs, design->n_thread, strip_rows, &work, hook);
    each_strip(&work, fold_strip, NULL);
    work.first = work.last;
  }
}
