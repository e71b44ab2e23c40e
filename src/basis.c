/* basis.c: see basis.h. Formulas: de Boor, A Practical Guide to Splines (1978), chapter
 * X; raised cosines: Pillow et al. 2005, J Neurosci 25:11003, with equally spaced peaks.
 */
#include "basis.h"

#include <math.h>

#define NL_PI 3.14159265358979323846

enum { FEW_CELLS = 16 };

size_t nl_rescale(size_t n, const double *x, double lower, double upper, int cyclic,
                  double *u) {
  const double range = upper - lower;
  size_t moved = 0;
  for (size_t t = 0; t < n; t++) {
    double z = range > 0 ? (x[t] - lower) / range : 0;
    if (isnan(x[t])) {
      z = x[t];
    } else if (cyclic) {
      z -= floor(z);
      if (z >= 1) z = 0;
    } else if (x[t] < lower || x[t] > upper) {
      moved++;
      z = x[t] < lower || !(range > 0) ? 0 : 1;
    } else if (z > 1) {
      z = 1;
    }
    u[t] = z;
  }
  return moved;
}

static void nan_row(int width, int *first, double *values) {
  *first = 0;
  for (int i = 0; i < width; i++) values[i] = NAN;
}

/* The `order` B-splines that are nonzero on [knots[span], knots[span + 1]], at u (de Boor
 * X.(4)). */
static void bspline_values(double u, int span, int order, const double *knots,
                           double *values) {
  values[0] = 1;
  for (int j = 1; j < order; j++) {
    double carried = 0;
    for (int i = 0; i < j; i++) {
      double right = knots[span + i + 1], left = knots[span + i + 1 - j];
      double part =
          values[i] / (right - left); /* the span lies between, so right > left */
      values[i] = carried + (right - u) * part;
      carried = (u - left) * part;
    }
    values[j] = carried;
  }
}

/* The last interval that is not empty and starts at or before u. */
static int find_span(double u, int n_basis, int order, const double *knots) {
  int low = order - 1, high = n_basis;
  while (high - low > 1) {
    int middle = low + (high - low) / 2;
    if (knots[middle] <= u) {
      low = middle;
    } else {
      high = middle;
    }
  }
  while (low > order - 1 && !(knots[low + 1] > knots[low])) low--;
  return low;
}

void nl_bspline_rows(size_t n, const double *u, int n_basis, int order,
                     const double *knots, int *first, double *values) {
  for (size_t t = 0; t < n; t++, values += order) {
    if (isnan(u[t])) {
      nan_row(order, first + t, values);
      continue;
    }
    int span = find_span(u[t], n_basis, order, knots);
    first[t] = span - (order - 1);
    bspline_values(u[t], span, order, knots, values);
  }
}

/* ---- splines as polynomials in a cell ---------------------------------------------- */

/* to (up to degree d + 1) += (constant + slope s) from (degree d). Coefficients of s^k
 * are `step` apart. */
static void add_product(int degree, int step, double constant, double slope,
                        const double *from, double *to) {
  for (int k = 0; k <= degree; k++) {
    to[k * step] += constant * from[k];
    to[(k + 1) * step] += slope * from[k];
  }
}

/* De Boor's recursion with polynomials for numbers. left[j - 1 - i], right[i] (of degree
 * j): distances from the start of the interval to the knots left and right of it; h: its
 * length. poly: order x order, [i, k]. */
static void poly_recursion(int order, const double *left, const double *right, double h,
                           double *poly) {
  double part[NL_MAX_POWERS];
  double all[NL_MAX_POWERS * NL_MAX_POWERS];
  for (int i = 0; i < order * order; i++) poly[i] = 0;
  poly[0] = 1;
  for (int j = 1; j < order; j++) {
    for (int i = 0; i < order * order; i++) all[i] = 0;
    for (int i = 0; i < j; i++) {
      for (int k = 0; k < j; k++)
        part[k] = poly[i + k * order] / (right[i] + left[j - 1 - i]);
      add_product(j - 1, order, right[i], -h, part, all + i);
      add_product(j - 1, order, left[j - 1 - i], h, part, all + i + 1);
    }
    for (int i = 0; i < order * order; i++) poly[i] = all[i];
  }
}

int nl_bspline_spans(int n_basis, int order, const double *knots, int *span) {
  int n = 0;
  for (int i = order - 1; i < n_basis; i++) {
    if (knots[i + 1] > knots[i]) span[n++] = i;
  }
  return n;
}

