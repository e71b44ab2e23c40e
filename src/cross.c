/* cross.c: see cross.h. */
#include "cross.h"

#include "kernel.h"
#include "linalg.h"

static const nl_block *block_at(const nl_design *design, const nl_cross_list *list,
                                int i) {
  return design->block + list->block[i];
}

static int is_sparse(const nl_block *block) { return block->n_entry > 0; }

/* Splines of so few columns that powers times all of them are faster than nonzero by nonzero;
 * their chunks are sorted by cell. */
static int is_narrow(const nl_block *block) {
  enum { NARROW = 24 };
  return nl_is_spline(block) && block->factor[0].order && block->n_col <= NARROW;
}

/* Fresh narrow splines that are multiplied together: their columns side by side. */
typedef struct {
  int from, end; /* positions in the list */
  int n_column;
  int ld; /* rounded up to whole vectors */
} spline_tile;

/* The first tile at or after a position; no columns: there is none. */
static spline_tile next_tile(const nl_design *design, const nl_cross_list *list,
                             int from) {
  enum { WIDEST = 96 };
  spline_tile tile = {from, from, 0, 0};
  for (; tile.end < list->n_block; tile.end++) {
    const nl_block *block = block_at(design, list, tile.end);
    if (!list->fresh[tile.end] || !is_narrow(block)) continue;
    if (tile.n_column > 0 && tile.n_column + block->n_col > WIDEST) break;
    tile.n_column += block->n_col;
  }
  tile.ld = (tile.n_column + 3) / 4 * 4;
  return tile;
}

/* Whether a tile is multiplied by block i: fresh ones only by those up to its last. */
static int tile_meets(const nl_design *design, const nl_cross_list *list,
                      const spline_tile *tile, int i) {
  return is_narrow(block_at(design, list, i)) && (!list->fresh[i] || i < tile->end);
}

/* Whether block i has a strip (eight dense columns) of which the products with block k
 * are wanted. Of two fresh dense blocks the earlier one is multiplied by the later one's.
 */
static int strip_meets(const nl_design *design, const nl_cross_list *list, int i, int k) {
  if (is_sparse(block_at(design, list, i))) return 0;
  if (is_sparse(block_at(design, list, k))) return list->fresh[i] || list->fresh[k];
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
      size += (size_t)block_at(design, list, k)->n_ext * NL_LANES;
  }
  return size > 0 ? size + NL_LANES : 0; /* + the sums of the strip itself */
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* Room for the splines' sums and rows. */
static void need_tiles(const nl_design *design, const nl_cross_list *list,
                       nl_cross_need *need) {
  spline_tile tile = next_tile(design, list, 0);
  for (; tile.n_column > 0; tile = next_tile(design, list, tile.end)) {
    size_t n_ext = 0;
    for (int i = 0; i < list->n_block; i++) {
      if (tile_meets(design, list, &tile, i))
        n_ext += (size_t)block_at(design, list, i)->n_ext;
    }
    need->n_strip = larger(need->n_strip, n_ext * (size_t)tile.ld);
    need->n_thread = larger(need->n_thread, NL_CHUNK * (size_t)tile.ld);
  }
}

nl_cross_need nl_cross_needs(const nl_design *design, const nl_cross_list *list,
                             size_t most) {
  nl_cross_need need = {0, 1, 0, NL_CHUNK * NL_LANES, 0, 0};
  size_t wrap = 0, fresh_wrap = 0, largest = 0, all = 0;
  int only_narrow = 1;
  for (int i = 0; i < list->n_block; i++) {
    const nl_block *block = block_at(design, list, i);
    const size_t strip = strip_size(design, list, i);
    if (strip > largest) largest = strip;
    all += strip * (size_t)count_strips(block);
    if (!is_sparse(block)) continue;
    only_narrow = only_narrow && is_narrow(block);
    wrap += (size_t)block->n_wrap;
    if (list->fresh[i]) fresh_wrap += (size_t)block->n_wrap;
    need.n_thread += (size_t)NL_CHUNK * (size_t)block->n_entry;
    need.n_index += (size_t)NL_CHUNK * ((size_t)block->n_entry + 1);
    need.n_entry += (size_t)NL_CHUNK * (size_t)block->n_entry;
  }
  need.n_raw = only_narrow ? 0 : wrap * fresh_wrap;
  if (need.n_raw * (size_t)design->n_thread <= most) need.n_copy = design->n_thread;
  need.n_strip = all < most ? all : larger(largest, most);
  need_tiles(design, list, &need);
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
  const nl_design *design;
  const nl_cross_list *list;
  const double *weight;
  nl_cross_space *space;
  nl_cross_need need;
  size_t ld; /* of raw */
} sparse_work;

