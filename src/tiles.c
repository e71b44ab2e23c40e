/* tiles.c: see tiles.h. */
#include "tiles.h"

#include "kernel.h"
#include "linalg.h"

/* ---- which splines ----------------------------------------------------------------- */

int nl_tiles_take(const nl_block *block) {
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
    const nl_block *block = nl_cross_block(design, list, tile.end);
    if (!list->fresh[tile.end] || !nl_tiles_take(block)) continue;
    if (tile.n_column > 0 && tile.n_column + block->n_col > WIDEST) break;
    tile.n_column += block->n_col;
  }
  tile.ld = (tile.n_column + 3) / 4 * 4;
  return tile;
}

/* Whether a tile is multiplied by block i: fresh ones only by those up to its last. */
static int tile_meets(const nl_design *design, const nl_cross_list *list,
                      const spline_tile *tile, int i) {
  return nl_tiles_take(nl_cross_block(design, list, i)) &&
         (!list->fresh[i] || i < tile->end);
}

/* Doubles that the sums of a tile take. */
static size_t tile_size(const nl_design *design, const nl_cross_list *list,
                        const spline_tile *tile) {
  size_t n_ext = 0;
  for (int i = 0; i < list->n_block; i++) {
    if (tile_meets(design, list, tile, i))
      n_ext += (size_t)nl_cross_block(design, list, i)->n_ext;
  }
  return n_ext * (size_t)tile->ld;
}

void nl_tiles_need(const nl_design *design, const nl_cross_list *list,
                   nl_cross_need *need) {
  spline_tile tile = next_tile(design, list, 0);
  for (; tile.n_column > 0; tile = next_tile(design, list, tile.end)) {
    const size_t n_sum = tile_size(design, list, &tile),
                 n_row = NL_CHUNK * (size_t)tile.ld;
    if (n_sum > need->n_strip) need->n_strip = n_sum;
    if (n_row > need->n_thread) need->n_thread = n_row;
  }
}

/* ---- products ---------------------------------------------------------------------- */

typedef struct {
  const nl_cross_work *cross;
  spline_tile tile;
} spline_work;

/* Chunks that are taken together, if few of their rows have weights. */
enum { BUNCH = 4 };

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
      const double weight = work->cross->weight[rows->row[k] + (size_t)pick[t]];
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
    const nl_block *block = nl_cross_block(work->cross->design, work->cross->list, i);
    if (!work->cross->list->fresh[i] || !nl_tiles_take(block)) continue;
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
  while (i < work->cross->list->n_block &&
         !tile_meets(work->cross->design, work->cross->list, &work->tile, i))
    i++;
  return i;
}

static void fetch_bunch(const spline_work *work, int i, const bunch *rows) {
  if (i == work->cross->list->n_block) return;
  for (int k = 0; k < rows->n_chunk; k++)
    nl_block_fetch(nl_cross_block(work->cross->design, work->cross->list, i),
                   rows->row[k], rows->n_row[k]);
}

/* One bunch: this thread's share of the blocks. */
static void spline_bunch(const spline_work *work, int thread, int n_thread,
                         const bunch *rows) {
  double *sums = work->cross->space->strip;
  fill_tile(work, rows);
  for (int i = next_left(work, 0), next; i < work->cross->list->n_block; i = next) {
    const nl_block *block = nl_cross_block(work->cross->design, work->cross->list, i);
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
  rows.x = work->cross->space->entry + (size_t)thread * work->cross->need.n_thread;
  for (int from = 0; from < n; from += NL_CHUNK) {
    const int size = n - from < NL_CHUNK ? n - from : NL_CHUNK;
    if (add_chunk(work->cross->weight, row + (size_t)from, size, &rows)) continue;
    spline_bunch(work, thread, n_thread, &rows);
    rows.n_chunk = 0;
    add_chunk(work->cross->weight, row + (size_t)from, size, &rows);
  }
  spline_bunch(work, thread, n_thread, &rows);
}

/* Writes the products of block k with NL_LANES columns of the tile, from `column` on. */
static void write_tile(const spline_work *work, int k, int column, const double *folded) {
  const nl_cross_work *cross = work->cross;
  int lane = -column; /* of the block's first column */
  for (int i = work->tile.from; i < work->tile.end && lane < NL_LANES; i++) {
    const nl_block *block = nl_cross_block(cross->design, cross->list, i);
    if (!cross->list->fresh[i] || !nl_tiles_take(block)) continue;
    const int first = lane < 0 ? -lane : 0, room = NL_LANES - lane;
    const int end = block->n_col < room ? block->n_col : room;
    nl_cross_write(cross, i, k, first, lane + first, end - first, folded);
    lane += block->n_col;
  }
}

static void fold_tile(const spline_work *work) {
  const nl_cross_work *cross = work->cross;
  const int width = work->tile.ld;
  const double *sums = cross->space->strip;
  double *folded = cross->space->fold, *ext = cross->space->entry;
  for (int k = 0; k < cross->list->n_block; k++) {
    const nl_block *block = nl_cross_block(cross->design, cross->list, k);
    if (!tile_meets(cross->design, cross->list, &work->tile, k)) continue;
    for (int column = 0; column < work->tile.n_column; column += NL_LANES) {
      for (int e = 0; e < block->n_ext; e++) {
        for (int v = 0; v < NL_LANES; v++)
          ext[e * NL_LANES + v] = column + v < width ? sums[e * width + column + v] : 0;
      }
      nl_fill((size_t)block->n_col * NL_LANES, 0, folded);
      nl_block_fold(block, ext, folded, NULL);
      write_tile(work, k, column, folded);
    }
    sums += block->n_ext * width;
  }
}

void nl_tiles_products(const nl_cross_work *cross, const nl_hook *hook) {
  const nl_design *design = cross->design;
  spline_work work = {cross, next_tile(design, cross->list, 0)};
  for (; work.tile.n_column > 0;
       work.tile = next_tile(design, cross->list, work.tile.end)) {
    nl_fill(tile_size(design, cross->list, &work.tile), 0, cross->space->strip);
    nl_shares(design->n_obs, design->n_thread, spline_rows, &work, hook);
    fold_tile(&work);
  }
}
