/* ride.c: see ride.h. */
#include "ride.h"

#include <math.h>

#include "cost.h"
#include "lanes.h"
#include "linalg.h"

/* ---- riders of one solver ---------------------------------------------------------- */

/* The riders that share the first one's solver, with their lanes. */
typedef struct {
  nl_solver *solver;
  int n;
  int lane[NL_LANES];
  nl_rider rider[NL_LANES];
} nl_company;

/* Divides the riders by their solvers; returns the number of companies. */
static int divide(const nl_rider *rider, int n, nl_company *company) {
  int n_company = 0;
  for (int i = 0; i < n; i++) {
    int c = 0;
    while (c < n_company && company[c].solver != rider[i].line->solver) c++;
    if (c == n_company) {
      company[c].solver = rider[i].line->solver;
      company[c].n = 0;
      n_company++;
    }
    company[c].lane[company[c].n] = i;
    company[c].rider[company[c].n++] = rider[i];
  }
  return n_company;
}

/* ---- proposing --------------------------------------------------------------------- */

/* Whether secants are of use: to a path by itself, whose Hessians are alike, below its first
 * lambda, if the model may be solved more than once. */
static int refines(const nl_pipeline *line, const nl_point *point) {
  const nl_solver *solver = line->solver;
  return !line->lead && !line->trail && point->level.lambda > 0 &&
         point->level.lambda < line->path->lambda_max &&
         nl_cost_sketch_pays(solver->design, solver->wanted, solver->gram.size);
}

/* The quadratic models, solved in lanes, and one by one as far as they are left. Not those
 * of predictions: with fewer bins than columns a predicted slope may be one that H can't
 * answer, and the solution far off; a guess is not worth Newton steps. */
static void propose_together(const nl_company *company) {
  nl_solver *solver = company->solver;
  nl_quadratic_space *one = &solver->quadratic;
  nl_quadratics_space *lanes = &solver->quadratics;
  nl_lane_model model[NL_LANES];
  const size_t size = (size_t)solver->gram.size;
  int n_model = 0;
  nl_quadratics_room(&solver->gram, lanes, solver->hook);
  for (int i = 0; i < company->n; i++) {
    nl_point *point = company->rider[i].point;
    if (!nl_point_has_model(point)) continue;
    /* without a lead, a Newton step at weights of its own goes further than a guess */
    const nl_pipeline *line = company->rider[i].line;
    const int is_own = solver->gram.root.on && point->now.has_weight &&
                       (point->evaluated || !line->lead);
    const double *predicted = is_own ? NULL : nl_line_predict(line, point);
    model[n_model].tol = nl_point_model(solver, point, predicted);
    model[n_model].level = point->level;
    model[n_model].weight = is_own ? point->now.weight : NULL;
    model[n_model].scale = point->now.curvature;
    nl_lane_set(size, one->x, n_model, lanes->x);
    nl_lane_set(size, one->slope, n_model++, lanes->slope);
  }
  solver->gram_age +=
      nl_cost_sweeps(solver->design, solver->wanted,
                     nl_quadratics_solve(solver->penalty, &solver->gram, n_model, model,
                                         lanes, solver->hook));
  n_model = 0;
  for (int i = 0; i < company->n; i++) {
    nl_point *point = company->rider[i].point;
    if (!nl_point_has_model(point)) continue;
    nl_lane_get(size, lanes->x, n_model, one->x);
    nl_lane_get(size, lanes->slope, n_model, one->slope);
    if (!model[n_model].done && !point->predicted && !solver->gram.root.on)
      nl_quadratic_solve(solver->penalty, &solver->gram, &point->level,
                         model[n_model].tol, one, solver->hook);
    if (refines(company->rider[i].line, point))
      nl_point_refine(solver, point, model[n_model].tol);
    nl_point_direct(solver, point);
    n_model++;
  }
}

/* Where the riders want to be looked at. */
static void propose(const nl_company *company) {
  nl_solver *solver = company->solver;
  int n_model = 0;
  for (int i = 0; i < company->n; i++)
    n_model += nl_point_has_model(company->rider[i].point);
  if (n_model > 0) nl_set_cover(solver);
  /* sweeps in lanes know the norm of a group only */
  if (nl_penalty_is_plain(solver->penalty) &&
      (solver->gram.root.on || nl_cost_lanes_pay(n_model, solver->gram.size))) {
    propose_together(company);
    for (int i = 0; i < company->n; i++) nl_point_aim(solver, company->rider[i].point);
    return;
  }
  for (int i = 0; i < company->n; i++) {
    const nl_pipeline *line = company->rider[i].line;
    nl_point *point = company->rider[i].point;
    nl_point_propose(solver, point, nl_line_predict(line, point), refines(line, point));
  }
}

/* ---- Grams ------------------------------------------------------------------------- */

/* Which rider's weights the next Gram is built at: the one that waits for it, or the
 * middle one; -1 if no Gram is wanted. */
static int choose_keeper(const nl_company *company) {
  const nl_solver *solver = company->solver;
  for (int i = 0; i < company->n; i++) {
    const nl_point *point = company->rider[i].point;
    if (point == solver->gram_for && point->look) return i;
  }
  return solver->gram_slow || !solver->gram.valid ? company->n / 2 : -1;
}

