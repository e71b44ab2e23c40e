/* cross.c: see cross.h. */
#include "cross.h"

#include "kernel.h"
#include "linalg.h"
#include "strips.h"
#include "tiles.h"

const nl_block *nl_cross_block(const nl_design *design, const nl_cross_list *list,
                               int i) {
  return design->block + list->block[i];
}

int nl_cross_is_sparse(const nl_block *block) { return block->n_entry > 0; }

nl_cross_need nl_cross_needs(const nl_design *design, const nl_cross_list *list,
                             size_t most) {
  nl_cross_need need = {0, 1, 0, NL_CHUNK * NL_LANES, 0, 0};
  size_t wrap = 0, fresh_wrap = 0;
  int only_tiles = 1;
  for (int i = 0; i < list->n_block; i++) {
    const nl_block *block = nl_cross_block(design, list, i);
    if (!nl_cross_is_sparse(block)) continue;
    only_tiles = only_tiles && nl_tiles_take(block);
    wrap += (size_t)block->n_wrap;
    if (list->fresh[i]) fresh_wrap += (size_t)block->n_wrap;
    need.n_thread += (size_t)NL_CHUNK * (size_t)block->n_entry;
    need.n_index += (size_t)NL_CHUNK * ((size_t)block->n_entry + 1);
    need.n_entry += (size_t)NL_CHUNK * (size_t)block->n_entry;
  }
  need.n_raw = only_tiles ? 0 : wrap * fresh_wrap;
  if (need.n_raw * (size_t)design->n_thread <= most) need.n_copy = design->n_thread;
  nl_strips_need(design, list, most, &need);
  nl_tiles_need(design, list, &need);
  return need;
}

/* ---- sparse rows ------------------------------------------------------------------- */

/* A sparse block of the list: where its columns are in raw, and its entries in scratch.
 */
typedef struct {
  const nl_block *block;
  int position; /* in the list */
  int is_fresh;
  int is_four; /* its rows are four neighbours */
  int is_narrow;
  size_t row;    /* first row in raw */
  size_t column; /* first column in raw, where fresh */
  size_t entry;  /* first entry in a thread's scratch */
  size_t first;  /* first of its rows' first neighbours there */
} sparse_block;

typedef struct {
  const nl_cross_work *cross;
  size_t ld; /* of raw */
} sparse_work;

/* The next sparse block of the list after `sparse`, NULL fields at first. Returns 0 at
 * the end. */
static int next_sparse(const sparse_work *work, sparse_block *sparse) {
  const nl_cross_list *list = work->cross->list;
  int i = 0;
  if (sparse->block) {
    i = sparse->position + 1;
    sparse->row += (size_t)sparse->block->n_wrap;
    if (sparse->is_fresh) sparse->column += (size_t)sparse->block->n_wrap;
    sparse->entry += (size_t)sparse->block->n_entry * NL_CHUNK;
    sparse->first += NL_CHUNK;
  }
  while (i < list->n_block &&
         !nl_cross_is_sparse(nl_cross_block(work->cross->design, list, i)))
    i++;
  if (i == list->n_block) return 0;
  const nl_block *block = nl_cross_block(work->cross->design, list, i);
  sparse->block = block;
  sparse->position = i;
  sparse->is_fresh = list->fresh[i];
  sparse->is_four = block->n_entry == 4 &&
                    (block->kind == NL_TABLE ? block->table : block)->n_factor == 1;
  sparse->is_narrow = nl_tiles_take(block);
  return 1;
}

static nl_entries entries_of(const sparse_work *work, int thread,
                             const sparse_block *sparse) {
  const size_t index = (size_t)thread * work->cross->need.n_index + sparse->entry,
               value = (size_t)thread * work->cross->need.n_thread + sparse->entry;
  nl_entries entries = {work->cross->space->index + index,
                        work->cross->space->entry + value, sparse->block->n_entry};
  return entries;
}

/* The same with one index a row, for nl_cross_four. */
static nl_entries firsts_of(const sparse_work *work, int thread,
                            const sparse_block *sparse) {
  nl_entries entries = entries_of(work, thread, sparse);
  entries.index = work->cross->space->index + (size_t)thread * work->cross->need.n_index +
                  work->cross->need.n_entry + sparse->first;
  return entries;
}

/* The entries of the picked rows of all sparse blocks. */
static void load_entries(const sparse_work *work, int thread, size_t row, int n,
                         const int *pick) {
  for (sparse_block sparse = {0}; next_sparse(work, &sparse);) {
    const nl_entries entries = entries_of(work, thread, &sparse);
    int *index = (int *)entries.index,
        *first = (int *)firsts_of(work, thread, &sparse).index;
    nl_block_entries(sparse.block, row, n, pick, index, (double *)entries.value);
    for (int t = 0; sparse.is_four && t < n; t++) first[t] = index[4 * t];
  }
}

