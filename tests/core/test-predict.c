/* predict.h: exact where the remainder is a polynomial in log lambda. */
#include <math.h>

#include "check.h"
#include "cost.h"
#include "fixture.h"
#include "predict.h"
#include "setup.h"

enum { N_OBS = 60, N_COL = MIXED_COLUMNS };

/* Points at which slope = r + H theta, r a polynomial in log lambda, theta anything. */
typedef struct {
  problem *p;
  int degree;
  double *coefficient; /* n_theta x (degree + 1), in the order of the Gram */
  nl_point *point[NL_MAX_BEFORE + 1];
} setting;

static setting setting_with(nl_link link, int degree, size_t n_obs) {
  setting s;
  nl_path path;
  double null_loss;
  seed_random(120);
  s.p = mixed_problem(link, n_obs, mixed_penalty(T_DEFICIENT), NULL, NULL);
  path = new_path(s.p, 1);
  start_pipeline(s.p, 1);
  nl_path_null(&s.p->line, 1e-8, &path, &null_loss);
  for (int g = MIXED_GROUPS - 1; g > 0; g--) nl_set_include(&s.p->solver, g);
  nl_set_cover(&s.p->solver);
  s.degree = degree;
  s.coefficient = new_normals((size_t)s.p->solver.gram.size * (size_t)(degree + 1));
  for (int i = 0; i <= NL_MAX_BEFORE; i++) s.point[i] = s.p->line.point + i;
  return s;
}

/* With so few rows that only lambda counts, or with many, so that moves do. */
static setting setting_of(nl_link link, int degree) {
  return setting_with(link, degree, N_OBS);
}

static setting large_setting(nl_link link, int degree) {
  return setting_with(link, degree, 4000);
}

static int uses_moves(const setting *s) {
  nl_set_mark(&s->p->solver);
  return nl_cost_sketch_pays(&s->p->design, s->p->solver.wanted, s->p->solver.gram.size);
}

/* r at a lambda, coordinate i */
static double remainder_at(const setting *s, double lambda, int i) {
  double r = 0;
  for (int k = s->degree; k >= 0; k--)
    r = r * log(lambda) + s->coefficient[i + k * s->p->solver.gram.size];
  return r;
}

/* theta and slope in the order of the Gram, spread over the point's own arrays. The
 * gradient has the intercept's pull in it. */
static void write_point(const setting *s, nl_point *point, const double *theta,
                        const double *slope) {
  const nl_gram *gram = &s->p->solver.gram;
  const nl_penalty *penalty = &s->p->penalty;
  point->full = 1;
  point->now.slope = s->p->link == NL_LOG ? 0 : random_normal();
  for (int k = 0; k < gram->n_in; k++) {
    const int g = gram->group[k], at = gram->position[g], to = penalty->theta_start[g];
    for (int i = 0; i < penalty->theta_start[g + 1] - to; i++) {
      point->theta[to + i] = theta[at + i];
      point->gradient[to + i] = slope[at + i] + point->now.slope * gram->mean[at + i];
    }
  }
}

static double *product_with_h(const setting *s, const double *x) {
  const nl_gram *gram = &s->p->solver.gram;
  double *out = new_zeros((size_t)gram->size);
  for (int j = 0; j < gram->size; j++) {
    for (int i = 0; i < gram->size; i++) out[i] += gram->h[i + j * gram->capacity] * x[j];
  }
  return out;
}

/* Puts a point at a lambda and anywhere; the slope that it has there by the model. */
static double *place_point(const setting *s, int number, double lambda) {
  const int n = s->p->solver.gram.size;
  const double *theta = new_normals((size_t)n);
  double *slope = product_with_h(s, theta);
  for (int i = 0; i < n; i++) slope[i] += remainder_at(s, lambda, i);
  s->point[number]->level.lambda = lambda;
  write_point(s, s->point[number], theta, slope);
  return slope;
}

/* Predicts point 0, at lambda0, from those at the lambdas before it, the nearest first.
 * Returns the largest error, or infinity if there is no prediction. */
