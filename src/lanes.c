/* lanes.c: see lanes.h. */
#include "lanes.h"

#include <math.h>
#include <string.h>

void nl_lane_set(size_t n, const double *from, int lane, double *x) {
  for (size_t i = 0; i < n; i++) x[i * NL_LANES + (size_t)lane] = from[i];
}

void nl_lane_get(size_t n, const double *x, int lane, double *to) {
  for (size_t i = 0; i < n; i++) to[i] = x[i * NL_LANES + (size_t)lane];
}

/* exp(x) = 2^k exp(r) with k the integer nearest to x / log 2, |r| <= log(2) / 2, and the
 * Taylor polynomial of degree 13 for exp(r): its remainder is below 1e-17. Adding
 * 1.5 * 2^52 rounds to an integer that then stands in the low bits of the sum. log 2
 * comes in two parts, so that k log 2 is exact in the first. */
#define ROUND_TO_INTEGER 6755399441055744.0
#define INVERSE_LOG_2 1.4426950408889634
#define LOG_2_HIGH 6.93147180369123816490e-01
#define LOG_2_LOW 1.90821492927058770002e-10
#define LOWEST (-708.0)
#define HIGHEST 709.0

#if defined(__GNUC__)

typedef int64_t nl_bits __attribute__((vector_size(32), aligned(8), may_alias));

NL_CLONES
void nl_exp(int n, double *x) {
  for (int t = 0; t < n; t += NL_VECTOR) {
    nl_v y = *(nl_v *)(x + t);
    const nl_bits zero = ~(nl_bits)(y >= LOWEST), high = (nl_bits)(y > HIGHEST);
    const nl_v most = (nl_v){0, 0, 0, 0} + HIGHEST;
    y = (nl_v)((~(zero | high) & (nl_bits)y) | (high & (nl_bits)most));
    nl_v k = y * INVERSE_LOG_2 + ROUND_TO_INTEGER;
    const nl_bits power = (nl_bits)k;
    k -= ROUND_TO_INTEGER;
    nl_v r = y - k * LOG_2_HIGH;
    r -= k * LOG_2_LOW;
    nl_v p = r * (1.0 / 6227020800.0) + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    const nl_bits scale = (power << 52) + ((int64_t)1023 << 52);
    *(nl_v *)(x + t) = (nl_v)((nl_bits)(p * (nl_v)scale) & ~zero);
  }
}

#else

void nl_exp(int n, double *x) {
  for (int t = 0; t < n; t++) {
    x[t] = x[t] >= LOWEST ? exp(x[t] > HIGHEST ? HIGHEST : x[t]) : 0;
  }
}

#endif
