/* See fixture.h. */
#include "fixture.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "linalg.h"

/* ---- memory ------------------------------------------------------------------------ */

enum { ABSURD = -2000000000 };

/* The list of what is in use; its links are blocks of their own, so that each array has
 * nothing but forbidden ground around it. */
typedef struct link {
  void *memory;
  struct link *next;
} link;

static link *in_use;

static void *remember(size_t n_byte) {
  link *added = malloc(sizeof *added);
  void *memory = malloc(n_byte > 0 ? n_byte : 1);
  if (!added || !memory) abort();
  added->memory = memory;
  added->next = in_use;
  in_use = added;
  return memory;
}

void free_all(void) {
  while (in_use) {
    link *gone = in_use;
    in_use = gone->next;
    free(gone->memory);
    free(gone);
  }
}

double *new_doubles(size_t n) {
  double *x = remember(n * sizeof *x);
  for (size_t i = 0; i < n; i++) x[i] = NAN;
  return x;
}

int *new_ints(size_t n) {
  int *x = remember(n * sizeof *x);
  for (size_t i = 0; i < n; i++) x[i] = ABSURD;
  return x;
}

size_t *new_sizes(size_t n) {
  size_t *x = remember(n * sizeof *x);
  for (size_t i = 0; i < n; i++) x[i] = SIZE_MAX;
  return x;
}

double *new_zeros(size_t n) {
  double *x = new_doubles(n);
  for (size_t i = 0; i < n; i++) x[i] = 0;
  return x;
}

double *new_normals(size_t n) {
  double *x = new_doubles(n);
  for (size_t i = 0; i < n; i++) x[i] = random_normal();
  return x;
}

double *copy_doubles(const double *x, size_t n) {
  double *copy = new_doubles(n);
  for (size_t i = 0; i < n; i++) copy[i] = x[i];
  return copy;
}

/* ---- random numbers ---------------------------------------------------------------- */

static uint64_t random_state;

void seed_random(unsigned seed) { random_state = seed; }

/* splitmix64 */
double random_uniform(void) {
  uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  z ^= z >> 31;
  return ((double)(z >> 12) + 0.5) / 4503599627370496.0; /* 2^52 */
}

double random_between(double low, double high) {
  return low + (high - low) * random_uniform();
}

/* Box and Muller */
double random_normal(void) {
  const double radius = sqrt(-2 * log(random_uniform()));
  return radius * cos(6.283185307179586 * random_uniform());
}

int random_below(int n) { return (int)(n * random_uniform()); }

/* Uniform factors until their product is below exp(-mean) */
double random_poisson(double mean) {
  double count = 0;
  for (double left = random_uniform(); left > exp(-mean); left *= random_uniform()) {
    count++;
  }
  return count;
}

/* ---- reference algebra ------------------------------------------------------------- */

double larger(double a, double b) { return isnan(a) || b <= a ? a : b; }

double distance(size_t n, const double *x, const double *y) {
  double worst = 0;
  for (size_t i = 0; i < n; i++) worst = larger(worst, fabs(x[i] - y[i]));
  return worst;
}

double norm_of(int n, const double *x) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += x[i] * x[i];
  return sqrt(sum);
}

int all_finite(size_t n, const double *x) {
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(x[i])) return 0;
  }
  return 1;
}

double *times(int n, int k, int l, const double *a, const double *b) {
  double *c = new_zeros((size_t)n * (size_t)l);
  for (int j = 0; j < l; j++) {
    for (int i = 0; i < n; i++) {
      for (int h = 0; h < k; h++) c[i + j * n] += a[i + h * n] * b[h + j * k];
    }
  }
  return c;
}

double *cross_times(int n, int k, int l, const double *a, const double *b) {
  double *c = new_zeros((size_t)n * (size_t)l);
  for (int j = 0; j < l; j++) {
    for (int i = 0; i < n; i++) {
      for (int h = 0; h < k; h++) c[i + j * n] += a[h + i * k] * b[h + j * k];
    }
  }
  return c;
}

