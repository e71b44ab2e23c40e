/* point.h: one lambda by itself, with the passes that path.c would make. */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "point.h"

enum { N_OBS = NL_CHUNK + 94, N_COL = MIXED_COLUMNS };

static const double tol = 1e-8;
static const nl_link links[] = {NL_LOG, NL_SOFTPLUS};

/* ---- a point at the null model ----------------------------------------------------- */

typedef struct {
  problem *p;
  nl_path path;
  double null_loss;
  nl_point *point;
  int kept; /* how often a Gram was built at the point */
} setting;

static problem *plain_problem(nl_link link) {
  seed_random(110);
  return mixed_problem(link, N_OBS, mixed_penalty(T_RANDOM), NULL, NULL);
}

/* Two groups without penalty, offset and weights. */
static problem *rich_problem(nl_link link) {
  seed_random(111);
  nl_penalty penalty = mixed_penalty(T_RANDOM);
  double *offset = new_normals(N_OBS), *prior = new_doubles(N_OBS);
  set_weight(&penalty, 2, 0);
  set_weight(&penalty, 0, 0);
  for (int t = 0; t < N_OBS; t++) {
    offset[t] = 0.3 * offset[t] - 1;
    prior[t] = random_below(8) > 0 ? random_between(0.3, 2) : 0;
  }
  return mixed_problem(link, N_OBS, penalty, offset, prior);
}

static setting setting_of(problem *p) {
  setting s;
  s.p = p;
  s.path = new_path(p, 1);
  start_pipeline(p, 1);
  nl_path_null(&p->line, tol, &s.path, &s.null_loss);
  s.point = p->line.point;
  s.kept = 0;
  return s;
}

static void begin(setting *s, double share, int pass_limit) {
  const nl_level level = {share * s->path.lambda_max, s->path.reference};
  nl_point_begin(&s->p->solver, s->point, 0, level, tol, pass_limit, s->p->line.origin);
}

/* The same with the groups in the set that are wanted at first sight. */
static void begin_screened(setting *s, double share, int pass_limit) {
  begin(s, share, pass_limit);
  for (int g = 0; g < MIXED_GROUPS; g++) {
    if (nl_point_group_residual(&s->p->solver, s->point, g) > 0)
      nl_set_include(&s->p->solver, g);
  }
}

/* ---- by the definition ------------------------------------------------------------- */

static double intercept_as_given(const setting *s, const nl_state *state) {
  double intercept = nl_link_intercept(&s->p->model, state);
  for (int b = 0; b < MIXED_BLOCKS; b++) {
    const nl_block *block = s->p->design.block + b;
    for (int j = 0; block->centre && j < block->n_col; j++)
      intercept -= block->centre[j] * state->beta[s->p->design.start[b] + j];
  }
  return intercept;
}

static truth truth_of(const setting *s, const nl_state *state) {
  return truth_at(s->p, state->beta, intercept_as_given(s, state), s->point->level.lambda,
                  s->point->level.reference);
}

static double objective_of(const setting *s, const nl_state *state) {
  const double b = intercept_as_given(s, state);
  return reference_loss_at(s->p, s->p->raw, state->beta, b) + truth_of(s, state).penalty;
}

/* ---- passes ------------------------------------------------------------------------ */

/* A pass at where the point wants to be looked at, and what it makes of that. */
static void ride(setting *s, int full, int closed) {
  nl_solver *solver = &s->p->solver;
  nl_state *states = &s->point->next;
  const nl_model *models = &s->p->model;
  const int keeps = s->point->wants_gram, is_here = keeps && s->point->look;
  nl_point_propose(solver, s->point, NULL, 0);
  if (s->p->link == NL_LOG) /* the exponents start in range */
    CHECK_NEAR(states->shift, nl_link_lse(&s->point->now), 1e-9);
  nl_set_mark(solver);
  double *const kept = keeps ? solver->kept : NULL;
  nl_model_pass(1, &models, &states, full ? solver->all : solver->wanted, &kept,
                &solver->pass, &s->p->hook);
  const double curvature = states->curvature;
  nl_point_judge(solver, s->point, full, closed);
  if (!keeps) return;
  nl_gram_reset(&solver->gram, &s->p->penalty, &solver->kept, N_OBS, curvature);
  if (is_here) s->point->gram_here = solver->gram.n_built;
  s->kept++;
}

