/* secant.c: see secant.h. */
#include "secant.h"

#include <math.h>

#include "linalg.h"

/* Steps of neighbouring lambdas are nearly parallel, and their curvatures differ. */
#define NL_SECANT_RIDGE 1e-3

void nl_secants_forget(nl_secants *secants) { secants->n = secants->next = 0; }

void nl_secants_note(nl_secants *secants, const nl_gram *gram, int n_known, double *step,
                     double *change) {
  const int size = gram->size, k = secants->next;
  double *own = secants->step + (size_t)k * secants->ld;
  double *error = secants->error + (size_t)k * secants->ld;
  double *times = own;
  nl_gram_times(gram, step, times);
  const double square = nl_dot(size, step, times);
  if (!(square > 0) || !isfinite(1 / square)) {
    nl_secants_forget(secants); /* one of them has been overwritten */
    return;
  }
  const double scale = 1 / sqrt(square);
  nl_fill(secants->ld, 0, error);
  for (int i = 0; i < n_known; i++) error[i] = scale * (change[i] - times[i]);
  for (int i = 0; i < size; i++) {
    change[i] = scale * times[i];
    own[i] = scale * step[i];
  }
  /* groups that enter later have not moved */
  nl_fill(secants->ld - (size_t)size, 0, own + size);
  if (secants->n < NL_SECANTS) secants->n++;
  secants->next = (k + 1) % NL_SECANTS;
  for (int j = 0; j < secants->n; j++) {
    const double product = nl_dot(size, change, secants->step + (size_t)j * secants->ld);
    secants->product[k + j * NL_SECANTS] = secants->product[j + k * NL_SECANTS] = product;
  }
}

int nl_secants_error(const nl_secants *secants, const nl_gram *gram, const double *times,
                     double *error) {
  double product[NL_SECANTS * NL_SECANTS], share[NL_SECANTS];
  const int n = secants->n, size = gram->size;
  if (n == 0) return 0;
  for (int j = 0; j < n; j++) {
    share[j] = nl_dot(size, secants->step + (size_t)j * secants->ld, times);
    nl_copy((size_t)n, secants->product + j * NL_SECANTS, product + j * n);
    product[j + j * n] += NL_SECANT_RIDGE;
  }
  if (nl_cholesky(n, product) != 0) return 0;
  nl_cholesky_solve(n, product, share);
  nl_fill((size_t)size, 0, error);
  for (int j = 0; j < n; j++)
    nl_axpy(size, share[j], secants->error + (size_t)j * secants->ld, error);
  return 1;
}
