/* secant.h: what steps have shown of the curvature that a Gram doesn't have.
 *
 * A Gram H is old, or rests on a sample of the rows, so the slope changes over a step s by
 * H s + e. Every ride shows such an error e, and those of neighbouring lambdas share the few
 * directions in which H has become wrong. The latest of them tell, by least squares in the
 * norm of H, what error another step will meet. H itself stays as it is: its blocks keep
 * their eigenvectors, and it stays positive semidefinite where groups enter. */
#ifndef NL_SECANT_H
#define NL_SECANT_H

#include "gram.h"

enum { NL_SECANTS = 8 };

/* All in the order of the Gram; steps have the length 1 in the norm of H. */
typedef struct {
  int n;                                   /* how many there are */
  int next;                                /* which is replaced next */
  size_t ld;                               /* n_theta */
  double *step;                            /* ld x NL_SECANTS */
  double *error;                           /* ld x NL_SECANTS: e */
  double product[NL_SECANTS * NL_SECANTS]; /* s'H s of all pairs */
} nl_secants;

/* Of another Gram nothing is known. */
void nl_secants_forget(nl_secants *secants);

/* step, change (size of the Gram): a step, and how the slope changed over it, of which the
 * first n_known are known. Both are overwritten. */
void nl_secants_note(nl_secants *secants, const nl_gram *gram, int n_known, double *step,
                     double *change);

/* error (size of the Gram): what a step s will meet; times: H s. Returns 0 if nothing is
 * known. */
int nl_secants_error(const nl_secants *secants, const nl_gram *gram, const double *times,
                     double *error);

#endif
