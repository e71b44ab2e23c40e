/* path.c: see path.h. */
#include "path.h"

#include <math.h>

#include "cost.h"
#include "freedom.h"
#include "lanes.h"
#include "linalg.h"
#include "predict.h"

/* Between lambdas further apart than this factor, points in between are solved loosely,
 * so that no step starts far from its solution. */
#define NL_LONGEST_STRIDE 0.2
#define NL_LOOSE 1e-2
/* A lambda of 0 is approached down to this share of lambda_max. */
#define NL_LAST_STRIDE 1e-5
/* Stepping stones between lambda_max and the last stride, with some to spare. */
enum { NL_MOST_STONES = 16 };

#define NL_SLOPE 0.2
/* A look at all groups is stale for lambdas below this share of its own; it adds no more
 * groups once the set is this much larger than what was active there, if groups that
 * turn out not to be wanted are dear. */
#define NL_STALE 0.75
#define NL_LARGER 1.2
enum { NL_SPARE_GROUPS = 2 };

/* A lambda begins once the last one that was looked at is within this factor of it, and
 * its residual is below this. */
#define NL_AHEAD 0.86
#define NL_SETTLED 0.5
enum {
  GRAM_OLD = 8,        /* passes */
  BEGIN_PER_ROUND = 2, /* points that begin in one pass */
  PARKED_ENOUGH = 6    /* parked points that are worth a look at all groups */
};

/* ---- lambdas ----------------------------------------------------------------------- */

void nl_lambda_grid(double lambda_max, double ratio, int n, double *lambda) {
  for (int l = 0; l < n; l++) {
    lambda[l] = n == 1 ? lambda_max : lambda_max * pow(ratio, (double)l / (n - 1));
  }
}

int nl_path_jobs(int n_lambda) { return n_lambda + NL_MOST_STONES; }

/* The lambdas in order, with stepping stones where they are far apart. */
static void list_jobs(nl_pipeline *line, double tol, const nl_path *path, double top) {
  double before = top;
  int stones = 0;
  line->n_job = 0;
  for (int l = 0; l < path->n_lambda; l++) {
    /* above lambda_max nothing changes any more; infinity is not for arithmetic */
    const double lambda = path->lambda[l] < 2 * top ? path->lambda[l] : 2 * top;
    if (l > 0 && path->lambda[l] == path->lambda[l - 1]) {
      line->job[line->n_job - 1].n_out++;
      continue;
    }
    while (lambda < NL_LONGEST_STRIDE * before && before > NL_LAST_STRIDE * top &&
           stones++ < NL_MOST_STONES) {
      before *= NL_LONGEST_STRIDE;
      line->job[line->n_job++] = (nl_job){before, fmax(NL_LOOSE, tol), l, 0};
    }
    line->job[line->n_job++] = (nl_job){lambda, tol, l, 1};
    if (lambda < before) before = lambda;
  }
}

/* ---- scores and screening ---------------------------------------------------------- */

/* ||gradient|| of a group, relative to w, or to w before it was multiplied. */
static double relative_gradient(const nl_solver *solver, const nl_point *point, int g,
                                double w) {
  const nl_penalty *penalty = solver->penalty;
  if (!(w > 0)) return 0;
  return nl_norm(nl_group_rank(penalty, g), point->gradient + penalty->theta_start[g]) /
         w;
}

static double score_of(const nl_solver *solver, const nl_point *point, int g) {
  const nl_penalty *penalty = solver->penalty;
  return relative_gradient(
      solver, point, g, penalty->weight[g] > 0 ? penalty->weight[g] : penalty->scale[g]);
}

/* The largest score that a group has, or would have if it were not multiplied. */
static double largest_scale(const nl_solver *solver, const nl_point *point,
                            int only_penalised) {
  const nl_penalty *penalty = solver->penalty;
  double largest = 0;
  for (int g = 0; g < penalty->n_group; g++) {
    if (only_penalised && penalty->weight[g] == 0) continue;
    largest = fmax(largest, relative_gradient(solver, point, g, penalty->scale[g]));
  }
  return largest;
}

static int count_active(const nl_penalty *penalty, const nl_point *point) {
  int n = 0;
  for (int g = 0; g < penalty->n_group; g++)
    n += !nl_is_zero(nl_group_rank(penalty, g), point->theta + penalty->theta_start[g]);
  return n;
}