/* Whether two blocks are multiplied here, nonzero by nonzero. */
static int is_pair(const sparse_block *left, const sparse_block *right) {
  return !(left->is_fresh && left->position > right->position) &&
         !(left->is_narrow && right->is_narrow);
}

/* Fresh blocks that are multiplied with the others together, while these are in cache. */
enum { TILE = 8 };

/* Block a with those of a tile that it is to be multiplied with. */
static void cross_tile(const sparse_work *work, int thread, int n, const double *weight,
                       const sparse_block *left, const sparse_block *tile, int n_tile) {
  double *raw = work->cross->space->raw;
  if (work->cross->need.n_copy > 1) raw += work->cross->need.n_raw * (size_t)thread;
  const nl_entries a = firsts_of(work, thread, left);
  nl_entries held = {NULL, NULL, 0};
  double *held_corner = NULL;
  const ptrdiff_t ld = (ptrdiff_t)work->ld;
  for (int k = 0; k < n_tile; k++) {
    if (!is_pair(left, tile + k)) continue;
    const nl_entries b = firsts_of(work, thread, tile + k);
    double *corner = raw + left->row + tile[k].column * work->ld;
    if (!left->is_four || !tile[k].is_four) {
      const nl_entries all_a = entries_of(work, thread, left),
                       all_b = entries_of(work, thread, tile + k);
      nl_cross_any(n, &all_a, &all_b, corner, weight, ld);
    } else if (nl_runs_pay(n, &a, &b)) {
      nl_cross_runs(n, &a, &b, corner, weight, ld);
    } else if (!held_corner) {
      held = b;
      held_corner = corner;
    } else {
      nl_cross_four(n, &a, &held, held_corner, &b, corner, weight, ld);
      held_corner = NULL;
    }
  }
  if (held_corner) nl_cross_four(n, &a, &held, held_corner, NULL, NULL, weight, ld);
}

/* Picked rows: every n_turn-th tile against all sparse blocks up to it. */
static void cross_rows(const sparse_work *work, int thread, int n_turn, size_t row, int n,
                       const int *pick, const double *weight) {
  sparse_block tile[TILE], right = {0};
  int more = 1;
  load_entries(work, thread, row, n, pick);
  for (int turn = 0; more; turn++) {
    int n_tile = 0;
    while (n_tile < TILE && (more = next_sparse(work, &right))) {
      if (right.is_fresh) tile[n_tile++] = right;
    }
    if (n_turn > 1 && turn % n_turn != thread) continue;
    for (sparse_block left = {0}; n_tile > 0 && next_sparse(work, &left);)
      cross_tile(work, thread, n, weight, &left, tile, n_tile);
  }
}

/* All rows with a weight, a chunk of them at a time. */
static void sparse_share(void *data, int thread, int n_turn, size_t row, int n) {
  const sparse_work *work = (const sparse_work *)data;
  const double *weight = work->cross->weight + row;
  int pick[NL_CHUNK], n_pick = 0;
  double picked[NL_CHUNK];
  for (int t = 0; t < n; t++) {
    if (weight[t] != 0) {
      pick[n_pick] = t;
      picked[n_pick++] = weight[t];
    }
    if (n_pick == NL_CHUNK || (t == n - 1 && n_pick > 0)) {
      cross_rows(work, thread, n_turn, row, n_pick, pick, picked);
      n_pick = 0;
    }
  }
}

/* The same for rows of this thread's alone. */
static void sparse_rows(void *data, int thread, size_t row, int n) {
  sparse_share(data, thread, 1, row, n);
}

/* Sums raw (wrapped columns) into out, both ways round for two fresh blocks. */
static void fold_sparse(const nl_cross_work *cross, int i, int j, const double *raw,
                        size_t ld_raw) {
  const nl_cross_list *list = cross->list;
  const nl_block *left = nl_cross_block(cross->design, list, i),
                 *right = nl_cross_block(cross->design, list, j);
  const size_t ld = cross->ld;
  const int mirror = list->fresh[i] && i != j;
  for (int l = 0; l < right->n_wrap; l++) {
    const size_t column = (size_t)nl_block_column(right, l);
    for (int k = 0; k < left->n_wrap; k++) {
      const size_t row = (size_t)nl_block_column(left, k);
      const double value = raw[(size_t)k + (size_t)l * ld_raw];
      cross->out[(size_t)list->row[i] + row + ((size_t)list->column[j] + column) * ld] +=
          value;
      if (mirror)
        cross
            ->out[(size_t)list->row[j] + column + ((size_t)list->column[i] + row) * ld] +=
            value;
    }
  }
}

