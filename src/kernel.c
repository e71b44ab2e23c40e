/* kernel.c: see kernel.h. The common widths (cubic splines, usual raised cosines: 4) have
 * their loops written out, so that eight sums stay in registers. */
#include "kernel.h"

/* The lanes of entry `at` of x, as vectors. */
#define LANES(x, at) ((nl_v *)((x) + (size_t)(at)*NL_LANES))
#define CONST_LANES(x, at) ((const nl_v *)((x) + (size_t)(at)*NL_LANES))

NL_CLONES
void nl_start_eta(int n, const double *base, const double *start, double *eta) {
  for (int h = 0; h < NL_HALVES; h++) {
    const nl_v from = CONST_LANES(start, 0)[h];
    for (int t = 0; t < n; t++) LANES(eta, t)[h] = base[t] + from;
  }
}

NL_CLONES
void nl_sum_rows(int n, const double *x, double *sums) {
  for (int h = 0; h < NL_HALVES; h++) {
    nl_v sum = CONST_LANES(x, 0)[h];
    for (int t = 1; t < n; t++) sum += CONST_LANES(x, t)[h];
    LANES(sums, 0)[h] += sum;
  }
}

/* ---- dense ------------------------------------------------------------------------- */

/* Four columns and two vectors of lanes at a time: eight sums, which hide each other's
 * latency. */
NL_CLONES
void nl_dense_eta(int n, int n_col, const double *x, size_t ld, const double *b,
                  double *eta) {
  int j = 0;
  for (; j + 4 <= n_col; j += 4, x += 4 * ld) {
    const double *x1 = x + ld, *x2 = x + 2 * ld, *x3 = x + 3 * ld;
    for (int h = 0; h < NL_HALVES; h += 2) {
      const nl_v *from = CONST_LANES(b, j) + h;
      const nl_v b0 = from[0], b1 = from[NL_HALVES], b2 = from[2 * NL_HALVES],
                 b3 = from[3 * NL_HALVES];
      const nl_v c0 = from[1], c1 = from[NL_HALVES + 1], c2 = from[2 * NL_HALVES + 1],
                 c3 = from[3 * NL_HALVES + 1];
      for (int t = 0; t < n; t++) {
        nl_v *to = LANES(eta, t) + h;
        to[0] += (x[t] * b0 + x1[t] * b1) + (x2[t] * b2 + x3[t] * b3);
        to[1] += (x[t] * c0 + x1[t] * c1) + (x2[t] * c2 + x3[t] * c3);
      }
    }
  }
  for (; j < n_col; j++, x += ld) {
    for (int h = 0; h < NL_HALVES; h++) {
      const nl_v b0 = CONST_LANES(b, j)[h];
      for (int t = 0; t < n; t++) LANES(eta, t)[h] += x[t] * b0;
    }
  }
}

NL_CLONES
void nl_dense_gradient(int n, int n_col, const double *x, size_t ld, const double *r,
                       double *ext) {
  int j = 0;
  for (; j + 4 <= n_col; j += 4, x += 4 * ld) {
    const double *x1 = x + ld, *x2 = x + 2 * ld, *x3 = x + 3 * ld;
    for (int h = 0; h < NL_HALVES; h += 2) {
      nl_v *g = LANES(ext, j) + h;
      nl_v g0 = g[0], g1 = g[NL_HALVES], g2 = g[2 * NL_HALVES], g3 = g[3 * NL_HALVES];
      nl_v f0 = g[1], f1 = g[NL_HALVES + 1], f2 = g[2 * NL_HALVES + 1],
           f3 = g[3 * NL_HALVES + 1];
      for (int t = 0; t < n; t++) {
        const nl_v *from = CONST_LANES(r, t) + h;
        const nl_v e = from[0], d = from[1];
        g0 += x[t] * e;
        f0 += x[t] * d;
        g1 += x1[t] * e;
        f1 += x1[t] * d;
        g2 += x2[t] * e;
        f2 += x2[t] * d;
        g3 += x3[t] * e;
        f3 += x3[t] * d;
      }
      g[0] = g0;
      g[NL_HALVES] = g1;
      g[2 * NL_HALVES] = g2;
      g[3 * NL_HALVES] = g3;
      g[1] = f0;
      g[NL_HALVES + 1] = f1;
      g[2 * NL_HALVES + 1] = f2;
      g[3 * NL_HALVES + 1] = f3;
    }
  }
  for (; j < n_col; j++, x += ld) {
    for (int h = 0; h < NL_HALVES; h++) {
      nl_v g0 = LANES(ext, j)[h];
      for (int t = 0; t < n; t++) g0 += x[t] * CONST_LANES(r, t)[h];
      LANES(ext, j)[h] = g0;
    }
  }
}