/* Sequential strong rule (Tibshirani et al. 2012, J R Stat Soc B 74:245): groups that
 * could be active at `lambda`, seen from the latest point at which all were looked at, if
 * no score changes faster than NL_SLOPE times lambda. The rule proper has a slope of 1;
 * as the looks at all groups have the last word, a smaller one only makes a smaller set.
 */
static void screen(nl_solver *solver, double lambda, const nl_point *seen) {
  const nl_penalty *penalty = solver->penalty;
  const double before = fmax(seen->level.lambda, lambda);
  if (lambda < NL_STALE * before && nl_cost_groups_are_dear(solver->model->design) &&
      solver->n_set > NL_LARGER * count_active(penalty, seen) + NL_SPARE_GROUPS)
    return;
  for (int g = 0; g < penalty->n_group; g++) {
    if (solver->in_set[g] || nl_group_rank(penalty, g) == 0) continue;
    if (score_of(solver, seen, g) > lambda - NL_SLOPE * (before - lambda))
      nl_set_include(solver, g);
  }
}

/* ---- the pipeline ------------------------------------------------------------------ */

static nl_point *point_of(const nl_pipeline *line, int job) {
  return line->point + job % NL_POINTS;
}

/* Points before `job` that were looked at at a place of their own, the nearest first; the
 * origin last. Returns how many. */
static int points_before(const nl_pipeline *line, int job, const nl_point **before,
                         int most) {
  int n = 0;
  for (int j = job - 1; j >= 0 && j > job - NL_POINTS && n < most; j--) {
    const nl_point *point = point_of(line, j);
    if (point->job == j && point->evaluated) before[n++] = point;
  }
  if (n < most && (n == 0 || job < NL_POINTS)) before[n++] = line->origin;
  return n;
}

/* The latest point at which all groups were looked at. */
static const nl_point *last_seen(const nl_pipeline *line) {
  for (int j = line->next_job - 1; j >= 0 && j > line->next_job - NL_POINTS; j--) {
    const nl_point *point = point_of(line, j);
    if (point->job == j && point->full && point->evaluated) return point;
  }
  return line->origin;
}

/* Writes a solution to place l of the path. */
static void store(nl_pipeline *line, const nl_point *point, nl_path *path, int l) {
  nl_solver *solver = line->solver;
  const nl_penalty *penalty = solver->penalty;
  const nl_design *design = solver->model->design;
  const size_t n_col = (size_t)design->n_col, n_group = (size_t)penalty->n_group;
  double centred = 0;
  nl_copy(n_col, point->now.beta, path->beta + (size_t)l * n_col);
  for (int b = 0; b < design->n_block; b++) {
    const nl_block *block = design->block + b;
    if (block->centre)
      centred += nl_dot(block->n_col, block->centre, point->now.beta + design->start[b]);
  }
  path->intercept[l] = nl_link_intercept(solver->model, &point->now) - centred;
  path->loss[l] = nl_link_objective(solver->model, &point->now);
  for (int g = 0; g < penalty->n_group; g++) {
    path->norm[(size_t)l * n_group + (size_t)g] =
        nl_norm(nl_group_rank(penalty, g), point->theta + penalty->theta_start[g]);
    path->score[(size_t)l * n_group + (size_t)g] = score_of(solver, point, g);
  }
  path->kkt[l] = point->residual;
  path->status[l] = (int)point->status;
  path->n_pass[l] = point->n_pass;
}

/* Degrees of freedom of a point, the intercept's among them. */
static double freedom_of(nl_solver *solver, const nl_point *point) {
  nl_set_cover(solver);
  nl_point_theta(solver, point, solver->quadratic.x);
  return 1 + nl_degrees_of_freedom(solver->penalty, &solver->gram, &point->level,
                                   solver->quadratic.x, &solver->quadratic);
}

static void finish_point(nl_pipeline *line, const nl_point *point, nl_path *path) {
  const nl_hook *hook = line->solver->hook;
  const nl_job *job = line->job + point->job;
  const double df = job->n_out > 0 ? freedom_of(line->solver, point) : 0;
  for (int l = job->out; l < job->out + job->n_out; l++) {
    store(line, point, path, l);
    path->df[l] = df;
  }
  line->n_done++;
  if (hook && hook->progress && job->n_out > 0)
    hook->progress(hook->data, (int)((double)line->n_done / line->n_job * path->n_lambda),
                   path->n_lambda);
}

