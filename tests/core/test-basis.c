/* basis.h against the recursive definitions. */
#include <math.h>

#include "basis.h"
#include "check.h"
#include "fixture.h"

enum { MAX_BASIS = 12, MAX_ORDER = NL_MAX_POWERS };

/* ---- a basis over all columns ------------------------------------------------------ */

/* Row t of the tested code spread over n_basis columns; a run past the end wraps. */
static void spread(int n_basis, int width, int first, const double *values, double *row) {
  for (int c = 0; c < n_basis; c++) row[c] = 0;
  for (int i = 0; i < width; i++) row[(first + i) % n_basis] += values[i];
}

static double sum_of(int n, const double *x) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += x[i];
  return sum;
}

/* ---- B-splines on knots ------------------------------------------------------------ */

/* B-spline number i of an order by the recursion of Cox and de Boor, 0 / 0 = 0; the last
 * interval that is not empty is closed. */
static double cox_de_boor(int i, int order, const double *knots, double u) {
  if (order == 1) {
    if (knots[i] <= u && u < knots[i + 1]) return 1;
    return u == 1 && knots[i + 1] == 1 && knots[i] < 1;
  }
  const double rise = knots[i + order - 1] - knots[i];
  const double fall = knots[i + order] - knots[i + 1];
  double value = 0;
  if (rise > 0) value += (u - knots[i]) / rise * cox_de_boor(i, order - 1, knots, u);
  if (fall > 0) {
    value += (knots[i + order] - u) / fall * cox_de_boor(i + 1, order - 1, knots, u);
  }
  return value;
}

/* Distance of one row from the recursion, from a partition of unity, and 1 where `first`
 * is out of range or a value negative. */
static double bspline_error(double u, int n_basis, int order, const double *knots) {
  double values[MAX_ORDER], row[MAX_BASIS], worst = 0;
  int first = -1;
  nl_bspline_rows(1, &u, n_basis, order, knots, &first, values);
  if (first < 0 || first > n_basis - order) return 1;
  spread(n_basis, order, first, values, row);
  for (int c = 0; c < n_basis; c++) {
    worst = larger(worst, fabs(row[c] - cox_de_boor(c, order, knots, u)));
    if (row[c] < 0) return 1;
  }
  return larger(worst, fabs(sum_of(n_basis, row) - 1));
}

/* The worst over a grid, both ends, and all knots and what is next to them. */
static double bspline_worst(int n_basis, int order, const double *knots) {
  double worst = 0;
  for (int i = 0; i <= 100; i++) {
    worst = larger(worst, bspline_error(i / 100.0, n_basis, order, knots));
  }
  for (int i = 0; i < n_basis + order; i++) {
    const double u = knots[i];
    worst = larger(worst, bspline_error(u, n_basis, order, knots));
    if (u < 1)
      worst = larger(worst, bspline_error(nextafter(u, 2), n_basis, order, knots));
    if (u > 0)
      worst = larger(worst, bspline_error(nextafter(u, -1), n_basis, order, knots));
  }
  return worst;
}

/* `order` zeros, the inner knots, `order` ones. */
static void clamp_knots(int n_basis, int order, const double *inner, double *knots) {
  for (int i = 0; i < n_basis + order; i++) {
    knots[i] = i < order ? 0 : i < n_basis ? inner[i - order] : 1;
  }
}

static void even_knots(int n_basis, int order, double *knots) {
  double inner[MAX_BASIS];
  const int n_inner = n_basis - order;
  for (int i = 0; i < n_inner; i++) inner[i] = (i + 1) / (n_inner + 1.0);
  clamp_knots(n_basis, order, inner, knots);
}

static void test_bspline_even_knots(void) {
  double knots[MAX_BASIS + MAX_ORDER];
  for (int order = 1; order <= MAX_ORDER; order++) {
    for (int n_basis = order; n_basis <= order + 6; n_basis++) {
      even_knots(n_basis, order, knots);
      CHECK_NEAR(bspline_worst(n_basis, order, knots), 0, 1e-13);
    }
  }
}

