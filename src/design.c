/* design.c: see design.h. */
#include "design.h"

#include "linalg.h"

void nl_design_measure(nl_design *design) {
  design->n_scratch = 1;
  design->start[0] = 0;
  design->ext_start[0] = 0;
  for (int b = 0; b < design->n_block; b++) {
    const nl_block *block = design->block + b;
    design->start[b + 1] = design->start[b] + block->n_col;
    design->ext_start[b + 1] = design->ext_start[b] + block->n_ext;
    if (nl_block_scratch(block) > design->n_scratch)
      design->n_scratch = nl_block_scratch(block);
  }
  design->n_col = design->start[design->n_block];
  design->n_ext = design->ext_start[design->n_block];
}

void nl_design_index_columns(nl_design *design) {
  for (int b = 0; b < design->n_block; b++) {
    for (int j = design->start[b]; j < design->start[b + 1]; j++)
      design->block_of_column[j] = b;
  }
}

double nl_block_cost(const nl_block *block) {
  if (block->kind == NL_TABLE) return 1;
  if (block->kind == NL_DENSE) return 0.5 * block->n_col;
  return block->n_entry;
}

static void sort_chunk(void *data, int thread, size_t row, int n) {
  const nl_design *design = (const nl_design *)data;
  (void)thread;
  for (int b = 0; b < design->n_block; b++) nl_block_sort(design->block + b, row, n);
}

void nl_design_prepare(const nl_design *design, const nl_hook *hook) {
  for (int b = 0; b < design->n_block; b++) nl_block_prepare(design->block + b, hook);
  nl_rows(design->n_obs, design->n_thread, sort_chunk, (void *)design, hook);
}

/* Doubles that the sums of all parts may take where threads would do with fewer. */
#define NL_PART_SUMS ((size_t)1 << 19)

int nl_design_parts(const nl_design *design) {
  const size_t n_part = (size_t)design->n_thread * NL_ROUNDS;
  if (design->n_thread == 1) return 1;
  return NL_LANES * (size_t)design->n_ext * n_part <= NL_PART_SUMS ? (int)n_part
                                                                   : design->n_thread;
}

/* ---- a pass, in pieces ------------------------------------------------------------- */

void nl_design_extend(const nl_design *design, nl_pass_space *space,
                      double shift[NL_LANES]) {
  for (int v = 0; v < NL_LANES; v++) shift[v] = 0;
  for (int b = 0; b < design->n_block; b++) {
    const nl_block *block = design->block + b;
    const double *beta = space->beta + (size_t)design->start[b] * NL_LANES;
    space->on[b] = !nl_is_zero(NL_LANES * block->n_col, beta);
    if (!space->on[b]) continue;
    nl_block_extend(block, beta, space->ext + (size_t)design->ext_start[b] * NL_LANES,
                    space->scratch);
    for (int j = 0; block->centre && j < block->n_col; j++) {
      for (int v = 0; v < NL_LANES; v++)
        shift[v] += block->centre[j] * beta[j * NL_LANES + v];
    }
  }
}

/* Fetches the first block from b on that takes part. */
static void fetch(const nl_design *design, const int *part, int b, size_t row, int n) {
  while (b < design->n_block && !part[b]) b++;
  if (b < design->n_block) nl_block_fetch(design->block + b, row, n);
}

void nl_design_add_eta(const nl_design *design, const int *on, const double *ext,
                       size_t row, int n, double *eta) {
  fetch(design, on, 0, row, n);
  for (int b = 0; b < design->n_block; b++) {
    if (!on[b]) continue;
    fetch(design, on, b + 1, row, n);
    nl_block_add_eta(design->block + b, row, n,
                     ext + (size_t)design->ext_start[b] * NL_LANES, eta);
  }
}

void nl_design_add_gradient(const nl_design *design, const int *wanted, const double *r,
                            size_t row, int n, double *ext) {
  fetch(design, wanted, 0, row, n);
  for (int b = 0; b < design->n_block; b++) {
    if (!wanted[b]) continue;
    fetch(design, wanted, b + 1, row, n);
    nl_block_add_gradient(design->block + b, row, n, r,
                          ext + (size_t)design->ext_start[b] * NL_LANES);
  }
}

void nl_design_clear(const nl_design *design, const int *wanted, nl_pass_space *space) {
  const int n_part = nl_design_parts(design);
  for (int k = 0; k < n_part; k++) {
    nl_thread_space *own = space->thread + k;
    for (int v = 0; v < NL_LANES; v++) own->total[v] = own->slope[v] = own->loss[v] = 0;
    for (int b = 0; b < design->n_block; b++) {
      if (!wanted[b]) continue;
      nl_fill(NL_LANES * (size_t)design->block[b].n_ext, 0,
              own->ext + (size_t)design->ext_start[b] * NL_LANES);
    }
  }
}

void nl_design_fold(const nl_design *design, const int *wanted,
                    const double total[NL_LANES], nl_pass_space *space) {
  const int n_part = nl_design_parts(design);
  for (int b = 0; b < design->n_block; b++) {
    const nl_block *block = design->block + b;
    if (!wanted[b]) continue;
    const size_t from = (size_t)design->ext_start[b] * NL_LANES;
    double *ext = space->thread[0].ext + from;
    for (int k = 1; k < n_part; k++) {
      nl_axpy(NL_LANES * block->n_ext, 1, space->thread[k].ext + from, ext);
    }
    double *sums = space->sums + (size_t)design->start[b] * NL_LANES;
    nl_fill(NL_LANES * (size_t)block->n_col, 0, sums);
    nl_block_fold(block, ext, sums, space->scratch);
    for (int j = 0; block->centre && j < block->n_col; j++) {
      for (int v = 0; v < NL_LANES; v++)
        sums[j * NL_LANES + v] -= block->centre[j] * total[v];
    }
  }
}

/* ---- column sums ------------------------------------------------------------------- */

typedef struct {
  const nl_design *design;
  const int *wanted;
  const double *r;
  nl_pass_space *space;
} sums_work;

static void sums_chunk(void *data, int thread, size_t row, int n) {
  const sums_work *work = (const sums_work *)data;
  nl_thread_space *own = work->space->thread + thread;
  nl_fill(NL_LANES * (size_t)n, 0, own->eta);
  nl_lane_set((size_t)n, work->r + row, 0, own->eta);
  for (int t = 0; t < n; t++) own->total[0] += work->r[row + (size_t)t];
  nl_design_add_gradient(work->design, work->wanted, own->eta, row, n, own->ext);
}

void nl_design_column_sums(const nl_design *design, const int *wanted, const double *r,
                           nl_pass_space *space, double *sums, const nl_hook *hook) {
  sums_work work = {design, wanted, r, space};
  double total[NL_LANES] = {0};
  nl_design_clear(design, wanted, space);
  const int n_part = nl_design_parts(design);
  nl_rows_in_parts(design->n_obs, design->n_thread, n_part, sums_chunk, &work, hook);
  for (int k = 0; k < n_part; k++) total[0] += space->thread[k].total[0];
  nl_design_fold(design, wanted, total, space);
  for (int b = 0; b < design->n_block; b++) {
    if (!wanted[b]) continue;
    nl_lane_get((size_t)design->block[b].n_col,
                space->sums + (size_t)design->start[b] * NL_LANES, 0,
                sums + design->start[b]);
  }
}