static int count_stage(const nl_pipeline *line, nl_stage stage) {
  int n = 0;
  for (int i = 0; i < NL_POINTS; i++)
    n += line->point[i].job >= 0 && line->point[i].stage == stage;
  return n;
}

/* Whether the next job may begin: its slot is free, and what it starts from is near, or
 * nothing else is on its way. */
static int may_begin(const nl_pipeline *line, const nl_point *from) {
  if (line->next_job >= line->n_job) return 0;
  const nl_point *slot = point_of(line, line->next_job);
  if (slot->job >= 0 && slot->stage != NL_DONE) return 0;
  if (count_stage(line, NL_MOVING) + count_stage(line, NL_PARKED) == 0) return 1;
  if (from->stage != NL_DONE && from->residual > NL_SETTLED) return 0;
  const double lambda = line->job[line->next_job].lambda;
  return lambda >= NL_AHEAD * from->level.lambda || from == line->origin ||
         from->job == line->next_job - 1;
}

/* Lets points begin while there is room. Some are done at once. */
static void begin_points(nl_pipeline *line, nl_path *path) {
  nl_solver *solver = line->solver;
  const double reference =
      path->reference > 0 ? path->reference : solver->model->mean_count;
  for (int begun = 0;
       begun < BEGIN_PER_ROUND && count_stage(line, NL_MOVING) < NL_LANES;) {
    const nl_point *from;
    points_before(line, line->next_job, &from, 1);
    if (!may_begin(line, from)) return;
    const nl_job *job = line->job + line->next_job;
    const nl_level level = {job->lambda, reference};
    nl_point *point = point_of(line, line->next_job);
    screen(solver, job->lambda, last_seen(line));
    nl_point_begin(solver, point, line->next_job++, level, job->tol, path->max_passes,
                   from);
    if (point->stage == NL_DONE) {
      finish_point(line, point, path);
    } else {
      begun++;
    }
  }
}

/* ---- a round ----------------------------------------------------------------------- */

/* Who rides in the next pass: up to NL_LANES points in order of their lambdas, parked
 * ones first if all groups are looked at. */
static int choose_riders(const nl_pipeline *line, int full, nl_point **rider) {
  const int first = line->next_job > NL_POINTS ? line->next_job - NL_POINTS : 0;
  int n = 0;
  for (int j = first; full && j < line->next_job && n < NL_LANES; j++) {
    if (point_of(line, j)->stage == NL_PARKED) rider[n++] = point_of(line, j);
  }
  for (int j = first; j < line->next_job && n < NL_LANES; j++) {
    if (point_of(line, j)->stage == NL_MOVING) rider[n++] = point_of(line, j);
  }
  return n;
}

/* Whether the next pass looks at all groups: if that is cheap, or enough points wait for
 * it, or nothing else can move on. */
static int takes_all(const nl_pipeline *line) {
  const nl_solver *solver = line->solver;
  const int parked = count_stage(line, NL_PARKED), moving = count_stage(line, NL_MOVING);
  return parked >= PARKED_ENOUGH || moving == 0 ||
         (parked > 0 && moving < NL_LANES / 2) ||
         nl_cost_look_is_cheap(solver->model->design, solver->wanted);
}

/* Which rider's weights the next Gram is built at: the one that waits for it, or the
 * middle one; -1 if no Gram is wanted. */
static int choose_keeper(const nl_pipeline *line, nl_point *const *rider, int n) {
  for (int i = 0; i < n; i++) {
    if (rider[i]->job == line->gram_for && rider[i]->look) return i;
  }
  return line->gram_slow || !line->solver->gram.valid ? n / 2 : -1;
}

/* The slope that earlier points predict at a point that is still where another one is;
 * NULL if there is none. */
static const double *predicted_slope(nl_pipeline *line, const nl_point *point) {
  nl_solver *solver = line->solver;
  if (point->evaluated || point->stage != NL_MOVING) return NULL;
  const nl_point *before[NL_MAX_BEFORE];
  const int n = points_before(line, point->job, before, 3);
  double *slope = solver->quadratic.predicted;
  return nl_predict_slope(solver, point, before, n, slope) ? slope : NULL;
}

/* The riders' quadratic models, solved in lanes, and one by one as far as they are left.
 */