static void test_bspline_uneven_knots(void) {
  const double inner[] = {0.02, 0.1, 0.11, 0.5, 0.93};
  const double repeated[] = {0.25, 0.25, 0.6, 0.6, 0.6};
  const double at_ends[] = {0, 0.3, 0.4, 1, 1};
  double knots[MAX_BASIS + MAX_ORDER];
  for (int order = 1; order <= MAX_ORDER; order++) {
    clamp_knots(order + 5, order, inner, knots);
    CHECK_NEAR(bspline_worst(order + 5, order, knots), 0, 1e-13);
    clamp_knots(order + 5, order, repeated, knots);
    CHECK_NEAR(bspline_worst(order + 5, order, knots), 0, 1e-13);
    clamp_knots(order + 5, order, at_ends, knots);
    CHECK_NEAR(bspline_worst(order + 5, order, knots), 0, 1e-13);
  }
}

/* Rows do not depend on their neighbours. */
static void test_bspline_many_rows(void) {
  enum { N = 5, N_BASIS = 7, ORDER = 4 };
  const double u[N] = {0, 0.3, NAN, 1, 0.71};
  double knots[N_BASIS + ORDER], values[ORDER * N], one[ORDER];
  int first[N], first_of_one;
  even_knots(N_BASIS, ORDER, knots);
  nl_bspline_rows(N, u, N_BASIS, ORDER, knots, first, values);
  for (int t = 0; t < N; t++) {
    if (t == 2) continue;
    nl_bspline_rows(1, u + t, N_BASIS, ORDER, knots, &first_of_one, one);
    CHECK(first[t] == first_of_one);
    CHECK(distance(ORDER, values + t * ORDER, one) == 0);
  }
  CHECK(first[0] == 0 && first[3] == N_BASIS - ORDER);
}

static int is_nan_row(int width, int first, const double *values) {
  for (int i = 0; i < width; i++) {
    if (!isnan(values[i])) return 0;
  }
  return first == 0;
}

static void test_nan_rows(void) {
  const double u[] = {0.9, NAN};
  const double knots[] = {0, 0, 0, 0.5, 1, 1, 1};
  double values[8];
  int first[2];
  nl_bspline_rows(2, u, 4, 3, knots, first, values);
  CHECK(!isnan(values[0]) && is_nan_row(3, first[1], values + 3));
  nl_cyclic_rows(2, u, 5, 4, first, values);
  CHECK(!isnan(values[0]) && is_nan_row(4, first[1], values + 4));
  nl_raised_cosine_rows(2, u, 6, 0.2, 2, first, values);
  CHECK(!isnan(values[0]) && is_nan_row(4, first[1], values + 4));
}

/* ---- periodic B-splines ------------------------------------------------------------ */

/* The B-spline of an order on the knots 0, 1, ..., order. */
static double uniform_bspline(int order, double x) {
  if (order == 1) return x >= 0 && x < 1;
  return (x * uniform_bspline(order - 1, x) +
          (order - x) * uniform_bspline(order - 1, x - 1)) /
         (order - 1);
}

static double periodised(int column, int n_basis, int order, double u) {
  double sum = 0;
  for (int turn = -2; turn <= 2; turn++) {
    const double from_start = (u + turn) * n_basis - (column - (order - 1));
    sum += uniform_bspline(order, from_start);
  }
  return sum;
}

/* NaN where `first` is out of range. */
static void cyclic_row(double u, int n_basis, int order, double *row) {
  double values[MAX_ORDER];
  int first = -1;
  nl_cyclic_rows(1, &u, n_basis, order, &first, values);
  for (int c = 0; c < n_basis; c++) row[c] = NAN;
  if (first < 0 || first >= n_basis) return;
  spread(n_basis, order, first, values, row);
}

static double cyclic_error(double u, int n_basis, int order) {
  double row[MAX_BASIS], worst = 0;
  cyclic_row(u, n_basis, order, row);
  for (int c = 0; c < n_basis; c++) {
    worst = larger(worst, fabs(row[c] - periodised(c, n_basis, order, u)));
  }
  return larger(worst, fabs(sum_of(n_basis, row) - 1));
}

