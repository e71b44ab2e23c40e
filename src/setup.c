/* setup.c: see setup.h. */
#include "setup.h"

#include <math.h>

#include "cost.h"
#include "inner.h"
#include "linalg.h"

static int smaller(int a, int b) { return a < b ? a : b; }

nl_pass_space nl_setup_pass(const nl_design *design, const nl_hook *hook) {
  nl_pass_space space;
  const size_t n_col = NL_LANES * (size_t)design->n_col,
               n_ext = NL_LANES * (size_t)design->n_ext;
  space.beta = nl_new_doubles(n_col, hook);
  space.ext = nl_new_doubles(n_ext, hook);
  space.sums = nl_new_doubles(n_col, hook);
  space.scratch = nl_new_doubles(design->n_scratch, hook);
  space.on = nl_new_ints((size_t)design->n_block, hook);
  const int n_part = nl_design_parts(design);
  space.thread =
      (nl_thread_space *)nl_new_bytes((size_t)n_part * sizeof(nl_thread_space), hook);
  for (int k = 0; k < n_part; k++) {
    space.thread[k].ext = nl_new_doubles(n_ext, hook);
    space.thread[k].eta = nl_new_doubles((size_t)NL_CHUNK * NL_LANES, hook);
  }
  return space;
}

/* What a Gram holds: nothing yet. */
static void add_gram(nl_gram *gram, const nl_design *design, const nl_penalty *penalty,
                     const nl_hook *hook) {
  enum { FIRST_CAPACITY = 256 };
  const size_t n_group = (size_t)penalty->n_group, n_theta = (size_t)penalty->n_theta;
  size_t n_vector = 0;
  gram->valid = gram->n_built = gram->n_in = gram->size = 0;
  gram->scale = 0;
  gram->group = nl_new_ints(n_group, hook);
  gram->position = nl_new_ints(n_group, hook);
  gram->has_vectors = nl_new_ints(n_group, hook);
  gram->vector_start = nl_new_sizes(n_group, hook);
  for (int g = 0; g < penalty->n_group; g++) {
    const size_t rank = (size_t)nl_group_rank(penalty, g);
    gram->position[g] = -1;
    gram->has_vectors[g] = 0;
    gram->vector_start[g] = n_vector;
    if (rank <= NL_LARGE_GROUP) n_vector += rank * rank;
  }
  gram->vectors = nl_new_doubles(n_vector, hook);
  gram->curvature = nl_new_doubles(n_theta, hook);
  gram->mean = nl_new_doubles(n_theta, hook);
  gram->capacity = penalty->n_theta < FIRST_CAPACITY ? penalty->n_theta : FIRST_CAPACITY;
  if (gram->capacity < 1) gram->capacity = 1;
  gram->h = nl_new_doubles((size_t)gram->capacity * (size_t)gram->capacity, hook);
  gram->stretch = 1;
  gram->weight = nl_new_doubles(design->n_obs, hook);
  gram->stride = nl_cost_stride(design, penalty->n_theta);
  gram->run = nl_cost_run(design);
}

/* What it needs to be made. */
static void add_gram_space(nl_gram *gram, const nl_design *design, int max_size,
                           const nl_hook *hook) {
  const size_t n_col = (size_t)design->n_col, n_block = (size_t)design->n_block;
  const size_t largest = (size_t)max_size * (size_t)max_size;
  size_t n_entry = 0;
  gram->n_spare = (size_t)gram->capacity * (size_t)gram->capacity;
  gram->spare = nl_new_doubles(gram->n_spare, hook);
  for (int b = 0; b < design->n_block; b++)
    n_entry += (size_t)design->block[b].n_entry + 1;
  gram->index = nl_new_ints(NL_CHUNK * n_entry * (size_t)design->n_thread + 1, hook);
  gram->sums = nl_new_doubles(n_col, hook);
  gram->fold = nl_new_doubles(NL_LANES * n_col, hook);
  gram->block = nl_new_doubles(2 * largest, hook);
  gram->eigen = nl_new_doubles(nl_eigen_work(NL_LARGE_GROUP), hook);
  gram->row_of = nl_new_ints(n_col, hook);
  gram->column_of = nl_new_ints(n_col, hook);
  gram->list = nl_new_ints(n_block, hook);
  gram->list_fresh = nl_new_ints(n_block, hook);
  gram->list_row = nl_new_ints(n_block, hook);
  gram->list_column = nl_new_ints(n_block, hook);
  gram->fresh = nl_new_ints(n_block, hook);
  gram->old = nl_new_ints(n_block, hook);
}

