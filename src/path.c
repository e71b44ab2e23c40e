/* path.c: see path.h. */
#include "path.h"

#include <math.h>

#include "cost.h"
#include "linalg.h"

enum {
  ENOUGH = 6,   /* points that wait for a look at all groups: it is worth it */
  LEAD_BY = 16, /* lambdas that a path is ahead of those that follow it */
  LEAD_POINTS = 2
};

void nl_lambda_grid(double lambda_max, double ratio, int n, double *lambda) {
  for (int l = 0; l < n; l++) {
    lambda[l] = n == 1 ? lambda_max : lambda_max * pow(ratio, (double)l / (n - 1));
  }
}

/* ---- before the first lambda -------------------------------------------------------- */

/* Brings the softplus link's intercept to its best at beta = 0; one pass for the log
 * link. */
static void start_origin(nl_solver *solver, nl_point *origin, double tol) {
  const nl_model *model = origin->model;
  nl_state *state = &origin->now;
  double *const kept = solver->gram.valid ? NULL : solver->kept;
  const size_t n_obs = model->design->n_obs;
  state->shift = -INFINITY; /* the largest exponent: exp() must not overflow */
  for (size_t t = 0; t < n_obs; t++) state->shift = fmax(state->shift, model->base[t]);
  const double centre = -model->base[0];
  state->intercept =
      model->mean_count > 30 ? model->mean_count : log(expm1(model->mean_count));
  if (isfinite(centre)) state->intercept += centre;
  double low = -INFINITY, high = INFINITY, longest = 4;
  for (int step = 0; step < 400; step++) {
    nl_model_pass(1, &model, &state, solver->all, &kept, &solver->pass, solver->hook);
    solver->n_pass++;
    if (model->link == NL_LOG || !isfinite(state->loss) ||
        nl_link_intercept_residual(model, state) <= 0.01 * tol)
      return;
    if (state->slope > 0) high = state->intercept;
    if (state->slope < 0) low = state->intercept;
    /* Newton's step, no longer than `longest`, which grows; inside the bracket */
    double change = -state->slope / state->curvature;
    if (!(fabs(change) <= longest)) {
      change = state->slope > 0 ? -longest : longest;
      longest *= 2;
    }
    double next = state->intercept + change;
    if (next == state->intercept) return;
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    if (!isfinite(next) || next == state->intercept) return;
    state->intercept = next;
  }
}

/* The model of the groups that are not penalised, at level 0, in the place of job 0, whose
 * slot it leaves free again. The solver's set holds these groups and no others. */
static void fit_free(nl_pipeline *line, double tol) {
  nl_solver *solver = line->solver;
  nl_point *origin = line->origin, *point = line->point;
  const nl_rider rider = {line, point};
  nl_point_begin(solver, point, 0, origin->level, tol, line->path->max_passes, origin);
  point->full = 0;
  point->n_seen = solver->n_marked;
  point->residual = nl_point_residual(solver, point, 0);
  point->stage = point->residual <= tol ? NL_DONE : NL_MOVING;
  while (point->stage == NL_MOVING) nl_ride(&rider, 1, solver->all, 1, 1);
  point->full = 1;
  const nl_point keep = *origin;
  *origin = *point;
  *point = keep;
  point->job = -1;
  origin->stage = NL_DONE;
  origin->evaluated = 1;
  origin->job = -1;
}