/* ---- table ------------------------------------------------------------------------- */

NL_CLONES
void nl_table_eta(int n, const int *index, const double *ext, double *eta) {
  for (int t = 0; t < n; t++) {
    for (int h = 0; h < NL_HALVES; h++) {
      LANES(eta, t)[h] += CONST_LANES(ext, index[t])[h];
    }
  }
}

NL_CLONES
void nl_table_gradient(int n, const int *index, const double *r, double *ext) {
  for (int t = 0; t < n; t++) {
    for (int h = 0; h < NL_HALVES; h++) {
      LANES(ext, index[t])[h] += CONST_LANES(r, t)[h];
    }
  }
}

/* ---- neighbouring values ----------------------------------------------------------- */

NL_CLONES
void nl_values_eta(int n, int width, const int *cell, const double *values,
                   const double *ext, double *eta) {
  if (width == 4) {
    for (int t = 0; t < n; t++, values += 4) {
      const nl_v *b = CONST_LANES(ext, cell[t]);
      nl_v *to = LANES(eta, t);
      for (int h = 0; h < NL_HALVES; h++) {
        to[h] += (values[0] * b[h] + values[1] * b[NL_HALVES + h]) +
                 (values[2] * b[2 * NL_HALVES + h] + values[3] * b[3 * NL_HALVES + h]);
      }
    }
    return;
  }
  for (int t = 0; t < n; t++, values += width) {
    for (int i = 0; i < width; i++) {
      const nl_v *b = CONST_LANES(ext, cell[t] + i);
      for (int h = 0; h < NL_HALVES; h++) LANES(eta, t)[h] += values[i] * b[h];
    }
  }
}

NL_CLONES
void nl_values_gradient(int n, int width, const int *cell, const double *values,
                        const double *r, double *ext) {
  if (width == 4) {
    for (int t = 0; t < n; t++, values += 4) {
      nl_v *g = LANES(ext, cell[t]);
      const nl_v *e = CONST_LANES(r, t);
      for (int h = 0; h < NL_HALVES; h++) {
        g[h] += values[0] * e[h];
        g[NL_HALVES + h] += values[1] * e[h];
        g[2 * NL_HALVES + h] += values[2] * e[h];
        g[3 * NL_HALVES + h] += values[3] * e[h];
      }
    }
    return;
  }
  for (int t = 0; t < n; t++, values += width) {
    for (int i = 0; i < width; i++) {
      nl_v *g = LANES(ext, cell[t] + i);
      for (int h = 0; h < NL_HALVES; h++) g[h] += values[i] * CONST_LANES(r, t)[h];
    }
  }
}

/* ---- powers ------------------------------------------------------------------------ */