static void swap_rows(int n, double *a, int i, int k) {
  for (int j = 0; j < n; j++) {
    const double keep = a[i + j * n];
    a[i + j * n] = a[k + j * n];
    a[k + j * n] = keep;
  }
}

/* row i -= factor * row k */
static void subtract_row(int n, double *a, int i, int k, double factor) {
  for (int j = 0; j < n; j++) a[i + j * n] -= factor * a[k + j * n];
}

static void scale_row(int n, double *a, int i, double factor) {
  for (int j = 0; j < n; j++) a[i + j * n] *= factor;
}

static int largest_below(int n, const double *a, int k) {
  int best = k;
  for (int i = k + 1; i < n; i++) {
    if (fabs(a[i + k * n]) > fabs(a[best + k * n])) best = i;
  }
  return best;
}

double *inverse(int n, const double *a) {
  double *left = copy_doubles(a, (size_t)n * (size_t)n);
  double *right = new_zeros((size_t)n * (size_t)n);
  for (int i = 0; i < n; i++) right[i + i * n] = 1;
  for (int k = 0; k < n; k++) {
    const int pivot = largest_below(n, left, k);
    swap_rows(n, left, k, pivot);
    swap_rows(n, right, k, pivot);
    const double factor = 1 / left[k + k * n];
    scale_row(n, left, k, factor);
    scale_row(n, right, k, factor);
    for (int i = 0; i < n; i++) {
      const double share = left[i + k * n];
      if (i == k) continue;
      subtract_row(n, left, i, k, share);
      subtract_row(n, right, i, k, share);
    }
  }
  return right;
}

void orthogonalise(int n, int from, int j, double *a) {
  double *x = a + (size_t)j * (size_t)n;
  for (int again = 0; again < 2; again++) { /* the second time for rounding */
    for (int k = from; k < j; k++) {
      const double *y = a + (size_t)k * (size_t)n;
      double product = 0, square = 0;
      for (int i = 0; i < n; i++) product += x[i] * y[i];
      for (int i = 0; i < n; i++) square += y[i] * y[i];
      for (int i = 0; i < n; i++) x[i] -= product / square * y[i];
    }
  }
}

double *random_rotation(int n) {
  double *u = new_normals((size_t)n * (size_t)n);
  for (int j = 0; j < n; j++) {
    double *x = u + (size_t)j * (size_t)n;
    orthogonalise(n, 0, j, u);
    const double norm = norm_of(n, x);
    for (int i = 0; i < n; i++) x[i] /= norm;
  }
  return u;
}

/* ---- a hook that counts ------------------------------------------------------------ */

static void count_check(void *data) { ((hook_counts *)data)->n_check++; }

static void count_progress(void *data, int done, int n_lambda) {
  hook_counts *counts = data;
  counts->n_progress++;
  counts->done = done;
  counts->n_lambda = n_lambda;
}

static double *count_more(void *data, size_t n) {
  ((hook_counts *)data)->n_more++;
  return new_doubles(n);
}

nl_hook counting_hook(hook_counts *counts) {
  nl_hook hook = {count_check, count_progress, count_more, counts};
  memset(counts, 0, sizeof *counts);
  return hook;
}

/* ---- designs ----------------------------------------------------------------------- */

nl_block dense_block(size_t n_obs, int n_col, int centred) {
  nl_block block;
  memset(&block, 0, sizeof block);
  block.kind = NL_DENSE;
  block.n_obs = n_obs;
  block.n_col = block.n_ext = n_col;
  block.x = new_normals(n_obs * (size_t)n_col);
  if (centred) block.centre = new_normals((size_t)n_col);
  return block;
}