/* Until it is done. The objective never increases. Returns the passes. */
static int solve(setting *s, int full, int closed) {
  int n = 0, increases = 0;
  double before = objective_of(s, &s->point->now);
  while (s->point->stage != NL_DONE && n < 500) {
    const int all = full || s->point->stage == NL_PARKED;
    ride(s, all, closed);
    const double after = objective_of(s, &s->point->now);
    increases += after > before + 1e-12 * (1 + fabs(before));
    before = after;
    n++;
    CHECK(s->point->n_pass == n);
  }
  CHECK(increases == 0);
  CHECK(s->point->stage == NL_DONE);
  return n;
}

static void check_is_solved(const setting *s) {
  const truth it = truth_of(s, &s->point->now);
  CHECK(s->point->status == NL_OK);
  CHECK(s->point->residual <= tol);
  CHECK_NEAR(it.kkt, s->point->residual, 1e-9);
  CHECK_NEAR(it.misfit, 0, 1e-12);
}

/* ---- the working set --------------------------------------------------------------- */

static void test_include(void) {
  setting s = setting_of(plain_problem(NL_LOG));
  nl_solver *solver = &s.p->solver;
  nl_set_include(solver, 4);
  nl_set_include(solver, 1);
  nl_set_include(solver, 4);
  CHECK(solver->n_set == 2);
  CHECK(solver->set[0] == 4 && solver->set[1] == 1);
  CHECK(solver->in_set[4] && solver->in_set[1] && !solver->in_set[0]);
  free_all();
}

/* Group 0 has columns in two blocks, group 6 is both tables, 2 is half a block. */
static void test_mark(void) {
  const int expected[MIXED_BLOCKS] = {1, 1, 0, 0, 1, 1, 1, 0, 0};
  setting s = setting_of(plain_problem(NL_LOG));
  nl_set_include(&s.p->solver, 6);
  nl_set_include(&s.p->solver, 2);
  nl_set_include(&s.p->solver, 0);
  nl_set_mark(&s.p->solver);
  for (int b = 0; b < MIXED_BLOCKS; b++)
    CHECK((s.p->solver.wanted[b] != 0) == expected[b]);
  free_all();
}

static void test_cover(void) {
  setting s = setting_of(plain_problem(NL_LOG));
  nl_solver *solver = &s.p->solver;
  nl_set_include(solver, 7);
  nl_set_include(solver, 3);
  nl_set_cover(solver);
  CHECK(solver->gram.n_in == 2 && solver->gram.position[7] >= 0);
  nl_set_include(solver, 5);
  nl_set_cover(solver);
  nl_set_cover(solver);
  CHECK(solver->gram.n_in == 3);
  for (int g = 0; g < MIXED_GROUPS; g++)
    CHECK((solver->gram.position[g] >= 0) == solver->in_set[g]);
  free_all();
}

/* ---- beginning --------------------------------------------------------------------- */

static void test_begin(void) {
  for (int k = 0; k < 2; k++) {
    setting s = setting_of(plain_problem(links[k]));
    begin(&s, 0.5, 100);
    CHECK(s.point->job == 0 && s.point->stage == NL_MOVING && s.point->n_pass == 0);
    CHECK(!s.point->evaluated && s.point->step == 1 && !s.point->look);
    CHECK(s.point->level.lambda == 0.5 * s.path.lambda_max);
    CHECK(distance(N_COL, s.point->now.beta, s.p->line.origin->now.beta) == 0);
    CHECK(s.point->now.beta != s.p->line.origin->now.beta);
    CHECK_NEAR(s.point->residual, truth_of(&s, &s.point->now).kkt, 1e-9);
    free_all();
  }
}