/* The next sparse block of the list after `sparse`, NULL fields at first. Returns 0 at
 * the end. */
static int next_sparse(const sparse_work *work, sparse_block *sparse) {
  const nl_cross_list *list = work->list;
  int i = 0;
  if (sparse->block) {
    i = sparse->position + 1;
    sparse->row += (size_t)sparse->block->n_wrap;
    if (sparse->is_fresh) sparse->column += (size_t)sparse->block->n_wrap;
    sparse->entry += (size_t)sparse->block->n_entry * NL_CHUNK;
    sparse->first += NL_CHUNK;
  }
  while (i < list->n_block && !is_sparse(block_at(work->design, list, i))) i++;
  if (i == list->n_block) return 0;
  const nl_block *block = block_at(work->design, list, i);
  sparse->block = block;
  sparse->position = i;
  sparse->is_fresh = list->fresh[i];
  sparse->is_four = block->n_entry == 4 &&
                    (block->kind == NL_TABLE ? block->table : block)->n_factor == 1;
  sparse->is_narrow = is_narrow(block);
  return 1;
}

static nl_entries entries_of(const sparse_work *work, int thread,
                             const sparse_block *sparse) {
  const size_t index = (size_t)thread * work->need.n_index + sparse->entry,
               value = (size_t)thread * work->need.n_thread + sparse->entry;
  nl_entries entries = {work->space->index + index, work->space->entry + value,
                        sparse->block->n_entry};
  return entries;
}

