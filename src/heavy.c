/* heavy.c: see heavy.h. */
#include "heavy.h"

#include <math.h>
#include <stdlib.h>

#include "kernel.h"
#include "lanes.h"
#include "linalg.h"

/* One row in so many is a heavy one. */
enum { ROWS_PER_HEAVY = 6 };
/* Added to the blocks' diagonals, relative to the largest curvature of the group: what is
 * left of it without the heavy rows is a difference. */
#define NL_BLOCK_RIDGE 1e-4

/* ---- the rows ---------------------------------------------------------------------- */

void nl_heavy_setup(nl_heavy *heavy, const nl_gram *gram, const nl_penalty *penalty,
                    const nl_hook *hook) {
  size_t n_light = 0;
  if (heavy->row) return;
  for (int g = 0; g < penalty->n_group; g++) {
    const size_t rank = (size_t)nl_group_rank(penalty, g);
    if (rank <= NL_LARGE_GROUP && gram->vector_start[g] + rank * rank > n_light)
      n_light = gram->vector_start[g] + rank * rank;
  }
  heavy->light = nl_new_doubles(n_light, hook);
  heavy->light_of = nl_new_ints((size_t)penalty->n_group, hook);
  for (int g = 0; g < penalty->n_group; g++) heavy->light_of[g] = 0;
  heavy->row = nl_new_ints(gram->root.n_obs, hook);
}

/* Swaps the n largest of weight[row] (n_row) to the front of row. */
static void select_largest(int n_row, int n, const double *weight, int *row) {
  for (int low = 0, high = n_row - 1; low < high;) {
    const double pivot = weight[row[low + (high - low) / 2]];
    int i = low, j = high;
    while (i <= j) {
      while (weight[row[i]] > pivot) i++;
      while (weight[row[j]] < pivot) j--;
      if (i > j) break;
      const int keep = row[i];
      row[i++] = row[j];
      row[j--] = keep;
    }
    if (n - 1 <= j) {
      high = j;
    } else if (n - 1 >= i) {
      low = i;
    } else {
      return;
    }
  }
}

static int compare_rows(const void *a, const void *b) {
  const int i = *(const int *)a, j = *(const int *)b;
  return (i > j) - (i < j);
}

static void choose_rows(nl_heavy *heavy, const nl_gram *gram) {
  const int n_obs = (int)gram->root.n_obs;
  int n = (n_obs / ROWS_PER_HEAVY + NL_HEAVY_TILE - 1) / NL_HEAVY_TILE * NL_HEAVY_TILE;
  if (n > n_obs) n = n_obs / NL_HEAVY_TILE * NL_HEAVY_TILE;
  if (heavy->of == gram->n_built) return;
  for (int t = 0; t < n_obs; t++) heavy->row[t] = t;
  if (n > 0) select_largest(n_obs, n, gram->weight, heavy->row);
  qsort(heavy->row, (size_t)n, sizeof(int), compare_rows);
  heavy->n = n;
  heavy->of = gram->n_built;
}

static void place(nl_heavy *heavy, int n, const nl_lane_groups *groups,
                  const nl_hook *hook) {
  const size_t m = (size_t)heavy->n;
  size_t n_inverse = 0;
  int largest = 0;
  for (int k = 0; k < groups->n_group; k++) {
    n_inverse += (size_t)groups->rank[k] * (size_t)groups->rank[k];
    if (groups->rank[k] > largest) largest = groups->rank[k];
  }
  const size_t n_rows = (m * (size_t)n + 1) / 2, n_product = (m * m + 1) / 2,
               n_panel = m * NL_HEAVY_PANEL / 2, n_lanes = m * NL_LANES,
               n_scratch = (size_t)largest * NL_PANEL;
  double *room = nl_room_for(
      &heavy->room,
      n_inverse + m * m + n_rows + n_product + n_panel + 2 * n_lanes + n_scratch, hook);
  heavy->inverse = room;
  heavy->scratch = room += n_inverse;
  heavy->factor = room += n_scratch;
  heavy->solved = room += m * m;
  heavy->image = (float *)(room += n_lanes);
  heavy->product = (float *)(room += n_lanes);
  heavy->panel = (float *)(room += n_product);
  heavy->rows.r = (float *)(room + n_panel);
  heavy->rows.on = 1;
  heavy->rows.n_obs = m;
}

/* ---- the groups' blocks ------------------------------------------------------------ */

/* block (rank x rank) += the mean over lanes of the penalty's curvature at x. */
static void add_curvature(int rank, int n_model, const double *x, const double *tau,
                          double *block) {
  double square[NL_LANES] = {0};
  int n_active = 0;
  for (int v = 0; v < n_model; v++) {
    for (int i = 0; i < rank; i++) square[v] += x[i * NL_LANES + v] * x[i * NL_LANES + v];
    n_active += square[v] > 0;
  }
  for (int v = 0; v < n_model; v++) {
    if (!(square[v] > 0) || tau[v] == 0) continue;
    const double pull = tau[v] / (sqrt(square[v]) * n_active);
    for (int j = 0; j < rank; j++) {
      block[j * (rank + 1)] += pull;
      for (int i = 0; i < rank; i++)
        block[i + j * rank] -=
            pull * x[i * NL_LANES + v] * x[j * NL_LANES + v] / square[v];
    }
  }
}

