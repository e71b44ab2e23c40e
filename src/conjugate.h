/* conjugate.h: Newton steps of models in lanes on a root, over the groups that are not
 * zero, by conjugate gradients: H is never formed, and each iteration reads the root once
 * for all lanes. Where sweeps no longer change which groups are zero, they come closer to
 * the solution slowly; these steps then get there in a few. */
#ifndef NL_CONJUGATE_H
#define NL_CONJUGATE_H

#include "heavy.h"
#include "weigh.h"

typedef struct {
  nl_heavy heavy;
  nl_room room;
  /* n coordinates in lanes each */
  double *gradient;  /* of the models' smooth parts, at x */
  double *direction; /* of the step */
  double *residual;  /* of its equations */
  double *search;    /* conjugate direction */
  double *answer;    /* H + D times it; and what the residual is turned into */
  double *turned;
  double *free; /* n_group in lanes: 1 where a group moves, 0 where it is zero or
                         will be */
  float *image; /* n_obs in lanes: of direction */
  float *search_image;
  float *weighed; /* n_obs in lanes: an image, weighed */
} nl_conjugate;

/* Where models in lanes are: x, the slope where they began, and the change since then. */
typedef struct {
  double *x;           /* n in lanes: the members' coordinates */
  const double *slope; /* n in lanes: of the smooth parts where the models began */
  float *image;        /* n_obs in lanes: ratio times R (x - start) */
  double *drift;       /* NL_LANES: f'R (x - start) / c_v */
} nl_lane_place;

/* One step of the members' n coordinates. A group that the step takes through zero stops
 * there. In each lane the step is shortened until the model decreases; a lane stays where no
 * step does that. idle (n_model): lanes that are to stay. Returns how often it read the root. */
int nl_conjugate_step(const nl_penalty *penalty, const nl_gram *gram,
                      const nl_lane_weights *weights, const nl_lane_groups *groups,
                      const int *member, int n, int n_model, const int *idle,
                      nl_lane_place *place, nl_conjugate *space, const nl_hook *hook);

#endif
