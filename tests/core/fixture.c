/* See fixture.h. */
#define _POSIX_C_SOURCE 200809L /* fork */
#include "fixture.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "check.h"
#include "setup.h"

/* ---- memory ------------------------------------------------------------------------ */

/* NaN as a double, and either half as an int far below zero. */
static const uint64_t unwritten = UINT64_C(0xfff8a5a58b8b8b8b);

/* The list of what is in use; its links are blocks of their own, so that each array has
 * nothing but forbidden ground around it. */
typedef struct holding {
  unsigned char *memory;
  size_t n_byte;
  size_t n_guard;
  struct holding *next;
} holding;

static holding *in_use;

enum { GUARD = 0x5a };

static void *remember(size_t n_byte, size_t n_guard) {
  holding *added = malloc(sizeof *added);
  const size_t n_all = n_byte + n_guard > 0 ? n_byte + n_guard : 1;
  unsigned char *memory = malloc(n_all);
  if (!added || !memory) abort();
  for (size_t i = 0; i < n_byte; i++)
    memory[i] = (unsigned char)(unwritten >> 8 * (i % sizeof unwritten));
  memset(memory + n_byte, GUARD, n_guard);
  added->memory = memory;
  added->n_byte = n_byte;
  added->n_guard = n_guard;
  added->next = in_use;
  in_use = added;
  return memory;
}

int guards_are_whole(void) {
  for (const holding *at = in_use; at; at = at->next) {
    for (size_t i = 0; i < at->n_guard; i++) {
      if (at->memory[at->n_byte + i] != GUARD) return 0;
    }
  }
  return 1;
}

void free_all(void) {
  while (in_use) {
    holding *gone = in_use;
    in_use = gone->next;
    free(gone->memory);
    free(gone);
  }
}

void *new_bytes(size_t n) { return remember(n, 0); }
double *new_doubles(size_t n) { return new_bytes(n * sizeof(double)); }
int *new_ints(size_t n) { return new_bytes(n * sizeof(int)); }
size_t *new_sizes(size_t n) { return new_bytes(n * sizeof(size_t)); }

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

