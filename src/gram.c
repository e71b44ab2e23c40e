/* gram.c: see gram.h. */
#include "gram.h"

#include <math.h>

#include "linalg.h"

/* Cross products of this many doubles are made at a time where the design is small enough
 * (16 MB), and so many for sums in lanes. */
#define NL_BATCH ((size_t)1 << 21)
/* Eigenvalues of a group's block below this share of the largest count as this share. */
#define NL_CURVATURE_FLOOR 1e-12
#define NL_CURVATURE_ROUNDING 1e-14

/* A number without pattern from a row's. */
static size_t mix(size_t row) {
  uint64_t x = (uint64_t)row * UINT64_C(0x9e3779b97f4a7c15);
  x ^= x >> 29;
  x *= UINT64_C(0xbf58476d1ce4e5b9);
  return (size_t)(x >> 33);
}

/* Of every `stride` runs of rows, leaves its weight to one that has any. */
static void sample_rows(const nl_gram *gram, size_t n_obs, double *weight) {
  const size_t run = (size_t)gram->run, stride = (size_t)gram->stride;
  for (size_t from = 0; from < n_obs; from += run * stride) {
    const size_t end = from + run * stride < n_obs ? from + run * stride : n_obs;
    size_t kept = from + run * (mix(from) % stride);
    int has_weight = 0;
    for (size_t t = kept; t < kept + run && t < end; t++) has_weight |= weight[t] > 0;
    for (size_t t = from; t < end && !has_weight; t++) {
      if (weight[t] > 0) {
        has_weight = 1;
        kept = t - (t - from) % run;
      }
    }
    for (size_t t = from; t < end; t++) {
      if (t < kept || t >= kept + run) weight[t] = 0;
    }
  }
}

void nl_gram_reset(nl_gram *gram, const nl_penalty *penalty, double **kept, size_t n_obs,
                   double scale) {
  double *taken = *kept, total = 0;
  *kept = gram->weight;
  gram->weight = taken;
  if (gram->stride > 1) sample_rows(gram, n_obs, taken);
  for (size_t t = 0; t < n_obs; t++) total += taken[t];
  for (size_t t = 0; t < n_obs; t++) taken[t] /= total;
  for (int g = 0; g < penalty->n_group; g++) gram->position[g] = -1;
  gram->n_in = 0;
  gram->size = 0;
  gram->valid = 1;
  gram->n_built++;
  gram->scale = scale;
  gram->stretch = 1;
  gram->root.on = 0;
}

/* Coordinates of the k-th group inside. */
static int rank_inside(const nl_gram *gram, int k) {
  const int end = k + 1 < gram->n_in ? gram->position[gram->group[k + 1]] : gram->size;
  return end - gram->position[gram->group[k]];
}

static void root_times(const nl_gram *gram, const double *x, double *out) {
  double *image = gram->root.image;
  if (gram->n_in == 0) return;
  nl_fill(gram->root.n_obs, 0, image);
  for (int k = 0; k < gram->n_in; k++) {
    const int at = gram->position[gram->group[k]], rank = rank_inside(gram, k);
    if (!nl_is_zero(rank, x + at))
      nl_root_add_image(&gram->root, at, rank, x + at, image);
  }
  for (int k = 0; k < gram->n_in; k++) {
    const int at = gram->position[gram->group[k]];
    nl_root_back(&gram->root, at, rank_inside(gram, k), image, out + at);
  }
}

void nl_gram_times(const nl_gram *gram, const double *x, double *out) {
  if (gram->root.on) {
    root_times(gram, x, out);
    return;
  }
  nl_fill((size_t)gram->size, 0, out);
  nl_add_columns(gram->size, gram->size, x, gram->h, (size_t)gram->capacity, out);
  for (int i = 0; gram->stretch != 1 && i < gram->size; i++) out[i] *= gram->stretch;
}

void nl_gram_part(nl_gram *gram, const int *index, int n) {
  for (int j = 0; j < n; j++) {
    const double *column = gram->h + (size_t)index[j] * (size_t)gram->capacity;
    double *to = gram->spare + (size_t)j * (size_t)n;
    for (int i = 0; i < n; i++) to[i] = gram->stretch * column[index[i]];
  }
}