static void propose_together(nl_pipeline *line, nl_point **rider, int n) {
  nl_solver *solver = line->solver;
  nl_quadratic_space *one = &solver->quadratic;
  nl_quadratics_space *lanes = &solver->quadratics;
  nl_lane_model model[NL_LANES];
  const size_t size = (size_t)solver->gram.size;
  int n_model = 0;
  nl_quadratics_room(&solver->gram, lanes, solver->hook);
  for (int i = 0; i < n; i++) {
    if (!nl_point_has_model(rider[i])) continue;
    model[n_model].tol =
        nl_point_model(solver, rider[i], predicted_slope(line, rider[i]));
    model[n_model].level = rider[i]->level;
    nl_lane_set(size, one->x, n_model, lanes->x);
    nl_lane_set(size, one->slope, n_model++, lanes->slope);
  }
  line->gram_age +=
      nl_cost_sweeps(solver->model->design, solver->wanted,
                     nl_quadratics_solve(solver->penalty, &solver->gram, n_model, model,
                                         lanes, solver->hook));
  n_model = 0;
  for (int i = 0; i < n; i++) {
    if (!nl_point_has_model(rider[i])) continue;
    nl_lane_get(size, lanes->x, n_model, one->x);
    nl_lane_get(size, lanes->slope, n_model, one->slope);
    if (!model[n_model].done)
      nl_quadratic_solve(solver->penalty, &solver->gram, &rider[i]->level,
                         model[n_model].tol, one, solver->hook);
    nl_point_direct(solver, rider[i]);
    n_model++;
  }
}

/* Where the riders want to be looked at. */
static void propose(nl_pipeline *line, nl_point **rider, int n) {
  nl_solver *solver = line->solver;
  int n_model = 0;
  for (int i = 0; i < n; i++) n_model += nl_point_has_model(rider[i]);
  if (n_model > 0) nl_set_cover(solver);
  if (nl_cost_lanes_pay(n_model, solver->gram.size)) {
    propose_together(line, rider, n);
    for (int i = 0; i < n; i++) nl_point_aim(solver, rider[i]);
  } else {
    for (int i = 0; i < n; i++)
      nl_point_propose(solver, rider[i], predicted_slope(line, rider[i]));
  }
}

/* After a pass: the Gram at the kept weights, if it was asked for. */
static void rebuild(nl_pipeline *line, nl_point *keeper, double curvature) {
  nl_solver *solver = line->solver;
  nl_gram_reset(&solver->gram, solver->penalty, &solver->kept,
                solver->model->design->n_obs, curvature);
  if (keeper->job == line->gram_for) keeper->gram_here = solver->gram.n_built;
  line->gram_age = 0;
  line->gram_for = -1;
  line->gram_slow = 0;
}

/* Whether a new Gram is worth its cost: what came since the last one cost as much. */
static int gram_is_due(const nl_pipeline *line) {
  const nl_solver *solver = line->solver;
  const double cost =
      nl_cost_gram(solver->model->design, solver->wanted, solver->gram.stride);
  return line->gram_age >= fmin(cost, GRAM_OLD);
}

/* Notes which points the pass showed to want another Gram. Where the present one is
 * young, it was never any better: the next one gets more rows. */
static void note_wishes(nl_pipeline *line, nl_point *const *rider, int n) {
  nl_gram *gram = &line->solver->gram;
  int wanted = 0;
  for (int i = 0; i < n; i++) {
    if (!rider[i]->wants_gram) continue;
    if (rider[i]->look && line->gram_for < 0) line->gram_for = rider[i]->job;
    if (!rider[i]->look && line->solver->gram_due) line->gram_slow = 1;
    wanted |= rider[i]->look || line->gram_slow;
    if (rider[i]->look && rider[i]->metric_here) gram->stride = 1;
  }
  if (wanted && line->gram_age < GRAM_OLD && gram->stride > 1)
    gram->stride = (gram->stride + 1) / 2;
}

/* One pass for up to NL_LANES points. closed: the working set is all there is. */
static void ride(nl_pipeline *line, nl_point **rider, int n, int full, int closed) {
  nl_solver *solver = line->solver;
  const nl_model *models[NL_LANES];
  nl_state *states[NL_LANES];
  propose(line, rider, n);
  for (int i = 0; i < n; i++) {
    models[i] = solver->model;
    states[i] = &rider[i]->next;
  }
  const int keep = choose_keeper(line, rider, n);
  nl_model_pass(n, models, states, full ? solver->all : solver->wanted, keep,
                keep >= 0 ? solver->kept : NULL, &solver->pass, solver->hook);
  solver->n_pass++;
  line->gram_age++;
  const double curvature = keep >= 0 ? states[keep]->curvature : 0;
  solver->gram_due = gram_is_due(line);
  for (int i = 0; i < n; i++) nl_point_judge(solver, rider[i], full, closed);
  note_wishes(line, rider, n);
  if (keep >= 0 && rider[keep]->taken) rebuild(line, rider[keep], curvature);
}