static void test_cyclic_values(void) {
  for (int order = 2; order <= MAX_ORDER; order++) {
    for (int n_basis = order; n_basis <= order + 4; n_basis++) {
      double worst = 0;
      for (int i = 0; i < 64; i++) {
        worst = larger(worst, cyclic_error(i / 64.0, n_basis, order));
      }
      for (int c = 0; c < n_basis; c++) { /* at the knots */
        worst = larger(worst, cyclic_error((double)c / n_basis, n_basis, order));
      }
      worst = larger(worst, cyclic_error(nextafter(1, 0), n_basis, order));
      CHECK_NEAR(worst, 0, 1e-13);
    }
  }
}

static void test_cyclic_order_one(void) {
  double row[3];
  for (int c = 0; c < 3; c++) {
    cyclic_row((c + 0.5) / 3, 3, 1, row);
    for (int j = 0; j < 3; j++) CHECK(row[j] == (j == c));
  }
}

/* At zero the first interval holds columns 0 .. order - 1; cubics have 1/6, 4/6, 1/6, 0.
 */
static void test_cyclic_at_zero(void) {
  const double u = 0, expected[] = {1.0 / 6, 4.0 / 6, 1.0 / 6, 0};
  double values[4];
  int first = -1;
  nl_cyclic_rows(1, &u, 7, 4, &first, values);
  CHECK(first == 0);
  CHECK_NEAR(distance(4, values, expected), 0, 1e-15);
}

/* One is zero again, and takes no column beyond the last. */
static void test_cyclic_at_one(void) {
  for (int order = 2; order <= MAX_ORDER; order++) {
    double at_zero[MAX_BASIS], at_one[MAX_BASIS];
    cyclic_row(0, 7, order, at_zero);
    cyclic_row(1, 7, order, at_one);
    CHECK_NEAR(distance(7, at_one, at_zero), 0, 1e-15);
  }
}

/* Value, first and second difference of a cubic agree from either side of the seam. */
static void test_cyclic_seam(void) {
  enum { N = 6, ORDER = 4 };
  const double h = 1e-4, third = 6.0 * N * N * N * h; /* bound of f''' times h */
  double at[N], before[N], before2[N], after[N], after2[N];
  cyclic_row(0, N, ORDER, at);
  cyclic_row(1 - h, N, ORDER, before);
  cyclic_row(1 - 2 * h, N, ORDER, before2);
  cyclic_row(h, N, ORDER, after);
  cyclic_row(2 * h, N, ORDER, after2);
  double steepest = 0, most_curved = 0;
  for (int c = 0; c < N; c++) {
    const double left = (at[c] - before[c]) / h, right = (after[c] - at[c]) / h;
    const double left2 = (at[c] - 2 * before[c] + before2[c]) / (h * h);
    const double right2 = (at[c] - 2 * after[c] + after2[c]) / (h * h);
    CHECK_NEAR(before[c], after[c], 2 * h * N);
    CHECK_NEAR(left, right, 6.0 * N * N * h);
    CHECK_NEAR(left2, right2, third);
    steepest = fmax(steepest, fabs(left));
    most_curved = fmax(most_curved, fabs(left2));
  }
  CHECK(steepest > 100 * 6.0 * N * N * h / 2); /* the bounds above mean something */
  CHECK(most_curved > 100 * third / 2);
}

/* ---- splines as cells and polynomials ---------------------------------------------- */

static double horner(int order, const double *poly, int i, double s) {
  double value = 0;
  for (int k = order - 1; k >= 0; k--) value = value * s + poly[i + k * order];
  return value;
}

/* Distance of one row of the polynomials from that of the values; 1 where the first
 * column differs or s is not in its interval. */
static double cell_error(double u, int n_basis, int order, const double *knots,
                         int n_cell, const int *span, const double *poly) {
  double values[MAX_ORDER], worst = 0, s = NAN;
  int first = -1, cell = -1;
  nl_bspline_rows(1, &u, n_basis, order, knots, &first, values);
  nl_bspline_cells(1, &u, knots, n_cell, span, &cell, &s);
  if (cell < 0 || cell >= n_cell || !(s >= 0 && s <= 1)) return 1;
  if (span[cell] - (order - 1) != first) return 1;
  for (int i = 0; i < order; i++) {
    const double value = horner(order, poly + cell * order * order, i, s);
    worst = larger(worst, fabs(value - values[i]));
  }
  return worst;
}

