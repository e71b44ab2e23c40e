/* terms.c: see terms.h. */
#include "terms.h"

#include <math.h>

#include "linalg.h"

/* ---- the terms --------------------------------------------------------------------- */

/* The terms of a group whose weight times lambda is tau; its own norm counts as `share` of
 * what it would without the others. */
static nl_terms terms_of(const nl_penalty *penalty, int g, double tau, double unit) {
  nl_terms terms = {tau, 0, 0, unit, 0, 0, NULL};
  if (!(tau > 0) || nl_penalty_is_plain(penalty)) return terms;
  const double norms = (1 - penalty->ridge) * (1 - penalty->lasso);
  terms.norm = norms * tau;
  terms.lasso =
      (1 - penalty->ridge) * penalty->lasso * tau / sqrt(nl_group_rank(penalty, g));
  terms.ridge = penalty->ridge * tau;
  if (!penalty->part_start) return terms;
  terms.part = norms * tau / penalty->weight[g];
  terms.n_part = penalty->part_start[g + 1] - penalty->part_start[g];
  terms.parts = penalty->part + penalty->part_start[g];
  return terms;
}

nl_terms nl_group_terms(const nl_penalty *penalty, const nl_level *level, int g) {
  return terms_of(penalty, g, nl_level_tau(level, penalty, g),
                  nl_level_unit(level, penalty, g));
}

nl_part nl_terms_norm(const nl_terms *terms, int rank, int k) {
  if (k == terms->n_part) return (nl_part){0, rank, terms->norm};
  nl_part part = terms->parts[k];
  part.weight *= terms->part;
  return part;
}

double nl_terms_value(const nl_terms *terms, int rank, const double *x) {
  double sum = 0;
  for (int k = 0; k <= terms->n_part; k++) {
    const nl_part term = nl_terms_norm(terms, rank, k);
    if (term.weight > 0)
      sum += term.weight * nl_norm(term.end - term.from, x + term.from);
  }
  for (int i = 0; terms->lasso > 0 && i < rank; i++) sum += terms->lasso * fabs(x[i]);
  if (terms->ridge > 0) sum += 0.5 * terms->ridge * nl_dot(rank, x, x);
  return sum;
}

double nl_terms_change(const nl_terms *terms, int rank, const double *x,
                       const double *y) {
  double sum = 0;
  for (int k = 0; k <= terms->n_part; k++) {
    const nl_part term = nl_terms_norm(terms, rank, k);
    const int n = term.end - term.from;
    sum += term.weight * (nl_norm(n, y + term.from) - nl_norm(n, x + term.from));
  }
  for (int i = 0; i < rank; i++) {
    if (terms->lasso > 0) sum += terms->lasso * (fabs(y[i]) - fabs(x[i]));
    if (terms->ridge > 0) sum += 0.5 * terms->ridge * (y[i] - x[i]) * (y[i] + x[i]);
  }
  return sum;
}

/* ---- where the penalty is not smooth ----------------------------------------------- */

static double soft(double x, double by) { return x > by ? x - by : x < -by ? x + by : 0; }

/* x (n) becomes shorter by this much, or zero. */
static void shrink_norm(int n, double by, double *x) {
  const double norm = nl_norm(n, x);
  for (int i = 0; i < n; i++) x[i] = norm > by ? x[i] * (1 - by / norm) : 0;
}

void nl_terms_shrink(const nl_terms *terms, int rank, double step, double *x) {
  for (int i = 0; terms->lasso > 0 && i < rank; i++)
    x[i] = soft(x[i], step * terms->lasso);
  for (int k = 0; k <= terms->n_part; k++) {
    const nl_part term = nl_terms_norm(terms, rank, k);
    shrink_norm(term.end - term.from, step * term.weight, x + term.from);
  }
}

/* Whether a term holds coordinate i, which is zero. */
static int is_held(const nl_terms *terms, int i, const double *x) {
  if (terms->lasso > 0) return 1;
  for (int k = 0; k < terms->n_part; k++) {
    const nl_part *part = terms->parts + k;
    if (part->from <= i && i < part->end &&
        nl_is_zero(part->end - part->from, x + part->from))
      return 1;
  }
  return 0;
}

int nl_terms_moving(const nl_terms *terms, int rank, const double *x, int first,
                    int *index) {
  int n = 0;
  for (int i = 0; i < rank; i++) {
    if (x[i] != 0 || !is_held(terms, i, x)) index[n++] = first + i;
  }
  return n;
}