static nl_factor random_factor(size_t n_obs, factor_spec spec) {
  nl_factor factor;
  double *values = new_doubles(n_obs * (size_t)spec.width);
  int *first = new_ints(n_obs);
  factor.width = spec.width;
  factor.n_col = spec.n_col;
  factor.n_ext = spec.n_col + (spec.periodic ? spec.width - 1 : 0);
  for (size_t t = 0; t < n_obs; t++) {
    first[t] = random_below(factor.n_ext - spec.width + 1);
    for (int i = 0; i < spec.width; i++) {
      values[(size_t)i + t * (size_t)spec.width] = random_between(0, 1.5);
    }
  }
  factor.values = values;
  factor.first = spec.fixed ? NULL : first;
  return factor;
}

nl_block local_block(size_t n_obs, int n_factor, const factor_spec *spec) {
  nl_block block;
  memset(&block, 0, sizeof block);
  block.kind = NL_LOCAL;
  block.n_obs = n_obs;
  block.n_factor = n_factor;
  block.n_col = block.n_ext = block.n_entry = 1;
  for (int f = 0; f < n_factor; f++) {
    block.factor[f] = random_factor(n_obs, spec[f]);
    block.n_col *= block.factor[f].n_col;
    block.n_ext *= block.factor[f].n_ext;
    block.n_entry *= block.factor[f].width;
  }
  return block;
}

nl_design design_of(size_t n_obs, int n_block, const nl_block *blocks) {
  nl_design design;
  design.n_obs = n_obs;
  design.n_block = n_block;
  design.block = remember((size_t)n_block * sizeof *design.block);
  for (int b = 0; b < n_block; b++) design.block[b] = blocks[b];
  design.start = new_ints((size_t)n_block + 1);
  design.ext_start = new_ints((size_t)n_block + 1);
  design.entry_start = new_ints((size_t)n_block + 1);
  nl_design_measure(&design);
  design.block_of_column = new_ints((size_t)design.n_col);
  nl_design_index_columns(&design);
  return design;
}

nl_design mixed_design(size_t n_obs) {
  const factor_spec four = {4, 7, 0, 0}, circle = {3, 5, 1, 0};
  const factor_spec product[] = {{2, 4, 0, 0}, {3, 3, 1, 0}};
  nl_block blocks[MIXED_BLOCKS];
  blocks[0] = dense_block(n_obs, 3, 1);
  blocks[1] = local_block(n_obs, 1, &four);
  blocks[2] = local_block(n_obs, 1, &circle);
  blocks[3] = local_block(n_obs, 2, product);
  blocks[4] = dense_block(n_obs, 2, 0);
  return design_of(n_obs, MIXED_BLOCKS, blocks);
}

/* Splits a column number into those of the factors, the last of which varies fastest. */
static void split_column(const nl_block *block, int column, int extended,
                         int *of_factor) {
  for (int f = block->n_factor - 1; f >= 0; f--) {
    const int n = extended ? block->factor[f].n_ext : block->factor[f].n_col;
    of_factor[f] = column % n;
    column /= n;
  }
}

int reference_column(const nl_block *block, int ext) {
  int of_factor[NL_MAX_FACTOR], column = 0;
  if (block->kind == NL_DENSE) return ext;
  split_column(block, ext, 1, of_factor);
  for (int f = 0; f < block->n_factor; f++) {
    const int n_col = block->factor[f].n_col;
    column =
        column * n_col + (of_factor[f] < n_col ? of_factor[f] : of_factor[f] - n_col);
  }
  return column;
}

/* What a factor has in one row and one of its own columns. */
static double factor_value(const nl_factor *factor, size_t t, int column) {
  double sum = 0;
  for (int i = 0; i < factor->width; i++) {
    const int at = (factor->first ? factor->first[t] : 0) + i;
    if (at % factor->n_col == column)
      sum += factor->values[(size_t)factor->width * t + i];
  }
  return sum;
}

static double block_value(const nl_block *block, size_t t, int column, int centred) {
  int of_factor[NL_MAX_FACTOR];
  double product = 1;
  if (block->kind == NL_DENSE) {
    const double x = block->x[t + (size_t)column * block->n_obs];
    return centred && block->centre ? x - block->centre[column] : x;
  }
  split_column(block, column, 0, of_factor);
  for (int f = 0; f < block->n_factor; f++) {
    product *= factor_value(block->factor + f, t, of_factor[f]);
  }
  return product;
}