static double prediction_error(const setting *s, double lambda0, int n_before,
                               const double *lambda) {
  const int n = s->p->solver.gram.size;
  const nl_point *before[NL_MAX_BEFORE];
  double *slope = new_doubles((size_t)n);
  const double *expected = place_point(s, 0, lambda0);
  for (int i = 0; i < n_before; i++) {
    place_point(s, i + 1, lambda[i]);
    before[i] = s->point[i + 1];
  }
  if (!nl_predict_slope(&s->p->solver, s->point[0], before, n_before, NULL, slope))
    return INFINITY;
  return distance((size_t)n, slope, expected);
}

static const double lambdas[] = {0.11, 0.13, 0.17, 0.2};

/* Through two points a line, through three a parabola. */
static void test_polynomials(void) {
  for (int link = 0; link < 2; link++) {
    for (int degree = 0; degree < NL_SKETCH_BEFORE; degree++) {
      const setting s = setting_of(link ? NL_SOFTPLUS : NL_LOG, degree);
      for (int n = 2; n <= NL_SKETCH_BEFORE; n++) {
        const double error = prediction_error(&s, 0.1, n, lambdas);
        if (n > degree) {
          CHECK_NEAR(error, 0, 1e-10);
        } else {
          CHECK(isfinite(error) && error > 1e-4);
        }
      }
      free_all();
    }
  }
}

/* At a lambda between the points it is interpolation, at one of theirs it is theirs. */
static void test_in_between(void) {
  const setting s = setting_of(NL_LOG, 2);
  CHECK_NEAR(prediction_error(&s, 0.15, 3, lambdas), 0, 1e-11);
  CHECK_NEAR(prediction_error(&s, lambdas[0], 3, lambdas), 0, 1e-11);
  free_all();
}

/* Between points on both sides, whichever is nearest, through four a cubic. */
static void test_both_sides(void) {
  const double around[] = {0.11, 0.09, 0.08, 0.13}, above[] = {0.11, 0.12, 0.13, 0.14};
  const setting s = setting_of(NL_LOG, 3);
  CHECK_NEAR(prediction_error(&s, 0.1, 4, around), 0, 1e-10);
  CHECK(prediction_error(&s, 0.1, 4, above) > 1e-5);
  free_all();
}

static void test_nothing_to_go_by(void) {
  const setting s = setting_of(NL_LOG, 1);
  CHECK(prediction_error(&s, 0.1, 0, lambdas) == INFINITY);
  CHECK(prediction_error(&s, 0.1, 1, lambdas) == INFINITY);
  CHECK(prediction_error(&s, 0, 3, lambdas) == INFINITY);
  free_all();
}

/* From points close together one does not see far. */
static void test_reach(void) {
  const double close[] = {0.11, 0.111, 0.112};
  const setting s = setting_of(NL_LOG, 1);
  CHECK(prediction_error(&s, 0.01, 3, close) == INFINITY);
  CHECK_NEAR(prediction_error(&s, 0.109, 3, close), 0, 1e-9);
  free_all();
}

/* Points at the same lambda count once; those out of order, or at no lambda, end the row.
 */
static void test_rows_of_points(void) {
  const double twice[] = {0.11, 0.11, 0.13}, back[] = {0.11, 0.13, 0.12, 0.2};
  const double none[] = {0.11, 0.13, 0, 0.2}, infinite[] = {0.11, 0.13, INFINITY};
  const setting linear = setting_of(NL_LOG, 1);
  CHECK(prediction_error(&linear, 0.1, 3, twice) == INFINITY);
  CHECK_NEAR(prediction_error(&linear, 0.1, 4, back), 0, 1e-11);
  CHECK_NEAR(prediction_error(&linear, 0.1, 4, none), 0, 1e-11);
  CHECK_NEAR(prediction_error(&linear, 0.1, 3, infinite), 0, 1e-11);
  free_all();
}

