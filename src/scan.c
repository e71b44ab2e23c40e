/* scan.c: see scan.h. Loops go over AT_ONCE values, so that none waits for the last one's
 * sum or comparison. */
#include "scan.h"

#include <float.h>
#include <math.h>

enum { AT_ONCE = 4 };

int nl_are_finite(size_t n, const double *x) {
  double sum[AT_ONCE] = {0};
  size_t t = 0;
  for (; t + AT_ONCE <= n; t += AT_ONCE) { /* 0 x is NaN unless x is finite */
    for (size_t k = 0; k < AT_ONCE; k++) sum[k] += 0 * x[t + k];
  }
  for (; t < n; t++) sum[0] += 0 * x[t];
  return sum[0] + sum[1] + sum[2] + sum[3] == 0;
}

/* From here on all doubles are whole. */
#define ALL_WHOLE 4503599627370496.0

int nl_are_counts(size_t n, const double *x) {
  size_t other = 0;
  for (size_t t = 0; t < n; t++) {
    if (x[t] >= 0 && x[t] < ALL_WHOLE) {
      other += x[t] != (double)(long long)x[t];
    } else {
      other += !(x[t] >= ALL_WHOLE && x[t] <= DBL_MAX);
    }
  }
  return other == 0;
}

/* Of values between -most and most. */
static void span_within(size_t n, const double *x, double most, double bounds[2]) {
  for (size_t t = 0; t < n; t++) {
    if (!(x[t] >= -most && x[t] <= most)) continue;
    if (x[t] < bounds[0]) bounds[0] = x[t];
    if (x[t] > bounds[1]) bounds[1] = x[t];
  }
}

void nl_span(size_t n, const double *x, double bounds[2]) {
  double low[AT_ONCE], high[AT_ONCE];
  size_t t = 0;
  for (int k = 0; k < AT_ONCE; k++) {
    low[k] = INFINITY;
    high[k] = -INFINITY;
  }
  for (; t + AT_ONCE <= n; t += AT_ONCE) { /* NaN is neither less nor more */
    for (size_t k = 0; k < AT_ONCE; k++) {
      low[k] = x[t + k] < low[k] ? x[t + k] : low[k];
      high[k] = x[t + k] > high[k] ? x[t + k] : high[k];
    }
  }
  bounds[0] = fmin(fmin(low[0], low[1]), fmin(low[2], low[3]));
  bounds[1] = fmax(fmax(high[0], high[1]), fmax(high[2], high[3]));
  span_within(n - t, x + t, DBL_MAX, bounds);
  if (bounds[0] >= -DBL_MAX && bounds[1] <= DBL_MAX) return;
  bounds[0] = INFINITY;
  bounds[1] = -INFINITY;
  span_within(n, x, DBL_MAX, bounds);
}