NL_CLONES
void nl_powers_eta(int n, int width, const int *cell, const double *s, const double *ext,
                   double *eta) {
  if (width == 4) {
    for (int t = 0; t < n; t++) {
      const nl_v *b = CONST_LANES(ext, 4 * cell[t]);
      nl_v *to = LANES(eta, t);
      for (int h = 0; h < NL_HALVES; h++) {
        const nl_v high = b[3 * NL_HALVES + h] * s[t] + b[2 * NL_HALVES + h];
        to[h] += (high * s[t] + b[NL_HALVES + h]) * s[t] + b[h];
      }
    }
    return;
  }
  for (int t = 0; t < n; t++) {
    const nl_v *b = CONST_LANES(ext, width * cell[t]);
    for (int h = 0; h < NL_HALVES; h++) {
      nl_v sum = b[(width - 1) * NL_HALVES + h];
      for (int k = width - 2; k >= 0; k--) sum = sum * s[t] + b[k * NL_HALVES + h];
      LANES(eta, t)[h] += sum;
    }
  }
}

NL_CLONES
void nl_powers_gradient(int n, int width, const int *cell, const double *s,
                        const double *r, double *ext) {
  if (width == 4) {
    for (int t = 0; t < n; t++) {
      nl_v *g = LANES(ext, 4 * cell[t]);
      const nl_v *from = CONST_LANES(r, t);
      const double s1 = s[t], s2 = s1 * s1, s3 = s2 * s1;
      for (int h = 0; h < NL_HALVES; h++) {
        const nl_v e = from[h];
        g[h] += e;
        g[NL_HALVES + h] += s1 * e;
        g[2 * NL_HALVES + h] += s2 * e;
        g[3 * NL_HALVES + h] += s3 * e;
      }
    }
    return;
  }
  for (int t = 0; t < n; t++) {
    nl_v *g = LANES(ext, width * cell[t]);
    for (int h = 0; h < NL_HALVES; h++) {
      nl_v e = CONST_LANES(r, t)[h];
      for (int k = 0; k < width; k++) {
        g[k * NL_HALVES + h] += e;
        e *= s[t];
      }
    }
  }
}

/* ---- powers, rows sorted by cell --------------------------------------------------- */

/* Two vectors of lanes at a time: their eight sums hide each other's latency. */
NL_CLONES
void nl_sorted_eta(int n_cell, const unsigned char *order, const uint16_t *begin,
                   const double *s, const double *ext, double *eta) {
  for (int c = 0; c < n_cell; c++) {
    const int from = begin[c], to = begin[c + 1];
    for (int h = 0; h < NL_HALVES && from < to; h += 2) {
      const nl_v *b = CONST_LANES(ext, 4 * c) + h;
      const nl_v b0 = b[0], b1 = b[NL_HALVES], b2 = b[2 * NL_HALVES],
                 b3 = b[3 * NL_HALVES];
      const nl_v c0 = b[1], c1 = b[NL_HALVES + 1], c2 = b[2 * NL_HALVES + 1],
                 c3 = b[3 * NL_HALVES + 1];
      for (int k = from; k < to; k++) {
        const double x = s[order[k]];
        nl_v *at = LANES(eta, order[k]) + h;
        at[0] += ((b3 * x + b2) * x + b1) * x + b0;
        at[1] += ((c3 * x + c2) * x + c1) * x + c0;
      }
    }
  }
}

/* Both vectors of lanes are taken from power to power, which costs less than powers of x
 * for all lanes. */
NL_CLONES
void nl_sorted_gradient(int n_cell, const unsigned char *order, const uint16_t *begin,
                        const double *s, const double *r, double *ext) {
  for (int c = 0; c < n_cell; c++) {
    const int from = begin[c], to = begin[c + 1];
    for (int h = 0; h < NL_HALVES && from < to; h += 2) {
      nl_v *g = LANES(ext, 4 * c) + h;
      nl_v g0 = g[0], g1 = g[NL_HALVES], g2 = g[2 * NL_HALVES], g3 = g[3 * NL_HALVES];
      nl_v f0 = g[1], f1 = g[NL_HALVES + 1], f2 = g[2 * NL_HALVES + 1],
           f3 = g[3 * NL_HALVES + 1];
      for (int k = from; k < to; k++) {
        const double x = s[order[k]];
        const nl_v *at = CONST_LANES(r, order[k]) + h;
        nl_v e = at[0], d = at[1];
        g0 += e;
        f0 += d;
        e *= x;
        d *= x;
        g1 += e;
        f1 += d;
        e *= x;
        d *= x;
        g2 += e;
        f2 += d;
        g3 += e * x;
        f3 += d * x;
      }
      g[0] = g0;
      g[NL_HALVES] = g1;
      g[2 * NL_HALVES] = g2;
      g[3 * NL_HALVES] = g3;
      g[1] = f0;
      g[NL_HALVES + 1] = f1;
      g[2 * NL_HALVES + 1] = f2;
      g[3 * NL_HALVES + 1] = f3;
    }
  }
}

