/* spikes.h: spike times counted in bins. */
#ifndef NL_SPIKES_H
#define NL_SPIKES_H

#include "nl.h"

typedef struct {
  size_t n_spike;
  const double *time; /* n_spike, in any order, no NaN */
  const int *unit;    /* n_spike, from 0 to n_unit - 1, or NULL: all are of unit 0 */
  int n_unit;
  int n_bin;
  const double *edge; /* n_bin + 1, increasing: bin b holds edge[b] <= time < edge[b + 1],
                         the last one its end, too */
} nl_spikes;

/* counts (n_bin x n_unit): how many spikes are in each bin. outside (n_unit): how many
 * are in none. One step per spike where spikes are sorted or bins equally wide, else a
 * binary search. */
void nl_count_spikes(const nl_spikes *spikes, int *counts, double *outside);

#endif