void nl_gram_turn(const nl_gram *gram, int g, int rank, const double *x, double *out) {
  const double *u = gram->vectors + gram->vector_start[g];
  for (int k = 0; k < rank; k++)
    out[k] = gram->has_vectors[g] ? nl_dot(rank, u + (ptrdiff_t)k * rank, x) : x[k];
}

void nl_gram_turn_back(const nl_gram *gram, int g, int rank, const double *x,
                       double *out) {
  const double *u = gram->vectors + gram->vector_start[g];
  if (!gram->has_vectors[g]) {
    nl_copy((size_t)rank, x, out);
    return;
  }
  nl_fill((size_t)rank, 0, out);
  for (int k = 0; k < rank; k++) nl_axpy(rank, x[k], u + (ptrdiff_t)k * rank, out);
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
  if (n > gram->n_spare) {
    gram->spare = hook->more(hook->data, n);
    gram->n_spare = n;
  }
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

/* The blocks involved, where they stand in cross, and where each column does. Returns the
 * rows of cross. */
static size_t list_blocks(const nl_design *design, nl_gram *gram, nl_cross_list *list,
                          size_t *n_column) {
  int n = 0, row = 0, column = 0;
  for (int b = 0; b < design->n_block; b++) {
    if (!gram->old[b] && !gram->fresh[b]) continue;
    gram->list[n] = b;
    gram->list_fresh[n] = gram->fresh[b];
    gram->list_row[n] = row;
    gram->list_column[n] = column;
    for (int j = design->start[b]; j < design->start[b + 1]; j++) {
      gram->row_of[j] = row++;
      if (gram->fresh[b]) gram->column_of[j] = column++;
    }
    n++;
  }
  list->n_block = n;
  list->block = gram->list;
  list->fresh = gram->list_fresh;
  list->row = gram->list_row;
  list->column = gram->list_column;
  *n_column = (size_t)column;
  return (size_t)row;
}

/* Fills gram->cross; returns its leading dimension. */
static size_t cross_products(nl_gram *gram, const nl_design *design, nl_pass_space *pass,
                             const nl_hook *hook) {
  nl_cross_list list;
  size_t n_column;
  const size_t ld = list_blocks(design, gram, &list, &n_column);
  const nl_cross_need need = nl_cross_needs(design, &list, NL_BATCH);
  nl_room_for(&gram->cross, ld * n_column, hook);
  nl_cross_space space = {
      nl_room_for(&gram->raw, need.n_raw * (size_t)need.n_copy, hook),
      nl_room_for(&gram->strip, need.n_strip, hook),
      nl_room_for(&gram->entry, need.n_thread * (size_t)design->n_thread, hook),
      gram->index,
      gram->fold,
      pass->scratch};
  nl_cross(design, &list, gram->weight, gram->cross.data, ld, NL_BATCH, &space, hook);
  return ld;
}

/* ---- into penalty coordinates ------------------------------------------------------ */

/* A group's columns in cross: where the first is, if they follow each other there, else
 * -1. */
static int run_of(const int *place, const int *column, int n) {
  for (int i = 1; i < n; i++) {
    if (place[column[i]] != place[column[0]] + i) return -1;
  }
  return place[column[0]];
}

/* The entries of x that are not zero: from `from`, as many as returned, if zeros stand
 * only before and after them. Transforms are diagonal, triangular or full. */
static int filled(int n, const double *x, int *from) {
  int end = n;
  *from = 0;
  while (end > 0 && x[end - 1] == 0) end--;
  while (*from < end && x[*from] == 0) ++*from;
  return end - *from;
}

/* to (size_a) = C_ab t, the rows of a and the columns of b in cross. */
static void cross_times(const nl_gram *gram, const nl_penalty *penalty, size_t ld, int a,
                        int b, const double *t, double *to) {
  const int size_a = nl_group_size(penalty, a), size_b = nl_group_size(penalty, b);
  const int *columns_a = penalty->column + penalty->start[a];
  const int *columns_b = penalty->column + penalty->start[b];
  const int row = run_of(gram->row_of, columns_a, size_a);
  const int column = run_of(gram->column_of, columns_b, size_b);
  int from;
  const int n = filled(size_b, t, &from);
  nl_fill((size_t)size_a, 0, to);
  if (row >= 0 && column >= 0) {
    nl_add_columns(size_a, n, t + from,
                   gram->cross.data + row + (size_t)(column + from) * ld, ld, to);
    return;
  }
  for (int j = from; j < from + n; j++) {
    const double *c = gram->cross.data + (size_t)gram->column_of[columns_b[j]] * ld;
    for (int i = 0; i < size_a; i++) to[i] += t[j] * c[gram->row_of[columns_a[i]]];
  }
}

/* out (rank_a x rank_b) = c (T_a' C_ab T_b - mean_a mean_b'). half: size_a x rank_b. */
static void pair_in_coordinates(const nl_gram *gram, const nl_penalty *penalty, size_t ld,
                                int a, int b, double *half, double *out) {
  const int size_a = nl_group_size(penalty, a), size_b = nl_group_size(penalty, b);
  const int rank_a = nl_group_rank(penalty, a), rank_b = nl_group_rank(penalty, b);
  const double *t_a = penalty->transform + penalty->t_start[a];
  const double *t_b = penalty->transform + penalty->t_start[b];
  const double *mean_a = gram->mean + gram->position[a],
               *mean_b = gram->mean + gram->position[b];
  for (int l = 0; l < rank_b; l++) {
    cross_times(gram, penalty, ld, a, b, t_b + (ptrdiff_t)l * size_b,
                half + (ptrdiff_t)l * size_a);
  }
  for (int k = 0; k < rank_a; k++, t_a += size_a) {
    int from;
    const int n = filled(size_a, t_a, &from);
    for (int l = 0; l < rank_b; l++) {
      const double product = nl_dot(n, t_a + from, half + from + (ptrdiff_t)l * size_a);
      out[k + (ptrdiff_t)l * rank_a] = gram->scale * (product - mean_a[k] * mean_b[l]);
    }
  }
}

/* The largest sum of absolute values in a row: no eigenvalue is beyond it. */
static double row_bound(int n, const double *x) {
  double largest = 0;
  for (int j = 0; j < n; j++) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += fabs(x[i + (ptrdiff_t)j * n]);
    largest = fmax(largest, sum);
  }
  return largest;
}