static void write_block(const nl_block *block, int centred, double *x) {
  for (int j = 0; j < block->n_col; j++) {
    for (size_t t = 0; t < block->n_obs; t++) {
      x[t + (size_t)j * block->n_obs] = block_value(block, t, j, centred);
    }
  }
}

double *reference_block(const nl_block *block, int centred) {
  double *x = new_doubles(block->n_obs * (size_t)block->n_col);
  write_block(block, centred, x);
  return x;
}

double *reference_matrix(const nl_design *design, int centred) {
  double *x = new_doubles(design->n_obs * (size_t)design->n_col);
  size_t before = 0;
  for (int b = 0; b < design->n_block; b++) {
    write_block(design->block + b, centred, x + before * design->n_obs);
    before += (size_t)design->block[b].n_col;
  }
  return x;
}

/* ---- groups ------------------------------------------------------------------------ */

/* Columns sorted by group, later columns first within each: any order must do. */
static void sort_columns(int n_col, int n_group, const int *group_of, int *start,
                         int *column) {
  int n = 0;
  for (int g = 0; g < n_group; g++) {
    start[g] = n;
    for (int j = n_col - 1; j >= 0; j--) {
      if (group_of[j] == g) column[n++] = j;
    }
  }
  start[n_group] = n;
}

static int rank_of(int size, transform_kind kind) {
  return kind == T_DEFICIENT ? size - 1 : size;
}

static double transform_entry(int i, int k, transform_kind kind) {
  if (kind == T_IDENTITY) return i == k ? 1 : 0;
  return (i == k ? 1 : 0) + 0.4 * random_normal();
}

static void write_transforms(nl_penalty *penalty, transform_kind kind) {
  for (int g = 0; g < penalty->n_group; g++) {
    const int size = penalty->start[g + 1] - penalty->start[g];
    double *t = penalty->transform + penalty->t_start[g];
    for (int k = 0; k < rank_of(size, kind); k++) {
      for (int i = 0; i < size; i++) *t++ = transform_entry(i, k, kind);
    }
  }
}

nl_penalty penalty_of(int n_col, int n_group, const int *group_of, transform_kind kind) {
  nl_penalty penalty;
  int *start = new_ints((size_t)n_group + 1), *column = new_ints((size_t)n_col);
  int *theta_start = new_ints((size_t)n_group + 1);
  size_t *t_start = new_sizes((size_t)n_group + 1);
  double *weight = new_doubles((size_t)n_group), *scale = new_doubles((size_t)n_group);
  sort_columns(n_col, n_group, group_of, start, column);
  theta_start[0] = 0;
  t_start[0] = 0;
  penalty.max_size = 1;
  for (int g = 0; g < n_group; g++) {
    const int size = start[g + 1] - start[g], rank = rank_of(size, kind);
    theta_start[g + 1] = theta_start[g] + rank;
    t_start[g + 1] = t_start[g] + (size_t)size * (size_t)rank;
    if (size > penalty.max_size) penalty.max_size = size;
    weight[g] = scale[g] = sqrt(size);
  }
  penalty.n_group = n_group;
  penalty.n_col = n_col;
  penalty.n_theta = theta_start[n_group];
  penalty.start = start;
  penalty.column = column;
  penalty.theta_start = theta_start;
  penalty.t_start = t_start;
  penalty.transform = new_doubles(t_start[n_group]);
  penalty.weight = weight;
  penalty.scale = scale;
  write_transforms(&penalty, kind);
  return penalty;
}

nl_penalty mixed_penalty(transform_kind kind) {
  int group_of[MIXED_COLUMNS];
  for (int j = 0; j < MIXED_COLUMNS; j++) {
    group_of[j] = j < 3     ? 0
                  : j < 10  ? 2 + j % 2
                  : j < 15  ? 4
                  : j < 27  ? 5
                  : j == 27 ? 0
                            : 1;
  }
  return penalty_of(MIXED_COLUMNS, MIXED_GROUPS, group_of, kind);
}