void nl_path_null(nl_pipeline *line, double tol, nl_path *path, double *null_loss) {
  nl_solver *solver = line->solver;
  const nl_penalty *penalty = solver->penalty;
  nl_point *origin = line->origin;
  line->path = path;
  for (int i = 0; i < line->n_point; i++) line->point[i].job = -1;
  nl_fill((size_t)penalty->n_col, 0, origin->now.beta);
  nl_fill((size_t)penalty->n_theta, 0, origin->theta);
  origin->model = line->model;
  origin->gram_here = 0;
  start_origin(solver, origin, tol);
  origin->job = -1;
  origin->stage = NL_DONE;
  origin->full = origin->evaluated = 1;
  origin->n_seen = 0;
  for (int g = 0; g < penalty->n_group; g++) {
    nl_group_gradient(penalty, g, origin->now.gradient,
                      origin->gradient + penalty->theta_start[g]);
    if (penalty->weight[g] == 0 && nl_group_rank(penalty, g) > 0)
      nl_set_include(solver, g);
  }
  *null_loss = nl_link_objective(line->model, &origin->now);
  if (!solver->gram.valid) {
    nl_gram_reset(&solver->gram, penalty, &solver->kept, solver->design->n_obs,
                  origin->now.curvature);
    origin->gram_here = solver->gram.n_built;
  }
  nl_set_mark(solver);
  const nl_level level = {0, nl_line_largest(solver, origin, 0)};
  origin->level = level;
  if (solver->n_set > 0 && level.reference > 0) fit_free(line, tol);
  path->reference = nl_line_largest(solver, origin, 1);
  path->lambda_max = 0;
  for (int g = 0; g < penalty->n_group; g++) {
    if (penalty->weight[g] > 0 && nl_line_score(solver, origin, g) > path->lambda_max)
      path->lambda_max = nl_line_score(solver, origin, g);
  }
}

/* ---- the lambdas ------------------------------------------------------------------- */

static int count(const nl_convoy *convoy, nl_standing standing) {
  int n = 0;
  for (int k = 0; k < convoy->n_line; k++) n += nl_line_count(convoy->line + k, standing);
  return n;
}

static int is_done(const nl_pipeline *line) { return line->n_done == line->n_job; }

/* Where a path begins: at its own lambda_max, or where the path begins that it follows. */
static void start_line(nl_pipeline *line, double tol) {
  double top = line->path->lambda_max;
  if (line->lead && line->lead->n > 0) top = line->lead->point[0].level.lambda;
  if (!(top > 0)) top = 1;
  line->next_job = line->n_done = 0;
  line->foretold = INFINITY;
  line->origin->level.lambda = top;
  nl_line_list(line, tol, top);
  if (!line->trail && !line->lead) nl_line_alternate(line);
  if (line->trail) nl_trail_note(line->trail, line->origin);
}

/* How many points may be on their way at a time: the lanes are divided among the paths that
 * are not done. A path that others follow goes a few lambdas ahead of the last of them. */
static int points_ahead(const nl_convoy *convoy, const nl_pipeline *line) {
  int n = 0, last = line->n_job;
  for (int k = 0; k < convoy->n_line; k++) {
    const nl_pipeline *other = convoy->line + k;
    n += !is_done(other);
    if (other->next_job < last) last = other->next_job;
  }
  if (line->trail && n > 1) return line->next_job < last + LEAD_BY ? LEAD_POINTS : 0;
  return (NL_LANES + n - 1) / (n > 0 ? n : 1);
}

static void begin_points(nl_convoy *convoy) {
  for (int k = 0; k < convoy->n_line; k++) {
    nl_pipeline *line = convoy->line + k;
    line->ahead = points_ahead(convoy, line);
    nl_line_begin(line);
  }
}

/* The blocks of all sets. */
static void mark_blocks(nl_convoy *convoy) {
  const nl_design *design = convoy->line[0].solver->design;
  for (int b = 0; b < design->n_block; b++) convoy->wanted[b] = 0;
  for (int k = 0; k < convoy->n_line; k++) {
    nl_pipeline *line = convoy->line + k;
    if (is_done(line)) continue;
    nl_set_mark(line->solver);
    for (int b = 0; b < design->n_block; b++)
      convoy->wanted[b] |= line->solver->wanted[b];
  }
}

/* Whether the next pass looks at all groups: if that is cheap, or enough points wait for
 * it, or nothing else can move on. Where it isn't expensive, those that hope to arrive wait
 * for it, too. */