/* Eigenvectors and curvature of group g's own block of H (rank x rank). */
static void keep_block(nl_gram *gram, const nl_penalty *penalty, int g,
                       const double *own) {
  const int rank = nl_group_rank(penalty, g), at = gram->position[g];
  double *curvature = gram->curvature + at,
         *vectors = gram->vectors + gram->vector_start[g];
  gram->has_vectors[g] = rank <= NL_LARGE_GROUP;
  if (gram->has_vectors[g]) {
    nl_copy((size_t)rank * (size_t)rank, own, vectors);
    gram->has_vectors[g] = nl_eigen(rank, vectors, curvature, gram->eigen,
                                    nl_eigen_work(NL_LARGE_GROUP)) == 0;
  }
  if (!gram->has_vectors[g]) {
    const double bound = row_bound(rank, own);
    for (int k = 0; k < rank; k++) curvature[k] = bound;
  }
  /* what is left of a constant column is the rounding of its square */
  const double *mean = gram->mean + at;
  const double noise = NL_CURVATURE_ROUNDING * gram->scale * nl_dot(rank, mean, mean);
  const double floor =
      fmax(fmax(NL_CURVATURE_FLOOR * curvature[rank - 1], noise), 1e-290);
  for (int k = 0; k < rank; k++) curvature[k] = fmax(curvature[k], floor);
}

/* Gives group g its place in H, and its mean. */
static int place_group(nl_gram *gram, const nl_penalty *penalty, int g) {
  const int at = gram->size;
  gram->position[g] = at;
  gram->group[gram->n_in++] = g;
  gram->size += nl_group_rank(penalty, g);
  nl_group_gradient(penalty, g, gram->sums, gram->mean + at);
  return at;
}

