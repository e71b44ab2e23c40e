/* line.c: see line.h. */
#include "line.h"

#include <math.h>

#include "cost.h"
#include "freedom.h"
#include "linalg.h"

/* Between lambdas further apart than this factor, points in between are solved loosely,
 * so that no step starts far from its solution. */
#define NL_LONGEST_STRIDE 0.2
#define NL_LOOSE 1e-2
/* A lambda of 0 is approached down to this share of lambda_max. */
#define NL_LAST_STRIDE 1e-5
/* Stepping stones between lambda_max and the last stride, with some to spare. */
enum { NL_MOST_STONES = 16 };

/* A look at all groups is stale for lambdas below this share of its own; it adds no more
 * groups once the set is this much larger than what was active there, if groups that
 * turn out not to be wanted are dear. */
#define NL_STALE 0.75
#define NL_LARGER 1.2
enum { NL_SPARE_GROUPS = 2 };

/* A lambda begins once the nearest one that was looked at is within this factor of it, and
 * its residual is below this. */
#define NL_AHEAD 0.78
#define NL_AHEAD_BESIDE 0.86
#define NL_SETTLED 0.5
enum {
  BEGIN_PER_ROUND = 3, /* points that begin in one pass, below all others, */
  BEGIN_BESIDE = 2     /* and of a path that shares its lanes with others */
};
/* One between two others begins when their residuals are below the first; below the second
 * where none that is below all others may begin. */
#define NL_SETTLED_AROUND 1e-4
#define NL_NEARLY_SETTLED 1e-3
/* Of three lambdas, the one between begins last if they are within this factor. */
#define NL_ALTERNATE 0.8

/* ---- lambdas ----------------------------------------------------------------------- */

int nl_line_jobs(int n_lambda) { return n_lambda + NL_MOST_STONES; }