/* `count` vectors of the rows of one cell. */
#define SORTED_VECTORS(count)                                                     \
  NL_INLINE void sorted_vectors_##count(int n, const unsigned char *order,        \
                                        const double *s, const double *x, int ld, \
                                        double *sums) {                           \
    nl_v g0[count], g1[count], g2[count], g3[count];                              \
    NL_UNROLL for (int h = 0; h < count; h++) {                                   \
      g0[h] = ((const nl_v *)sums)[h];                                            \
      g1[h] = ((const nl_v *)(sums + ld))[h];                                     \
      g2[h] = ((const nl_v *)(sums + 2 * ld))[h];                                 \
      g3[h] = ((const nl_v *)(sums + 3 * ld))[h];                                 \
    }                                                                             \
    for (int i = 0; i < n; i++) {                                                 \
      const nl_v *row = (const nl_v *)(x + (size_t)order[i] * (size_t)ld);        \
      NL_UNROLL for (int h = 0; h < count; h++) {                                 \
        nl_v e = row[h];                                                          \
        g0[h] += e;                                                               \
        e *= s[i];                                                                \
        g1[h] += e;                                                               \
        e *= s[i];                                                                \
        g2[h] += e;                                                               \
        g3[h] += e * s[i];                                                        \
      }                                                                           \
    }                                                                             \
    NL_UNROLL for (int h = 0; h < count; h++) {                                   \
      ((nl_v *)sums)[h] = g0[h];                                                  \
      ((nl_v *)(sums + ld))[h] = g1[h];                                           \
      ((nl_v *)(sums + 2 * ld))[h] = g2[h];                                       \
      ((nl_v *)(sums + 3 * ld))[h] = g3[h];                                       \
    }                                                                             \
  }
SORTED_VECTORS(1)
SORTED_VECTORS(2)
SORTED_VECTORS(3)

NL_CLONES
void nl_sorted_products(int n_cell, const unsigned char *order, const uint16_t *begin,
                        const double *s, const double *x, int ld, double *sums) {
  for (int c = 0; c < n_cell; c++, sums += 4 * ld) {
    const int from = begin[c], n = begin[c + 1] - from;
    for (int j = 0; j < ld && n > 0; j += 3 * NL_VECTOR) {
      if (ld - j >= 3 * NL_VECTOR) {
        sorted_vectors_3(n, order + from, s + from, x + j, ld, sums + j);
      } else if (ld - j == 2 * NL_VECTOR) {
        sorted_vectors_2(n, order + from, s + from, x + j, ld, sums + j);
      } else {
        sorted_vectors_1(n, order + from, s + from, x + j, ld, sums + j);
      }
    }
  }
}

NL_CLONES
void nl_powers_values(int n, const int *cell, const double *s, const double *poly,
                      double *values) {
  enum { FOUR_VECTORS = 4 / NL_VECTOR };
  for (int t = 0; t < n; t++) {
    const nl_v *p = (const nl_v *)(poly + 16 * (size_t)cell[t]);
    nl_v *to = (nl_v *)(values + 4 * t);
    for (int h = 0; h < FOUR_VECTORS; h++) {
      to[h] = ((p[3 * FOUR_VECTORS + h] * s[t] + p[2 * FOUR_VECTORS + h]) * s[t] +
               p[FOUR_VECTORS + h]) *
                  s[t] +
              p[h];
    }
  }
}