/* ---- beside another path ----------------------------------------------------------- */

enum { N_TRAIL = 4 };

/* A lead whose r is anything at each of the lambdas, and a path whose r differs from it by a
 * polynomial; both anywhere else. Returns the error of the prediction at lambda[0] from the
 * n - 1 points at the others. */
static double led_error(const setting *s, nl_trail *trail, int n, const double *lambda) {
  const int size = s->p->solver.gram.size;
  const nl_point *before[N_TRAIL];
  double *slope = new_doubles((size_t)size), *expected = NULL;
  for (int i = n - 1; i >= 0; i--) {
    double *extra = new_normals((size_t)size);
    double *own = place_point(s, i, lambda[i]);
    const double *theta = new_normals((size_t)size);
    double *other = product_with_h(s, theta);
    for (int j = 0; j < size; j++) {
      other[j] += 10 * extra[j];
      own[j] += 10 * extra[j];
    }
    /* the same theta again, with the larger slope */
    double *x = new_doubles((size_t)size);
    nl_point_theta(&s->p->solver, s->point[i], x);
    write_point(s, s->point[i], x, own);
    s->point[NL_MAX_BEFORE]->level.lambda = lambda[i];
    write_point(s, s->point[NL_MAX_BEFORE], theta, other);
    nl_trail_note(trail, s->point[NL_MAX_BEFORE]);
    if (i > 0) before[i - 1] = s->point[i];
    expected = own;
  }
  if (!nl_predict_slope(&s->p->solver, s->point[0], before, n - 1, trail, slope))
    return INFINITY;
  return distance((size_t)size, slope, expected);
}

/* Where the paths differ by a constant, what the lead's r does is foreseen, whatever the
 * weights; from one point, too. */
static void test_lead(void) {
  const double lambda[] = {0.1, 0.11, 0.13, 0.17};
  for (int link = 0; link < 2; link++) {
    for (int n = 2; n <= N_TRAIL; n++) {
      const setting s = large_setting(link ? NL_SOFTPLUS : NL_LOG, 0);
      nl_trail trail;
      nl_setup_trail(&trail, s.p->penalty.n_theta, N_TRAIL, &s.p->hook);
      CHECK(uses_moves(&s));
      CHECK_NEAR(led_error(&s, &trail, n, lambda), 0, 1e-8);
      free_all();
    }
  }
}

/* Weights from moves sum to one: a constant r is found again. */
static void test_moves(void) {
  CHECK(NL_MAX_BEFORE >= 4);
  for (int n = 2; n <= 4; n++) {
    const setting s = large_setting(NL_LOG, 0);
    CHECK_NEAR(prediction_error(&s, 0.1, n, lambdas), 0, 1e-8);
    CHECK(uses_moves(&s));
    free_all();
  }
  const setting few = setting_of(NL_LOG, 0);
  CHECK(!uses_moves(&few));
  free_all();
}

/* A trail knows its own lambdas, and holds no more than there is room for. */
static void test_trail(void) {
  const setting s = setting_of(NL_LOG, 0);
  nl_trail trail;
  nl_setup_trail(&trail, s.p->penalty.n_theta, 1, &s.p->hook);
  const int most = trail.most;
  for (int i = 0; i < most + 2; i++) {
    place_point(&s, 0, 1.0 / (i + 1));
    nl_trail_note(&trail, s.point[0]);
  }
  CHECK(trail.n == most);
  CHECK(nl_trail_find(&trail, 0.5) == trail.point + 1);
  CHECK(nl_trail_find(&trail, 0.4) == NULL && nl_trail_find(NULL, 0.5) == NULL);
  free_all();
}

void suite_predict(void);

void suite_predict(void) {
  RUN(test_polynomials);
  RUN(test_in_between);
  RUN(test_both_sides);
  RUN(test_nothing_to_go_by);
  RUN(test_reach);
  RUN(test_rows_of_points);
  RUN(test_moves);
  RUN(test_lead);
  RUN(test_trail);
}