/* Where nothing moves, the point is there at once. */
static void test_begin_solved(void) {
  for (int k = 0; k < 4; k++) {
    setting s = setting_of(k < 2 ? plain_problem(links[k]) : rich_problem(links[k - 2]));
    begin(&s, 1.2, 100);
    CHECK(s.point->stage == NL_DONE && s.point->status == NL_OK);
    CHECK(s.point->evaluated && s.point->residual <= tol);
    free_all();
  }
}

/* From a point that has not looked at all groups, it has not arrived before it does so.
 */
static void test_begin_without_a_look(void) {
  setting s = setting_of(plain_problem(NL_LOG));
  nl_point *next = s.p->line.point + 1;
  begin(&s, 0.1, 500);
  nl_set_include(&s.p->solver, 5);
  nl_set_include(&s.p->solver, 2);
  while (s.point->stage == NL_MOVING) ride(&s, 0, 0);
  CHECK(s.point->stage == NL_PARKED && !s.point->full && s.point->n_seen == 2);
  nl_set_include(&s.p->solver, 7); /* which the point has not seen */
  nl_point_begin(&s.p->solver, next, 1, s.point->level, tol, 500, s.point);
  CHECK(next->stage == NL_PARKED && !next->full && !next->evaluated);
  CHECK(next->n_seen == 2);
  CHECK(truth_of(&s, &next->now).kkt > 1e-3);
  free_all();
}

/* Groups that came in after the last pass of a point rest until it has seen them. */
static void test_unseen_groups_rest(void) {
  for (int k = 0; k < 2; k++) {
    setting s = setting_of(plain_problem(links[k]));
    const nl_solver *solver = &s.p->solver;
    begin(&s, 0.1, 500);
    nl_set_include(&s.p->solver, 5);
    nl_set_include(&s.p->solver, 2);
    while (s.point->stage == NL_MOVING && s.point->n_pass < 2) ride(&s, 0, 0);
    nl_set_include(&s.p->solver, 7);
    nl_set_cover(&s.p->solver);
    double *slope = new_doubles((size_t)solver->gram.size);
    nl_point_slope(solver, s.point, slope);
    for (int i = 0; i < nl_group_rank(&s.p->penalty, 7); i++)
      CHECK(slope[solver->gram.position[7] + i] == 0);
    s.point->stage = NL_MOVING;
    s.point->look = 0;
    nl_point_propose(&s.p->solver, s.point, NULL, 0);
    for (int i = s.p->penalty.theta_start[7]; i < s.p->penalty.theta_start[8]; i++)
      CHECK(s.point->next_theta[i] == 0);
    free_all();
  }
}

static void test_begin_not_finite(void) {
  setting s = setting_of(plain_problem(NL_LOG));
  s.p->line.origin->now.loss = NAN;
  begin(&s, 0.5, 100);
  CHECK(s.point->stage == NL_DONE && s.point->status == NL_NOT_FINITE);
  free_all();
}

/* ---- residuals, coordinates -------------------------------------------------------- */

/* In the columns as they stand, or with something added that was taken off them. */
static void test_residuals(void) {
  for (int k = 0; k < 4; k++) {
    problem *p = rich_problem(links[k % 2]);
    double *off = new_normals(N_COL);
    for (int j = 0; j < N_COL; j++) off[j] *= 20;
    if (k > 1) p->penalty.off = off;
    setting s = setting_of(p);
    begin_screened(&s, 0.3, 100);
    for (int i = 0; i < 3; i++) ride(&s, 1, 0);
    const truth it = truth_of(&s, &s.point->now);
    double worst = it.balance, inside = it.balance;
    for (int g = 0; g < MIXED_GROUPS; g++) {
      const double own = nl_point_group_residual(&s.p->solver, s.point, g);
      worst = larger(worst, own);
      if (s.p->solver.in_set[g]) inside = larger(inside, own);
    }
    CHECK_NEAR(worst, it.kkt, 1e-11 + 1e-9 * it.kkt);
    CHECK_NEAR(nl_point_residual(&s.p->solver, s.point, 1), worst, 1e-12);
    CHECK_NEAR(nl_point_residual(&s.p->solver, s.point, 0), inside, 1e-12);
    free_all();
  }
}