/* ---- the path ---------------------------------------------------------------------- */

/* Brings the softplus link's intercept to its best at beta = 0; one pass for the log
 * link. */
static void start_origin(nl_solver *solver, nl_point *origin, double tol) {
  const nl_model *model = solver->model;
  nl_state *state = &origin->now;
  const size_t n_obs = model->design->n_obs;
  state->shift = -INFINITY; /* the largest exponent: exp() must not overflow */
  for (size_t t = 0; t < n_obs; t++) state->shift = fmax(state->shift, model->base[t]);
  const double centre = -model->base[0];
  state->intercept =
      model->mean_count > 30 ? model->mean_count : log(expm1(model->mean_count));
  if (isfinite(centre)) state->intercept += centre;
  double low = -INFINITY, high = INFINITY, longest = 4;
  for (int step = 0; step < 400; step++) {
    nl_model_pass(1, &model, &state, solver->all, 0, solver->kept, &solver->pass,
                  solver->hook);
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

void nl_path_null(nl_pipeline *line, double tol, nl_path *path, double *null_loss) {
  nl_solver *solver = line->solver;
  const nl_penalty *penalty = solver->penalty;
  nl_point *origin = line->origin;
  for (int i = 0; i < NL_POINTS; i++) line->point[i].job = -1;
  line->gram_for = -1;
  line->gram_slow = 0;
  nl_fill((size_t)penalty->n_col, 0, origin->now.beta);
  nl_fill((size_t)penalty->n_theta, 0, origin->theta);
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
  *null_loss = nl_link_objective(solver->model, &origin->now);
  nl_gram_reset(&solver->gram, penalty, &solver->kept, solver->model->design->n_obs,
                origin->now.curvature);
  origin->gram_here = solver->gram.n_built;
  line->gram_age = 0;
  nl_set_mark(solver);
  const nl_level level = {0, largest_scale(solver, origin, 0)};
  origin->level = level;
  if (solver->n_set > 0 && level.reference > 0) {
    /* in the place of job 0, whose slot it leaves free again */
    nl_point *free_point = line->point;
    nl_point_begin(solver, free_point, 0, level, tol, path->max_passes, origin);
    free_point->full = 0;
    free_point->n_seen = solver->n_marked;
    free_point->residual = nl_point_residual(solver, free_point, 0);
    free_point->stage = free_point->residual <= tol ? NL_DONE : NL_MOVING;
    while (free_point->stage == NL_MOVING) ride(line, &free_point, 1, 1, 1);
    free_point->full = 1;
    const nl_point keep = *origin;
    *origin = *free_point;
    *free_point = keep;
    free_point->job = -1;
    origin->stage = NL_DONE;
    origin->evaluated = 1;
    origin->job = -1;
  }
  path->reference = largest_scale(solver, origin, 1);
  path->lambda_max = 0;
  for (int g = 0; g < penalty->n_group; g++) {
    if (penalty->weight[g] > 0 && score_of(solver, origin, g) > path->lambda_max)
      path->lambda_max = score_of(solver, origin, g);
  }
}

void nl_path_fit(nl_pipeline *line, double tol, nl_path *path) {
  const double top = path->lambda_max > 0 ? path->lambda_max : 1;
  nl_point *rider[NL_LANES];
  line->next_job = line->n_done = 0;
  line->gram_for = -1;
  line->origin->level.lambda = top;
  list_jobs(line, tol, path, top);
  while (line->n_done < line->n_job) {
    nl_check(line->solver->hook);
    begin_points(line, path);
    nl_set_mark(line->solver);
    const int full = takes_all(line), n = choose_riders(line, full, rider);
    if (n == 0) continue;
    ride(line, rider, n, full, 0);
    for (int i = 0; i < n; i++) {
      if (rider[i]->stage == NL_DONE) finish_point(line, rider[i], path);
    }
  }
}