/* The worst over a grid, both ends, and all knots and what is next to them. */
static double cells_worst(int n_basis, int order, const double *knots) {
  const int most = n_basis - order + 1;
  int *span = new_ints((size_t)most);
  const int n_cell = nl_bspline_spans(n_basis, order, knots, span);
  double *poly = new_doubles((size_t)(order * order * n_cell)), worst = 0;
  if (n_cell < 1 || n_cell > most) return 1;
  nl_bspline_poly(order, knots, n_cell, span, poly);
  for (int i = 0; i <= 100; i++)
    worst =
        larger(worst, cell_error(i / 100.0, n_basis, order, knots, n_cell, span, poly));
  for (int i = 0; i < n_basis + order; i++) {
    const double near[] = {knots[i], nextafter(knots[i], 2), nextafter(knots[i], -1)};
    for (int k = 0; k < 3; k++) {
      if (near[k] < 0 || near[k] > 1) continue;
      worst =
          larger(worst, cell_error(near[k], n_basis, order, knots, n_cell, span, poly));
    }
  }
  free_all();
  return worst;
}

static void test_cells_of_even_knots(void) {
  double knots[MAX_BASIS + MAX_ORDER];
  for (int order = 1; order <= MAX_ORDER; order++) {
    for (int n_basis = order; n_basis <= order + 6; n_basis++) {
      even_knots(n_basis, order, knots);
      CHECK_NEAR(cells_worst(n_basis, order, knots), 0, 1e-13);
    }
  }
}

static void test_cells_of_uneven_knots(void) {
  const double inner[][5] = {{0.02, 0.1, 0.11, 0.5, 0.93},
                             {0.25, 0.25, 0.6, 0.6, 0.6},
                             {0, 0.3, 0.4, 1, 1},
                             {0, 0, 0, 0, 1}};
  double knots[MAX_BASIS + MAX_ORDER];
  for (int order = 1; order <= MAX_ORDER; order++) {
    for (int k = 0; k < 4; k++) {
      clamp_knots(order + 5, order, inner[k], knots);
      CHECK_NEAR(cells_worst(order + 5, order, knots), 0, 1e-13);
    }
  }
}

static void test_spans(void) {
  const double inner[] = {0, 0.3, 0.3, 1, 1};
  double knots[9];
  int span[6] = {-1, -1, -1, -1, -1, -1};
  clamp_knots(7, 2, inner, knots);
  CHECK(nl_bspline_spans(7, 2, knots, span) == 2);
  CHECK(span[0] == 2 && span[1] == 4 && span[2] == -1);
  clamp_knots(2, 2, inner, knots);
  CHECK(nl_bspline_spans(2, 2, knots, span) == 1 && span[0] == 1);
}

/* Distance of one row of the polynomials from that of the values. */
static double cyclic_cell_error(double u, int n_basis, int order, const double *poly) {
  double values[MAX_ORDER], worst = 0, s = NAN;
  int first = -1, cell = -1;
  nl_cyclic_rows(1, &u, n_basis, order, &first, values);
  nl_cyclic_cells(1, &u, n_basis, &cell, &s);
  if (cell != first || cell < 0 || cell >= n_basis || !(s >= 0 && s <= 1)) return 1;
  for (int i = 0; i < order; i++)
    worst = larger(worst, fabs(horner(order, poly, i, s) - values[i]));
  return worst;
}

static void test_cyclic_cells(void) {
  for (int order = 1; order <= MAX_ORDER; order++) {
    double poly[MAX_ORDER * MAX_ORDER];
    for (int i = 0; i < MAX_ORDER * MAX_ORDER; i++) poly[i] = NAN;
    nl_cyclic_poly(order, poly);
    CHECK(order == MAX_ORDER || isnan(poly[order * order]));
    for (int n_basis = order; n_basis <= order + 5; n_basis++) {
      double worst = cyclic_cell_error(1, n_basis, order, poly);
      for (int i = 0; i < 100; i++)
        worst = larger(worst, cyclic_cell_error(i / 100.0, n_basis, order, poly));
      for (int c = 0; c < n_basis; c++) {
        const double knot = (double)c / n_basis;
        worst = larger(worst, cyclic_cell_error(knot, n_basis, order, poly));
        worst =
            larger(worst, cyclic_cell_error(nextafter(knot, 1), n_basis, order, poly));
        if (c > 0)
          worst =
              larger(worst, cyclic_cell_error(nextafter(knot, 0), n_basis, order, poly));
      }
      worst = larger(worst, cyclic_cell_error(nextafter(1, 0), n_basis, order, poly));
      CHECK_NEAR(worst, 0, 1e-13);
    }
  }
}