/* Coordinates and slopes in the order of the Gram; the slope is that of the loss at the
 * best intercept. */
static void test_theta_and_slope(void) {
  for (int k = 0; k < 2; k++) {
    setting s = setting_of(rich_problem(links[k]));
    const nl_gram *gram = &s.p->solver.gram;
    const nl_penalty *penalty = &s.p->penalty;
    begin(&s, 0.1, 100);
    for (int g = 0; g < MIXED_GROUPS; g++) nl_set_include(&s.p->solver, g);
    for (int i = 0; i < 2; i++) ride(&s, 1, 0);
    nl_set_cover(&s.p->solver);
    double *x = new_doubles((size_t)gram->size), *slope = new_doubles((size_t)gram->size);
    const double pull = s.point->now.slope;
    CHECK(k == 0 ? pull == 0 : pull != 0);
    nl_point_theta(&s.p->solver, s.point, x);
    nl_point_slope(&s.p->solver, s.point, slope);
    for (int i = 0; i < gram->n_in; i++) {
      const int g = gram->group[i], at = gram->position[g],
                from = penalty->theta_start[g];
      for (int l = 0; l < penalty->theta_start[g + 1] - from; l++) {
        CHECK(x[at + l] == s.point->theta[from + l]);
        CHECK_NEAR(slope[at + l], s.point->gradient[from + l] - pull * gram->mean[at + l],
                   1e-15);
      }
    }
    CHECK(gram->n_in == MIXED_GROUPS);
    free_all();
  }
}

/* ---- solving ----------------------------------------------------------------------- */

static void check_solve(problem *p, double share) {
  setting s = setting_of(p);
  begin_screened(&s, share, 500);
  const int n = solve(&s, 1, 0);
  check_is_solved(&s);
  CHECK(n < 60);
  free_all();
}

static void test_solve(void) {
  const double share[] = {0.7, 0.2, 0.02};
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < 3; i++) {
      check_solve(plain_problem(links[k]), share[i]);
      check_solve(rich_problem(links[k]), share[i]);
    }
  }
}

/* Groups outside the set are looked at when it must be. */
static void test_solve_with_few_looks(void) {
  for (int k = 0; k < 2; k++) {
    setting s = setting_of(plain_problem(links[k]));
    begin(&s, 0.1, 500);
    nl_set_include(&s.p->solver, 5);
    solve(&s, 0, 0);
    check_is_solved(&s);
    CHECK(s.p->solver.n_set > 2);
    free_all();
  }
}

/* Closed: the best over the working set, and the others stay zero. */
static void test_closed(void) {
  for (int k = 0; k < 2; k++) {
    setting s = setting_of(plain_problem(links[k]));
    int group_of[N_COL], moved = 0;
    begin(&s, 0.1, 500);
    nl_set_include(&s.p->solver, 5);
    nl_set_include(&s.p->solver, 2);
    solve(&s, 0, 1);
    CHECK(s.point->status == NL_OK && s.point->residual <= tol);
    CHECK(s.p->solver.n_set == 2);
    write_groups(&s.p->penalty, group_of);
    for (int j = 0; j < N_COL; j++) {
      const int is_in = group_of[j] == 5 || group_of[j] == 2;
      moved += is_in && s.point->now.beta[j] != 0;
      CHECK(is_in || s.point->now.beta[j] == 0);
    }
    CHECK(moved > 0);
    CHECK(truth_of(&s, &s.point->now).kkt > 1e-3);
    free_all();
  }
}