void set_weight(nl_penalty *penalty, int g, double weight) {
  double *changed = copy_doubles(penalty->weight, (size_t)penalty->n_group);
  changed[g] = weight;
  penalty->weight = changed;
}

/* ---- a model and its solver, as r-path.c makes them -------------------------------- */

nl_state new_state(const nl_design *design) {
  nl_state state;
  state.beta = new_doubles((size_t)design->n_col);
  state.gradient = new_doubles((size_t)design->n_col);
  state.weight = new_doubles(design->n_obs);
  state.total = 1;
  state.shift = 0;
  state.loss = 0;
  return state;
}

nl_pass_space new_pass_space(const nl_design *design) {
  nl_pass_space space;
  space.ext_beta = new_doubles((size_t)design->n_ext);
  space.ext_gradient = new_doubles((size_t)design->n_ext);
  space.eta = new_doubles(NL_CHUNK);
  space.on = new_ints((size_t)design->n_block);
  return space;
}

static void new_gram_space(nl_gram *gram, const nl_design *design,
                           const nl_penalty *penalty) {
  const size_t n_col = (size_t)design->n_col, n_block = (size_t)design->n_block;
  const size_t size = (size_t)penalty->max_size;
  /* a Gram that is filled by hand has no design */
  gram->batch = n_block > 0 ? nl_gram_batch(design, penalty, new_ints(n_block)) : 1;
  gram->raw = new_doubles(gram->batch);
  gram->cross = new_doubles(gram->batch);
  gram->scratch = new_doubles(nl_cross_scratch(design));
  gram->entry_index = new_ints((size_t)NL_CHUNK * (size_t)design->n_entry);
  gram->sums = new_doubles(n_col);
  gram->ext = new_doubles((size_t)design->n_ext);
  gram->block = new_doubles(3 * size * size);
  gram->eigen = new_doubles(nl_eigen_work(penalty->max_size) + size);
  gram->row_of = new_ints(n_col);
  gram->column_of = new_ints(n_col);
  gram->list = new_ints(n_block);
  gram->row_at = new_ints(n_block);
  gram->column_at = new_ints(n_block);
  gram->fresh = new_ints(n_block);
  gram->old = new_ints(n_block);
}

nl_gram new_gram(const nl_design *design, const nl_penalty *penalty, int capacity) {
  nl_gram gram;
  gram.valid = gram.n_built = gram.n_in = gram.size = 0;
  gram.group = new_ints((size_t)penalty->n_group);
  gram.position = new_ints((size_t)penalty->n_group);
  for (int g = 0; g < penalty->n_group; g++) gram.position[g] = -1;
  gram.capacity = capacity;
  gram.h = new_doubles((size_t)capacity * (size_t)capacity);
  gram.spare = new_doubles((size_t)capacity * (size_t)capacity);
  gram.mean = new_doubles((size_t)penalty->n_theta);
  gram.weight = new_doubles(design->n_obs);
  new_gram_space(&gram, design, penalty);
  return gram;
}

nl_quadratic_space new_quadratic_space(const nl_penalty *penalty) {
  nl_quadratic_space space;
  const size_t n = (size_t)penalty->n_theta, n_group = (size_t)penalty->n_group;
  space.x = new_doubles(n);
  space.slope = new_doubles(n);
  space.target = new_doubles(n);
  space.rhs = new_doubles(n);
  space.index = new_ints(n > n_group ? n : n_group);
  space.step = new_doubles(3 * (size_t)penalty->max_size);
  return space;
}

