/* root.c: see root.h. */
#include "root.h"

#include <math.h>
#include <string.h>

#include "lanes.h"
#include "linalg.h"

/* ---- room -------------------------------------------------------------------------- */

void nl_root_grow(nl_root *root, size_t n_obs, int size, int needed, int most,
                  const nl_hook *hook) {
  if (needed <= root->capacity) return;
  int capacity = 2 * root->capacity;
  if (capacity < needed) capacity = needed;
  if (capacity > most) capacity = most;
  float *r = (float *)nl_new_bytes(n_obs * (size_t)capacity * sizeof(float), hook);
  if (size > 0) memcpy(r, root->r, n_obs * (size_t)size * sizeof(float));
  if (!root->image) root->image = nl_new_doubles(n_obs, hook);
  root->n_obs = n_obs;
  root->r = r;
  root->capacity = capacity;
}

/* ---- a group enters ---------------------------------------------------------------- */

/* How many of a group's columns from the i-th on are neighbours in one block; at most
 * NL_LANES. */
static int neighbours(const nl_design *design, const int *column, int size, int i) {
  const int block = design->block_of_column[column[i]];
  int n = 1;
  while (n < NL_LANES && i + n < size && column[i + n] == column[i] + n &&
         design->block_of_column[column[i + n]] == block)
    n++;
  return n;
}

/* z (n x rank, by row) += strip (n in lanes, of which n_column) times rows i .. of T. */
static void add_columns(int n, int n_column, int rank, const double *strip,
                        const double *transform, int size, double *z) {
  for (int k = 0; k < rank; k++, transform += size) {
    for (int v = 0; v < n_column; v++) {
      if (transform[v] == 0) continue;
      for (int t = 0; t < n; t++)
        z[t * rank + k] += strip[t * NL_LANES + v] * transform[v];
    }
  }
}

/* Rows row .. row + n - 1 of X T - 1 mean', times scale: z (n x rank, by row). */
static void chunk_of_group(const nl_design *design, const nl_penalty *penalty, int g,
                           size_t row, int n, const double *scale, const double *mean,
                           double *strip, double *z) {
  const int size = nl_group_size(penalty, g), rank = nl_group_rank(penalty, g);
  const int *column = penalty->column + penalty->start[g];
  const double *transform = penalty->transform + penalty->t_start[g];
  for (int t = 0; t < n; t++) {
    for (int k = 0; k < rank; k++) z[t * rank + k] = -scale[t] * mean[k];
  }
  for (int i = 0, n_column; i < size; i += n_column) {
    const int b = design->block_of_column[column[i]];
    n_column = neighbours(design, column, size, i);
    nl_block_strip(design->block + b, row, n, column[i] - design->start[b], scale, strip);
    add_columns(n, n_column, rank, strip, transform + i, size, z);
  }
}

void nl_root_enter(nl_root *root, const nl_design *design, const nl_penalty *penalty,
                   int g, int at, const double *weight, double scale, const double *mean,
                   double *own, const nl_hook *hook) {
  const int rank = nl_group_rank(penalty, g);
  double *strip = nl_room_for(
      &root->strip, (size_t)NL_CHUNK * (size_t)(NL_LANES + penalty->max_size), hook);
  double *z = strip + NL_CHUNK * NL_LANES, factor[NL_CHUNK];
  float *r = root->r + root->n_obs * (size_t)at;
  nl_fill((size_t)rank * (size_t)rank, 0, own);
  for (size_t row = 0; row < root->n_obs; row += NL_CHUNK) {
    const int n = root->n_obs - row < NL_CHUNK ? (int)(root->n_obs - row) : NL_CHUNK;
    for (int t = 0; t < n; t++) factor[t] = sqrt(scale * weight[row + (size_t)t]);
    chunk_of_group(design, penalty, g, row, n, factor, mean, strip, z);
    for (int t = 0; t < n; t++) {
      const double *from = z + t * rank;
      for (int k = 0; k < rank; k++) {
        *r++ = (float)from[k];
        nl_axpy(rank, from[k], from, own + (ptrdiff_t)k * rank);
      }
    }
  }
}

/* ---- products ---------------------------------------------------------------------- */

void nl_root_add_image(const nl_root *root, int at, int rank, const double *x,
                       double *image) {
  const float *r = root->r + root->n_obs * (size_t)at;
  for (size_t t = 0; t < root->n_obs; t++, r += rank) {
    double sum = 0;
    for (int k = 0; k < rank; k++) sum += (double)r[k] * x[k];
    image[t] += sum;
  }
}

void nl_root_back(const nl_root *root, int at, int rank, const double *image,
                  double *out) {
  const float *r = root->r + root->n_obs * (size_t)at;
  nl_fill((size_t)rank, 0, out);
  for (size_t t = 0; t < root->n_obs; t++, r += rank) {
    for (int k = 0; k < rank; k++) out[k] += (double)r[k] * image[t];
  }
}

