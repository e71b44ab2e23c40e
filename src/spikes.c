/* spikes.c: see spikes.h. */
#include "spikes.h"

#include <string.h>

static int holds(const double *edge, int bin, double time) {
  return edge[bin] <= time && time < edge[bin + 1];
}

/* The last bin for the end of the edges. */
static int search_bin(int n_bin, const double *edge, double time) {
  int low = 0, high = n_bin;
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    if (edge[middle] <= time) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

/* The bin of a time inside the edges. last: the bin before, which is near where spikes
 * are sorted; else bins may be equally wide. */
static int find_bin(int n_bin, const double *edge, double time, int last) {
  if (holds(edge, last, time)) return last;
  if (last + 1 < n_bin && holds(edge, last + 1, time)) return last + 1;
  const double guess = (time - edge[0]) / (edge[n_bin] - edge[0]) * n_bin;
  /* a range that overflows gives no number */
  if (guess >= 0 && guess < n_bin && holds(edge, (int)guess, time)) return (int)guess;
  return search_bin(n_bin, edge, time);
}

void nl_count_spikes(const nl_spikes *spikes, int *counts, double *outside) {
  const double first = spikes->edge[0], end = spikes->edge[spikes->n_bin];
  int bin = 0;
  memset(counts, 0, (size_t)spikes->n_bin * (size_t)spikes->n_unit * sizeof *counts);
  for (int u = 0; u < spikes->n_unit; u++) outside[u] = 0;
  for (size_t i = 0; i < spikes->n_spike; i++) {
    const double time = spikes->time[i];
    const size_t unit = spikes->unit ? (size_t)spikes->unit[i] : 0;
    if (time < first || time > end) {
      outside[unit]++;
      continue;
    }
    bin = find_bin(spikes->n_bin, spikes->edge, time, bin);
    counts[(size_t)bin + unit * (size_t)spikes->n_bin]++;
  }
}
