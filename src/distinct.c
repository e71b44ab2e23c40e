/* distinct.c: see distinct.h. Open addressing, with the bits of the values mixed by
 * multiplication and shifts. */
#include "distinct.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static uint64_t bits_of(double x) {
  uint64_t bits;
  if (x == 0) x = 0; /* -0 */
  if (isnan(x)) return UINT64_C(0x7ff8000000000000);
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static uint64_t hash_row(size_t row, int n_col, const double *const *column) {
  uint64_t hash = UINT64_C(0x9e3779b97f4a7c15);
  for (int j = 0; j < n_col; j++) {
    hash = (hash ^ bits_of(column[j][row])) * UINT64_C(0xff51afd7ed558ccd);
    hash ^= hash >> 32;
  }
  return hash;
}

static int same_row(size_t a, size_t b, int n_col, const double *const *column) {
  for (int j = 0; j < n_col; j++) {
    if (bits_of(column[j][a]) != bits_of(column[j][b])) return 0;
  }
  return 1;
}

int nl_distinct(size_t n, int n_col, const double *const *column, int limit, int *index,
                int *first, int *slot, size_t n_slot) {
  int found = 0;
  for (size_t i = 0; i < n_slot; i++) slot[i] = -1;
  for (size_t row = 0; row < n; row++) {
    size_t at = (size_t)hash_row(row, n_col, column) & (n_slot - 1);
    while (slot[at] >= 0 && !same_row((size_t)first[slot[at]], row, n_col, column))
      at = (at + 1) & (n_slot - 1);
    if (slot[at] < 0) {
      if (found == limit) return -1;
      first[found] = (int)row;
      slot[at] = found++;
    }
    index[row] = slot[at];
  }
  return found;
}