static nl_quadratic_space new_quadratic_space(const nl_penalty *penalty,
                                              const nl_hook *hook) {
  nl_quadratic_space space;
  const size_t n = (size_t)penalty->n_theta, n_group = (size_t)penalty->n_group;
  space.x = nl_new_doubles(n, hook);
  space.slope = nl_new_doubles(n, hook);
  space.target = nl_new_doubles(n, hook);
  space.rhs = nl_new_doubles(n, hook);
  space.predicted = nl_new_doubles(n, hook);
  space.panel = nl_new_doubles(n * NL_PANEL, hook);
  space.index = nl_new_ints(n > n_group ? n : n_group, hook);
  space.step = nl_new_doubles(3 * (size_t)penalty->max_size, hook);
  space.inner = nl_penalty_has_inner(penalty)
                    ? nl_new_doubles(
                          nl_inner_room(smaller(penalty->max_size, NL_LARGE_GROUP)), hook)
                    : NULL;
  return space;
}

static nl_quadratics_space new_quadratics_space(const nl_penalty *penalty,
                                                const nl_hook *hook) {
  nl_quadratics_space space = {0};
  const size_t n_group = (size_t)penalty->n_group, max_size = (size_t)penalty->max_size;
  space.index = nl_new_ints((size_t)penalty->n_theta, hook);
  space.member = nl_new_ints(n_group, hook);
  space.rank = nl_new_ints(n_group, hook);
  space.tau = nl_new_doubles(NL_LANES * n_group, hook);
  space.step = nl_new_doubles(3 * NL_LANES * max_size, hook);
  space.own = nl_new_doubles(2 * max_size, hook);
  return space;
}

static nl_state new_state(const nl_design *design, const nl_hook *hook) {
  nl_state state = {0};
  state.beta = nl_new_doubles((size_t)design->n_col, hook);
  state.gradient = nl_new_doubles((size_t)design->n_col, hook);
  state.total = 1;
  return state;
}

static nl_point new_point(const nl_design *design, const nl_penalty *penalty,
                          const nl_hook *hook) {
  nl_point point = {0};
  const size_t n = (size_t)penalty->n_theta;
  point.job = -1;
  point.now = new_state(design, hook);
  point.next = new_state(design, hook);
  point.theta = nl_new_doubles(n, hook);
  point.gradient = nl_new_doubles(n, hook);
  point.next_theta = nl_new_doubles(n, hook);
  point.next_gradient = nl_new_doubles(n, hook);
  point.direction = nl_new_doubles(n, hook);
  nl_fill(n, 0, point.direction);
  return point;
}

/* A solver's groups: which there are, what they lean to, and room for a set of them. */
static void set_groups(nl_solver *solver, const nl_penalty *penalty,
                       const nl_hook *hook) {
  solver->penalty = penalty;
  solver->lean = nl_new_doubles((size_t)penalty->n_theta, hook);
  nl_fill((size_t)penalty->n_theta, 0, solver->lean);
  for (int g = 0; penalty->off && g < penalty->n_group; g++)
    nl_group_gradient(penalty, g, penalty->off, solver->lean + penalty->theta_start[g]);
  solver->set = nl_new_ints((size_t)penalty->n_group, hook);
  solver->in_set = nl_new_ints((size_t)penalty->n_group, hook);
}