void nl_powers_moments(int n, const int *cell, const double *s, const double *weight,
                       double *moments) {
  for (int t = 0; t < n; t++) {
    double *m = moments + 8 * (size_t)cell[t];
    const double s2 = s[t] * s[t], low = weight[t], high = weight[t] * s2 * s2;
    m[0] += low;
    m[1] += low * s[t];
    m[2] += low * s2;
    m[3] += low * s2 * s[t];
    m[4] += high;
    m[5] += high * s[t];
    m[6] += high * s2;
  }
}

/* ---- products of factors ----------------------------------------------------------- */

/* Features (width) of a factor in row t, and its first extended column. */
static int factor_features(const nl_factor *factor, size_t t, double *features) {
  int buffer;
  const int cell = *nl_cells_read(&factor->cell, t, 1, &buffer);
  if (factor->feature == NL_VALUES) {
    const double *values = factor->values + t * (size_t)factor->width;
    for (int i = 0; i < factor->width; i++) features[i] = values[i];
    return cell;
  }
  features[0] = 1;
  for (int i = 1; i < factor->width; i++)
    features[i] = features[i - 1] * factor->values[t];
  return cell * factor->width;
}

/* Where row t's runs start and what they are multiplied with: the outer factors expanded,
 * the last one left as a run of `last` (its width). base, count: up to NL_MAX_RUN.
 * Returns the number of runs. */
static int row_runs(const nl_block *block, size_t t, int *base, double *count,
                    double *last) {
  const int n_outer = block->n_factor - 1;
  int n_run = 1;
  base[0] = 0;
  count[0] = 1;
  for (int f = 0; f < n_outer; f++) {
    const nl_factor *factor = block->factor + f;
    double features[NL_MAX_WIDTH];
    const int first = factor_features(factor, t, features);
    for (int r = n_run - 1; r >= 0; r--) {
      const int outer = base[r] * factor->n_ext + first;
      const double outer_count = count[r];
      for (int i = factor->width - 1; i >= 0; i--) {
        base[r * factor->width + i] = outer + i;
        count[r * factor->width + i] = outer_count * features[i];
      }
    }
    n_run *= factor->width;
  }
  const nl_factor *factor = block->factor + n_outer;
  const int first = factor_features(factor, t, last);
  for (int r = 0; r < n_run; r++) base[r] = base[r] * factor->n_ext + first;
  return n_run;
}

NL_CLONES
void nl_product_eta(const nl_block *block, size_t row, int n, const double *ext,
                    double *eta) {
  const int width = block->factor[block->n_factor - 1].width;
  int base[NL_MAX_RUN];
  double count[NL_MAX_RUN], last[NL_MAX_RUN];
  for (int t = 0; t < n; t++) {
    const int n_run = row_runs(block, row + (size_t)t, base, count, last);
    for (int h = 0; h < NL_HALVES; h++) {
      nl_v sum = LANES(eta, t)[h];
      for (int k = 0; k < n_run; k++) {
        const nl_v *b = CONST_LANES(ext, base[k]) + h;
        for (int i = 0; i < width; i++) sum += (count[k] * last[i]) * b[i * NL_HALVES];
      }
      LANES(eta, t)[h] = sum;
    }
  }
}

NL_CLONES
void nl_product_gradient(const nl_block *block, size_t row, int n, const double *r,
                         double *ext) {
  const int width = block->factor[block->n_factor - 1].width;
  int base[NL_MAX_RUN];
  double count[NL_MAX_RUN], last[NL_MAX_RUN];
  for (int t = 0; t < n; t++) {
    const int n_run = row_runs(block, row + (size_t)t, base, count, last);
    for (int h = 0; h < NL_HALVES; h++) {
      const nl_v e = CONST_LANES(r, t)[h];
      for (int k = 0; k < n_run; k++) {
        nl_v *g = LANES(ext, base[k]) + h;
        for (int i = 0; i < width; i++) g[i * NL_HALVES] += (count[k] * last[i]) * e;
      }
    }
  }
}