/* The same with one index a row, for nl_cross_four. */
static nl_entries firsts_of(const sparse_work *work, int thread,
                            const sparse_block *sparse) {
  nl_entries entries = entries_of(work, thread, sparse);
  entries.index = work->space->index + (size_t)thread * work->need.n_index +
                  work->need.n_entry + sparse->first;
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
  double *raw = work->space->raw;
  if (work->need.n_copy > 1) raw += work->need.n_raw * (size_t)thread;
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
  const double *weight = work->weight + row;
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
static void fold_sparse(const nl_design *design, const nl_cross_list *list, int i, int j,
                        const double *raw, size_t ld_raw, double *out, size_t ld) {
  const nl_block *left = block_at(design, list, i), *right = block_at(design, list, j);
  const int mirror = list->fresh[i] && i != j;
  for (int l = 0; l < right->n_wrap; l++) {
    const size_t column = (size_t)nl_block_column(right, l);
    for (int k = 0; k < left->n_wrap; k++) {
      const size_t row = (size_t)nl_block_column(left, k);
      const double value = raw[(size_t)k + (size_t)l * ld_raw];
      out[(size_t)list->row[i] + row + ((size_t)list->column[j] + column) * ld] += value;
      if (mirror)
        out[(size_t)list->row[j] + column + ((size_t)list->column[i] + row) * ld] +=
            value;
    }
  }
}

static void sparse_products(const nl_design *design, const nl_cross_list *list,
                            const double *weight, double *out, size_t ld,
                            const nl_cross_need *need, nl_cross_space *space,
                            const nl_hook *hook) {
  sparse_work work = {design, list, weight, space, *need, 0};
  if (need->n_raw == 0) return;
  for (sparse_block sparse = {0}; next_sparse(&work, &sparse);)
    work.ld += (size_t)sparse.block->n_wrap;
  nl_fill(need->n_raw * (size_t)need->n_copy, 0, space->raw);
  if (need->n_copy > 1) {
    nl_stretches(design->n_obs, need->n_copy, sparse_rows, &work, hook);
  } else {
    nl_shares(design->n_obs, design->n_thread, sparse_share, &work, hook);
  }
  for (int k = 1; k < need->n_copy; k++)
    nl_axpy((int)need->n_raw, 1, space->raw + need->n_raw * (size_t)k, space->raw);
  for (sparse_block right = {0}; next_sparse(&work, &right);) {
    if (!right.is_fresh) continue;
    for (sparse_block left = {0}; next_sparse(&work, &left);) {
      if (!is_pair(&left, &right)) continue;
      fold_sparse(design, list, left.position, right.position,
                  space->raw + left.row + right.column * work.ld, work.ld, out, ld);
    }
  }
}

/* ---- narrow splines ---------------------------------------------------------------- */

typedef struct {
  const nl_design *design;
  const nl_cross_list *list;
  const double *weight;
  nl_cross_space *space;
  nl_cross_need need;
  spline_tile tile;
} spline_work;

enum {
  BUNCH = 4
}; /* chunks that are taken together, if few of their rows have weights */

/* Rows with a weight of a few chunks, no more than NL_CHUNK. */
typedef struct {
  int n_chunk;
  size_t row[BUNCH]; /* the chunks' first */
  int n_row[BUNCH];
  int from[BUNCH]; /* where their rows with a weight are in pick and x */
  int n_pick[BUNCH];
  int pick[2 * NL_CHUNK];                   /* rows of the chunk */
  unsigned char is_picked[BUNCH][NL_CHUNK]; /* row by row of the chunk */
  unsigned char place[BUNCH][NL_CHUNK];     /* which of the picked it is */
  double *x; /* ld x NL_CHUNK: the tile's columns, weighted */
} bunch;

/* Adds a chunk of n rows. Returns 0 if there is no room. */
static int add_chunk(const double *weight, size_t row, int n, bunch *rows) {
  const int k = rows->n_chunk;
  if (k == BUNCH) return 0;
  const int from = k > 0 ? rows->from[k - 1] + rows->n_pick[k - 1] : 0;
  int end = from;
  for (int t = 0; t < n; t++) {
    const int has_weight = weight[row + (size_t)t] != 0;
    rows->pick[end] = t;
    rows->is_picked[k][t] = (unsigned char)has_weight;
    rows->place[k][t] = (unsigned char)(end - from);
    end += has_weight;
  }
  if (end > NL_CHUNK) return 0;
  rows->row[k] = row;
  rows->n_row[k] = n;
  rows->from[k] = from;
  rows->n_pick[k] = end - from;
  rows->n_chunk++;
  return 1;
}

/* A spline's columns, weighted, at `column` of the tile. */
static void fill_columns(const spline_work *work, const nl_block *block, int column,
                         const bunch *rows) {
  int first[NL_CHUNK];
  double value[4 * NL_CHUNK];
  const int ld = work->tile.ld, n_col = block->n_col;
  for (int k = 0; k < rows->n_chunk; k++) {
    const int *pick = rows->pick + rows->from[k];
    double *x = rows->x + rows->from[k] * ld + column;
    nl_block_runs(block, rows->row[k], rows->n_pick[k], pick, first, value);
    for (int t = 0; t < rows->n_pick[k]; t++, x += ld) {
      const double weight = work->weight[rows->row[k] + (size_t)pick[t]];
      for (int i = 0; i < 4; i++) {
        const int j = first[t] + i;
        x[j < n_col ? j : j - n_col] += weight * value[4 * t + i];
      }
    }
  }
}

static void fill_tile(const spline_work *work, const bunch *rows) {
  const int last = rows->n_chunk - 1, n = rows->from[last] + rows->n_pick[last];
  int column = 0;
  nl_fill((size_t)(n * work->tile.ld), 0, rows->x);
  for (int i = work->tile.from; i < work->tile.end; i++) {
    const nl_block *block = block_at(work->design, work->list, i);
    if (!work->list->fresh[i] || !is_narrow(block)) continue;
    fill_columns(work, block, column, rows);
    column += block->n_col;
  }
}

/* sums (ld x n_ext) += the products of a spline and the tile. */
static void multiply_tile(const spline_work *work, const nl_factor *factor,
                          const bunch *rows, double *sums) {
  for (int k = 0; k < rows->n_chunk; k++) {
    const unsigned char *order = factor->order + rows->row[k];
    const uint16_t *begin = nl_chunk_cells(factor, rows->row[k]);
    const double *s = factor->values + rows->row[k];
    /* those of the rows with a weight; `before`: how many come before a sorted row */
    unsigned char own_order[NL_CHUNK + 1];
    uint16_t own_begin[NL_CHUNK], before[NL_CHUNK + 1];
    double own_s[NL_CHUNK + 1];
    int n = 0;
    for (int i = 0; i < rows->n_row[k]; i++) {
      const int t = order[i];
      before[i] = (uint16_t)n;
      own_order[n] = rows->place[k][t];
      own_s[n] = s[t];
      n += rows->is_picked[k][t];
    }
    before[rows->n_row[k]] = (uint16_t)n;
    for (int c = 0; c <= factor->n_cell; c++) own_begin[c] = before[begin[c]];
    nl_sorted_products(factor->n_cell, own_order, own_begin, own_s,
                       rows->x + rows->from[k] * work->tile.ld, work->tile.ld, sums);
  }
}

/* The next block from position i on that the tile is multiplied by; n_block: none. */
static int next_left(const spline_work *work, int i) {
  while (i < work->list->n_block && !tile_meets(work->design, work->list, &work->tile, i))
    i++;
  return i;
}

static void fetch_bunch(const spline_work *work, int i, const bunch *rows) {
  if (i == work->list->n_block) return;
  for (int k = 0; k < rows->n_chunk; k++)
    nl_block_fetch(block_at(work->design, work->list, i), rows->row[k], rows->n_row[k]);
}

/* One bunch: this thread's share of the blocks. */
static void spline_bunch(const spline_work *work, int thread, int n_thread,
                         const bunch *rows) {
  double *sums = work->space->strip;
  fill_tile(work, rows);
  for (int i = next_left(work, 0), next; i < work->list->n_block; i = next) {
    const nl_block *block = block_at(work->design, work->list, i);
    next = next_left(work, i + 1);
    fetch_bunch(work, next, rows);
    if (i % n_thread == thread) multiply_tile(work, block->factor, rows, sums);
    sums += (size_t)block->n_ext * (size_t)work->tile.ld;
  }
}

static void spline_rows(void *data, int thread, int n_thread, size_t row, int n) {
  const spline_work *work = (const spline_work *)data;
  bunch rows;
  rows.n_chunk = 0;
  rows.x = work->space->entry + (size_t)thread * work->need.n_thread;
  for (int from = 0; from < n; from += NL_CHUNK) {
    const int size = n - from < NL_CHUNK ? n - from : NL_CHUNK;
    if (add_chunk(work->weight, row + (size_t)from, size, &rows)) continue;
    spline_bunch(work, thread, n_thread, &rows);
    rows.n_chunk = 0;
    add_chunk(work->weight, row + (size_t)from, size, &rows);
  }
  spline_bunch(work, thread, n_thread, &rows);
}

/* Writes the products of block k with NL_LANES columns of the tile, from `column` on. */
static void write_tile(const spline_work *work, int k, int column, const double *folded,
                       double *out, size_t ld) {
  const nl_cross_list *list = work->list;
  const int n_row = block_at(work->design, list, k)->n_col;
  int lane = -column; /* of the block's first column */
  for (int i = work->tile.from; i < work->tile.end && lane < NL_LANES; i++) {
    const nl_block *block = block_at(work->design, list, i);
    if (!list->fresh[i] || !is_narrow(block)) continue;
    for (int c = lane < 0 ? -lane : 0; c < block->n_col && lane + c < NL_LANES; c++) {
      for (int r = 0; r < n_row; r++) {
        const double value = folded[r * NL_LANES + lane + c];
        const size_t a = (size_t)c, b = (size_t)r;
        out[(size_t)list->row[k] + b + ((size_t)list->column[i] + a) * ld] = value;
        if (list->fresh[k])
          out[(size_t)list->row[i] + a + ((size_t)list->column[k] + b) * ld] = value;
      }
    }
    lane += block->n_col;
  }
}

static void fold_tile(const spline_work *work, double *out, size_t ld) {
  const int width = work->tile.ld;
  const double *sums = work->space->strip;
  double *folded = work->space->fold, *ext = work->space->entry;
  for (int k = 0; k < work->list->n_block; k++) {
    const nl_block *block = block_at(work->design, work->list, k);
    if (!tile_meets(work->design, work->list, &work->tile, k)) continue;
    for (int column = 0; column < work->tile.n_column; column += NL_LANES) {
      for (int e = 0; e < block->n_ext; e++) {
        for (int v = 0; v < NL_LANES; v++)
          ext[e * NL_LANES + v] = column + v < width ? sums[e * width + column + v] : 0;
      }
      nl_fill((size_t)block->n_col * NL_LANES, 0, folded);
      nl_block_fold(block, ext, folded, NULL);
      write_tile(work, k, column, folded, out, ld);
    }
    sums += block->n_ext * width;
  }
}

static void spline_products(const nl_design *design, const nl_cross_list *list,
                            const double *weight, double *out, size_t ld,
                            const nl_cross_need *need, nl_cross_space *space,
                            const nl_hook *hook) {
  spline_work work = {design, list, weight, space, *need, next_tile(design, list, 0)};
  for (; work.tile.n_column > 0; work.tile = next_tile(design, list, work.tile.end)) {
    size_t size = 0;
    for (int i = 0; i < list->n_block; i++) {
      if (tile_meets(design, list, &work.tile, i))
        size += (size_t)block_at(design, list, i)->n_ext * (size_t)work.tile.ld;
    }
    nl_fill(size, 0, space->strip);
    nl_shares(design->n_obs, design->n_thread, spline_rows, &work, hook);
    fold_tile(&work, out, ld);
  }
}

/* ---- strips of dense columns ------------------------------------------------------- */

/* A batch of strips: the first is number `first` in the order of blocks and their
 * columns. */
typedef struct {
  const nl_design *design;
  const nl_cross_list *list;
  const double *weight;
  nl_cross_space *space;
  nl_cross_need need;
  int first, last; /* strips first .. last - 1 */
} strip_work;

/* Calls with every strip of the batch: block i, its column, and where its sums are. */
typedef void (*strip_use)(const strip_work *work, int i, int column, double *sums,
                          int number, void *data);

static void each_strip(const strip_work *work, strip_use use, void *data) {
  int number = 0;
  double *sums = work->space->strip;
  for (int i = 0; i < work->list->n_block; i++) {
    const size_t size = strip_size(work->design, work->list, i);
    if (size == 0) continue;
    const int n = count_strips(block_at(work->design, work->list, i));
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
  double *strip = work->space->entry + (size_t)at->thread * work->need.n_thread;
  nl_block_strip(block_at(work->design, work->list, i), at->row, at->n, column,
                 work->weight + at->row, strip);
  nl_sum_rows(at->n, strip, sums);
  sums += NL_LANES;
  for (int k = 0; k < work->list->n_block; k++) {
    const nl_block *target = block_at(work->design, work->list, k);
    if (!strip_meets(work->design, work->list, i, k)) continue;
    nl_block_add_gradient(target, at->row, at->n, strip, sums);
    sums += (size_t)target->n_ext * NL_LANES;
  }
}

/* Run by run of rows that have a weight, none across the end of a chunk. */
static void strip_rows(void *data, int thread, int n_thread, size_t row, int n) {
  const strip_work *work = (const strip_work *)data;
  const double *weight = work->weight + row;
  for (int from = 0, to; from < n; from = to) {
    const int has_weight = weight[from] != 0;
    for (to = from + 1; to < n && to % NL_CHUNK != 0 && (weight[to] != 0) == has_weight;)
      to++;
    chunk_at at = {thread, n_thread, row + (size_t)from, to - from};
    if (has_weight) each_strip(work, add_strip, &at);
  }
}

typedef struct {
  double *out;
  size_t ld;
} fold_to;

/* Writes X_k' W (strip) into out wherever it belongs. */
static void write_strip(const fold_to *to, const nl_cross_list *list, int i, int k,
                        int column, int n_lane, int n_row, const double *folded) {
  for (int v = 0; v < n_lane; v++) {
    for (int r = 0; r < n_row; r++) {
      const double value = folded[r * NL_LANES + v];
      const size_t a = (size_t)(column + v), b = (size_t)r;
      if (list->fresh[i])
        to->out[(size_t)list->row[k] + b + ((size_t)list->column[i] + a) * to->ld] =
            value;
      if (list->fresh[k])
        to->out[(size_t)list->row[i] + a + ((size_t)list->column[k] + b) * to->ld] =
            value;
    }
  }
}

static void fold_strip(const strip_work *work, int i, int column, double *sums,
                       int number, void *data) {
  const int n_col = block_at(work->design, work->list, i)->n_col;
  const int n_lane = n_col - column < NL_LANES ? n_col - column : NL_LANES;
  const double *total = sums;
  double *folded = work->space->fold;
  (void)number;
  sums += NL_LANES;
  for (int k = 0; k < work->list->n_block; k++) {
    const nl_block *target = block_at(work->design, work->list, k);
    if (!strip_meets(work->design, work->list, i, k)) continue;
    nl_fill((size_t)target->n_col * NL_LANES, 0, folded);
    nl_block_fold(target, sums, folded, work->space->scratch);
    for (int r = 0; target->centre && r < target->n_col; r++) {
      for (int v = 0; v < NL_LANES; v++)
        folded[r * NL_LANES + v] -= target->centre[r] * total[v];
    }
    write_strip((const fold_to *)data, work->list, i, k, column, n_lane, target->n_col,
                folded);
    sums += (size_t)target->n_ext * NL_LANES;
  }
}

/* How many strips from `first` on fit into n_strip doubles. Returns the end, `first` when
 * there are no more. */
static int batch_end(const strip_work *work, int first) {
  int number = 0, end = first;
  size_t used = 0;
  for (int i = 0; i < work->list->n_block; i++) {
    const size_t size = strip_size(work->design, work->list, i);
    const int n = size > 0 ? count_strips(block_at(work->design, work->list, i)) : 0;
    for (int k = 0; k < n; k++, number++) {
      if (number < first) continue;
      if (used + size > work->need.n_strip) return end;
      used += size;
      end = number + 1;
    }
  }
  return end;
}

static void strip_products(const nl_design *design, const nl_cross_list *list,
                           const double *weight, double *out, size_t ld,
                           const nl_cross_need *need, nl_cross_space *space,
                           const nl_hook *hook) {
  strip_work work = {design, list, weight, space, *need, 0, 0};
  fold_to to = {out, ld};
  for (;;) {
    work.last = batch_end(&work, work.first);
    if (work.last == work.first) return;
    nl_fill(need->n_strip, 0, space->strip);
    nl_shares(design->n_obs, design->n_thread, strip_rows, &work, hook);
    each_strip(&work, fold_strip, &to);
    work.first = work.last;
  }
}

void nl_cross(const nl_design *design, const nl_cross_list *list, const double *weight,
              double *out, size_t ld, size_t most, nl_cross_space *space,
              const nl_hook *hook) {
  const nl_cross_need need = nl_cross_needs(design, list, most);
  for (int j = 0; j < list->n_block; j++) {
    if (!list->fresh[j]) continue;
    for (int c = 0; c < block_at(design, list, j)->n_col; c++)
      nl_fill(ld, 0, out + ((size_t)list->column[j] + (size_t)c) * ld);
  }
  sparse_products(design, list, weight, out, ld, &need, space, hook);
  spline_products(design, list, weight, out, ld, &need, space, hook);
  strip_products(design, list, weight, out, ld, &need, space, hook);
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