/* The group's block of H (rank x rank), less what the heavy rows add to it. */
static const double *light_block(nl_heavy *heavy, const nl_gram *gram, int g, int rank) {
  const double *d = gram->curvature + gram->position[g];
  const double *u = gram->vectors + gram->vector_start[g];
  const float *r = gram->root.r + gram->root.n_obs * (size_t)gram->position[g];
  double *block = heavy->light + gram->vector_start[g];
  if (heavy->light_of[g] == gram->n_built) return block;
  heavy->light_of[g] = gram->n_built;
  nl_fill((size_t)rank * (size_t)rank, 0, block);
  for (int k = 0; k < rank; k++) {
    for (int j = 0; j < rank; j++)
      nl_axpy(rank, d[k] * u[j + k * rank], u + (ptrdiff_t)k * rank,
              block + (ptrdiff_t)j * rank);
  }
  for (int t = 0; t < heavy->n; t++) {
    const float *row = r + (size_t)heavy->row[t] * (size_t)rank;
    for (int j = 0; j < rank; j++) {
      for (int i = 0; i < rank; i++)
        block[i + j * rank] -= (double)row[i] * (double)row[j];
    }
  }
  for (int i = 0; i < rank; i++) block[i * (rank + 1)] += NL_BLOCK_RIDGE * d[rank - 1];
  return block;
}

/* A block becomes the inverse of its Cholesky factor, zero above the diagonal. Returns 0
 * where the block is not positive. */
static int invert_factor(int rank, double *block, double *panel) {
  if (nl_cholesky(rank, block) != 0) return 0;
  nl_triangle_invert(rank, block, panel);
  for (int j = 1; j < rank; j++) nl_fill((size_t)j, 0, block + (ptrdiff_t)j * rank);
  return 1;
}

/* Y of a group: its heavy rows times the transposed inverse of L. */
static void turn_rows(nl_heavy *heavy, const nl_gram *gram, int g, int at, int rank,
                      const double *inverse) {
  const float *r = gram->root.r + gram->root.n_obs * (size_t)gram->position[g];
  float *y = heavy->rows.r + (size_t)heavy->n * (size_t)at;
  for (int t = 0; t < heavy->n; t++, y += rank) {
    const float *row = r + (size_t)heavy->row[t] * (size_t)rank;
    for (int k = 0; k < rank; k++) {
      double sum = 0;
      for (int j = 0; j <= k; j++) sum += inverse[k + j * rank] * (double)row[j];
      y[k] = (float)sum;
    }
  }
}

/* ---- I + Y Y' ---------------------------------------------------------------------- */

/* product (m x m, by row, from the first column to the diagonal at least) += P'P for a
 * panel P (depth x m). */
NL_CLONES
static void add_panel(int m, int depth, const float *panel, float *product) {
  for (int i = 0; i < m; i += 4) {
    for (int j = 0; j < i + 4; j += 2 * NL_FLOATS) {
      nl_f sum[4][2];
      for (int s = 0; s < 4; s++) {
        const nl_f *from = (const nl_f *)(product + (ptrdiff_t)(i + s) * m + j);
        sum[s][0] = from[0];
        sum[s][1] = from[1];
      }
      for (int k = 0; k < depth; k++) {
        const float *column = panel + (ptrdiff_t)k * m;
        const nl_f *b = (const nl_f *)(column + j);
        for (int s = 0; s < 4; s++) {
          sum[s][0] += column[i + s] * b[0];
          sum[s][1] += column[i + s] * b[1];
        }
      }
      for (int s = 0; s < 4; s++) {
        nl_f *to = (nl_f *)(product + (ptrdiff_t)(i + s) * m + j);
        to[0] = sum[s][0];
        to[1] = sum[s][1];
      }
    }
  }
}

/* Columns of Y, by group, become rows of panels. */
static void add_products(nl_heavy *heavy, const nl_lane_groups *groups) {
  const int m = heavy->n;
  const float *y = heavy->rows.r;
  int depth = 0;
  nl_clear_floats((size_t)m * (size_t)m, heavy->product);
  for (int k = 0; k < groups->n_group; y += (size_t)m * (size_t)groups->rank[k++]) {
    const int rank = groups->rank[k];
    for (int i = 0; i < rank; i++) {
      float *to = heavy->panel + (ptrdiff_t)depth * m;
      for (int t = 0; t < m; t++) to[t] = y[t * rank + i];
      if (++depth < NL_HEAVY_PANEL) continue;
      add_panel(m, depth, heavy->panel, heavy->product);
      depth = 0;
    }
  }
  add_panel(m, depth, heavy->panel, heavy->product);
}