/* The same, with its own block and that block's eigenvectors. */
static void enter_group(nl_gram *gram, const nl_penalty *penalty, size_t ld, int g) {
  const int rank = nl_group_rank(penalty, g), at = place_group(gram, penalty, g);
  double *own = gram->block,
         *half = gram->block + (size_t)penalty->max_size * (size_t)penalty->max_size;
  if (rank == 0) return;
  pair_in_coordinates(gram, penalty, ld, g, g, half, own);
  for (int l = 0; l < rank; l++) {
    nl_copy((size_t)rank, own + (ptrdiff_t)l * rank,
            gram->h + at + (ptrdiff_t)(at + l) * gram->capacity);
  }
  keep_block(gram, penalty, g, own);
}

/* H between group a, inside earlier, and group b. One without coordinates may have no columns. */
static void write_pair(nl_gram *gram, const nl_penalty *penalty, size_t ld, int a,
                       int b) {
  const int rank_a = nl_group_rank(penalty, a), rank_b = nl_group_rank(penalty, b);
  if (rank_a == 0 || rank_b == 0) return;
  const int at_a = gram->position[a], at_b = gram->position[b];
  double *out = gram->block;
  double *half = gram->block + (size_t)penalty->max_size * (size_t)penalty->max_size;
  pair_in_coordinates(gram, penalty, ld, a, b, half, out);
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
  size_t width = 0;
  mark_blocks(design, penalty, groups, 0, gram->fresh);
  for (int n = 0; n < n_new; n++) {
    for (int i = penalty->start[groups[n]]; i < penalty->start[groups[n] + 1]; i++) {
      const int b = design->block_of_column[penalty->column[i]];
      if (!gram->fresh[b]) width += (size_t)design->block[b].n_col;
      gram->fresh[b] = 1;
    }
    if (n > 0 && width * (size_t)design->n_col > NL_BATCH) return n;
  }
  return n_new;
}

static void extend_batch(nl_gram *gram, const nl_design *design,
                         const nl_penalty *penalty, const int *groups, int n_new,
                         nl_pass_space *pass, const nl_hook *hook) {
  const int n_before = gram->n_in;
  mark_blocks(design, penalty, gram->group, gram->n_in, gram->old);
  mark_blocks(design, penalty, groups, n_new, gram->fresh);
  const size_t ld = cross_products(gram, design, pass, hook);
  nl_design_column_sums(design, gram->fresh, gram->weight, pass, gram->sums, hook);
  for (int k = 0; k < n_new; k++) {
    nl_check(hook);
    enter_group(gram, penalty, ld, groups[k]);
  }
  for (int k = n_before; k < gram->n_in; k++) {
    nl_check(hook);
    for (int i = 0; i < k; i++)
      write_pair(gram, penalty, ld, gram->group[i], gram->group[k]);
  }
}

static void extend_root(nl_gram *gram, const nl_design *design, const nl_penalty *penalty,
                        const int *groups, int n_new, int needed, nl_pass_space *pass,
                        const nl_hook *hook) {
  nl_root_grow(&gram->root, design->n_obs, gram->size, needed, penalty->n_theta, hook);
  mark_blocks(design, penalty, groups, n_new, gram->fresh);
  nl_design_column_sums(design, gram->fresh, gram->weight, pass, gram->sums, hook);
  for (int k = 0; k < n_new; k++) {
    const int g = groups[k], at = place_group(gram, penalty, g);
    nl_check(hook);
    if (nl_group_rank(penalty, g) == 0) continue;
    nl_root_enter(&gram->root, design, penalty, g, at, gram->weight, gram->scale,
                  gram->mean + at, gram->block, hook);
    keep_block(gram, penalty, g, gram->block);
  }
}

void nl_gram_extend(nl_gram *gram, const nl_design *design, const nl_penalty *penalty,
                    const int *groups, int n_new, nl_pass_space *space,
                    const nl_hook *hook) {
  int added = 0;
  for (int k = 0; k < n_new; k++) added += nl_group_rank(penalty, groups[k]);
  if (gram->root.on) {
    extend_root(gram, design, penalty, groups, n_new, gram->size + added, space, hook);
    return;
  }
  grow(gram, gram->size + added, penalty->n_theta, hook);
  while (n_new > 0) {
    const int n = batch_length(gram, design, penalty, groups, n_new);
    extend_batch(gram, design, penalty, groups, n, space, hook);
    groups += n;
    n_new -= n;
  }
}
