/* setup.h: the memory of a fit, laid out once: everything a pipeline, its solver and its
 * passes need. */
#ifndef NL_SETUP_H
#define NL_SETUP_H

#include "path.h"

nl_pass_space nl_setup_pass(const nl_design *design, const nl_hook *hook);

/* A pipeline for a path of n_lambda values, ready for nl_path_null. model and penalty
 * stay the caller's. */
void nl_setup_pipeline(nl_pipeline *line, nl_solver *solver, const nl_model *model,
                       const nl_penalty *penalty, int n_lambda, nl_pass_space pass,
                       const nl_hook *hook);

#endif