/* The last cell that starts at or before u. */
static int find_cell(double u, const double *knots, int n_cell, const int *span) {
  int low = 0, high = n_cell;
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    if (knots[span[middle]] <= u) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

/* Whether the cells are so nearly of one length that u n_cell is in its cell or beside it. */
static int are_even(const double *knots, int n_cell, const int *span) {
  for (int c = 0; c < n_cell; c++) {
    if (fabs(knots[span[c]] * n_cell - c) > 0.25) return 0;
  }
  return 1;
}

/* The same for even cells. */
static int guess_cell(double u, const double *knots, int n_cell, const int *span) {
  int at = (int)(u * n_cell);
  if (at >= n_cell) at = n_cell - 1;
  at -= u < knots[span[at]];
  return at + (at + 1 < n_cell && u >= knots[span[at + 1]]);
}

/* The same for a few cells, by counting: no branch to mispredict. start: where they do. */
static int count_cell(double u, const double *start, int n_cell) {
  int cell = 0;
  for (int c = 1; c < n_cell; c++) cell += start[c] <= u;
  return cell;
}

void nl_bspline_cells(size_t n, const double *u, const double *knots, int n_cell,
                      const int *span, int *cell, double *s) {
  double start[FEW_CELLS];
  const int few = n_cell <= FEW_CELLS, even = are_even(knots, n_cell, span);
  for (int c = 0; few && c < n_cell; c++) start[c] = knots[span[c]];
  for (size_t t = 0; t < n; t++) {
    if (isnan(u[t])) {
      cell[t] = 0;
      s[t] = u[t];
      continue;
    }
    const int at = even  ? guess_cell(u[t], knots, n_cell, span)
                   : few ? count_cell(u[t], start, n_cell)
                         : find_cell(u[t], knots, n_cell, span);
    const double from = knots[span[at]];
    cell[t] = at;
    s[t] = (u[t] - from) / (knots[span[at] + 1] - from);
  }
}

void nl_bspline_poly(int order, const double *knots, int n_cell, const int *span,
                     double *poly) {
  double left[NL_MAX_POWERS], right[NL_MAX_POWERS];
  for (int c = 0; c < n_cell; c++, poly += order * order) {
    const double start = knots[span[c]];
    for (int i = 0; i < order - 1; i++) {
      left[i] = start - knots[span[c] - i];
      right[i] = knots[span[c] + i + 1] - start;
    }
    poly_recursion(order, left, right, knots[span[c] + 1] - start, poly);
  }
}

void nl_cyclic_cells(size_t n, const double *u, int n_basis, int *cell, double *s) {
  for (size_t t = 0; t < n; t++) {
    const double z = u[t] * n_basis;
    cell[t] = isnan(z) ? 0 : (int)floor(z);
    if (cell[t] >= n_basis) cell[t] = n_basis - 1;
    s[t] = z - cell[t];
  }
}

void nl_cyclic_poly(int order, double *poly) {
  double left[NL_MAX_POWERS], right[NL_MAX_POWERS];
  for (int i = 0; i < order - 1; i++) {
    left[i] = i;
    right[i] = i + 1;
  }
  poly_recursion(order, left, right, 1, poly);
}

/* ---- periodic splines -------------------------------------------------------------- */

/* The uniform B-splines that are nonzero on one interval of unit length, at s in [0, 1).
 */
static void uniform_values(double s, int order, double *values) {
  values[0] = 1;
  for (int j = 1; j < order; j++) {
    double carried = 0;
    for (int i = 0; i < j; i++) {
      double part = values[i] / j;
      values[i] = carried + (i + 1 - s) * part;
      carried = (s - (i + 1 - j)) * part;
    }
    values[j] = carried;
  }
}

void nl_cyclic_rows(size_t n, const double *u, int n_basis, int order, int *first,
                    double *values) {
  for (size_t t = 0; t < n; t++, values += order) {
    if (isnan(u[t])) {
      nan_row(order, first + t, values);
      continue;
    }
    double z = u[t] * n_basis;
    int interval = (int)floor(z);
    if (interval >= n_basis) interval = n_basis - 1;
    first[t] = interval;
    uniform_values(z - interval, order, values);
  }
}

int nl_raised_cosine_width(int n_basis, double width) {
  int reach = (int)ceil(2 * width);
  return reach < n_basis ? reach : n_basis;
}

void nl_log_warp(size_t n, const double *u, double scaling, double *v) {
  const double whole = log1p(scaling);
  for (size_t t = 0; t < n; t++) v[t] = log1p(scaling * u[t]) / whole;
}

void nl_raised_cosine_rows(size_t n, const double *u, int n_basis, double spacing,
                           double width, int *first, double *values) {
  const int n_near = nl_raised_cosine_width(n_basis, width);
  for (size_t t = 0; t < n; t++, values += n_near) {
    if (isnan(u[t])) {
      nan_row(n_near, first + t, values);
      continue;
    }
    int start = (int)floor(u[t] / spacing - width) + 1;
    if (start > n_basis - n_near) start = n_basis - n_near;
    if (start < 0) start = 0;
    first[t] = start;
    for (int i = 0; i < n_near; i++) {
      double angle = NL_PI * (u[t] - (start + i) * spacing) / (spacing * width);
      values[i] = fabs(angle) < NL_PI ? 0.5 * (1 + cos(angle)) : 0;
    }
  }
}