void nl_line_list(nl_pipeline *line, double tol, double top) {
  const nl_path *path = line->path;
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

void nl_line_alternate(nl_pipeline *line) {
  enum { FIRST = 3 }; /* the first few have nothing to go by */
  double above = line->n_job > FIRST ? line->job[FIRST - 1].lambda : 0;
  for (int i = FIRST; i + 1 < line->n_job; i += 2) {
    nl_job *between = line->job + i, *below = between + 1;
    const nl_job kept = *between;
    const double lambda = below->lambda;
    if (between[-1].n_out > 0 && between->n_out > 0 && below->n_out > 0 &&
        lambda > NL_ALTERNATE * above) {
      *between = *below;
      *below = kept;
    }
    above = lambda;
  }
}

/* ---- scores and screening ---------------------------------------------------------- */

/* The score of a group with the weight w. */
static double score_with(const nl_solver *solver, const nl_point *point, int g,
                         double w) {
  const nl_penalty *penalty = solver->penalty;
  return nl_group_score(penalty, g, point->gradient + penalty->theta_start[g], w,
                        solver->own);
}

double nl_line_score(const nl_solver *solver, const nl_point *point, int g) {
  const nl_penalty *penalty = solver->penalty;
  return score_with(solver, point, g,
                    penalty->weight[g] > 0 ? penalty->weight[g] : penalty->scale[g]);
}

double nl_line_largest(const nl_solver *solver, const nl_point *point,
                       int only_penalised) {
  const nl_penalty *penalty = solver->penalty;
  double largest = 0;
  for (int g = 0; g < penalty->n_group; g++) {
    if (only_penalised && penalty->weight[g] == 0) continue;
    largest = fmax(largest, score_with(solver, point, g, penalty->scale[g]));
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
 * Returns whether there were any. */
static int screen(nl_solver *solver, double lambda, const nl_point *seen) {
  const nl_penalty *penalty = solver->penalty;
  const double before = fmax(seen->level.lambda, lambda);
  const int n_before = solver->n_set;
  if (lambda < NL_STALE * before && nl_cost_groups_are_dear(solver->design) &&
      solver->n_set > NL_LARGER * count_active(penalty, seen) + NL_SPARE_GROUPS)
    return 0;
  for (int g = 0; g < penalty->n_group; g++) {
    if (solver->in_set[g] || nl_group_rank(penalty, g) == 0) continue;
    if (nl_line_score(solver, seen, g) > lambda - NL_SLOPE * (before - lambda))
      nl_set_include(solver, g);
  }
  return solver->n_set > n_before;
}

/* Where a group enters, those come along that the next lambdas will need: a Gram is cheaper
 * to extend by several groups at once. */
static void screen_ahead(const nl_pipeline *line, const nl_point *seen) {
  const int job = line->next_job, last = job + line->ahead, most = job + NL_SCREEN_AHEAD;
  if (!screen(line->solver, line->job[job].lambda, seen) || last >= most) return;
  screen(line->solver, line->job[most < line->n_job ? most : line->n_job - 1].lambda,
         seen);
}

/* ---- points and those before them -------------------------------------------------- */

static nl_point *point_of(const nl_pipeline *line, int job) {
  return line->point + job % line->n_point;
}

/* Whether lambda is nearer to a than to b, by their ratios. */
static int is_nearer(double lambda, double a, double b) {
  if (a >= lambda && b >= lambda) return a < b;
  if (a <= lambda && b <= lambda) return a > b;
  return a > b ? a * b < lambda * lambda : a * b > lambda * lambda;
}

/* Points that were looked at at a place of their own, those nearest to lambda first; the origin
 * last. Returns how many. */
static int points_around(const nl_pipeline *line, double lambda, const nl_point **around,
                         int most) {
  int n = 0;
  for (int i = 0; i < line->n_point; i++) {
    const nl_point *point = line->point + i;
    if (point->job < 0 || !point->evaluated || point->level.lambda == lambda) continue;
    int at = n < most ? n++ : most;
    for (; at > 0 && is_nearer(lambda, point->level.lambda, around[at - 1]->level.lambda);
         at--) {
      if (at < most) around[at] = around[at - 1];
    }
    if (at < most) around[at] = point;
  }
  if (n < most && (n == 0 || line->next_job < line->n_point)) around[n++] = line->origin;
  return n;
}

/* The point with the smallest lambda at which all groups were looked at. */
static const nl_point *last_seen(const nl_pipeline *line) {
  const nl_point *last = line->origin;
  for (int i = 0; i < line->n_point; i++) {
    const nl_point *point = line->point + i;
    if (point->job < 0 || !point->full || !point->evaluated) continue;
    if (last == line->origin || point->level.lambda < last->level.lambda) last = point;
  }
  return last;
}

const double *nl_line_predict(const nl_pipeline *line, const nl_point *point) {
  nl_solver *solver = line->solver;
  if (point->evaluated || point->stage != NL_MOVING) return NULL;
  const nl_point *around[NL_MAX_BEFORE];
  const int n = points_around(line, point->level.lambda, around, NL_MAX_BEFORE);
  double *slope = solver->quadratic.predicted;
  return nl_predict_slope(solver, point, around, n, line->lead, slope) ? slope : NULL;
}

/* ---- solutions --------------------------------------------------------------------- */

/* Norms and scores of the groups' parts, after those of the groups. */
static void store_parts(const nl_solver *solver, const nl_point *point, double *norm,
                        double *score) {
  const nl_penalty *penalty = solver->penalty;
  for (int g = 0, row = penalty->n_group; g < penalty->n_group; g++) {
    const double *theta = point->theta + penalty->theta_start[g];
    const double *gradient = point->gradient + penalty->theta_start[g];
    const int first = penalty->part_start[g];
    for (int k = first; k < penalty->part_start[g + 1]; k++, row++) {
      const nl_part part = penalty->part[k];
      norm[row] = nl_norm(part.end - part.from, theta + part.from);
      score[row] = nl_part_score(penalty, g, k - first, gradient, solver->own);
    }
  }
}

void nl_line_store(const nl_pipeline *line, const nl_point *point, int l) {
  const nl_solver *solver = line->solver;
  const nl_penalty *penalty = solver->penalty;
  const nl_design *design = solver->design;
  nl_path *path = line->path;
  const size_t n_col = (size_t)design->n_col, n_row = (size_t)nl_penalty_n_row(penalty);
  double centred = 0;
  nl_copy(n_col, point->now.beta, path->beta + (size_t)l * n_col);
  for (int b = 0; b < design->n_block; b++) {
    const nl_block *block = design->block + b;
    if (block->centre)
      centred += nl_dot(block->n_col, block->centre, point->now.beta + design->start[b]);
  }
  path->intercept[l] = nl_link_intercept(line->model, &point->now) - centred;
  path->loss[l] = nl_link_objective(line->model, &point->now);
  for (int g = 0; g < penalty->n_group; g++) {
    path->norm[(size_t)l * n_row + (size_t)g] =
        nl_norm(nl_group_rank(penalty, g), point->theta + penalty->theta_start[g]);
    path->score[(size_t)l * n_row + (size_t)g] = nl_line_score(solver, point, g);
  }
  if (penalty->part_start)
    store_parts(solver, point, path->norm + (size_t)l * n_row,
                path->score + (size_t)l * n_row);
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

void nl_line_finish(nl_pipeline *line, const nl_point *point) {
  const nl_job *job = line->job + point->job;
  const double df = line->lead || job->n_out == 0 ? NAN : freedom_of(line->solver, point);
  for (int l = job->out; l < job->out + job->n_out; l++) {
    nl_line_store(line, point, l);
    line->path->df[l] = df;
  }
  if (line->trail) nl_trail_note(line->trail, point);
  line->n_done++;
}

/* ---- beginning --------------------------------------------------------------------- */

nl_standing nl_line_standing(const nl_pipeline *line, const nl_point *point) {
  if (point->job < 0 || point->stage == NL_DONE) return NL_AWAY;
  if (point->stage == NL_PARKED) return NL_WAITING;
  const double expected =
      point->evaluated ? NL_USUAL_CONTRACTION * point->residual : line->foretold;
  return expected <= point->tol ? NL_HOPEFUL : NL_FAR;
}

int nl_line_count(const nl_pipeline *line, nl_standing standing) {
  int n = 0;
  for (int i = 0; i < line->n_point; i++)
    n += nl_line_standing(line, line->point + i) == standing;
  return n;
}

static int count_moving(const nl_pipeline *line) {
  return nl_line_count(line, NL_FAR) + nl_line_count(line, NL_HOPEFUL);
}

/* Whether a job may begin now: a slot is free, the lead has been there, and what it starts
 * from is near, or nothing else is on its way. */
static int may_begin(const nl_pipeline *line, int job) {
  const nl_point *slot = point_of(line, line->next_job), *from;
  const double lambda = line->job[job].lambda;
  const double ahead = line->ahead < NL_LANES ? NL_AHEAD_BESIDE : NL_AHEAD;
  if (slot->job >= 0 && slot->stage != NL_DONE) return 0;
  if (line->lead && !nl_trail_find(line->lead, lambda)) return 0;
  if (count_moving(line) + nl_line_count(line, NL_WAITING) == 0) return 1;
  points_around(line, lambda, &from, 1);
  if (from->stage != NL_DONE && from->residual > NL_SETTLED) return 0;
  return lambda >= ahead * from->level.lambda || from == line->origin ||
         from->job == line->next_job - 1;
}

/* Whether a smaller lambda has begun. */
static int is_between(const nl_pipeline *line, int job) {
  for (int i = 0; i < line->n_point; i++) {
    const nl_point *point = line->point + i;
    if (point->job >= 0 && point->level.lambda < line->job[job].lambda) return 1;
  }
  return 0;
}

/* Whether a job lies between two points that are solved to a residual. */
static int is_settled_around(const nl_pipeline *line, int job, double residual) {
  const nl_point *around[2];
  const double lambda = line->job[job].lambda;
  return points_around(line, lambda, around, 2) == 2 &&
         (around[0]->level.lambda < lambda) != (around[1]->level.lambda < lambda) &&
         fmax(around[0]->residual, around[1]->residual) <= residual;
}

/* The job that had better begin now, n_below of which have begun below all others in this
 * round; -1: none. */
static int choose_job(const nl_pipeline *line, int n_below) {
  const int most = line->ahead < NL_LANES ? BEGIN_BESIDE : BEGIN_PER_ROUND;
  /* not so many are left behind that the points around them are gone */
  const int reach = line->next_job + line->n_point / 3;
  const int end = reach < line->n_job ? reach : line->n_job;
  int job = line->next_job, first = -1;
  for (; job < end && is_between(line, job); job++) {
    if (first < 0) first = job;
    if (may_begin(line, job) && is_settled_around(line, job, NL_SETTLED_AROUND))
      return job;
  }
  if (job < end && n_below < most && may_begin(line, job)) return job;
  if (first < 0 || !may_begin(line, first)) return -1;
  const int alone = count_moving(line) + nl_line_count(line, NL_WAITING) == 0;
  return alone || is_settled_around(line, first, NL_NEARLY_SETTLED) ? first : -1;
}

/* Moves a job before those that have not begun. */
static void bring_forward(nl_pipeline *line, int job) {
  const nl_job chosen = line->job[job];
  for (int i = job; i > line->next_job; i--) line->job[i] = line->job[i - 1];
  line->job[line->next_job] = chosen;
}

/* Lets the next job begin. */
static nl_point *begin_job(nl_pipeline *line) {
  const nl_path *path = line->path;
  const nl_job *job = line->job + line->next_job;
  const nl_level level = {
      job->lambda, path->reference > 0 ? path->reference : line->model->mean_count};
  nl_point *point = point_of(line, line->next_job);
  const nl_point *from;
  points_around(line, job->lambda, &from, 1);
  screen_ahead(line, last_seen(line));
  nl_point_begin(line->solver, point, line->next_job++, level, job->tol, path->max_passes,
                 from);
  return point;
}

void nl_line_begin(nl_pipeline *line) {
  for (int n_below = 0; count_moving(line) < line->ahead;) {
    const int job = line->next_job < line->n_job ? choose_job(line, n_below) : -1;
    if (job < 0) return;
    const int is_below = !is_between(line, job);
    bring_forward(line, job);
    const nl_point *point = begin_job(line);
    if (point->stage == NL_DONE) {
      nl_line_finish(line, point);
    } else {
      n_below += is_below;
    }
  }
}