static int takes_all(const nl_convoy *convoy) {
  const nl_design *design = convoy->line[0].solver->design;
  const int hopeful = count(convoy, NL_HOPEFUL);
  int waiting = count(convoy, NL_WAITING), moving = hopeful + count(convoy, NL_FAR);
  if (nl_cost_look_is_fair(design, convoy->wanted)) {
    waiting += hopeful;
    moving -= hopeful;
  }
  return waiting >= ENOUGH || moving == 0 || (waiting > 0 && moving < NL_LANES / 2) ||
         nl_cost_look_is_cheap(design, convoy->wanted);
}

/* Adds a path's points that stand so, in order of their lambdas; returns how many there
 * are. */
static int add_riders(nl_pipeline *line, nl_standing standing, nl_rider *rider, int n) {
  const int first = line->next_job > line->n_point ? line->next_job - line->n_point : 0;
  for (int j = first; j < line->next_job && n < NL_LANES; j++) {
    nl_point *point = line->point + j % line->n_point;
    if (nl_line_standing(line, point) == standing) rider[n++] = (nl_rider){line, point};
  }
  return n;
}

/* Who rides in the next pass: those first that gain by it; a path that others wait for before
 * them, which take turns. */
static int choose_riders(nl_convoy *convoy, int full, nl_rider *rider) {
  static const nl_standing order[2][3] = {{NL_FAR, NL_HOPEFUL, NL_AWAY},
                                          {NL_WAITING, NL_HOPEFUL, NL_FAR}};
  const int n_line = convoy->n_line, turn = convoy->turn;
  int n = 0;
  for (int i = 0; i < 3 && convoy->line->trail && order[full][i] != NL_AWAY; i++)
    n = add_riders(convoy->line, order[full][i], rider, n);
  for (int i = 0; i < 3 && order[full][i] != NL_AWAY; i++) {
    for (int k = 0; k < n_line && n < NL_LANES; k++) {
      nl_pipeline *line = convoy->line + (turn + k) % n_line;
      const int before = n;
      if (!line->trail) n = add_riders(line, order[full][i], rider, n);
      if (n > before) convoy->turn = (turn + k + 1) % n_line;
    }
  }
  return n;
}

/* Tells the host how many lambdas are done, if it does not know. */
static void report(nl_convoy *convoy) {
  const nl_hook *hook = convoy->line[0].solver->hook;
  double done = convoy->n_before;
  for (int k = 0; k < convoy->n_line; k++) {
    const nl_pipeline *line = convoy->line + k;
    done += (double)line->n_done / line->n_job * line->path->n_lambda;
  }
  if (!hook || !hook->progress || (int)done <= convoy->n_told) return;
  convoy->n_told = (int)done;
  hook->progress(hook->data, convoy->n_told, convoy->n_lambda);
}

/* One pass, if there is anybody to ride. */
static void go_on(nl_convoy *convoy) {
  const nl_solver *first = convoy->line[0].solver;
  nl_rider rider[NL_LANES];
  nl_check(first->hook);
  begin_points(convoy);
  mark_blocks(convoy);
  const int full = takes_all(convoy), n = choose_riders(convoy, full, rider);
  if (n > 0) nl_ride(rider, n, full ? first->all : convoy->wanted, full, 0);
  for (int i = 0; i < n; i++) {
    if (rider[i].point->stage == NL_DONE) nl_line_finish(rider[i].line, rider[i].point);
  }
  report(convoy);
}

static int all_done(const nl_convoy *convoy) {
  for (int k = 0; k < convoy->n_line; k++) {
    if (!is_done(convoy->line + k)) return 0;
  }
  return 1;
}

void nl_path_fit_all(nl_convoy *convoy, double tol) {
  convoy->turn = 0;
  convoy->n_told = convoy->n_before;
  for (int k = 0; k < convoy->n_line; k++) start_line(convoy->line + k, tol);
  while (!all_done(convoy)) go_on(convoy);
}
