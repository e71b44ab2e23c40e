/* block.c: see block.h. */
#include "block.h"

#include "linalg.h"

/* ---- extended columns -------------------------------------------------------------- */

int nl_block_column(const nl_block *block, int ext) {
  int column = 0, stride = 1;
  if (block->kind == NL_DENSE) return ext;
  for (int f = block->n_factor - 1; f >= 0; f--) {
    const nl_factor *factor = block->factor + f;
    column += ((ext % factor->n_ext) % factor->n_col) * stride;
    stride *= factor->n_col;
    ext /= factor->n_ext;
  }
  return column;
}

void nl_block_extend(const nl_block *block, const double *coefficients, double *ext) {
  if (block->n_ext == block->n_col) {
    nl_copy((size_t)block->n_col, coefficients, ext);
    return;
  }
  for (int j = 0; j < block->n_ext; j++) ext[j] = coefficients[nl_block_column(block, j)];
}

void nl_block_fold(const nl_block *block, const double *ext, double *coefficients) {
  if (block->n_ext == block->n_col) {
    nl_axpy(block->n_col, 1, ext, coefficients);
    return;
  }
  for (int j = 0; j < block->n_ext; j++)
    coefficients[nl_block_column(block, j)] += ext[j];
}

/* ---- rows of a local block as runs ------------------------------------------------- */

/* Where row t's runs start and what they are multiplied with: the outer factors expanded,
 * the last one left as a run of values. base, weight: up to NL_MAX_RUN. Returns the
 * number of runs. */
static int row_runs(const nl_block *block, size_t t, int *base, double *weight) {
  int n_run = 1, last = block->n_factor - 1;
  base[0] = 0;
  weight[0] = 1;
  for (int f = 0; f < last; f++) {
    const nl_factor *factor = block->factor + f;
    const double *values = factor->values + t * (size_t)factor->width;
    int first = factor->first ? factor->first[t] : 0;
    for (int r = n_run - 1; r >= 0; r--) {
      int outer = base[r] * factor->n_ext + first;
      double outer_weight = weight[r];
      for (int i = factor->width - 1; i >= 0; i--) {
        base[r * factor->width + i] = outer + i;
        weight[r * factor->width + i] = outer_weight * values[i];
      }
    }
    n_run *= factor->width;
  }
  const nl_factor *factor = block->factor + last;
  int first = factor->first ? factor->first[t] : 0;
  for (int r = 0; r < n_run; r++) base[r] = base[r] * factor->n_ext + first;
  return n_run;
}

/* One factor of four neighbours: cubic B-splines and the usual raised cosines. */
static int is_plain_four(const nl_block *block) {
  return block->n_factor == 1 && block->factor[0].width == 4 && block->factor[0].first;
}

static void local_add_eta(const nl_block *block, size_t row, int n, const double *ext,
                          double *eta) {
  const nl_factor *last = block->factor + block->n_factor - 1;
  const int width = last->width;
  const double *values = last->values + row * (size_t)width;
  if (is_plain_four(block)) {
    const int *first = last->first + row;
    for (int t = 0; t < n; t++, values += 4) {
      const double *b = ext + first[t];
      eta[t] +=
          (values[0] * b[0] + values[1] * b[1]) + (values[2] * b[2] + values[3] * b[3]);
    }
    return;
  }
  int base[NL_MAX_RUN];
  double weight[NL_MAX_RUN];
  for (int t = 0; t < n; t++, values += width) {
    int n_run = row_runs(block, row + (size_t)t, base, weight);
    double sum = 0;
    for (int r = 0; r < n_run; r++)
      sum += weight[r] * nl_dot(width, values, ext + base[r]);
    eta[t] += sum;
  }
}

static void local_add_gradient(const nl_block *block, size_t row, int n, const double *r,
                               double *ext) {
  const nl_factor *last = block->factor + block->n_factor - 1;
  const int width = last->width;
  const double *values = last->values + row * (size_t)width;
  if (is_plain_four(block)) {
    const int *first = last->first + row;
    for (int t = 0; t < n; t++, values += 4) {
      double *g = ext + first[t];
      g[0] += values[0] * r[t];
      g[1] += values[1] * r[t];
      g[2] += values[2] * r[t];
      g[3] += values[3] * r[t];
    }
    return;
  }
  int base[NL_MAX_RUN];
  double weight[NL_MAX_RUN];
  for (int t = 0; t < n; t++, values += width) {
    int n_run = row_runs(block, row + (size_t)t, base, weight);
    for (int k = 0; k < n_run; k++)
      nl_axpy(width, weight[k] * r[t], values, ext + base[k]);
  }
}

void nl_block_entries(const nl_block *block, size_t row, int n, int *index,
                      double *value) {
  const nl_factor *last = block->factor + block->n_factor - 1;
  const int width = last->width;
  const double *values = last->values + row * (size_t)width;
  int base[NL_MAX_RUN];
  double weight[NL_MAX_RUN];
  for (int t = 0; t < n; t++, values += width) {
    int n_run = row_runs(block, row + (size_t)t, base, weight);
    for (int k = 0; k < n_run; k++) {
      for (int i = 0; i < width; i++) {
        *index++ = base[k] + i;
        *value++ = weight[k] * values[i];
      }
    }
  }
}

/* ---- dense blocks ------------------------------------------------------------------ */

static void dense_add_eta(const nl_block *block, size_t row, int n, const double *b,
                          double *eta) {
  nl_gemv(n, block->n_col, 1, block->x + row, block->n_obs, b, eta);
  if (!block->centre) return;
  const double shift = nl_dot(block->n_col, block->centre, b);
  for (int t = 0; t < n; t++) eta[t] -= shift;
}

static void dense_add_gradient(const nl_block *block, size_t row, int n, const double *r,
                               double *gradient) {
  nl_gemv_t(n, block->n_col, 1, block->x + row, block->n_obs, r, gradient);
  if (!block->centre) return;
  double sum = 0;
  for (int t = 0; t < n; t++) sum += r[t];
  nl_axpy(block->n_col, -sum, block->centre, gradient);
}

void nl_block_pack(const nl_block *block, size_t row, int n, const double *scale,
                   double *packed, int ld) {
  for (int j = 0; j < block->n_col; j++) {
    const double *x = block->x + (size_t)j * block->n_obs + row;
    const double centre = block->centre ? block->centre[j] : 0;
    double *to = packed + (size_t)j * (size_t)ld;
    for (int t = 0; t < n; t++) to[t] = scale[t] * (x[t] - centre);
  }
}

/* ---- either kind ------------------------------------------------------------------- */

void nl_block_add_eta(const nl_block *block, size_t row, int n, const double *ext,
                      double *eta) {
  if (block->kind == NL_DENSE) {
    dense_add_eta(block, row, n, ext, eta);
  } else {
    local_add_eta(block, row, n, ext, eta);
  }
}

void nl_block_add_gradient(const nl_block *block, size_t row, int n, const double *r,
                           double *ext) {
  if (block->kind == NL_DENSE) {
    dense_add_gradient(block, row, n, r, ext);
  } else {
    local_add_gradient(block, row, n, r, ext);
  }
}