static void new_solver(problem *p) {
  enum { FIRST_CAPACITY = 4 }; /* so small that it must grow */
  const nl_design *design = &p->design;
  const nl_penalty *penalty = &p->penalty;
  const size_t n_theta = (size_t)penalty->n_theta, n_group = (size_t)penalty->n_group;
  nl_solver *solver = &p->solver;
  const int capacity =
      penalty->n_theta < FIRST_CAPACITY ? penalty->n_theta : FIRST_CAPACITY;
  solver->model = &p->model;
  solver->penalty = &p->penalty;
  solver->hook = &p->hook;
  solver->gram = new_gram(design, penalty, capacity < 1 ? 1 : capacity);
  solver->quadratic = new_quadratic_space(penalty);
  solver->pass = new_pass_space(design);
  solver->now = new_state(design);
  solver->next = new_state(design);
  solver->theta = new_doubles(n_theta);
  solver->gradient = new_doubles(n_theta);
  solver->next_theta = new_doubles(n_theta);
  solver->next_gradient = new_doubles(n_theta);
  solver->direction = new_doubles(n_theta);
  solver->n_set = 0;
  solver->set = new_ints(n_group);
  solver->in_set = new_ints(n_group);
  for (int g = 0; g < penalty->n_group; g++) solver->in_set[g] = 0;
  solver->wanted = new_ints((size_t)design->n_block);
  solver->unwanted = new_ints((size_t)design->n_block);
  solver->n_pass = 0;
  solver->pass_limit = 1000;
}

problem *new_problem(nl_design design, nl_penalty penalty, const double *y,
                     const double *offset, const double *prior) {
  problem *p = remember(sizeof *p);
  p->hook = counting_hook(&p->counts);
  p->design = design;
  p->penalty = penalty;
  p->given_transform = copy_doubles(penalty.transform, penalty.t_start[penalty.n_group]);
  p->y = y;
  p->offset = offset;
  p->prior = prior;
  p->x = reference_matrix(&design, 1);
  p->raw = reference_matrix(&design, 0);
  new_solver(p);
  nl_poisson_init(&p->model, &p->design, y, offset, prior, new_doubles(design.n_obs),
                  new_doubles((size_t)design.n_col), p->solver.next.weight,
                  &p->solver.pass);
  return p;
}

double *simulate_counts(size_t n_obs, int n_col, const double *x, const double *beta) {
  double *y = new_doubles(n_obs);
  for (size_t t = 0; t < n_obs; t++) {
    double eta = 0.2;
    for (int j = 0; j < n_col; j++) eta += x[t + (size_t)j * n_obs] * beta[j];
    y[t] = random_poisson(exp(eta < 3 ? eta : 3));
  }
  return y;
}

problem *mixed_problem(size_t n_obs, nl_penalty penalty, const double *offset,
                       const double *prior) {
  const nl_design design = mixed_design(n_obs);
  double *beta = new_zeros(MIXED_COLUMNS);
  beta[0] = 0.5;
  beta[4] = -0.6;
  beta[6] = 0.4;
  beta[11] = 0.5;
  beta[28] = 0.3;
  const double *y =
      simulate_counts(n_obs, MIXED_COLUMNS, reference_matrix(&design, 1), beta);
  return new_problem(design, penalty, y, offset, prior);
}

nl_path new_path(const problem *p, int n_lambda) {
  const size_t n = (size_t)n_lambda;
  nl_path path;
  path.n_lambda = n_lambda;
  path.max_passes = 1000;
  path.lambda_max = NAN;
  path.lambda = NULL;
  path.intercept = new_doubles(n);
  path.beta = new_doubles(n * (size_t)p->design.n_col);
  path.norm = new_doubles(n * (size_t)p->penalty.n_group);
  path.score = new_doubles(n * (size_t)p->penalty.n_group);
  path.loss = new_doubles(n);
  path.df = new_doubles(n);
  path.kkt = new_doubles(n);
  path.status = new_ints(n);
  path.n_pass = new_ints(n);
  return path;
}

/* ---- the model by its definition --------------------------------------------------- */

static double prior_of(const problem *p, size_t t) { return p->prior ? p->prior[t] : 1; }

