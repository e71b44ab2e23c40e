/* heavy.h: what Newton steps on a root are preconditioned with. A fit's weights differ by
 * orders of magnitude where solutions nearly interpolate, and the rows that weigh most make
 * H what it is; the others come near a matrix of the groups' own blocks. So H + D, D the
 * penalty's curvature, is taken as M = B + R_m'R_m, R_m the m heaviest rows of R, and B the
 * blocks of H + D less those of R_m'R_m. With B = L L' and Y = R_m L'^-1
 *   M^-1 = L'^-1 (I - Y' (I + Y Y')^-1 Y) L^-1. */
#ifndef NL_HEAVY_H
#define NL_HEAVY_H

#include "anderson.h"
#include "gram.h"

typedef struct {
  int of;          /* which Gram's rows: its n_built; 0: none yet */
  int n;           /* m, a multiple of NL_HEAVY_TILE */
  int *row;        /* n_obs: the first m are the heaviest, in their order */
  double *light;   /* as gram->vectors: the groups' blocks of H without the heavy rows */
  int *light_of;   /* n_group: which Gram's; 0: none yet */
  nl_root rows;    /* Y; as a root, of groups one after the other */
  double *inverse; /* rank x rank for each member */
  double *factor;  /* m x m: Cholesky factor of I + Y Y' */
  float *product;  /* m x m */
  float *panel;    /* NL_HEAVY_PANEL x m */
  float *image;    /* m in lanes */
  double *solved;  /* m in lanes */
  double *scratch; /* largest rank x NL_PANEL */
  nl_room room;
} nl_heavy;

enum { NL_HEAVY_TILE = 16, NL_HEAVY_PANEL = 32 };

/* Memory for row and light, once. */
void nl_heavy_setup(nl_heavy *heavy, const nl_gram *gram, const nl_penalty *penalty,
                    const nl_hook *hook);

/* M at points x (in lanes, of n coordinates: those of the members): D is the mean of those
 * of the lanes (n_model) in which a group is not zero. Returns 0 where M is not positive. */
int nl_heavy_build(nl_heavy *heavy, const nl_gram *gram, const nl_lane_groups *groups,
                   const int *member, int n, int n_model, const double *x,
                   const nl_hook *hook);

/* out (n in lanes) = M^-1 r. turned: n in lanes. */
void nl_heavy_solve(nl_heavy *heavy, const nl_lane_groups *groups, int n, const double *r,
                    double *turned, double *out);

#endif