int *copy_ints(const int *x, size_t n) {
  int *copy = new_ints(n);
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

int same_bits(size_t n, const double *x, const double *y) {
  return memcmp(x, y, n * sizeof *x) == 0;
}

double norm_of(int n, const double *x) { return sqrt(dot_of(n, x, x)); }

double dot_of(int n, const double *x, const double *y) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
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
    for (int h = 0; h < k; h++) {
      for (int i = 0; i < n; i++) c[i + j * n] += a[i + h * n] * b[h + j * k];
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

/* Columns (by_column) or rows i and k of a turn by an angle. */
static void turn(int n, double *a, int i, int k, double c, double s, int by_column) {
  for (int j = 0; j < n; j++) {
    double *p = by_column ? a + j + i * n : a + i + j * n;
    double *q = by_column ? a + j + k * n : a + k + j * n;
    const double x = *p, y = *q;
    *p = c * x - s * y;
    *q = s * x + c * y;
  }
}

/* Columns of u and values in increasing order. */
static void sort_eigen(int n, double *u, double *values) {
  for (int i = 0; i < n; i++) {
    int least = i;
    for (int k = i + 1; k < n; k++) {
      if (values[k] < values[least]) least = k;
    }
    const double keep = values[i];
    values[i] = values[least];
    values[least] = keep;
    for (int j = 0; j < n; j++) {
      const double x = u[j + i * n];
      u[j + i * n] = u[j + least * n];
      u[j + least * n] = x;
    }
  }
}

double *eigenvectors(int n, const double *a, double *values) {
  double *left = copy_doubles(a, (size_t)n * (size_t)n);
  double *u = new_zeros((size_t)n * (size_t)n);
  for (int i = 0; i < n; i++) u[i + i * n] = 1;
  for (int sweep = 0; sweep < 40; sweep++) {
    for (int k = 1; k < n; k++) {
      for (int i = 0; i < k; i++) {
        if (left[i + k * n] == 0) continue;
        const double angle =
            0.5 * atan2(-2 * left[i + k * n], left[k + k * n] - left[i + i * n]);
        turn(n, left, i, k, cos(angle), -sin(angle), 1);
        turn(n, left, i, k, cos(angle), -sin(angle), 0);
        turn(n, u, i, k, cos(angle), -sin(angle), 1);
      }
    }
  }
  for (int i = 0; i < n; i++) values[i] = left[i + i * n];
  sort_eigen(n, u, values);
  return u;
}

/* Makes column j of an n-row matrix orthogonal to the columns before it. */
static void orthogonalise(int n, int j, double *a) {
  double *x = a + (size_t)j * (size_t)n;
  for (int again = 0; again < 2; again++) { /* the second time for rounding */
    for (int k = 0; k < j; k++) {
      const double *y = a + (size_t)k * (size_t)n;
      const double share = dot_of(n, x, y) / dot_of(n, y, y);
      for (int i = 0; i < n; i++) x[i] -= share * y[i];
    }
  }
}

double *random_rotation(int n) {
  double *u = new_normals((size_t)n * (size_t)n);
  for (int j = 0; j < n; j++) {
    double *x = u + (size_t)j * (size_t)n;
    orthogonalise(n, j, u);
    const double norm = norm_of(n, x);
    for (int i = 0; i < n; i++) x[i] /= norm;
  }
  return u;
}

/* ---- lanes ------------------------------------------------------------------------- */

double *in_each_lane(size_t n, const double *x) {
  double *lanes = new_doubles(n * NL_LANES);
  for (size_t i = 0; i < n * NL_LANES; i++) lanes[i] = x[i / NL_LANES];
  return lanes;
}

double *lane_of(size_t n, const double *x, int lane) {
  double *one = new_doubles(n);
  for (size_t i = 0; i < n; i++) one[i] = x[i * NL_LANES + (size_t)lane];
  return one;
}

void add_product(size_t n, int n_col, const double *x, size_t ld, const double *b,
                 double *eta) {
  for (size_t t = 0; t < n; t++) {
    for (int v = 0; v < NL_LANES; v++) {
      for (int j = 0; j < n_col; j++)
        eta[t * NL_LANES + (size_t)v] += x[t + (size_t)j * ld] * b[j * NL_LANES + v];
    }
  }
}

void add_cross_product(size_t n, int n_col, const double *x, size_t ld, const double *r,
                       double *out) {
  for (int j = 0; j < n_col; j++) {
    for (int v = 0; v < NL_LANES; v++) {
      for (size_t t = 0; t < n; t++)
        out[j * NL_LANES + v] += x[t + (size_t)j * ld] * r[t * NL_LANES + (size_t)v];
    }
  }
}

/* ---- a hook that counts ------------------------------------------------------------ */

static int is_in_thread(void) {
#ifdef _OPENMP
  return omp_in_parallel();
#else
  return 0;
#endif
}

static void count_check(void *data) {
  hook_counts *counts = data;
  counts->n_check++;
  counts->in_threads += is_in_thread();
}

static void count_progress(void *data, int done, int n_lambda) {
  hook_counts *counts = data;
  counts->in_threads += is_in_thread();
  counts->n_progress++;
  if (done < 0 || done < counts->done) counts->went_back = 1;
  counts->done = done;
  counts->n_lambda = n_lambda;
}

static double *count_more(void *data, size_t n) {
  hook_counts *counts = data;
  counts->in_threads += is_in_thread();
  counts->n_more++;
  return remember(n * sizeof(double), counts->n_guard);
}

nl_hook counting_hook(hook_counts *counts) {
  nl_hook hook = {count_check, count_progress, count_more, counts};
  memset(counts, 0, sizeof *counts);
  return hook;
}

int survives(void (*body)(void)) {
  int status = 1;
  fflush(stdout);
  const pid_t child = fork();
  if (child < 0) abort();
  if (child == 0) {
    alarm(60); /* an endless loop is a failure, too */
    check_state.failed = 0;
    body();
    fflush(stdout);
    _exit(check_state.failed > 0);
  }
  if (waitpid(child, &status, 0) != child) return 0;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
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

/* n numbers below `limit`. */
static nl_cells random_cells(size_t n, int limit, cell_kind kind) {
  nl_cells cells = {NULL, NULL};
  unsigned char *byte = new_bytes(n);
  int *wide = new_ints(n);
  for (size_t t = 0; t < n; t++) {
    wide[t] = random_below(limit);
    byte[t] = (unsigned char)wide[t];
  }
  if (kind == CELL_WIDE) cells.wide = wide;
  if (kind == CELL_BYTE) cells.byte = byte;
  return cells;
}

/* Polynomials with a coefficient of zero here and there. */
static void random_polynomials(nl_factor *factor) {
  const size_t width = (size_t)factor->width;
  double *poly = new_normals(width * width * (size_t)factor->n_cell);
  int *first = new_ints((size_t)factor->n_cell);
  for (size_t i = 0; i < width * width * (size_t)factor->n_cell; i++) {
    if (random_below(6) == 0) poly[i] = 0;
  }
  const int n_first = factor->n_wrap - factor->width + 1, shift = random_below(n_first);
  for (int c = 0; c < factor->n_cell; c++) first[c] = (c + shift) % n_first;
  factor->poly = poly;
  factor->poly_first = first;
}

static nl_factor random_factor(size_t n_obs, factor_spec spec) {
  nl_factor factor;
  const size_t width = (size_t)spec.width;
  const int is_powers = spec.feature == NL_POWERS;
  memset(&factor, 0, sizeof factor);
  factor.feature = spec.feature;
  factor.width = spec.width;
  factor.n_col = spec.n_col;
  factor.n_wrap = spec.n_col + (spec.periodic ? spec.width - 1 : 0);
  factor.n_cell = is_powers ? spec.n_cell : 0;
  factor.n_ext = is_powers ? spec.width * spec.n_cell : factor.n_wrap;
  factor.cell = random_cells(
      n_obs, is_powers ? spec.n_cell : factor.n_wrap - spec.width + 1, spec.cells);
  double *values = new_doubles(is_powers ? n_obs : n_obs * width);
  for (size_t i = 0; i < (is_powers ? n_obs : n_obs * width); i++)
    values[i] = random_below(20) == 0 ? 0 : random_between(0, is_powers ? 1 : 1.5);
  factor.values = values;
  if (is_powers) random_polynomials(&factor);
  return factor;
}

nl_block local_block(size_t n_obs, int n_factor, const factor_spec *spec) {
  nl_block block;
  memset(&block, 0, sizeof block);
  block.kind = NL_LOCAL;
  block.n_obs = n_obs;
  block.n_factor = n_factor;
  block.n_col = block.n_ext = block.n_wrap = block.n_entry = 1;
  for (int f = 0; f < n_factor; f++) {
    block.factor[f] = random_factor(n_obs, spec[f]);
    block.n_col *= block.factor[f].n_col;
    block.n_ext *= block.factor[f].n_ext;
    block.n_wrap *= block.factor[f].n_wrap;
    block.n_entry *= block.factor[f].width;
  }
  return block;
}

nl_block table_block(size_t n_obs, nl_block rows, cell_kind cells, int centred) {
  nl_block block, *table = new_bytes(sizeof *table);
  memset(&block, 0, sizeof block);
  *table = rows;
  table->centre = NULL;
  block.kind = NL_TABLE;
  block.n_obs = n_obs;
  block.table = table;
  block.n_col = rows.n_col;
  block.n_ext = (int)rows.n_obs;
  block.n_wrap = rows.n_wrap;
  block.n_entry = rows.n_entry;
  block.index = random_cells(n_obs, block.n_ext, cells);
  if (centred) block.centre = new_normals((size_t)block.n_col);
  return block;
}

nl_design design_of(size_t n_obs, int n_block, const nl_block *blocks) {
  nl_design design;
  memset(&design, 0, sizeof design);
  design.n_obs = n_obs;
  design.n_block = n_block;
  design.n_thread = 1;
  design.block = new_bytes((size_t)n_block * sizeof *design.block);
  for (int b = 0; b < n_block; b++) design.block[b] = blocks[b];
  design.start = new_ints((size_t)n_block + 1);
  design.ext_start = new_ints((size_t)n_block + 1);
  nl_design_measure(&design);
  design.block_of_column = new_ints((size_t)design.n_col);
  nl_design_index_columns(&design);
  return design;
}

void prepare_block(nl_block *block, const nl_hook *hook) {
  nl_block_prepare(block, hook);
  for (size_t row = 0; row < block->n_obs; row += NL_CHUNK) {
    const size_t left = block->n_obs - row;
    nl_block_sort(block, row, left < NL_CHUNK ? (int)left : NL_CHUNK);
  }
}

nl_design mixed_design(size_t n_obs) {
  const factor_spec four = {NL_VALUES, 4, 7, 0, 0, CELL_BYTE};
  const factor_spec circle = {NL_POWERS, 4, 6, 1, 6, CELL_BYTE};
  const factor_spec two[] = {{NL_VALUES, 2, 4, 0, 0, CELL_WIDE},
                             {NL_POWERS, 3, 3, 1, 3, CELL_BYTE}};
  const factor_spec levels = {NL_POWERS, 4, 5, 0, 2, CELL_WIDE};
  const factor_spec spline = {NL_POWERS, 4, 6, 0, 3, CELL_WIDE};
  const factor_spec three[] = {{NL_VALUES, 2, 3, 0, 0, CELL_BYTE},
                               {NL_VALUES, 1, 2, 0, 0, CELL_BYTE},
                               {NL_VALUES, 2, 2, 1, 0, CELL_WIDE}};
  nl_block blocks[MIXED_BLOCKS];
  blocks[0] = dense_block(n_obs, 3, 1);
  blocks[1] = local_block(n_obs, 1, &four);
  blocks[2] = local_block(n_obs, 1, &circle);
  blocks[3] = local_block(n_obs, 2, two);
  blocks[4] = dense_block(n_obs, 2, 0);
  blocks[5] = table_block(n_obs, dense_block(11, 3, 0), CELL_BYTE, 1);
  blocks[6] = table_block(n_obs, local_block(23, 1, &levels), CELL_WIDE, 0);
  blocks[7] = local_block(n_obs, 1, &spline);
  blocks[8] = local_block(n_obs, 3, three);
  return design_of(n_obs, MIXED_BLOCKS, blocks);
}

/* ---- what blocks stand for --------------------------------------------------------- */

static int cell_of(const nl_cells *cells, size_t t) {
  if (cells->wide) return cells->wide[t];
  return cells->byte ? cells->byte[t] : 0;
}

typedef enum { COLUMNS, WRAPPED, EXTENDED } numbering;

static int factor_count(const nl_factor *factor, numbering what) {
  return what == COLUMNS   ? factor->n_col
         : what == WRAPPED ? factor->n_wrap
                           : factor->n_ext;
}

/* Splits a number into those of the factors, the last of which varies fastest. */
static void split_number(const nl_block *block, int number, numbering what,
                         int *of_factor) {
  for (int f = block->n_factor - 1; f >= 0; f--) {
    const int n = factor_count(block->factor + f, what);
    of_factor[f] = number % n;
    number /= n;
  }
}

int reference_column(const nl_block *block, int wrapped) {
  int of_factor[NL_MAX_FACTOR], column = 0;
  if (block->kind == NL_TABLE) return reference_column(block->table, wrapped);
  split_number(block, wrapped, WRAPPED, of_factor);
  for (int f = 0; f < block->n_factor; f++) {
    const int n_col = block->factor[f].n_col;
    column =
        column * n_col + (of_factor[f] < n_col ? of_factor[f] : of_factor[f] - n_col);
  }
  return column;
}

/* Coefficient of s^k in a factor's column, in a cell. */
static double polynomial(const nl_factor *factor, int cell, int k, int column) {
  double sum = 0;
  for (int i = 0; i < factor->width; i++) {
    if ((factor->poly_first[cell] + i) % factor->n_col == column)
      sum += factor->poly[i + factor->width * (k + factor->width * cell)];
  }
  return sum;
}

/* What a factor has in one row and one of its own columns. */
static double factor_value(const nl_factor *factor, size_t t, int column) {
  const int cell = cell_of(&factor->cell, t);
  double sum = 0;
  for (int i = 0; i < factor->width; i++) {
    if (factor->feature == NL_POWERS) {
      sum += polynomial(factor, cell, i, column) * pow(factor->values[t], i);
    } else if ((cell + i) % factor->n_col == column) {
      sum += factor->values[(size_t)factor->width * t + (size_t)i];
    }
  }
  return sum;
}

/* The same in an extended column. */
static double factor_feature(const nl_factor *factor, size_t t, int ext) {
  const int cell = cell_of(&factor->cell, t);
  const int i = ext - (factor->feature == NL_POWERS ? cell * factor->width : cell);
  if (i < 0 || i >= factor->width) return 0;
  if (factor->feature == NL_POWERS) return pow(factor->values[t], i);
  return factor->values[(size_t)factor->width * t + (size_t)i];
}

/* What a factor's extended column counts for in one of its columns. */
static double factor_extension(const nl_factor *factor, int ext, int column) {
  if (factor->feature == NL_VALUES) return ext % factor->n_col == column;
  return polynomial(factor, ext / factor->width, ext % factor->width, column);
}

static double block_value(const nl_block *block, size_t t, int column) {
  int of_factor[NL_MAX_FACTOR];
  double product = 1;
  if (block->kind == NL_DENSE) return block->x[t + (size_t)column * block->n_obs];
  if (block->kind == NL_TABLE)
    return block_value(block->table, (size_t)cell_of(&block->index, t), column);
  split_number(block, column, COLUMNS, of_factor);
  for (int f = 0; f < block->n_factor; f++)
    product *= factor_value(block->factor + f, t, of_factor[f]);
  return product;
}

static double block_feature(const nl_block *block, size_t t, int ext) {
  int of_factor[NL_MAX_FACTOR];
  double product = 1;
  if (block->kind == NL_DENSE) return block->x[t + (size_t)ext * block->n_obs];
  if (block->kind == NL_TABLE) return cell_of(&block->index, t) == ext;
  split_number(block, ext, EXTENDED, of_factor);
  for (int f = 0; f < block->n_factor; f++)
    product *= factor_feature(block->factor + f, t, of_factor[f]);
  return product;
}

static double block_extension(const nl_block *block, int ext, int column) {
  int from[NL_MAX_FACTOR], to[NL_MAX_FACTOR];
  double product = 1;
  if (block->kind == NL_DENSE) return ext == column;
  if (block->kind == NL_TABLE) return block_value(block->table, (size_t)ext, column);
  split_number(block, ext, EXTENDED, from);
  split_number(block, column, COLUMNS, to);
  for (int f = 0; f < block->n_factor; f++)
    product *= factor_extension(block->factor + f, from[f], to[f]);
  return product;
}

double *reference_features(const nl_block *block) {
  double *g = new_doubles(block->n_obs * (size_t)block->n_ext);
  for (int e = 0; e < block->n_ext; e++) {
    for (size_t t = 0; t < block->n_obs; t++)
      g[t + (size_t)e * block->n_obs] = block_feature(block, t, e);
  }
  return g;
}

double *reference_extension(const nl_block *block) {
  double *f = new_doubles((size_t)block->n_ext * (size_t)block->n_col);
  for (int j = 0; j < block->n_col; j++) {
    for (int e = 0; e < block->n_ext; e++)
      f[e + j * block->n_ext] = block_extension(block, e, j);
  }
  return f;
}

static void write_block(const nl_block *block, int centred, double *x) {
  for (int j = 0; j < block->n_col; j++) {
    const double centre = centred && block->centre ? block->centre[j] : 0;
    for (size_t t = 0; t < block->n_obs; t++)
      x[t + (size_t)j * block->n_obs] = block_value(block, t, j) - centre;
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

double *reference_cross(const nl_design *design, const double *weight) {
  const int n = (int)design->n_obs, n_col = design->n_col;
  const double *x = reference_matrix(design, 1);
  double *wx = copy_doubles(x, (size_t)n * (size_t)n_col);
  for (int j = 0; j < n_col; j++) {
    for (int t = 0; t < n; t++) wx[t + j * n] *= weight[t];
  }
  return cross_times(n_col, n, n_col, x, wx);
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

static double *new_transforms(const nl_penalty *penalty, transform_kind kind) {
  double *all = new_doubles(penalty->t_start[penalty->n_group]), *t = all;
  for (int g = 0; g < penalty->n_group; g++) {
    const int size = penalty->start[g + 1] - penalty->start[g];
    for (int k = 0; k < rank_of(size, kind); k++) {
      for (int i = 0; i < size; i++) *t++ = transform_entry(i, k, kind);
    }
  }
  return all;
}

/* start (n_group + 1) and column as in nl_penalty. */
static nl_penalty penalty_of_sets(int n_col, int n_group, const int *start,
                                  const int *column, transform_kind kind) {
  nl_penalty penalty;
  int *theta_start = new_ints((size_t)n_group + 1);
  size_t *t_start = new_sizes((size_t)n_group + 1);
  double *weight = new_doubles((size_t)n_group), *scale = new_doubles((size_t)n_group);
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
  penalty.weight = weight;
  penalty.scale = scale;
  penalty.off = NULL;
  penalty.lasso = penalty.ridge = 0;
  penalty.part_start = NULL;
  penalty.part = NULL;
  penalty.transform = new_transforms(&penalty, kind);
  return penalty;
}

nl_penalty penalty_of(int n_col, int n_group, const int *group_of, transform_kind kind) {
  int *start = new_ints((size_t)n_group + 1), *column = new_ints((size_t)n_col);
  sort_columns(n_col, n_group, group_of, start, column);
  return penalty_of_sets(n_col, n_group, start, column, kind);
}

static void mixed_groups(int *group_of) {
  for (int j = 0; j < MIXED_COLUMNS; j++) {
    group_of[j] = j < 3    ? 0 /* block 0 */
                  : j < 10 ? 2 + j % 2
                  : j < 16 ? 4
                  : j < 28 ? 5
                  : j < 29 ? 0 /* half of block 4 */
                  : j < 30 ? 1
                  : j < 38 ? 6
                  : j < 44 ? 7
                           : 8;
  }
}

nl_penalty mixed_penalty(transform_kind kind) {
  int group_of[MIXED_COLUMNS];
  mixed_groups(group_of);
  return penalty_of(MIXED_COLUMNS, MIXED_GROUPS, group_of, kind);
}

nl_penalty overlapping_penalty(transform_kind kind) {
  int group_of[MIXED_COLUMNS], n = 0;
  int *start = new_ints(MIXED_GROUPS + 1), *column = new_ints(2 * MIXED_COLUMNS);
  mixed_groups(group_of);
  for (int g = 0; g < MIXED_GROUPS; g++) {
    const int next = g == MIXED_GROUPS - 1 ? 1 : g + 1;
    start[g] = n;
    for (int j = MIXED_COLUMNS - 1; j >= 0; j--) {
      if (j != LONELY_COLUMN && (group_of[j] == g || group_of[j] == next))
        column[n++] = j;
    }
  }
  start[MIXED_GROUPS] = n;
  return penalty_of_sets(MIXED_COLUMNS, MIXED_GROUPS, start, column, kind);
}

void set_weight(nl_penalty *penalty, int g, double weight) {
  double *changed = copy_doubles(penalty->weight, (size_t)penalty->n_group);
  changed[g] = weight;
  penalty->weight = changed;
}

void write_groups(const nl_penalty *penalty, int *group_of) {
  for (int g = 0; g < penalty->n_group; g++) {
    for (int i = penalty->start[g]; i < penalty->start[g + 1]; i++)
      group_of[penalty->column[i]] = g;
  }
}

/* ---- a model and its solver, as r-path.c makes them -------------------------------- */

problem *new_threaded_problem(nl_link link, nl_design design, nl_penalty penalty,
                              const double *y, const double *offset, const double *prior,
                              int n_thread) {
  problem *p = new_bytes(sizeof *p);
  p->hook = counting_hook(&p->counts);
  p->design = design;
  p->design.n_thread = n_thread;
  p->penalty = penalty;
  p->stride = p->run = 0;
  p->link = link;
  p->y = y;
  p->offset = offset;
  p->prior = prior;
  p->x = reference_matrix(&design, 1);
  p->raw = reference_matrix(&design, 0);
  nl_design_prepare(&p->design, &p->hook);
  p->pass = nl_setup_pass(&p->design, &p->hook);
  nl_model_init(&p->model, link, &p->design, y, offset, prior, new_doubles(design.n_obs),
                new_doubles((size_t)design.n_col), new_doubles(design.n_obs), &p->pass);
  return p;
}

problem *new_problem(nl_link link, nl_design design, nl_penalty penalty, const double *y,
                     const double *offset, const double *prior) {
  return new_threaded_problem(link, design, penalty, y, offset, prior, 1);
}

void start_pipeline(problem *p, int n_lambda) {
  nl_setup_solver(&p->solver, &p->design, &p->penalty, p->pass, &p->hook);
  nl_setup_line(&p->line, &p->solver, &p->model, n_lambda, NL_POINTS, &p->hook);
  if (p->stride > 0) p->solver.gram.stride = p->stride;
  if (p->run > 0) p->solver.gram.run = p->run;
}

double *simulate_counts(nl_link link, size_t n_obs, int n_col, const double *x,
                        const double *beta) {
  double *y = new_doubles(n_obs);
  for (size_t t = 0; t < n_obs; t++) {
    double eta = 0.2;
    for (int j = 0; j < n_col; j++) eta += x[t + (size_t)j * n_obs] * beta[j];
    y[t] = random_poisson(reference_mu(link, eta < 3 ? eta : 3));
  }
  return y;
}

problem *mixed_problem(nl_link link, size_t n_obs, nl_penalty penalty,
                       const double *offset, const double *prior) {
  const nl_design design = mixed_design(n_obs);
  double *beta = new_zeros(MIXED_COLUMNS);
  beta[0] = 0.5;
  beta[4] = -0.6;
  beta[6] = 0.4;
  beta[11] = 0.5;
  beta[29] = 0.3;
  beta[34] = -0.4;
  beta[40] = 0.4;
  const double *y =
      simulate_counts(link, n_obs, MIXED_COLUMNS, reference_matrix(&design, 1), beta);
  return new_problem(link, design, penalty, y, offset, prior);
}

nl_state new_state(const nl_design *design) {
  nl_state state;
  memset(&state, 0, sizeof state);
  state.beta = new_doubles((size_t)design->n_col);
  state.gradient = new_doubles((size_t)design->n_col);
  state.total = 1;
  return state;
}

nl_state pass_at(problem *p, const double *beta, double start, double *kept) {
  nl_state state = new_state(&p->design), *states = &state;
  const nl_model *models = &p->model;
  int *wanted = new_ints((size_t)p->design.n_block);
  for (int b = 0; b < p->design.n_block; b++) wanted[b] = 1;
  for (int j = 0; j < p->design.n_col; j++) state.beta[j] = beta[j];
  state.shift = p->link == NL_LOG ? start : 0;
  state.intercept = p->link == NL_LOG ? 0 : start;
  nl_model_pass(1, &models, &states, wanted, &kept, &p->pass, &p->hook);
  return state;
}

nl_path new_path(const problem *p, int n_lambda) {
  const size_t n = (size_t)n_lambda;
  nl_path path;
  path.n_lambda = n_lambda;
  path.max_passes = 1000;
  path.reference = NAN;
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

nl_task new_task(const problem *p, int n_lambda) {
  nl_task task;
  task.y = p->y;
  task.offset = p->offset;
  task.prior = p->prior;
  task.floor = 0;
  task.path = new_path(p, n_lambda);
  task.lambda = new_doubles((size_t)n_lambda);
  task.null_loss = NAN;
  task.n_gram = task.n_pass = -1;
  return task;
}

nl_tasks new_tasks(problem *p, int n, int n_lambda, double tol, double ratio) {
  nl_tasks tasks = {0};
  tasks.design = &p->design;
  tasks.penalty = &p->penalty;
  tasks.link = p->link;
  tasks.tol = tol;
  tasks.n_lambda = n_lambda;
  tasks.ratio = ratio;
  tasks.task = (nl_task *)new_bytes((size_t)n * sizeof(nl_task));
  tasks.n_task = n;
  tasks.pass = p->pass;
  tasks.hook = &p->hook;
  for (int k = 0; k < n; k++) tasks.task[k] = new_task(p, n_lambda);
  return tasks;
}

/* ---- random problems --------------------------------------------------------------- */

enum { N_BLOCK_KIND = 10 };

static nl_block random_block(size_t n_obs, int kind) {
  const cell_kind cells = random_below(2) ? CELL_WIDE : CELL_BYTE;
  const int periodic = random_below(2), width = 1 + random_below(5);
  const int n_col = width + random_below(5), n_row = 12 + random_below(30);
  const factor_spec values = {NL_VALUES, width, n_col, periodic, 0, cells};
  const factor_spec powers = {NL_POWERS,           width, n_col, periodic,
                              1 + random_below(7), cells};
  const factor_spec cubic = {NL_POWERS,           4,    4 + random_below(5), periodic,
                             1 + random_below(7), cells};
  const factor_spec two[] = {{NL_VALUES, 2, 3, periodic, 0, cells},
                             {NL_POWERS, 2, 3, !periodic, 4, CELL_BYTE}};
  const factor_spec three[] = {{NL_POWERS, 2, 2, periodic, 2, cells},
                               {NL_VALUES, 2, 3, 0, 0, cells},
                               {NL_VALUES, 1, 2, 0, 0, CELL_BYTE}};
  switch (kind) {
    case 0:
      return dense_block(n_obs, 1 + random_below(11), 0);
    case 1:
      return dense_block(n_obs, 1 + random_below(4), 1);
    case 2:
      return local_block(n_obs, 1, &values);
    case 3:
      return local_block(n_obs, 1, &powers);
    case 4:
      return local_block(n_obs, 1, &cubic);
    case 5:
      return local_block(n_obs, 2, two);
    case 6:
      return local_block(n_obs, 3, three);
    case 7:
      return table_block(n_obs, dense_block((size_t)n_row, 3, 0), cells, periodic);
    case 8:
      return table_block(n_obs, local_block((size_t)n_row, 1, &cubic), cells, 0);
    default:
      return table_block(n_obs, local_block((size_t)n_row, 2, two), cells, 0);
  }
}

/* One group for each block, two, or one together with the block before it. Returns their
 * number. */
static int random_groups(const nl_design *design, int *group_of) {
  int n_group = 0;
  for (int b = 0; b < design->n_block; b++) {
    const int way = random_below(4), n = design->block[b].n_col;
    const int n_own = way == 0 && b > 0 ? 0 : way == 1 && n > 1 ? 2 : 1;
    for (int j = 0; j < n; j++) {
      group_of[design->start[b] + j] =
          n_own == 0 ? n_group - 1 : n_group + (n_own == 2 ? j % 2 : 0);
    }
    n_group += n_own;
  }
  return n_group;
}

/* Some groups are not penalised, if they are small and there are rows enough. */
static void random_group_weights(nl_penalty *penalty, size_t n_obs) {
  for (int g = 0; g < penalty->n_group; g++) {
    const int size = penalty->start[g + 1] - penalty->start[g];
    const int may_be_free = size < 4 && n_obs > 150;
    set_weight(penalty, g,
               may_be_free && random_below(3) == 0
                   ? 0
                   : penalty->scale[g] * random_between(0.5, 2));
  }
}

problem *random_problem(nl_link link, unsigned seed) {
  seed_random(1000 + seed);
  const size_t n_obs = (size_t)(40 + random_below(500));
  const int n_block = 1 + random_below(6);
  nl_block blocks[6];
  for (int b = 0; b < n_block; b++)
    blocks[b] = random_block(n_obs, random_below(N_BLOCK_KIND));
  const nl_design design = design_of(n_obs, n_block, blocks);
  int *group_of = new_ints((size_t)design.n_col);
  const int n_group = random_groups(&design, group_of);
  nl_penalty penalty =
      penalty_of(design.n_col, n_group, group_of, (transform_kind)random_below(3));
  random_group_weights(&penalty, n_obs);
  double *beta = new_zeros((size_t)design.n_col);
  for (int j = 0; j < design.n_col; j++) {
    if (random_below(4) == 0) beta[j] = 0.5 * random_normal();
  }
  const double *y =
      simulate_counts(link, n_obs, design.n_col, reference_matrix(&design, 1), beta);
  double *offset = NULL, *prior = NULL;
  if (random_below(2)) {
    offset = new_normals(n_obs);
    for (size_t t = 0; t < n_obs; t++) offset[t] = 0.4 * offset[t] - 0.5;
  }
  if (random_below(2)) {
    prior = new_doubles(n_obs);
    for (size_t t = 0; t < n_obs; t++)
      prior[t] = random_below(8) > 0 ? random_between(0.3, 2) : 0;
  }
  return new_problem(link, design, penalty, y, offset, prior);
}

/* ---- neurons that share groups ----------------------------------------------------- */

static void add_neuron(nl_neuron *neuron, problem *p) {
  double null_loss;
  nl_path *path = (nl_path *)new_bytes(sizeof(nl_path));
  *path = new_path(p, 3);
  start_pipeline(p, 3);
  neuron->model = p->model;
  neuron->solver = p->solver;
  neuron->line = p->line;
  neuron->line.solver = &neuron->solver;
  neuron->line.model = &neuron->model;
  neuron->part = 0;
  neuron->gram_slow = 0;
  nl_path_null(&neuron->line, 1e-8, path, &null_loss);
  const nl_level level = {0.05, 1};
  nl_point_begin(&neuron->solver, neuron->line.point, 0, level, 1e-8, 100,
                 neuron->line.origin);
}

nl_ensemble *new_ensemble(nl_link link, int n, const nl_penalty *penalty,
                          const nl_penalty *other) {
  nl_ensemble *ensemble = (nl_ensemble *)new_bytes(sizeof(nl_ensemble));
  memset(ensemble, 0, sizeof *ensemble);
  const size_t n_group = (size_t)penalty->n_group, n_neuron = (size_t)n;
  ensemble->n_neuron = n;
  ensemble->n_group = penalty->n_group;
  ensemble->max_rank = n * penalty->max_size;
  ensemble->neuron = (nl_neuron *)new_bytes(n_neuron * sizeof(nl_neuron));
  ensemble->space = new_doubles(5 * (size_t)ensemble->max_rank);
  ensemble->part = new_doubles(n_neuron);
  ensemble->is_in = new_ints(n_group);
  ensemble->border = new_ints(n_group);
  ensemble->norm = new_doubles(n_group);
  ensemble->stiffness = new_doubles(n_group);
  for (int i = 0; i < n; i++) {
    const nl_penalty *own = i == 1 && other ? other : penalty;
    add_neuron(ensemble->neuron + i,
               mixed_problem(link, NL_CHUNK + 31, *own, NULL, NULL));
    ensemble->neuron[i].metric = i;
    ensemble->neuron[i].n_with = 1;
    ensemble->neuron[i].curvature = ensemble->neuron[i].excess = 1;
    ensemble->rooms = &ensemble->neuron[i].solver.gram;
  }
  for (int g = 0; g < penalty->n_group; g++) nl_ensemble_include(ensemble, g);
  nl_ensemble_cover(ensemble);
  return ensemble;
}

double *gram_matrix(const nl_gram *gram) {
  const size_t m = (size_t)gram->size;
  double *h = new_doubles(m * m);
  for (size_t j = 0; j < m; j++)
    memcpy(h + j * m, gram->h + j * (size_t)gram->capacity, m * sizeof(double));
  return h;
}

void place_models(nl_ensemble *ensemble, int n_in) {
  for (int i = 0; i < ensemble->n_neuron; i++) {
    nl_solver *solver = &ensemble->neuron[i].solver;
    const int m = solver->gram.size;
    for (int j = 0; j < m; j++) solver->quadratic.x[j] = 0;
    for (int g = 0; g < n_in; g++) {
      const int at = solver->gram.position[g];
      for (int j = 0; j < nl_group_rank(solver->penalty, g); j++)
        solver->quadratic.x[at + j] = 0.3 * random_normal();
    }
    /* a linear term in the range of H: the model has a solution */
    double *target = new_normals((size_t)m);
    for (int j = 0; j < m; j++) target[j] -= solver->quadratic.x[j];
    const double *slope = times(m, m, 1, gram_matrix(&solver->gram), target);
    for (int j = 0; j < m; j++) solver->quadratic.slope[j] = -slope[j];
  }
}

/* ---- the model by its definition --------------------------------------------------- */

double prior_of(const problem *p, size_t t) { return p->prior ? p->prior[t] : 1; }

double prior_total(const problem *p) {
  double sum = 0;
  for (size_t t = 0; t < p->design.n_obs; t++) sum += prior_of(p, t);
  return sum;
}

double mean_count(const problem *p) {
  double sum = 0;
  for (size_t t = 0; t < p->design.n_obs; t++) sum += prior_of(p, t) * p->y[t];
  return sum / prior_total(p);
}

double *reference_predictor(const problem *p, const double *x, const double *beta) {
  const size_t n = p->design.n_obs;
  double *eta = new_doubles(n);
  for (size_t t = 0; t < n; t++) eta[t] = p->offset ? p->offset[t] : 0;
  for (int j = 0; j < p->design.n_col; j++) {
    for (size_t t = 0; t < n; t++) eta[t] += x[t + (size_t)j * n] * beta[j];
  }
  return eta;
}

double reference_mu(nl_link link, double eta) {
  if (link == NL_LOG) return exp(eta);
  return eta > 0 ? eta + log1p(exp(-eta)) : log1p(exp(eta));
}

/* log(1 + e) = e (1 - e / 2 + e^2 / 3 - ...) where e = exp(eta) is small. */
static double log_mu(nl_link link, double eta) {
  if (link == NL_LOG) return eta;
  return eta > -20 ? log(reference_mu(link, eta)) : eta - 0.5 * exp(eta);
}

/* (log mu)' = p / mu with p = 1 / (1 + exp(-eta)) */
static double log_mu_slope(double eta) {
  if (eta > -14) return 1 / (1 + exp(-eta)) / reference_mu(NL_SOFTPLUS, eta);
  const double e = exp(eta);
  return 1 - e / 2 + 5 * e * e / 12;
}

/* (log mu)'' */
static double log_mu_curvature(double eta) {
  const double p = 1 / (1 + exp(-eta)), ratio = log_mu_slope(eta);
  const double e = exp(eta < 0 ? eta : 0);
  if (eta < -14) return -e / 2 + 5 * e * e / 6;
  return ratio * (1 - p) - ratio * ratio;
}

double reference_row_loss(nl_link link, double eta, double y) {
  return reference_mu(link, eta) - (y > 0 ? y * log_mu(link, eta) : 0);
}

double reference_row_slope(nl_link link, double eta, double y) {
  if (link == NL_LOG) return exp(eta) - y;
  return 1 / (1 + exp(-eta)) - y * log_mu_slope(eta);
}

double reference_row_curvature(nl_link link, double eta, double y) {
  const double p = 1 / (1 + exp(-eta));
  if (link == NL_LOG) return exp(eta);
  return p * (eta > 0 ? exp(-eta) / (1 + exp(-eta)) : 1 - p) - y * log_mu_curvature(eta);
}

double reference_loss_at(const problem *p, const double *x, const double *beta,
                         double intercept) {
  const double *eta = reference_predictor(p, x, beta);
  double sum = 0;
  for (size_t t = 0; t < p->design.n_obs; t++) {
    if (prior_of(p, t) > 0)
      sum += prior_of(p, t) * reference_row_loss(p->link, intercept + eta[t], p->y[t]);
  }
  return sum / prior_total(p);
}

/* The derivative by eta of each row's loss, times its weight. */
static double *row_slopes(const problem *p, const double *eta, double intercept) {
  double *r = new_zeros(p->design.n_obs);
  for (size_t t = 0; t < p->design.n_obs; t++) {
    if (prior_of(p, t) > 0)
      r[t] = prior_of(p, t) * reference_row_slope(p->link, intercept + eta[t], p->y[t]);
  }
  return r;
}

static double slope_at(const problem *p, const double *eta, double intercept) {
  double sum = 0;
  for (size_t t = 0; t < p->design.n_obs; t++) {
    if (prior_of(p, t) > 0)
      sum += prior_of(p, t) * reference_row_slope(p->link, intercept + eta[t], p->y[t]);
  }
  return sum / prior_total(p);
}

double reference_slope(const problem *p, const double *x, const double *beta,
                       double intercept) {
  return slope_at(p, reference_predictor(p, x, beta), intercept);
}

double *reference_gradient(const problem *p, const double *x, const double *beta,
                           double intercept) {
  const size_t n = p->design.n_obs;
  const double *r = row_slopes(p, reference_predictor(p, x, beta), intercept);
  const double total = prior_total(p);
  double *gradient = new_zeros((size_t)p->design.n_col);
  for (int j = 0; j < p->design.n_col; j++) {
    for (size_t t = 0; t < n; t++) gradient[j] += x[t + (size_t)j * n] * r[t];
    gradient[j] /= total;
  }
  return gradient;
}

/* log(sum v y / sum v exp(eta)) */
static double log_intercept(const problem *p, const double *eta) {
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

/* The slope increases with the intercept: bisection. */
double reference_intercept(const problem *p, const double *x, const double *beta) {
  const double *eta = reference_predictor(p, x, beta);
  double low = -1, high = 1;
  if (p->link == NL_LOG) return log_intercept(p, eta);
  while (slope_at(p, eta, low) > 0) low *= 2;
  while (slope_at(p, eta, high) < 0) high *= 2;
  for (int step = 0; step < 80; step++) {
    const double middle = 0.5 * (low + high);
    if (slope_at(p, eta, middle) > 0) {
      high = middle;
    } else {
      low = middle;
    }
  }
  return 0.5 * (low + high);
}

double reference_loss(const problem *p, const double *beta) {
  return reference_loss_at(p, p->x, beta, reference_intercept(p, p->x, beta));
}

double *reference_weights(const problem *p, const double *beta, double intercept) {
  const double *eta = reference_predictor(p, p->x, beta);
  double *h = new_zeros(p->design.n_obs);
  for (size_t t = 0; t < p->design.n_obs; t++) {
    if (prior_of(p, t) > 0) {
      h[t] =
          prior_of(p, t) * reference_row_curvature(p->link, intercept + eta[t], p->y[t]);
    }
  }
  return h;
}

double *reference_curvature(const problem *p, const double *beta, double intercept) {
  const int n = (int)p->design.n_obs, n_col = p->design.n_col;
  const double *w = reference_weights(p, beta, intercept);
  const double *mean = cross_times(n_col, n, 1, p->x, w);
  double *h = reference_cross(&p->design, w), total = 0;
  for (int t = 0; t < n; t++) total += w[t];
  for (int j = 0; j < n_col; j++) {
    for (int i = 0; i < n_col; i++) {
      h[i + j * n_col] = (h[i + j * n_col] - mean[i] * mean[j] / total) / prior_total(p);
    }
  }
  return h;
}

/* ---- optimality by its definition -------------------------------------------------- */

/* theta of a group with T theta = b, by the normal equations; *misfit: ||T theta - b||.
 */
static double *coordinates_of(const nl_penalty *penalty, int g, const double *beta,
                              double *misfit) {
  const int size = penalty->start[g + 1] - penalty->start[g];
  const int rank = penalty->theta_start[g + 1] - penalty->theta_start[g];
  const double *t = penalty->transform + penalty->t_start[g];
  double *b = new_doubles((size_t)size);
  for (int i = 0; i < size; i++) b[i] = beta[penalty->column[penalty->start[g] + i]];
  const double *square = cross_times(rank, size, rank, t, t);
  double *theta =
      times(rank, rank, 1, inverse(rank, square), cross_times(rank, size, 1, t, b));
  *misfit = distance((size_t)size, times(size, rank, 1, t, theta), b);
  return theta;
}

/* T'gradient of a group. */
static double *slope_of(const nl_penalty *penalty, int g, const double *gradient) {
  const int size = penalty->start[g + 1] - penalty->start[g];
  const int rank = penalty->theta_start[g + 1] - penalty->theta_start[g];
  double *own = new_doubles((size_t)size);
  for (int i = 0; i < size; i++)
    own[i] = gradient[penalty->column[penalty->start[g] + i]];
  return cross_times(rank, size, 1, penalty->transform + penalty->t_start[g], own);
}

static double residual_of(int rank, const double *theta, const double *slope, double tau,
                          double unit) {
  const double norm = norm_of(rank, theta);
  double sum = 0;
  if (norm == 0) return fmax(norm_of(rank, slope) - tau, 0) / unit;
  for (int i = 0; i < rank; i++) {
    const double r = slope[i] + tau * theta[i] / norm;
    sum += r * r;
  }
  return sqrt(sum) / unit;
}

/* The gradient for columns to which is added what was taken off them. */
static double *gradient_as_given(const problem *p, const double *beta, double intercept,
                                 const double *gradient) {
  double *given = copy_doubles(gradient, (size_t)p->design.n_col);
  const double slope = reference_slope(p, p->x, beta, intercept);
  for (int j = 0; p->penalty.off && j < p->design.n_col; j++)
    given[j] += p->penalty.off[j] * slope;
  return given;
}

truth truth_at(const problem *p, const double *beta, double intercept, double lambda,
               double reference) {
  const nl_penalty *penalty = &p->penalty;
  double standing = intercept; /* for the columns as they stand */
  for (int b = 0; b < p->design.n_block; b++) {
    const nl_block *block = p->design.block + b;
    for (int j = 0; block->centre && j < block->n_col; j++)
      standing += block->centre[j] * beta[p->design.start[b] + j];
  }
  const double *gradient = reference_gradient(p, p->x, beta, standing);
  const double *given = gradient_as_given(p, beta, standing, gradient);
  truth it = {0,
              0,
              0,
              0,
              new_doubles((size_t)penalty->n_group),
              new_doubles((size_t)penalty->n_group),
              (const double **)new_bytes((size_t)penalty->n_group * sizeof(double *)),
              (const double **)new_bytes((size_t)penalty->n_group * sizeof(double *))};
  it.balance = fabs(reference_slope(p, p->raw, beta, intercept)) / mean_count(p);
  it.kkt = it.balance;
  for (int g = 0; g < penalty->n_group; g++) {
    const int rank = penalty->theta_start[g + 1] - penalty->theta_start[g];
    const double weight = penalty->weight[g], scale = penalty->scale[g];
    const double tau = weight > 0 ? lambda * weight : 0;
    const double unit = tau > 0 ? tau : (lambda > 0 ? lambda : reference) * scale;
    double misfit;
    const double *theta = coordinates_of(penalty, g, beta, &misfit);
    const double *slope = slope_of(penalty, g, given);
    it.misfit = larger(it.misfit, misfit);
    it.theta[g] = theta;
    it.slope[g] = slope;
    it.norm[g] = norm_of(rank, theta);
    it.score[g] =
        norm_of(rank, slope_of(penalty, g, gradient)) / (weight > 0 ? weight : scale);
    it.penalty += tau * it.norm[g];
    if (rank > 0) it.kkt = larger(it.kkt, residual_of(rank, theta, slope, tau, unit));
  }
  return it;
}
