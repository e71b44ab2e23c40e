/* joint.h: one path for several neurons that share groups (ensemble.h): at every lambda a
 * group is in for all of its neurons or for none.
 *
 * A proximal Newton step has one quadratic model for all neurons (coupled.h), one length and
 * one decrease, that of the sum of their losses and the penalty. The passes over the data
 * carry eight neurons at a time. Lambdas are solved one after the other, each from where the
 * slopes of all neurons are predicted to be (predict.h). A neuron's Gram is made anew when
 * the neuron holds up the others.
 *
 * Where Grams for all would take too much memory (nl_cost_gram_company), several neurons with
 * the same coordinates work with one, at the mean of their weights, each times its own
 * curvature, and times what trials show it to be more curved than that. */
#ifndef NL_JOINT_H
#define NL_JOINT_H

#include "paths.h"

/* Task k is neuron k's data and its results; tasks->penalty has one for each of them, the
 * neuron's own coordinates, with n_group, weight and scale of the shared groups. Lambdas, if
 * given, and floor are the first task's. lambda, lambda_max, kkt, status and the groups'
 * scores come out the same for all; norms are each neuron's part. */
void nl_joint_fit(const nl_tasks *tasks);

#endif
