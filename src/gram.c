/* gram.c: see gram.h. */
#include "gram.h"

#include <math.h>

#include "linalg.h"

/* Products of this many doubles are built at a time where the design is small enough (16
 * MB). */
#define NL_BATCH ((size_t)1 << 21)
/* Eigenvalues of a group's block below this share of the largest count as this share. */
#define NL_CURVATURE_FLOOR 1e-12

size_t nl_gram_batch(const nl_design *design, const nl_penalty *penalty, int *seen) {
  const size_t all = (size_t)design->n_ext;
  size_t widest = 1;
  for (int b = 0; b < design->n_block; b++) seen[b] = -1;
  for (int g = 0; g < penalty->n_group; g++) {
    size_t width = 0;
    for (int i = penalty->start[g]; i < penalty->start[g + 1]; i++) {
      const int b = design->block_of_column[penalty->column[i]];
      if (seen[b] != g) width += (size_t)design->block[b].n_ext;
      seen[b] = g;
    }
    if (width > widest) widest = width;
  }
  if (all * all <= NL_BATCH) return all * all;
  return all * widest > NL_BATCH ? all * widest : NL_BATCH;
}

void nl_gram_reset(nl_gram *gram, const nl_poisson *model, const nl_penalty *penalty,
                   const nl_state *state) {
  for (int g = 0; g < penalty->n_group; g++) gram->position[g] = -1;
  gram->n_in = 0;
  gram->size = 0;
  gram->valid = 1;
  gram->n_built++;
  for (size_t t = 0; t < model->design->n_obs; t++) {
    gram->weight[t] = state->weight[t] / state->total;
  }
}

/* ---- room -------------------------------------------------------------------------- */

static void grow(nl_gram *gram, int needed, int most, const nl_hook *hook) {
  if (needed <= gram->capacity) return;
  int capacity = 2 * gram->capacity;
  if (capacity < needed) capacity = needed;
  if (capacity > most) capacity = most;
  const size_t n = (size_t)capacity * (size_t)capacity;
  double *h = hook->more(hook->data, n);
  for (int j = 0; j < gram->size; j++) {
    nl_copy((size_t)gram->size, gram->h + (ptrdiff_t)j * gram->capacity,
            h + (ptrdiff_t)j * capacity);
  }
  gram->h = h;
  gram->spare = hook->more(hook->data, n);
  gram->capacity = capacity;
}

/* ---- cross products of the blocks that are involved -------------------------------- */

/* Marks the blocks that hold a column of the groups. */
static void mark_blocks(const nl_design *design, const nl_penalty *penalty,
                        const int *groups, int n, int *flag) {
  for (int b = 0; b < design->n_block; b++) flag[b] = 0;
  for (int k = 0; k < n; k++) {
    for (int i = penalty->start[groups[k]]; i < penalty->start[groups[k] + 1]; i++) {
      flag[design->block_of_column[penalty->column[i]]] = 1;
    }
  }
}

static int list_kind(const nl_design *design, const nl_gram *gram, nl_block_kind kind,
                     int *list, int *n_old) {
  int n = 0;
  for (int b = 0; b < design->n_block; b++) {
    if (design->block[b].kind == kind && gram->old[b] && !gram->fresh[b]) list[n++] = b;
  }
  *n_old = n;
  for (int b = 0; b < design->n_block; b++) {
    if (design->block[b].kind == kind && gram->fresh[b]) list[n++] = b;
  }
  return n;
}

/* Extended columns of a list, with each position's first row, and first column where
 * fresh. */
static nl_block_list list_blocks(const nl_design *design, nl_gram *gram, int *n_row,
                                 int *n_column) {
  nl_block_list list = {gram->list, 0, 0, 0, 0};
  list.n_dense = list_kind(design, gram, NL_DENSE, gram->list, &list.old_dense);
  list.n_all = list.n_dense + list_kind(design, gram, NL_LOCAL, gram->list + list.n_dense,
                                        &list.old_local);
  *n_row = *n_column = 0;
  for (int i = 0; i < list.n_all; i++) {
    const int n_ext = design->block[list.block[i]].n_ext;
    gram->row_at[i] = *n_row;
    *n_row += n_ext;
    gram->column_at[i] = -1;
    if (!nl_list_is_fresh(&list, i)) continue;
    gram->column_at[i] = *n_column;
    *n_column += n_ext;
  }
  return list;
}