/* ---- cross products of sparse rows ------------------------------------------------- */

/* Vectors that make up four values. */
enum {
  FOUR = 4 / NL_VECTOR,
  RUNS_LOOK = 64 /* rows that speak for the others */
};

NL_CLONES
void nl_cross_four(int n, const nl_entries *a, const nl_entries *b, double *corner,
                   const nl_entries *b2, double *corner2, const double *weight,
                   ptrdiff_t ld) {
  nl_v va[FOUR];
  for (int t = 0; t < n; t++) {
    const double *vb = b->value + 4 * t, *vb2 = b2 ? b2->value + 4 * t : vb;
    double *column = corner + a->index[t] + b->index[t] * ld;
    double *column2 = b2 ? corner2 + a->index[t] + b2->index[t] * ld : column;
    for (int h = 0; h < FOUR; h++)
      va[h] = ((const nl_v *)(a->value + 4 * t))[h] * weight[t];
    for (int j = 0; j < 4; j++) {
      for (int h = 0; h < FOUR; h++) ((nl_v *)(column + j * ld))[h] += va[h] * vb[j];
    }
    for (int j = 0; b2 && j < 4; j++) {
      for (int h = 0; h < FOUR; h++) ((nl_v *)(column2 + j * ld))[h] += va[h] * vb2[j];
    }
  }
}

/* The row after the last one from t on whose neighbours are those of row t. */
static int run_end(int n, const int *a, const int *b, int t) {
  const int i = a[t], j = b[t];
  while (t < n && a[t] == i && b[t] == j) t++;
  return t;
}

int nl_runs_pay(int n, const nl_entries *a, const nl_entries *b) {
  const int n_look = n < RUNS_LOOK ? n : RUNS_LOOK;
  int n_run = 1;
  for (int t = 1; t < n_look; t++) {
    n_run += (a->index[t] != a->index[t - 1]) | (b->index[t] != b->index[t - 1]);
  }
  return 2 * n_run < n_look;
}

NL_CLONES
void nl_cross_runs(int n, const nl_entries *a, const nl_entries *b, double *corner,
                   const double *weight, ptrdiff_t ld) {
  for (int from = 0, to = 0; from < n; from = to) {
    double *column = corner + a->index[from] + b->index[from] * ld;
    to = run_end(n, a->index, b->index, from);
    for (int h = 0; h < FOUR; h++, column += NL_VECTOR) {
      nl_v *c0 = (nl_v *)column, *c1 = (nl_v *)(column + ld),
           *c2 = (nl_v *)(column + 2 * ld), *c3 = (nl_v *)(column + 3 * ld);
      nl_v s0 = *c0, s1 = *c1, s2 = *c2, s3 = *c3;
      for (int t = from; t < to; t++) {
        const double *vb = b->value + 4 * t;
        const nl_v va = ((const nl_v *)(a->value + 4 * t))[h] * weight[t];
        s0 += va * vb[0];
        s1 += va * vb[1];
        s2 += va * vb[2];
        s3 += va * vb[3];
      }
      *c0 = s0;
      *c1 = s1;
      *c2 = s2;
      *c3 = s3;
    }
  }
}

NL_CLONES
void nl_cross_any(int n, const nl_entries *a, const nl_entries *b, double *corner,
                  const double *weight, ptrdiff_t ld) {
  const int *ia = a->index, *ib = b->index;
  const double *va = a->value, *vb = b->value;
  for (int t = 0; t < n; t++) {
    for (int j = 0; j < b->n_entry; j++) {
      double *column = corner + ib[j] * ld;
      const double x = weight[t] * vb[j];
      for (int i = 0; i < a->n_entry; i++) column[ia[i]] += va[i] * x;
    }
    ia += a->n_entry;
    va += a->n_entry;
    ib += b->n_entry;
    vb += b->n_entry;
  }
}
