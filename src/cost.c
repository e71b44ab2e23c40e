/* cost.c: see cost.h. */
#include "cost.h"

/* An exponential, in multiplications of a lane (measured: between 3 and 5). */
#define NL_EXPONENTIAL 4
#define NL_CHEAP_LOOK 1.35
#define NL_FAIR_LOOK 3
/* Rows per coordinate of a sampled Gram. */
#define NL_ROWS_PER_COORDINATE 32
#define NL_DENSE_RUN 16
/* Sweeps of all lanes that a Gram serves where it is large (measured: 100 to 200; taken
 * lower, as H comes with Newton steps, which cost as much). A smaller one than this is
 * never dear. */
#define NL_SWEEPS_A_GRAM 50
#define NL_ROOT_SMALLEST 300
/* Models above this many coordinates are large. A sweep costs as much per coordinate as so
 * many more of them would; it is cheap up to this share of a lane's pass (measured at 100
 * and at 2000 bins). */
#define NL_LARGE_MODEL 400
#define NL_SWEEP_OVERHEAD 60
#define NL_SWEEP_SHARE 0.2
/* What a root costs, in passes. */
#define NL_ROOT_PASSES 2
/* What a Gram should cost, in passes of all lanes. */
#define NL_GRAM_PASSES 2.5
/* A sweep in lanes takes as long whether all of them are in use or not, and gains by what
 * H costs to read: measured. */
#define NL_LANES_FEWEST 3
#define NL_LANES_SMALLEST 150
/* Sweeps that a sketch of a solution takes, and the share of a lane's pass that they may
 * cost. */
#define NL_SKETCH_SWEEPS 5
#define NL_SKETCH_SHARE 0.2
/* A product that is added in memory, against one that is added in a register. */
#define NL_SCATTER 3

double nl_cost_pass(const nl_design *design, const int *on, const int *wanted) {
  double cost = NL_EXPONENTIAL;
  for (int b = 0; b < design->n_block; b++) {
    const double own = nl_block_cost(design->block + b);
    if (!on || on[b]) cost += own;
    if (!wanted || wanted[b]) cost += own;
  }
  return cost;
}

double nl_cost_gram(const nl_design *design, const int *set, int stride) {
  double sparse = 0, dense = 0;
  for (int b = 0; b < design->n_block; b++) {
    if (set && !set[b]) continue;
    sparse += design->block[b].n_entry;
    if (design->block[b].n_entry == 0) dense += design->block[b].n_col;
  }
  const double per_row = NL_SCATTER * 0.5 * sparse * sparse + 0.5 * dense * dense +
                         NL_SCATTER * sparse * dense;
  return per_row / stride / (NL_LANES * nl_cost_pass(design, set, set));
}

int nl_cost_gram_is_due(const nl_design *design, const int *set, int stride, int is_root,
                        double age) {
  const double cost = is_root ? NL_ROOT_PASSES : nl_cost_gram(design, set, stride);
  return age >= (cost < NL_GRAM_OLD ? cost : NL_GRAM_OLD);
}

int nl_cost_root_pays(const nl_design *design, const int *set, int n_theta) {
  const double p = n_theta, n = (double)design->n_obs;
  const double sweeps = NL_SWEEPS_A_GRAM * NL_LANES;
  for (int b = 0; b < design->n_block; b++) {
    if (set[b] && design->block[b].n_entry > 0) return 0;
  }
  /* a sweep of the root: n p twice, in single precision; of H: p^2 */
  return p >= NL_ROOT_SMALLEST && n <= 4 * p &&
         sweeps * n * p < 0.5 * n * p * p + sweeps * p * p;
}

double nl_cost_sweeps(const nl_design *design, const int *set, double n_read) {
  return n_read / ((double)design->n_obs * nl_cost_pass(design, set, set));
}

int nl_cost_sweeps_are_dear(const nl_design *design, const int *set, int n_theta) {
  const double p = n_theta, sweep = p * (p + NL_SWEEP_OVERHEAD);
  const double pass = (double)design->n_obs * nl_cost_pass(design, set, set);
  return n_theta > NL_LARGE_MODEL || sweep > NL_SWEEP_SHARE * pass;
}

/* What a look at all groups costs, as a multiple of a look at the set. */
static double look_cost(const nl_design *design, const int *set) {
  return nl_cost_pass(design, set, NULL) / nl_cost_pass(design, set, set);
}

int nl_cost_look_is_cheap(const nl_design *design, const int *set) {
  return look_cost(design, set) <= NL_CHEAP_LOOK;
}

int nl_cost_look_is_fair(const nl_design *design, const int *set) {
  return look_cost(design, set) <= NL_FAIR_LOOK;
}

int nl_cost_lanes_pay(int n_model, int n_theta) {
  return n_model >= NL_LANES_FEWEST && n_theta >= NL_LANES_SMALLEST;
}

int nl_cost_sketch_pays(const nl_design *design, const int *set, int n_theta) {
  const double n_read = NL_SKETCH_SWEEPS * (double)n_theta * (double)n_theta;
  return nl_cost_sweeps(design, set, n_read) <= NL_SKETCH_SHARE;
}

int nl_cost_stride(const nl_design *design, int n_theta) {
  const double rows = NL_ROWS_PER_COORDINATE * (double)(n_theta > 0 ? n_theta : 1);
  const double most = (double)design->n_obs / rows;
  const double wanted = nl_cost_gram(design, NULL, 1) / NL_GRAM_PASSES;
  const double stride = wanted < most ? wanted : most;
  return stride < 2 ? 1 : (int)stride;
}

int nl_cost_groups_are_dear(const nl_design *design) {
  for (int b = 0; b < design->n_block; b++) {
    if (design->block[b].n_entry == 0) return 1;
  }
  return 0;
}

int nl_cost_run(const nl_design *design) {
  return nl_cost_groups_are_dear(design) ? NL_DENSE_RUN : 1;
}