/* Folds one pair of blocks of raw into cross; where both are fresh, mirrors it. */
static void fold_pair(const nl_design *design, const nl_gram *gram,
                      const nl_block_list *list, int i, int j, int ld_raw, int ld_cross) {
  const nl_block *left = design->block + list->block[i],
                 *right = design->block + list->block[j];
  const int start_i = design->start[list->block[i]],
            start_j = design->start[list->block[j]];
  const int mirror = nl_list_is_fresh(list, i) && i != j;
  for (int l = 0; l < right->n_ext; l++) {
    const double *from =
        gram->raw + gram->row_at[i] + (ptrdiff_t)(gram->column_at[j] + l) * ld_raw;
    const int column = start_j + nl_block_column(right, l);
    for (int k = 0; k < left->n_ext; k++) {
      const int row = start_i + nl_block_column(left, k);
      gram->cross[gram->row_of[row] + (ptrdiff_t)gram->column_of[column] * ld_cross] +=
          from[k];
      if (!mirror) continue;
      gram->cross[gram->row_of[column] + (ptrdiff_t)gram->column_of[row] * ld_cross] +=
          from[k];
    }
  }
}

/* cross (rows: columns of old and fresh blocks, columns: those of fresh blocks) = X'
 * diag(e) X. Returns its leading dimension. */
static int cross_products(nl_gram *gram, const nl_design *design, const nl_hook *hook) {
  int ld_raw, n_column, ld_cross = 0, n_fresh = 0;
  nl_block_list list = list_blocks(design, gram, &ld_raw, &n_column);
  nl_fill((size_t)ld_raw * (size_t)n_column, 0, gram->raw);
  nl_design_cross(design, &list, gram->row_at, gram->column_at, gram->weight, gram->raw,
                  ld_raw, gram->scratch, gram->entry_index, hook);
  for (int i = 0; i < list.n_all; i++) {
    const int b = list.block[i];
    for (int j = design->start[b]; j < design->start[b + 1]; j++) {
      gram->row_of[j] = ld_cross++;
      if (gram->fresh[b]) gram->column_of[j] = n_fresh++;
    }
  }
  nl_fill((size_t)ld_cross * (size_t)n_fresh, 0, gram->cross);
  for (int j = 0; j < list.n_all; j++) {
    if (!nl_list_is_fresh(&list, j)) continue;
    for (int i = 0; i < list.n_all; i++) {
      if (nl_list_is_fresh(&list, i) && i > j) continue;
      fold_pair(design, gram, &list, i, j, ld_raw, ld_cross);
    }
  }
  return ld_cross;
}

/* ---- into penalty coordinates ------------------------------------------------------ */

/* out (rank_a x rank_b) = T_a' C_ab T_b - mean_a mean_b', times the mean count. half:
 * size_a x rank_b. */
static void pair_in_coordinates(const nl_gram *gram, const nl_penalty *penalty,
                                double mean_count, int ld_cross, int a, int b,
                                double *half, double *out) {
  const int size_a = nl_group_size(penalty, a), size_b = nl_group_size(penalty, b);
  const int rank_a = nl_group_rank(penalty, a), rank_b = nl_group_rank(penalty, b);
  const int *columns_a = penalty->column + penalty->start[a];
  const int *columns_b = penalty->column + penalty->start[b];
  const double *t_a = penalty->transform + penalty->t_start[a];
  const double *t_b = penalty->transform + penalty->t_start[b];
  const double *mean_a = gram->mean + gram->position[a],
               *mean_b = gram->mean + gram->position[b];
  nl_fill((size_t)size_a * (size_t)rank_b, 0, half);
  for (int l = 0; l < rank_b; l++) {
    for (int j = 0; j < size_b; j++) {
      const double t = t_b[j + (ptrdiff_t)l * size_b];
      const double *from =
          gram->cross + (ptrdiff_t)gram->column_of[columns_b[j]] * ld_cross;
      double *to = half + (ptrdiff_t)l * size_a;
      for (int i = 0; i < size_a; i++) to[i] += t * from[gram->row_of[columns_a[i]]];
    }
  }
  for (int l = 0; l < rank_b; l++) {
    for (int k = 0; k < rank_a; k++) {
      const double product =
          nl_dot(size_a, t_a + (ptrdiff_t)k * size_a, half + (ptrdiff_t)l * size_a);
      out[k + (ptrdiff_t)l * rank_a] = mean_count * (product - mean_a[k] * mean_b[l]);
    }
  }
}

/* x (rank) <- u' x; scratch: rank. */
static void rotate_vector(int rank, const double *u, double *x, double *scratch) {
  for (int k = 0; k < rank; k++) scratch[k] = nl_dot(rank, u + (ptrdiff_t)k * rank, x);
  nl_copy((size_t)rank, scratch, x);
}