/* NaN has the first cell, and s is NaN; its neighbours do not notice. */
static void test_nan_cells(void) {
  const double u[] = {0.9, NAN, 0.2}, knots[] = {0, 0, 0, 0.5, 1, 1, 1};
  const int span[] = {2, 3};
  double s[] = {-1, -1, -1};
  int cell[] = {-1, -1, -1};
  nl_bspline_cells(3, u, knots, 2, span, cell, s);
  CHECK(cell[0] == 1 && cell[1] == 0 && cell[2] == 0 && isnan(s[1]));
  CHECK_NEAR(s[0], 0.8, 1e-15);
  CHECK_NEAR(s[2], 0.4, 1e-15);
  nl_cyclic_cells(3, u, 5, cell, s);
  CHECK(cell[0] == 4 && cell[1] == 0 && cell[2] == 1 && isnan(s[1]));
  CHECK_NEAR(s[0], 0.5, 1e-15);
  CHECK_NEAR(s[2], 0, 1e-15);
}

/* ---- raised cosines ---------------------------------------------------------------- */

static double raised_cosine(int column, double spacing, double width, double u) {
  const double from_peak = u - column * spacing;
  if (fabs(from_peak) >= spacing * width) return 0;
  return 0.5 * (1 + cos(3.14159265358979323846 * from_peak / (spacing * width)));
}

/* last: where the last peak is. */
static double raised_cosine_error(double u, int n_basis, double last, double width) {
  const double spacing = last / (n_basis - 1);
  const int n_near = nl_raised_cosine_width(n_basis, width);
  double values[MAX_BASIS], row[MAX_BASIS], worst = 0;
  int first = -1;
  if (n_near < 1 || n_near > n_basis) return 1;
  nl_raised_cosine_rows(1, &u, n_basis, spacing, width, &first, values);
  if (first < 0 || first > n_basis - n_near) return 1;
  spread(n_basis, n_near, first, values, row);
  for (int c = 0; c < n_basis; c++) {
    worst = larger(worst, fabs(row[c] - raised_cosine(c, spacing, width, u)));
  }
  return worst;
}

static void test_raised_cosine(void) {
  const int n_basis[] = {2, 3, 6, 7};
  const double width[] = {1.5, 2, 2.5, 3};
  for (int i = 0; i < 4; i++) {
    for (int k = 0; k < 4; k++) {
      double worst = 0;
      for (int t = 0; t <= 210; t++) { /* peaks and edges of all four among them */
        worst = larger(worst, raised_cosine_error(t / 210.0, n_basis[i], 1, width[k]));
        worst = larger(worst, raised_cosine_error(t / 240.0, n_basis[i], 0.7, width[k]));
      }
      CHECK_NEAR(worst, 0, 1e-13);
    }
  }
}

/* Away from the ends, cosines of width 2 sum to 2. */
static void test_raised_cosine_sum(void) {
  double values[4];
  int first;
  const double u = 0.43;
  nl_raised_cosine_rows(1, &u, 8, 1.0 / 7, 2, &first, values);
  CHECK_NEAR(sum_of(4, values), 2, 1e-14);
}

/* The axis of the logarithm: its ends stay, its slope at 0 is scaling / log(scaling + 1). */
static void test_log_warp(void) {
  double u[] = {0, 0.25, 1, 1e-9, NAN};
  double v[5];
  nl_log_warp(5, u, 12, v);
  CHECK(v[0] == 0 && isnan(v[4]));
  CHECK_NEAR(v[1], log(4) / log(13), 1e-15);
  CHECK_NEAR(v[2], 1, 1e-15);
  CHECK_NEAR(v[3] / 1e-9, 12 / log(13), 1e-6);
  nl_log_warp(3, u, 12, u);
  CHECK(distance(3, u, v) == 0);
}

