/* design.c: see design.h. */
#include "design.h"

#include <math.h>

#include "linalg.h"

void nl_design_measure(nl_design *design) {
  design->n_entry = 0;
  design->n_dense = 0;
  design->start[0] = 0;
  design->ext_start[0] = 0;
  design->entry_start[0] = 0;
  for (int b = 0; b < design->n_block; b++) {
    const nl_block *block = design->block + b;
    design->start[b + 1] = design->start[b] + block->n_col;
    design->ext_start[b + 1] = design->ext_start[b] + block->n_ext;
    if (block->kind == NL_DENSE) design->n_dense += block->n_col;
    if (block->kind == NL_LOCAL) design->n_entry += block->n_entry;
    design->entry_start[b + 1] = design->n_entry;
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

void nl_design_extend(const nl_design *design, const double *coefficients, double *ext,
                      int *on) {
  for (int b = 0; b < design->n_block; b++) {
    on[b] = 0;
    for (int j = design->start[b]; j < design->start[b + 1]; j++) {
      if (coefficients[j] != 0) on[b] = 1;
    }
    nl_block_extend(design->block + b, coefficients + design->start[b],
                    ext + design->ext_start[b]);
  }
}

void nl_design_add_eta(const nl_design *design, const int *on, const double *ext,
                       size_t row, int n, double *eta) {
  for (int b = 0; b < design->n_block; b++) {
    if (on[b])
      nl_block_add_eta(design->block + b, row, n, ext + design->ext_start[b], eta);
  }
}

void nl_design_add_gradient(const nl_design *design, const int *on, const double *r,
                            size_t row, int n, double *ext) {
  for (int b = 0; b < design->n_block; b++) {
    if (on[b])
      nl_block_add_gradient(design->block + b, row, n, r, ext + design->ext_start[b]);
  }
}

void nl_design_fold(const nl_design *design, const int *on, const double *ext,
                    double *gradient) {
  for (int b = 0; b < design->n_block; b++) {
    if (!on[b]) continue;
    nl_fill((size_t)design->block[b].n_col, 0, gradient + design->start[b]);
    nl_block_fold(design->block + b, ext + design->ext_start[b],
                  gradient + design->start[b]);
  }
}

void nl_design_clear(const nl_design *design, const int *on, double *ext) {
  for (int b = 0; b < design->n_block; b++) {
    if (on[b]) nl_fill((size_t)design->block[b].n_ext, 0, ext + design->ext_start[b]);
  }
}

int nl_design_chunk(const nl_design *design, size_t row) {
  return design->n_obs - row < NL_CHUNK ? (int)(design->n_obs - row) : NL_CHUNK;
}

void nl_design_column_sums(const nl_design *design, const int *on, const double *r,
                           double *ext, double *sums, const nl_hook *hook) {
  nl_design_clear(design, on, ext);
  for (size_t row = 0; row < design->n_obs; row += NL_CHUNK) {
    if (row % (256 * NL_CHUNK) == 0) nl_check(hook);
    nl_design_add_gradient(design, on, r + row, row, nl_design_chunk(design, row), ext);
  }
  nl_design_fold(design, on, ext, sums);
}

double nl_design_centre_shift(const nl_design *design, const double *coefficients) {
  double shift = 0;
  for (int b = 0; b < design->n_block; b++) {
    const nl_block *block = design->block + b;
    if (block->kind != NL_DENSE || !block->centre) continue;
    shift += nl_dot(block->n_col, block->centre, coefficients + design->start[b]);
  }
  return shift;
}

/* ---- weighted cross products ------------------------------------------------------- */

/* One chunk of one block, as nl_design_cross needs it: a dense block packed with the root
 * of the weights, or the entries of a local one. `at` is its first row (or column) in
 * raw. */
typedef struct {
  const nl_block *block;
  const double *packed; /* NL_CHUNK x n_col */
  const int *index;     /* n_entry x n */
  const double *value;  /* n_entry x n */
  int at;
} chunk_view;

size_t nl_cross_scratch(const nl_design *design) {
  return (size_t)NL_CHUNK * (2 + (size_t)design->n_entry + (size_t)design->n_dense);
}

static void local_local(int n, const chunk_view *a, const chunk_view *b,
                        const double *weight, double *raw, int ld) {
  const int n_a = a->block->n_entry, n_b = b->block->n_entry;
  double *corner = raw + a->at + (ptrdiff_t)b->at * ld;
  const int *ia = a->index, *ib = b->index;
  const double *va = a->value, *vb = b->value;
  for (int t = 0; t < n; t++, ia += n_a, va += n_a, ib += n_b, vb += n_b) {
    if (weight[t] == 0) continue;
    for (int j = 0; j < n_b; j++) {
      double *column = corner + (ptrdiff_t)ib[j] * ld;
      const double x = weight[t] * vb[j];
      for (int i = 0; i < n_a; i++) column[ia[i]] += va[i] * x;
    }
  }
}

/* Local rows against dense columns; root is the root of the weights, already once in
 * packed. */
static void local_dense(int n, const chunk_view *a, const chunk_view *b,
                        const double *root, double *raw, int ld) {
  const int n_a = a->block->n_entry;
  for (int j = 0; j < b->block->n_col; j++) {
    double *column = raw + a->at + (ptrdiff_t)(b->at + j) * ld;
    const double *z = b->packed + (size_t)j * NL_CHUNK;
    const int *ia = a->index;
    const double *va = a->value;
    for (int t = 0; t < n; t++, ia += n_a, va += n_a) {
      const double x = root[t] * z[t];
      for (int i = 0; i < n_a; i++) column[ia[i]] += va[i] * x;
    }
  }
}

/* Dense rows against local columns. */
static void dense_local(int n, const chunk_view *a, const chunk_view *b,
                        const double *root, double *raw, int ld) {
  const int n_b = b->block->n_entry;
  for (int i = 0; i < a->block->n_col; i++) {
    double *row = raw + a->at + i + (ptrdiff_t)b->at * ld;
    const double *z = a->packed + (size_t)i * NL_CHUNK;
    const int *ib = b->index;
    const double *vb = b->value;
    for (int t = 0; t < n; t++, ib += n_b, vb += n_b) {
      const double x = root[t] * z[t];
      for (int j = 0; j < n_b; j++) row[(ptrdiff_t)ib[j] * ld] += vb[j] * x;
    }
  }
}

/* A chunk of every block of a list. */
typedef struct {
  double *root;   /* NL_CHUNK */
  double *packed; /* NL_CHUNK x n_dense, blocks in the order of the list */
  double *value;  /* n_entry x NL_CHUNK, blocks in the order of the design */
  int *index;     /* n_entry x NL_CHUNK, likewise */
} chunk_store;

int nl_list_is_fresh(const nl_block_list *list, int i) {
  return i < list->n_dense ? i >= list->old_dense : i - list->n_dense >= list->old_local;
}

/* Position i of the list in the store; dense_before: columns of the dense blocks before
 * it. */
static chunk_view view_block(const nl_design *design, const nl_block_list *list, int i,
                             int dense_before, const chunk_store *store) {
  const int b = list->block[i];
  const size_t entries = (size_t)design->entry_start[b] * NL_CHUNK;
  chunk_view view = {design->block + b, store->packed + (size_t)dense_before * NL_CHUNK,
                     store->index + entries, store->value + entries, 0};
  return view;
}

/* Fills the store with rows row .. row + n - 1 of the listed blocks. */
static void load_chunk(const nl_design *design, const nl_block_list *list,
                       const double *weight, size_t row, int n, chunk_store *store) {
  int dense_before = 0;
  for (int t = 0; t < n; t++) store->root[t] = sqrt(weight[row + (size_t)t]);
  for (int i = 0; i < list->n_all; i++) {
    const nl_block *block = design->block + list->block[i];
    if (i < list->n_dense) {
      nl_block_pack(block, row, n, store->root,
                    store->packed + (size_t)dense_before * NL_CHUNK, NL_CHUNK);
      dense_before += block->n_col;
    } else {
      const size_t entries = (size_t)design->entry_start[list->block[i]] * NL_CHUNK;
      nl_block_entries(block, row, n, store->index + entries, store->value + entries);
    }
  }
}

/* All pairs of one chunk whose column side is list position j, which is fresh. */
static void cross_chunk(const nl_design *design, const nl_block_list *list,
                        const int *row_at, const int *column_at, int j, int n,
                        const double *weight, const chunk_store *store, double *raw,
                        int ld) {
  const int j_is_dense = j < list->n_dense;
  int dense_before = 0, dense_at_j = 0;
  for (int i = 0; i < j && i < list->n_dense; i++) {
    dense_at_j += design->block[list->block[i]].n_col;
  }
  chunk_view right = view_block(design, list, j, dense_at_j, store);
  right.at = column_at[j];
  if (j_is_dense) { /* rows of all dense blocks up to j are neighbours, in store and in
                       raw */
    nl_gemm_tn(dense_at_j + right.block->n_col, right.block->n_col, n, store->packed,
               NL_CHUNK, right.packed, NL_CHUNK,
               raw + row_at[0] + (ptrdiff_t)right.at * ld, ld);
  }
  for (int i = 0; i < list->n_all; i++) {
    const int i_is_dense = i < list->n_dense;
    if (nl_list_is_fresh(list, i) && i > j) continue;
    chunk_view left = view_block(design, list, i, dense_before, store);
    left.at = row_at[i];
    if (i_is_dense) dense_before += left.block->n_col;
    if (i_is_dense && !j_is_dense) dense_local(n, &left, &right, store->root, raw, ld);
    if (!i_is_dense && j_is_dense) local_dense(n, &left, &right, store->root, raw, ld);
    if (!i_is_dense && !j_is_dense) local_local(n, &left, &right, weight, raw, ld);
  }
}

void nl_design_cross(const nl_design *design, const nl_block_list *list,
                     const int *row_at, const int *column_at, const double *weight,
                     double *raw, int ld, double *scratch, int *index,
                     const nl_hook *hook) {
  chunk_store store = {scratch, scratch + NL_CHUNK,
                       scratch + NL_CHUNK * (1 + (size_t)design->n_dense), index};
  for (size_t row = 0; row < design->n_obs; row += NL_CHUNK) {
    const int n = nl_design_chunk(design, row);
    if (row % (64 * NL_CHUNK) == 0) nl_check(hook);
    load_chunk(design, list, weight, row, n, &store);
    for (int j = 0; j < list->n_all; j++) {
      if (!nl_list_is_fresh(list, j)) continue;
      cross_chunk(design, list, row_at, column_at, j, n, weight + row, &store, raw, ld);
    }
  }
}
