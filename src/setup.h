/* setup.h: the memory of a fit, laid out once: everything a pipeline, its solver and its
 * passes need. */
#ifndef NL_SETUP_H
#define NL_SETUP_H

#include "path.h"

nl_pass_space nl_setup_pass(const nl_design *design, const nl_hook *hook);

/* A solver without a Gram. penalty and design stay the caller's. */
void nl_setup_solver(nl_solver *solver, const nl_design *design,
                     const nl_penalty *penalty, nl_pass_space pass, const nl_hook *hook);

/* One more over the same design, with groups, a Gram and a set of its own, which works in the
 * scratch of the first: that was laid out for no fewer coordinates, nor a smaller largest
 * group. Its Gram must be lent the other's rooms, which grow, before it is extended, and
 * must give them back. gram: NULL, or one to take in place of a Gram of its own. */
void nl_setup_beside(nl_solver *solver, const nl_solver *first, const nl_penalty *penalty,
                     const nl_gram *gram);
void nl_setup_lend(const nl_gram *from, nl_gram *to);

/* A pipeline for a path of n_lambda values with room for n_point points (NL_POINTS where it
 * is fitted alone), ready for nl_path_null. solver and model stay the caller's. */
void nl_setup_line(nl_pipeline *line, nl_solver *solver, const nl_model *model,
                   int n_lambda, int n_point, const nl_hook *hook);

/* Room for the solutions of a path of n_lambda values. */
void nl_setup_trail(nl_trail *trail, int n_theta, int n_lambda, const nl_hook *hook);

#endif