static void test_raised_cosine_width(void) {
  CHECK(nl_raised_cosine_width(20, 1.5) == 3);
  CHECK(nl_raised_cosine_width(20, 2) == 4);
  CHECK(nl_raised_cosine_width(20, 2.25) == 5);
  CHECK(nl_raised_cosine_width(3, 2) == 3);
}

/* ---- rescaling --------------------------------------------------------------------- */

static void test_rescale_clamps(void) {
  const double x[] = {-3, 2, 4, 6, 10, 10.5, INFINITY, -INFINITY, NAN};
  const double expected[] = {0, 0, 0.25, 0.5, 1, 1, 1, 0};
  double u[9];
  CHECK(nl_rescale(9, x, 2, 10, 0, u) == 4);
  CHECK_NEAR(distance(8, u, expected), 0, 1e-15);
  CHECK(isnan(u[8]));
}

static void test_rescale_in_place(void) {
  double x[] = {1, 2, 3};
  const double expected[] = {0, 0.5, 1};
  CHECK(nl_rescale(3, x, 1, 3, 0, x) == 0);
  CHECK(distance(3, x, expected) == 0);
}

/* A value at a bound is not outside, whatever rounding does. */
static void test_rescale_stays_in_unit(void) {
  seed_random(5);
  size_t moved = 0;
  int outside = 0;
  for (int i = 0; i < 2000; i++) {
    const double lower = random_normal(), upper = lower + exp(10 * random_normal());
    const double x[] = {lower, upper, nextafter(upper, lower), nextafter(lower, upper)};
    double u[4];
    moved += nl_rescale(4, x, lower, upper, 0, u);
    for (int k = 0; k < 4; k++) outside += !(u[k] >= 0 && u[k] <= 1);
    outside += u[0] != 0 || u[1] != 1;
  }
  CHECK(moved == 0);
  CHECK(outside == 0);
}

static void test_rescale_equal_bounds(void) {
  const double x[] = {3, 2, 5, NAN};
  double u[4];
  CHECK(nl_rescale(4, x, 3, 3, 0, u) == 2);
  CHECK(u[0] == 0 && u[1] == 0 && u[2] == 0 && isnan(u[3]));
  CHECK(nl_rescale(4, x, 3, 3, 1, u) == 0);
  CHECK(u[0] == 0 && u[1] == 0 && u[2] == 0 && isnan(u[3]));
}

static void test_rescale_wraps(void) {
  const double x[] = {-180, 0, 180, 270, -270, 900, -3600180, 3600090, NAN, -180 - 1e-14};
  const double expected[] = {0, 0.5, 0, 0.25, 0.75, 0, 0, 0.75};
  double u[10];
  CHECK(nl_rescale(10, x, -180, 180, 1, u) == 0);
  CHECK_NEAR(distance(8, u, expected), 0, 1e-11);
  CHECK(isnan(u[8]));
  CHECK(u[9] >= 0 && u[9] < 1);
}

static void test_rescale_wraps_below_one(void) {
  const double tiny = -1e-20;
  double u = -1;
  nl_rescale(1, &tiny, 0, 1, 1, &u);
  CHECK(u == 0);
}

void suite_basis(void);

void suite_basis(void) {
  RUN(test_bspline_even_knots);
  RUN(test_bspline_uneven_knots);
  RUN(test_bspline_many_rows);
  RUN(test_nan_rows);
  RUN(test_cyclic_values);
  RUN(test_cyclic_order_one);
  RUN(test_cyclic_at_zero);
  RUN(test_cyclic_at_one);
  RUN(test_cyclic_seam);
  RUN(test_cells_of_even_knots);
  RUN(test_cells_of_uneven_knots);
  RUN(test_spans);
  RUN(test_cyclic_cells);
  RUN(test_nan_cells);
  RUN(test_raised_cosine);
  RUN(test_raised_cosine_sum);
  RUN(test_log_warp);
  RUN(test_raised_cosine_width);
  RUN(test_rescale_clamps);
  RUN(test_rescale_in_place);
  RUN(test_rescale_stays_in_unit);
  RUN(test_rescale_equal_bounds);
  RUN(test_rescale_wraps);
  RUN(test_rescale_wraps_below_one);
}