/* Columns k .. k + 3 of a group into the image. */
NL_CLONES
static void move_four(size_t n, int rank, const float *r, const float *change,
                      const float *ratio, float *image) {
  for (int h = 0; h < NL_LANES; h += NL_FLOATS) {
    const nl_f *b = (const nl_f *)(change + h);
    const nl_f b0 = b[0], b1 = b[NL_LANES / NL_FLOATS], b2 = b[2 * NL_LANES / NL_FLOATS],
               b3 = b[3 * NL_LANES / NL_FLOATS];
    for (size_t t = 0; t < n; t++) {
      const float *x = r + t * (size_t)rank;
      nl_f *to = (nl_f *)(image + t * NL_LANES + h);
      nl_f sum = (x[0] * b0 + x[1] * b1) + (x[2] * b2 + x[3] * b3);
      if (ratio) sum *= *(const nl_f *)(ratio + t * NL_LANES + h);
      *to += sum;
    }
  }
}

NL_CLONES
static void move_one(size_t n, int rank, const float *r, const float *change,
                     const float *ratio, float *image) {
  for (int h = 0; h < NL_LANES; h += NL_FLOATS) {
    const nl_f b = *(const nl_f *)(change + h);
    for (size_t t = 0; t < n; t++) {
      nl_f own = r[t * (size_t)rank] * b;
      if (ratio) own *= *(const nl_f *)(ratio + t * NL_LANES + h);
      *(nl_f *)(image + t * NL_LANES + h) += own;
    }
  }
}

void nl_root_move(const nl_root *root, int at, int rank, const double *change,
                  const float *ratio, float *image) {
  const float *r = root->r + root->n_obs * (size_t)at;
  float part[4 * NL_LANES];
  for (int k = 0; k < rank;) {
    const int n = rank - k >= 4 ? 4 : 1;
    for (int i = 0; i < n * NL_LANES; i++) part[i] = (float)change[k * NL_LANES + i];
    if (n == 4) {
      move_four(root->n_obs, rank, r + k, part, ratio, image);
    } else {
      move_one(root->n_obs, rank, r + k, part, ratio, image);
    }
    k += n;
  }
}

/* sums (4 in lanes): of four columns times the image; even and odd rows apart, to hide
 * each other's latency. */
NL_CLONES
static void slope_four(size_t n, int rank, const float *r, const float *image,
                       float *sums) {
  for (int h = 0; h < NL_LANES; h += NL_FLOATS) {
    const nl_f none = {0};
    nl_f s0 = none, s1 = none, s2 = none, s3 = none;
    nl_f p0 = none, p1 = none, p2 = none, p3 = none;
    size_t t = 0;
    for (; t + 2 <= n; t += 2) {
      const float *x = r + t * (size_t)rank, *y = x + rank;
      const nl_f e = *(const nl_f *)(image + t * NL_LANES + h),
                 d = *(const nl_f *)(image + (t + 1) * NL_LANES + h);
      s0 += x[0] * e;
      s1 += x[1] * e;
      s2 += x[2] * e;
      s3 += x[3] * e;
      p0 += y[0] * d;
      p1 += y[1] * d;
      p2 += y[2] * d;
      p3 += y[3] * d;
    }
    if (t < n) {
      const float *x = r + t * (size_t)rank;
      const nl_f e = *(const nl_f *)(image + t * NL_LANES + h);
      s0 += x[0] * e;
      s1 += x[1] * e;
      s2 += x[2] * e;
      s3 += x[3] * e;
    }
    *(nl_f *)(sums + h) = s0 + p0;
    *(nl_f *)(sums + NL_LANES + h) = s1 + p1;
    *(nl_f *)(sums + 2 * NL_LANES + h) = s2 + p2;
    *(nl_f *)(sums + 3 * NL_LANES + h) = s3 + p3;
  }
}

NL_CLONES
static void slope_one(size_t n, int rank, const float *r, const float *image,
                      float *sums) {
  for (int h = 0; h < NL_LANES; h += NL_FLOATS) {
    nl_f sum = {0};
    for (size_t t = 0; t < n; t++)
      sum += r[t * (size_t)rank] * *(const nl_f *)(image + t * NL_LANES + h);
    *(nl_f *)(sums + h) = sum;
  }
}

void nl_root_slope(const nl_root *root, int at, int rank, const float *image,
                   double *slope) {
  const float *r = root->r + root->n_obs * (size_t)at;
  float sums[4 * NL_LANES];
  for (int k = 0; k < rank;) {
    const int n = rank - k >= 4 ? 4 : 1;
    if (n == 4) {
      slope_four(root->n_obs, rank, r + k, image, sums);
    } else {
      slope_one(root->n_obs, rank, r + k, image, sums);
    }
    for (int i = 0; i < n * NL_LANES; i++) slope[k * NL_LANES + i] += (double)sums[i];
    k += n;
  }
}