/* Gives group g its place in H and makes its own block diagonal. */
static void enter_group(nl_gram *gram, nl_penalty *penalty, double mean_count,
                        int ld_cross, int g, double *theta, double *gradient) {
  const int rank = nl_group_rank(penalty, g), at = gram->size;
  const size_t room = (size_t)penalty->max_size * (size_t)penalty->max_size;
  double *own = gram->block, *half = gram->block + room,
         *scratch = gram->block + 2 * room;
  double *values = gram->eigen, *work = gram->eigen + penalty->max_size;
  const size_t n_work = nl_eigen_work(penalty->max_size);
  gram->position[g] = at;
  gram->group[gram->n_in++] = g;
  gram->size += rank;
  if (rank == 0) return;
  nl_group_gradient(penalty, g, gram->sums, gram->mean + at);
  pair_in_coordinates(gram, penalty, mean_count, ld_cross, g, g, half, own);
  double trace = 0;
  for (int k = 0; k < rank; k++) trace += fabs(own[k + (ptrdiff_t)k * rank]);
  if (nl_eigen(rank, own, values, work, n_work) == 0) {
    nl_group_rotate(penalty, g, own, scratch);
    rotate_vector(rank, own, theta + penalty->theta_start[g], scratch);
    rotate_vector(rank, own, gradient + penalty->theta_start[g], scratch);
    rotate_vector(rank, own, gram->mean + at, scratch);
  } else { /* no eigenvalues: a multiple of the identity that is at least as curved */
    for (int k = 0; k < rank; k++) values[k] = trace;
  }
  double floor = NL_CURVATURE_FLOOR * values[rank - 1];
  if (!(floor > 1e-290)) floor = 1e-290;
  for (int l = 0; l < rank; l++) {
    double *column = gram->h + at + (ptrdiff_t)(at + l) * gram->capacity;
    nl_fill((size_t)rank, 0, column);
    column[l] = values[l] > floor ? values[l] : floor;
  }
}

/* H between group a, inside earlier, and group b. */
static void write_pair(nl_gram *gram, const nl_penalty *penalty, double mean_count,
                       int ld_cross, int a, int b) {
  const int rank_a = nl_group_rank(penalty, a), rank_b = nl_group_rank(penalty, b);
  const int at_a = gram->position[a], at_b = gram->position[b];
  double *out = gram->block;
  double *half = gram->block + (size_t)penalty->max_size * (size_t)penalty->max_size;
  pair_in_coordinates(gram, penalty, mean_count, ld_cross, a, b, half, out);
  for (int l = 0; l < rank_b; l++) {
    for (int k = 0; k < rank_a; k++) {
      const double value = out[k + (ptrdiff_t)l * rank_a];
      gram->h[at_a + k + (ptrdiff_t)(at_b + l) * gram->capacity] = value;
      gram->h[at_b + l + (ptrdiff_t)(at_a + k) * gram->capacity] = value;
    }
  }
}

/* ---- adding groups ----------------------------------------------------------------- */

/* How many of the groups' blocks fit into one batch; at least one group. */
static int batch_length(const nl_gram *gram, const nl_design *design,
                        const nl_penalty *penalty, const int *groups, int n_new) {
  int n = 1;
  for (; n < n_new; n++) {
    size_t width = 0;
    mark_blocks(design, penalty, groups, n + 1, gram->fresh);
    for (int b = 0; b < design->n_block; b++) {
      if (gram->fresh[b]) width += (size_t)design->block[b].n_ext;
    }
    if (width * (size_t)design->n_ext > gram->batch) break;
  }
  return n;
}

static void extend_batch(nl_gram *gram, const nl_poisson *model, nl_penalty *penalty,
                         const int *groups, int n_new, double *theta, double *gradient,
                         const nl_hook *hook) {
  const nl_design *design = model->design;
  const int n_before = gram->n_in;
  mark_blocks(design, penalty, gram->group, gram->n_in, gram->old);
  mark_blocks(design, penalty, groups, n_new, gram->fresh);
  const int ld_cross = cross_products(gram, design, hook);
  nl_design_column_sums(design, gram->fresh, gram->weight, gram->ext, gram->sums, hook);
  for (int k = 0; k < n_new; k++) {
    nl_check(hook);
    enter_group(gram, penalty, model->mean_count, ld_cross, groups[k], theta, gradient);
  }
  for (int k = n_before; k < gram->n_in; k++) {
    nl_check(hook);
    for (int i = 0; i < k; i++) {
      write_pair(gram, penalty, model->mean_count, ld_cross, gram->group[i],
                 gram->group[k]);
    }
  }
}

void nl_gram_extend(nl_gram *gram, const nl_poisson *model, nl_penalty *penalty,
                    const int *groups, int n_new, double *theta, double *gradient,
                    const nl_hook *hook) {
  int added = 0;
  for (int k = 0; k < n_new; k++) added += nl_group_rank(penalty, groups[k]);
  grow(gram, gram->size + added, penalty->n_theta, hook);
  while (n_new > 0) {
    const int n = batch_length(gram, model->design, penalty, groups, n_new);
    extend_batch(gram, model, penalty, groups, n, theta, gradient, hook);
    groups += n;
    n_new -= n;
  }
}
