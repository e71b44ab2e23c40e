/* joint.h: one path for several neurons that share groups (ensemble.h): at every lambda a
 * group is in for all of its neurons or for none.
 *
 * A proximal Newton step has one quadratic model for all neurons (coupled.h), one length and
 * one decrease, that of the sum of their losses and the penalty. The passes over the data
 * carry eight neurons at a time. Lambdas are solved one after the other, each from where the
 * slopes of all neurons are predicted to be (predict.h). A neuron's Gram is made anew when
 * the neuron holds up the others. */
#ifndef NL_JOINT_H
#define NL_JOINT_H

#include "paths.h"

typedef struct {
  const nl_design *design;
  const nl_penalty *penalty; /* n_task: each neuron's coordinates; n_group, weight, scale
                                are the same for all: those of the shared groups */
  nl_link link;
  double tol;
  int n_lambda;
  double ratio; /* of the last lambda to the first; 0: the lambdas are given, in the first
                    task */
  double floor; /* a lambda_max at or below this is rounding, and counts as 0 */
  nl_task
      *task; /* n_task: a neuron's data and its results. lambda, lambda_max, kkt, status
                    and the groups' scores are the same for all; norms are each neuron's
                    part. task->floor is not used */
  int n_task;
  nl_pass_space pass;
  const nl_hook *hook;
} nl_joint;

void nl_joint_fit(const nl_joint *joint);

#endif