static int factor_products(nl_heavy *heavy) {
  const int m = heavy->n;
  for (int j = 0; j < m; j++) {
    for (int i = j; i < m; i++)
      heavy->factor[i + (ptrdiff_t)j * m] =
          (double)heavy->product[(ptrdiff_t)i * m + j] + (i == j);
  }
  return nl_cholesky(m, heavy->factor) == 0;
}

int nl_heavy_build(nl_heavy *heavy, const nl_gram *gram, const nl_lane_groups *groups,
                   const int *member, int n, int n_model, const double *x,
                   const nl_hook *hook) {
  for (int k = 0; k < groups->n_group; k++) {
    if (!gram->has_vectors[member[k]]) return 0;
  }
  choose_rows(heavy, gram);
  place(heavy, n, groups, hook);
  double *block = heavy->inverse;
  for (int k = 0, at = 0; k < groups->n_group; at += groups->rank[k++]) {
    const int rank = groups->rank[k], g = member[k];
    nl_copy((size_t)rank * (size_t)rank, light_block(heavy, gram, g, rank), block);
    add_curvature(rank, n_model, x + (ptrdiff_t)at * NL_LANES,
                  groups->tau + (ptrdiff_t)k * NL_LANES, block);
    if (!invert_factor(rank, block, heavy->scratch)) return 0;
    turn_rows(heavy, gram, g, at, rank, block);
    block += (ptrdiff_t)rank * rank;
  }
  add_products(heavy, groups);
  return factor_products(heavy);
}

/* ---- solving ----------------------------------------------------------------------- */

/* b (n in lanes) <- the inverse of factor factor' times b. */
NL_CLONES
static void solve_in_lanes(int n, const double *factor, double *b) {
  for (int h = 0; h < NL_LANES; h += NL_VECTOR) {
    for (int j = 0; j < n; j++) {
      const double *column = factor + (ptrdiff_t)j * n;
      nl_v *own = (nl_v *)(b + j * NL_LANES + h);
      const nl_v x = *own * (1 / column[j]);
      *own = x;
      for (int i = j + 1; i < n; i++) *(nl_v *)(b + i * NL_LANES + h) -= column[i] * x;
    }
    for (int j = n - 1; j >= 0; j--) {
      const double *column = factor + (ptrdiff_t)j * n;
      nl_v even = *(nl_v *)(b + j * NL_LANES + h), odd = {0};
      int i = j + 1;
      for (; i + 2 <= n; i += 2) {
        even -= column[i] * *(nl_v *)(b + i * NL_LANES + h);
        odd -= column[i + 1] * *(nl_v *)(b + (i + 1) * NL_LANES + h);
      }
      if (i < n) even -= column[i] * *(nl_v *)(b + i * NL_LANES + h);
      *(nl_v *)(b + j * NL_LANES + h) = (even + odd) * (1 / column[j]);
    }
  }
}

/* image (m in lanes) <- minus the inverse of I + Y Y' times it. */
static void solve_image(nl_heavy *heavy) {
  const size_t length = (size_t)heavy->n * NL_LANES;
  for (size_t i = 0; i < length; i++) heavy->solved[i] = (double)heavy->image[i];
  solve_in_lanes(heavy->n, heavy->factor, heavy->solved);
  for (size_t i = 0; i < length; i++) heavy->image[i] = (float)-heavy->solved[i];
}

void nl_heavy_solve(nl_heavy *heavy, const nl_lane_groups *groups, int n, const double *r,
                    double *turned, double *out) {
  const double *inverse = heavy->inverse;
  nl_fill((size_t)n * NL_LANES, 0, turned);
  nl_fill((size_t)n * NL_LANES, 0, out);
  nl_clear_floats((size_t)heavy->n * NL_LANES, heavy->image);
  for (int k = 0, at = 0; k < groups->n_group; at += groups->rank[k++]) {
    const int rank = groups->rank[k];
    const ptrdiff_t from = (ptrdiff_t)at * NL_LANES;
    nl_dense_eta(rank, rank, inverse, (size_t)rank, r + from, turned + from);
    nl_root_move(&heavy->rows, at, rank, turned + from, NULL, heavy->image);
    inverse += (ptrdiff_t)rank * rank;
  }
  solve_image(heavy);
  inverse = heavy->inverse;
  for (int k = 0, at = 0; k < groups->n_group; at += groups->rank[k++]) {
    const int rank = groups->rank[k];
    const ptrdiff_t from = (ptrdiff_t)at * NL_LANES;
    nl_root_slope(&heavy->rows, at, rank, heavy->image, turned + from);
    nl_dense_gradient(rank, rank, inverse, (size_t)rank, turned + from, out + from);
    inverse += (ptrdiff_t)rank * rank;
  }
}
