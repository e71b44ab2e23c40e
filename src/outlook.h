/* outlook.h: where the next lambda's solution will be, for neurons that share groups: the
 * predictions of predict.h, by the same weights for all neurons. */
#ifndef NL_OUTLOOK_H
#define NL_OUTLOOK_H

#include "ensemble.h"

typedef struct {
  int n_before; /* lambdas that a prediction can rest on: the first so many of each neuron's
                    `before` */
  double *moves; /* (NL_MAX_BEFORE + 1) times the coordinates of all neurons */
} nl_outlook;

/* Every neuron's solver->quadratic.predicted <- the slope that its model should have at now, for
 * a level. The Grams cover the sets. Returns 0 if there is nothing to go by. */
int nl_outlook_predict(nl_outlook *outlook, nl_ensemble *ensemble, const nl_level *level,
                       const nl_hook *hook);

/* Notes where the neurons are, with the gradients of all groups, for the lambdas to come. */
void nl_outlook_note(nl_outlook *outlook, nl_ensemble *ensemble, const nl_level *level);

#endif
