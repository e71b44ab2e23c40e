/* ride.h: one pass over the data for up to NL_LANES points, of one path or of several over
 * the same design: each proposes where to look, all are evaluated together, each judges
 * what it is told, and Grams are made anew where points want that. */
#ifndef NL_RIDE_H
#define NL_RIDE_H

#include "line.h"

typedef struct {
  nl_pipeline *line;
  nl_point *point;
} nl_rider;

/* wanted (n_block): the blocks that the pass looks at, those of the riders' sets among
 * them. full: all groups are looked at. closed: the working sets are all there is. */
void nl_ride(const nl_rider *rider, int n, const int *wanted, int full, int closed);

#endif
