/* model.h: a model with its data, and the pass over the data that evaluates up to
 * NL_LANES points at once: of one model, or of several over the same design. */
#ifndef NL_MODEL_H
#define NL_MODEL_H

#include "link.h"

/* Fills the model. y: n_obs counts, at least one above 0 where prior > 0; offset, prior:
 * n_obs, or NULL for 0 and 1. base, rows: n_obs, score: n_col, all overwritten; the model
 * keeps base and score, and, for the softplus link, y and prior. base may be NULL: then
 * nl_model_borrow must follow. */
void nl_model_init(nl_model *model, nl_link link, const nl_design *design,
                   const double *y, const double *offset, const double *prior,
                   double *base, double *score, double *rows, nl_pass_space *space);

/* Rows that have weight 1 or 0 relative to those of another model, and its offset, need no
 * base of their own. Counts the runs of rows that are left out; SIZE_MAX where weights
 * differ otherwise. prior, other: n_obs, or NULL for 1. gap: NULL, or room for two numbers a
 * run, see nl_model. */
size_t nl_model_gaps(size_t n_obs, const double *prior, const double *other, size_t *gap);
void nl_model_borrow(nl_model *model, const double *base, const size_t *gap,
                     size_t n_gap);

/* One pass: fills loss, slope, curvature and the gradient of the blocks with wanted[b] !=
 * 0 of n_lane (1 .. NL_LANES) states, state[v] a point of model[v]; all models have the
 * same design and link. state->shift is the guess to start from. kept: NULL, or n_lane
 * arrays, each NULL or of n_obs: there go the weights of a lane's curvature, not
 * normalised. */
void nl_model_pass(int n_lane, const nl_model *const *model, nl_state *const *state,
                   const int *wanted, double *const *kept, nl_pass_space *space,
                   const nl_hook *hook);

#endif