void nl_setup_solver(nl_solver *solver, const nl_design *design,
                     const nl_penalty *penalty, nl_pass_space pass, const nl_hook *hook) {
  const size_t n_block = (size_t)design->n_block;
  solver->design = design;
  solver->gram = (nl_gram){0};
  add_gram(&solver->gram, design, penalty, hook);
  add_gram_space(&solver->gram, design, penalty->max_size, hook);
  solver->quadratic = new_quadratic_space(penalty, hook);
  solver->quadratics = new_quadratics_space(penalty, hook);
  solver->pass = pass;
  solver->kept = nl_new_doubles(design->n_obs, hook);
  solver->moves = nl_new_doubles(nl_predict_room(penalty->n_theta), hook);
  solver->secants.ld = (size_t)penalty->n_theta;
  solver->secants.step = nl_new_doubles(NL_SECANTS * (size_t)penalty->n_theta, hook);
  solver->secants.error = nl_new_doubles(NL_SECANTS * (size_t)penalty->n_theta, hook);
  solver->own = nl_new_doubles((size_t)penalty->max_size, hook);
  set_groups(solver, penalty, hook);
  solver->wanted = nl_new_ints(n_block, hook);
  solver->some = nl_new_ints(n_block, hook);
  solver->all = nl_new_ints(n_block, hook);
  for (int b = 0; b < design->n_block; b++) solver->all[b] = 1;
  solver->n_pass = 0;
  solver->hook = hook;
  nl_solver_restart(solver);
}

void nl_setup_lend(const nl_gram *from, nl_gram *to) {
  to->cross = from->cross;
  to->raw = from->raw;
  to->strip = from->strip;
  to->entry = from->entry;
  if (from->n_spare <= to->n_spare) return;
  to->spare = from->spare;
  to->n_spare = from->n_spare;
}

void nl_setup_beside(nl_solver *solver, const nl_solver *first, const nl_penalty *penalty,
                     const nl_gram *gram) {
  const nl_hook *hook = first->hook;
  const size_t n_theta = (size_t)penalty->n_theta;
  *solver = *first;
  set_groups(solver, penalty, hook);
  if (gram) {
    solver->gram = *gram;
  } else {
    add_gram(&solver->gram, first->design, penalty, hook);
  }
  solver->quadratic.x = nl_new_doubles(n_theta, hook);
  solver->quadratic.slope = nl_new_doubles(n_theta, hook);
  solver->quadratic.predicted = nl_new_doubles(n_theta, hook);
  solver->kept = NULL;
  nl_solver_restart(solver);
}

void nl_setup_line(nl_pipeline *line, nl_solver *solver, const nl_model *model,
                   int n_lambda, int n_point, const nl_hook *hook) {
  line->solver = solver;
  line->model = model;
  line->path = NULL;
  line->n_point = n_point;
  line->point = (nl_point *)nl_new_bytes((size_t)(n_point + 1) * sizeof(nl_point), hook);
  for (int i = 0; i <= n_point; i++)
    line->point[i] = new_point(solver->design, solver->penalty, hook);
  line->origin = line->point + n_point;
  line->job =
      (nl_job *)nl_new_bytes((size_t)nl_line_jobs(n_lambda) * sizeof(nl_job), hook);
  line->n_job = line->next_job = line->n_done = 0;
  line->ahead = NL_LANES;
  line->foretold = INFINITY;
  line->trail = NULL;
  line->lead = NULL;
}

void nl_setup_trail(nl_trail *trail, int n_theta, int n_lambda, const nl_hook *hook) {
  trail->n = 0;
  trail->most = nl_line_jobs(n_lambda) + 1;
  trail->n_theta = (size_t)n_theta;
  trail->point = (nl_point *)nl_new_bytes((size_t)trail->most * sizeof(nl_point), hook);
  for (int i = 0; i < trail->most; i++) {
    trail->point[i] = (nl_point){0};
    trail->point[i].theta = nl_new_doubles(trail->n_theta, hook);
    trail->point[i].gradient = nl_new_doubles(trail->n_theta, hook);
  }
}