static double prior_total(const problem *p) {
  double sum = 0;
  for (size_t t = 0; t < p->design.n_obs; t++) sum += prior_of(p, t);
  return sum;
}

static double *reference_predictor(const problem *p, const double *x,
                                   const double *beta) {
  const size_t n = p->design.n_obs;
  double *eta = new_doubles(n);
  for (size_t t = 0; t < n; t++) {
    eta[t] = p->offset ? p->offset[t] : 0;
    for (int j = 0; j < p->design.n_col; j++) eta[t] += x[t + (size_t)j * n] * beta[j];
  }
  return eta;
}

double *reference_mean(const problem *p, const double *x, const double *beta,
                       double intercept) {
  double *mean = reference_predictor(p, x, beta);
  for (size_t t = 0; t < p->design.n_obs; t++) mean[t] = exp(intercept + mean[t]);
  return mean;
}

double reference_intercept(const problem *p, const double *x, const double *beta) {
  const double *eta = reference_predictor(p, x, beta);
  double largest = -INFINITY, means = 0, counts = 0;
  for (size_t t = 0; t < p->design.n_obs; t++) {
    if (prior_of(p, t) > 0 && eta[t] > largest) largest = eta[t];
  }
  for (size_t t = 0; t < p->design.n_obs; t++) {
    if (prior_of(p, t) == 0) continue;
    means += prior_of(p, t) * exp(eta[t] - largest);
    counts += prior_of(p, t) * p->y[t];
  }
  return log(counts / means) - largest;
}

double reference_loss(const problem *p, const double *beta) {
  const double intercept = reference_intercept(p, p->x, beta);
  const double *eta = reference_predictor(p, p->x, beta);
  double sum = 0;
  for (size_t t = 0; t < p->design.n_obs; t++) {
    const double log_mean = intercept + eta[t];
    if (prior_of(p, t) == 0) continue;
    sum += prior_of(p, t) * (exp(log_mean) - p->y[t] * log_mean);
  }
  return sum / prior_total(p);
}

double *reference_gradient(const problem *p, const double *x, const double *mean) {
  const size_t n = p->design.n_obs;
  double *gradient = new_zeros((size_t)p->design.n_col);
  for (int j = 0; j < p->design.n_col; j++) {
    for (size_t t = 0; t < n; t++) {
      if (prior_of(p, t) == 0) continue;
      gradient[j] += x[t + (size_t)j * n] * prior_of(p, t) * (mean[t] - p->y[t]);
    }
    gradient[j] /= prior_total(p);
  }
  return gradient;
}

/* e = v mu / sum(v mu) */
static double *reference_shares(const problem *p, const double *beta) {
  double *e = reference_mean(p, p->x, beta, reference_intercept(p, p->x, beta));
  double total = 0;
  for (size_t t = 0; t < p->design.n_obs; t++) {
    e[t] = prior_of(p, t) > 0 ? prior_of(p, t) * e[t] : 0;
    total += e[t];
  }
  for (size_t t = 0; t < p->design.n_obs; t++) e[t] /= total;
  return e;
}

double *reference_curvature(const problem *p, const double *beta) {
  const int n = (int)p->design.n_obs, n_col = p->design.n_col;
  const double *e = reference_shares(p, beta);
  const double *mean = cross_times(n_col, n, 1, p->x, e);
  double *weighted = copy_doubles(p->x, (size_t)n * (size_t)n_col);
  double counts = 0;
  for (int t = 0; t < n; t++) {
    counts += prior_of(p, (size_t)t) * p->y[t];
    for (int j = 0; j < n_col; j++) weighted[t + j * n] *= e[t];
  }
  double *h = cross_times(n_col, n, n_col, p->x, weighted);
  for (int j = 0; j < n_col; j++) {
    for (int i = 0; i < n_col; i++) {
      h[i + j * n_col] = counts / prior_total(p) * (h[i + j * n_col] - mean[i] * mean[j]);
    }
  }
  return h;
}