/* Coordinates of the working set. */
static int set_coordinates(const nl_solver *solver) {
  int n = 0;
  for (int k = 0; k < solver->n_set; k++)
    n += nl_group_rank(solver->penalty, solver->set[k]);
  return n;
}

/* The Gram at the kept weights. */
static void rebuild(nl_solver *solver, nl_point *keeper, double curvature) {
  nl_gram_reset(&solver->gram, solver->penalty, &solver->kept, solver->design->n_obs,
                curvature);
  solver->gram.root.on =
      nl_penalty_is_plain(solver->penalty) && solver->gram.stride == 1 &&
      !solver->gram.root.refused &&
      nl_cost_root_pays(solver->design, solver->wanted, set_coordinates(solver));
  if (keeper == solver->gram_for) keeper->gram_here = solver->gram.n_built;
  nl_secants_forget(&solver->secants);
  solver->gram_age = 0;
  solver->gram_for = NULL;
  solver->gram_slow = 0;
}

/* Notes which points the pass showed to want another Gram. Where the present one is
 * young, it was never any better: the next one gets more rows. */
static void note_wishes(const nl_company *company) {
  nl_solver *solver = company->solver;
  nl_gram *gram = &solver->gram;
  int wanted = 0;
  for (int i = 0; i < company->n; i++) {
    const nl_point *point = company->rider[i].point;
    if (!point->wants_gram) continue;
    if (point->look && !solver->gram_for) solver->gram_for = point;
    if (!point->look && solver->gram_due) solver->gram_slow = 1;
    wanted |= point->look || solver->gram_slow;
    if (point->look && point->metric_here) {
      gram->stride = 1;
      gram->root.refused |= gram->root.on;
    }
  }
  if (wanted && solver->gram_age < NL_GRAM_OLD && gram->stride > 1)
    gram->stride = (gram->stride + 1) / 2;
}

/* ---- the pass ---------------------------------------------------------------------- */

/* After the pass, which `share` of was the company's. keeper: whose weights were kept; -1: nobody's. */
static void judge(const nl_company *company, int keeper, double share, int full,
                  int closed) {
  nl_solver *solver = company->solver;
  double curvature = 0;
  if (keeper >= 0) curvature = company->rider[keeper].point->next.curvature;
  solver->n_pass++;
  solver->gram_age += share;
  solver->gram_due =
      nl_cost_gram_is_due(solver->design, solver->wanted, solver->gram.stride,
                          solver->gram.root.on, solver->gram_age);
  for (int i = 0; i < company->n; i++) {
    nl_point *point = company->rider[i].point;
    nl_pipeline *line = company->rider[i].line;
    const int predicted = point->predicted, look = point->look;
    const int was_full = point->full, n_seen = point->n_seen;
    nl_point_judge(solver, point, full, closed);
    if (point->taken && !look && refines(line, point))
      nl_point_note(solver, point, was_full, n_seen);
    if (predicted) line->foretold = point->taken ? point->residual : INFINITY;
  }
  note_wishes(company);
  if (keeper >= 0 && company->rider[keeper].point->taken)
    rebuild(solver, company->rider[keeper].point, curvature);
}

/* With a root every point keeps its own weights (log link: they are those of its rows). */
static void keep_own(const nl_company *company, double **kept) {
  const nl_solver *solver = company->solver;
  for (int i = 0; i < company->n; i++) {
    const nl_rider *rider = company->rider + i;
    nl_state *next = &rider->point->next;
    next->has_weight = solver->gram.root.on && rider->line->model->link == NL_LOG;
    if (!next->has_weight) continue;
    if (!next->weight) next->weight = nl_new_doubles(solver->design->n_obs, solver->hook);
    kept[company->lane[i]] = next->weight;
  }
}

/* The keeper's weights, where the pass wrote them for itself. */
static void copy_kept(const nl_company *company, int keeper, double *const *kept) {
  const nl_solver *solver = company->solver;
  const double *own = kept[company->lane[keeper]];
  if (own != solver->kept) nl_copy(solver->design->n_obs, own, solver->kept);
}

void nl_ride(const nl_rider *rider, int n, const int *wanted, int full, int closed) {
  nl_company company[NL_LANES];
  const nl_model *models[NL_LANES] = {NULL};
  nl_state *states[NL_LANES] = {NULL};
  double *kept[NL_LANES] = {NULL};
  int keeper[NL_LANES];
  const int n_company = divide(rider, n, company);
  for (int c = 0; c < n_company; c++) {
    propose(company + c);
    keeper[c] = choose_keeper(company + c);
    if (keeper[c] >= 0) kept[company[c].lane[keeper[c]]] = company[c].solver->kept;
    keep_own(company + c, kept);
  }
  for (int i = 0; i < n; i++) {
    models[i] = rider[i].line->model;
    states[i] = &rider[i].point->next;
  }
  nl_solver *first = rider[0].line->solver;
  nl_model_pass(n, models, states, wanted, kept, &first->pass, first->hook);
  for (int c = 0; c < n_company; c++) {
    if (keeper[c] >= 0) copy_kept(company + c, keeper[c], kept);
    judge(company + c, keeper[c], (double)company[c].n / n, full, closed);
  }
}