double nl_terms_residual(const nl_terms *terms, int rank, const double *x,
                         const double *gradient, double *space) {
  if (!nl_terms_have_inner(terms) && terms->ridge == 0)
    return nl_group_kkt(rank, x, gradient, terms->norm, terms->unit);
  if (rank == 0 || terms->unit == 0) return 0;
  for (int i = 0; i < rank; i++) {
    space[i] = gradient[i] + terms->ridge * x[i];
    if (!(fabs(space[i]) < 1e150)) return INFINITY;
    if (terms->lasso > 0)
      space[i] = x[i] == 0 ? soft(space[i], terms->lasso)
                           : space[i] + (x[i] > 0 ? terms->lasso : -terms->lasso);
  }
  for (int k = 0; k < terms->n_part; k++) {
    const nl_part part = nl_terms_norm(terms, rank, k);
    const int n = part.end - part.from;
    const double norm = nl_norm(n, x + part.from);
    if (norm == 0) {
      shrink_norm(n, part.weight, space + part.from);
    } else {
      nl_axpy(n, part.weight / norm, x + part.from, space + part.from);
    }
  }
  return nl_group_kkt(rank, x, space, terms->norm, terms->unit);
}

/* ---- where it is ------------------------------------------------------------------- */

void nl_terms_gradient(const nl_terms *terms, int rank, const double *x, double *out) {
  for (int k = 0; k <= terms->n_part; k++) {
    const nl_part term = nl_terms_norm(terms, rank, k);
    const double norm = nl_norm(term.end - term.from, x + term.from);
    for (int i = term.from; norm > 0 && i < term.end; i++)
      out[i] += term.weight * x[i] / norm;
  }
  for (int i = 0; terms->lasso > 0 && i < rank; i++)
    out[i] += x[i] == 0 ? 0 : x[i] > 0 ? terms->lasso : -terms->lasso;
  if (terms->ridge > 0) nl_axpy(rank, terms->ridge, x, out);
}

void nl_terms_curvature(const nl_terms *terms, int rank, const double *x, int first,
                        const int *index, int n, double *h, size_t ld) {
  for (int k = 0; k <= terms->n_part; k++) {
    const nl_part term = nl_terms_norm(terms, rank, k);
    const double norm = nl_norm(term.end - term.from, x + term.from);
    int from = 0, end = n;
    if (norm == 0 || term.weight == 0) continue;
    while (from < n && index[from] - first < term.from) from++;
    while (end > from && index[end - 1] - first >= term.end) end--;
    for (int j = from; j < end; j++) {
      const double u = x[index[j] - first] / norm;
      for (int i = from; i < end; i++) {
        h[(size_t)i + (size_t)j * ld] +=
            term.weight / norm * ((i == j ? 1 : 0) - (x[index[i] - first] / norm) * u);
      }
    }
  }
  for (int j = 0; terms->ridge > 0 && j < n; j++) h[(size_t)j * (ld + 1)] += terms->ridge;
}

double nl_terms_kink(const nl_terms *terms, int rank, const double *x,
                     const double *direction, double step) {
  double longest = 0;
  for (int i = 0; terms->lasso > 0 && i < rank; i++) {
    const double at = -x[i] / direction[i];
    if (at < 0.999 * step && at > longest) longest = at;
  }
  return longest;
}

/* ---- the dual norm ----------------------------------------------------------------- */

/* The excess of the gradient over the group's own norm at lambda, the inner terms taken off,
 * is convex in lambda, and its slope follows from the terms at what is left (z): so Newton's
 * method from the left gets there without passing the root. at_one: the terms at lambda 1; from, end: the
 * coordinates that are asked. */
static double smallest_lambda(const nl_terms *at_one, int rank, int from, int end,
                              const double *gradient, double *z) {
  nl_terms inner = *at_one;
  double lambda = 0;
  inner.norm = inner.ridge = 0;
  for (int step = 0; step < 200; step++) {
    for (int i = 0; i < rank; i++) z[i] = from <= i && i < end ? gradient[i] : 0;
    nl_terms_shrink(&inner, rank, lambda, z);
    const double norm = nl_norm(rank, z), over = norm - lambda * at_one->norm;
    if (!(over > 0)) return lambda;
    const double next =
        lambda + over / (nl_terms_value(&inner, rank, z) / norm + at_one->norm);
    if (!(next > lambda * (1 + 1e-15))) return next;
    lambda = next;
  }
  return lambda;
}

double nl_group_score(const nl_penalty *penalty, int g, const double *gradient,
                      double weight, double *space) {
  const int rank = nl_group_rank(penalty, g);
  if (!(weight > 0)) return 0;
  nl_terms terms = terms_of(penalty, g, weight, weight);
  if (!nl_terms_have_inner(&terms)) return nl_norm(rank, gradient) / terms.norm;
  return smallest_lambda(&terms, rank, 0, rank, gradient, space);
}

double nl_part_score(const nl_penalty *penalty, int g, int k, const double *gradient,
                     double *space) {
  const int rank = nl_group_rank(penalty, g);
  nl_terms terms = terms_of(penalty, g, penalty->weight[g], penalty->weight[g]);
  const nl_part part = nl_terms_norm(&terms, rank, k);
  terms.norm = part.weight;
  terms.n_part = k; /* those inside it, and others, where nothing is asked */
  return smallest_lambda(&terms, rank, part.from, part.end, gradient, space);
}