static void sparse_products(const nl_cross_work *cross, const nl_hook *hook) {
  sparse_work work = {cross, 0};
  const nl_cross_need *need = &cross->need;
  const nl_design *design = cross->design;
  double *sums = cross->space->raw;
  if (need->n_raw == 0) return;
  for (sparse_block sparse = {0}; next_sparse(&work, &sparse);)
    work.ld += (size_t)sparse.block->n_wrap;
  nl_fill(need->n_raw * (size_t)need->n_copy, 0, sums);
  if (need->n_copy > 1) {
    nl_stretches(design->n_obs, need->n_copy, sparse_rows, &work, hook);
  } else {
    nl_shares(design->n_obs, design->n_thread, sparse_share, &work, hook);
  }
  for (int k = 1; k < need->n_copy; k++)
    nl_axpy((int)need->n_raw, 1, sums + need->n_raw * (size_t)k, sums);
  for (sparse_block right = {0}; next_sparse(&work, &right);) {
    if (!right.is_fresh) continue;
    for (sparse_block left = {0}; next_sparse(&work, &left);) {
      if (!is_pair(&left, &right)) continue;
      fold_sparse(cross, left.position, right.position,
                  sums + left.row + right.column * work.ld, work.ld);
    }
  }
}

/* ---- all --------------------------------------------------------------------------- */

void nl_cross_write(const nl_cross_work *work, int i, int k, int column, int lane, int n,
                    const double *folded) {
  const nl_cross_list *list = work->list;
  const int n_row = nl_cross_block(work->design, list, k)->n_col;
  for (int v = 0; v < n; v++) {
    for (int r = 0; r < n_row; r++) {
      const double value = folded[r * NL_LANES + lane + v];
      const size_t a = (size_t)(column + v), b = (size_t)r;
      if (list->fresh[i])
        work->out[(size_t)list->row[k] + b + ((size_t)list->column[i] + a) * work->ld] =
            value;
      if (list->fresh[k])
        work->out[(size_t)list->row[i] + a + ((size_t)list->column[k] + b) * work->ld] =
            value;
    }
  }
}

void nl_cross(const nl_design *design, const nl_cross_list *list, const double *weight,
              double *out, size_t ld, size_t most, nl_cross_space *space,
              const nl_hook *hook) {
  const nl_cross_work work = {design, list, weight, nl_cross_needs(design, list, most),
                              space,  out,  ld};
  for (int j = 0; j < list->n_block; j++) {
    if (!list->fresh[j]) continue;
    for (int c = 0; c < nl_cross_block(design, list, j)->n_col; c++)
      nl_fill(ld, 0, out + ((size_t)list->column[j] + (size_t)c) * ld);
  }
  sparse_products(&work, hook);
  nl_tiles_products(&work, hook);
  nl_strips_products(&work, hook);
}

/* ---- one spline -------------------------------------------------------------------- */

int nl_is_spline(const nl_block *block) {
  return block->kind == NL_LOCAL && block->n_factor == 1 &&
         block->factor[0].feature == NL_POWERS && block->factor[0].width == 4;
}

typedef struct {
  const nl_factor *factor;
  const double *v;
  double *moments;
} moment_work;

static void moment_chunk(void *data, int thread, size_t row, int n) {
  const moment_work *work = (const moment_work *)data;
  int buffer[NL_CHUNK];
  nl_powers_moments(n, nl_cells_read(&work->factor->cell, row, n, buffer),
                    work->factor->values + row, work->v + row,
                    work->moments + 8 * (size_t)work->factor->n_cell * (size_t)thread);
}

void nl_cross_spline(const nl_block *block, int n_thread, const double *v,
                     double *moments, double *mean, double *second, const nl_hook *hook) {
  const nl_factor *factor = block->factor;
  const size_t p = (size_t)factor->n_col, size = 8 * (size_t)factor->n_cell;
  moment_work work = {factor, v, moments};
  nl_fill(size * (size_t)n_thread, 0, moments);
  nl_fill(p, 0, mean);
  nl_fill(p * p, 0, second);
  nl_rows(block->n_obs, n_thread, moment_chunk, &work, hook);
  for (int k = 1; k < n_thread; k++)
    nl_axpy((int)size, 1, moments + size * (size_t)k, moments);
  for (int c = 0; c < factor->n_cell; c++, moments += 8) {
    const double *poly = factor->poly + 16 * (size_t)c; /* [i, k] */
    for (int i = 0; i < 4; i++) {
      double half[4] = {0}; /* sums of weight s^k times column i */
      for (int k = 0; k < 4; k++) {
        for (int l = 0; l < 4; l++) half[k] += poly[i + 4 * l] * moments[k + l];
      }
      const size_t column = (size_t)((factor->poly_first[c] + i) % factor->n_col);
      mean[column] += half[0];
      for (int j = 0; j < 4; j++) {
        const size_t row = (size_t)((factor->poly_first[c] + j) % factor->n_col);
        for (int k = 0; k < 4; k++) second[row + column * p] += poly[j + 4 * k] * half[k];
      }
    }
  }
}