/* The Gram is of somewhere else, and a bad metric: it asks for one of its own. */
static void test_bad_gram(void) {
  for (int k = 0; k < 2; k++) {
    setting s = setting_of(plain_problem(links[k]));
    nl_gram *gram = &s.p->solver.gram;
    begin(&s, 0.05, 500);
    for (int g = 0; g < MIXED_GROUPS; g++) nl_set_include(&s.p->solver, g);
    for (int t = 0; t < N_OBS; t++) gram->weight[t] = t < 40 ? 1.0 / 40 : 0;
    gram->scale *= 1e-3;
    s.point->gram_here = 0;
    solve(&s, 1, 0);
    check_is_solved(&s);
    CHECK(s.kept > 0);
    free_all();
  }
}

/* The slope that it is given decides where it looks; a bad one does no harm. */
static void test_wrong_prediction(void) {
  for (int k = 0; k < 2; k++) {
    setting s = setting_of(plain_problem(links[k]));
    nl_solver *solver = &s.p->solver;
    nl_state *states = &s.point->next;
    const nl_model *models = &s.p->model;
    begin(&s, 0.3, 500);
    for (int g = 0; g < MIXED_GROUPS; g++) nl_set_include(solver, g);
    nl_set_cover(solver);
    double *slope = new_normals((size_t)solver->gram.size);
    for (int i = 0; i < solver->gram.size; i++) slope[i] *= 50;
    nl_point_propose(solver, s.point, slope, 0);
    CHECK(distance(N_COL, s.point->next.beta, s.point->now.beta) > 0.1);
    nl_set_mark(solver);
    nl_model_pass(1, &models, &states, solver->all, NULL, &solver->pass, NULL);
    const double before = objective_of(&s, &s.point->now);
    nl_point_judge(solver, s.point, 1, 0);
    CHECK(objective_of(&s, &s.point->now) <= before);
    s.point->n_pass = 0; /* solve counts from here */
    solve(&s, 1, 0);
    check_is_solved(&s);
    free_all();
  }
}

/* Out of passes: it says so, and its residual is true. */
static void test_unfinished(void) {
  for (int limit = 1; limit < 4; limit++) {
    setting s = setting_of(plain_problem(NL_LOG));
    begin_screened(&s, 0.02, limit);
    solve(&s, 1, 0);
    CHECK(s.point->status == NL_MAX_PASSES);
    CHECK(s.point->n_pass >= limit && s.point->n_pass <= limit + 1);
    CHECK(s.point->residual > tol);
    CHECK_NEAR(truth_of(&s, &s.point->now).kkt, s.point->residual,
               1e-9 * s.point->residual);
    free_all();
  }
}

/* The same where the working set is all there is. */
static void test_unfinished_and_closed(void) {
  setting s = setting_of(plain_problem(NL_LOG));
  begin(&s, 0.02, 1);
  nl_set_include(&s.p->solver, 5);
  nl_set_include(&s.p->solver, 2);
  solve(&s, 0, 1);
  CHECK(s.point->status == NL_MAX_PASSES && s.point->n_pass == 1);
  free_all();
}

/* Nothing left to gain in double precision: it stops, close to the solution. */
static void test_stalled(void) {
  for (int k = 0; k < 2; k++) {
    setting s = setting_of(plain_problem(links[k]));
    begin_screened(&s, 0.1, 500);
    s.point->tol = 0;
    solve(&s, 1, 0);
    CHECK(s.point->status == NL_STALLED);
    CHECK(truth_of(&s, &s.point->now).kkt < 1e-10);
    free_all();
  }
}

void suite_point(void);

void suite_point(void) {
  RUN(test_include);
  RUN(test_mark);
  RUN(test_cover);
  RUN(test_begin);
  RUN(test_begin_solved);
  RUN(test_begin_without_a_look);
  RUN(test_begin_not_finite);
  RUN(test_residuals);
  RUN(test_theta_and_slope);
  RUN(test_unseen_groups_rest);
  RUN(test_solve);
  RUN(test_solve_with_few_looks);
  RUN(test_closed);
  RUN(test_bad_gram);
  RUN(test_wrong_prediction);
  RUN(test_unfinished);
  RUN(test_unfinished_and_closed);
  RUN(test_stalled);
}
