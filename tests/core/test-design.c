/* design.h against the dense matrix of all blocks. */
#include <math.h>

#include "check.h"
#include "design.h"
#include "fixture.h"
#include "setup.h"

enum { N_OBS = NL_CHUNK + 14, N_COL = MIXED_COLUMNS }; /* a whole chunk and a piece */

static size_t in_lanes(int n) { return (size_t)n * NL_LANES; }

/* The mixed design, prepared, with space for passes. */
typedef struct {
  nl_design design;
  hook_counts counts;
  nl_hook hook;
  nl_pass_space space;
  double *x; /* as it stands */
} setting;

static void fill_setting(setting *s, size_t n_obs, int n_thread) {
  s->hook = counting_hook(&s->counts);
  s->design = mixed_design(n_obs);
  s->design.n_thread = n_thread;
  s->x = reference_matrix(&s->design, 1);
  nl_design_prepare(&s->design, &s->hook);
  s->space = nl_setup_pass(&s->design, &s->hook);
  s->counts.n_check = 0;
}

static void random_flags(int *flag) {
  for (int b = 0; b < MIXED_BLOCKS; b++) flag[b] = random_below(2);
}

/* ---- sizes ------------------------------------------------------------------------- */

static void test_measure(void) {
  const int start[] = {0, 3, 10, 16, 28, 30, 33, 38, 44, 56};
  const int ext_start[] = {0, 3, 10, 34, 70, 72, 83, 106, 118, 136};
  seed_random(40);
  const nl_design design = mixed_design(5);
  CHECK(design.n_col == 56 && design.n_ext == 136);
  CHECK(design.n_scratch == NL_LANES * 8); /* the table of a spline of two cells */
  for (int b = 0; b <= MIXED_BLOCKS; b++) {
    CHECK(design.start[b] == start[b]);
    CHECK(design.ext_start[b] == ext_start[b]);
  }
  for (int j = 0, b = 0; j < 56; j++) {
    if (j == start[b + 1]) b++;
    CHECK(design.block_of_column[j] == b);
  }
  free_all();
}

static void test_no_blocks(void) {
  const nl_design design = design_of(3, 0, NULL);
  CHECK(design.n_col == 0 && design.n_ext == 0 && design.n_scratch > 0);
  free_all();
}

/* A table's rows cost less than what they stand for. */
static void test_cost(void) {
  seed_random(41);
  const nl_design design = mixed_design(5);
  for (int b = 0; b < MIXED_BLOCKS; b++) CHECK(nl_block_cost(design.block + b) > 0);
  CHECK(nl_block_cost(design.block + 3) > nl_block_cost(design.block + 6));
  free_all();
}

/* ---- coefficients to extended columns ---------------------------------------------- */

/* Coefficients of the blocks that have some, in any one lane at least. */
static double *some_coefficients(const nl_design *design, const int *has) {
  double *beta = new_zeros(in_lanes(N_COL));
  for (int j = 0; j < N_COL; j++) {
    const int b = design->block_of_column[j];
    if (!has[b]) continue;
    for (int v = 0; v < NL_LANES; v++) beta[j * NL_LANES + v] = random_normal();
  }
  return beta;
}

/* Distance of the extended coefficients from those by definition, for the blocks on. */
static double extension_error(const setting *s, const double *beta) {
  double worst = 0;
  for (int b = 0; b < MIXED_BLOCKS; b++) {
    const nl_block *block = s->design.block + b;
    double *expected = new_zeros(in_lanes(block->n_ext));
    if (!s->space.on[b]) continue;
    add_product((size_t)block->n_ext, block->n_col, reference_extension(block),
                (size_t)block->n_ext, beta + in_lanes(s->design.start[b]), expected);
    worst = larger(worst,
                   distance(in_lanes(block->n_ext),
                            s->space.ext + in_lanes(s->design.ext_start[b]), expected));
  }
  return worst;
}

static void test_extend(void) {
  seed_random(42);
  for (int trial = 0; trial < 20; trial++) {
    setting s;
    int has[MIXED_BLOCKS], wrong = 0;
    double shift[NL_LANES];
    fill_setting(&s, 5, 1);
    random_flags(has);
    const double *beta = some_coefficients(&s.design, has);
    for (size_t i = 0; i < in_lanes(N_COL); i++) s.space.beta[i] = beta[i];
    nl_design_extend(&s.design, &s.space, shift);
    for (int b = 0; b < MIXED_BLOCKS; b++) wrong += (s.space.on[b] != 0) != has[b];
    CHECK(wrong == 0);
    CHECK_NEAR(extension_error(&s, beta), 0, 1e-13);
    free_all();
  }
}

/* A block is on for a single coefficient in a single lane. */
static void test_extend_one_coefficient(void) {
  seed_random(43);
  setting s;
  double shift[NL_LANES];
  fill_setting(&s, 5, 1);
  for (int j = 0; j < N_COL; j++) {
    const int lane = j % NL_LANES;
    for (size_t i = 0; i < in_lanes(N_COL); i++) s.space.beta[i] = 0;
    s.space.beta[j * NL_LANES + lane] = 1e-3;
    nl_design_extend(&s.design, &s.space, shift);
    for (int b = 0; b < MIXED_BLOCKS; b++)
      CHECK((s.space.on[b] != 0) == (s.design.block_of_column[j] == b));
  }
  free_all();
}

/* What centring takes off X b is the same in every row, lane by lane. */
static void test_centre_shift(void) {
  seed_random(44);
  setting s;
  double shift[NL_LANES];
  fill_setting(&s, 4, 1);
  const double *beta = new_normals(in_lanes(N_COL));
  const double *raw = reference_matrix(&s.design, 0);
  for (size_t i = 0; i < in_lanes(N_COL); i++) s.space.beta[i] = beta[i];
  nl_design_extend(&s.design, &s.space, shift);
  for (int v = 0; v < NL_LANES; v++) {
    const double *b = lane_of(N_COL, beta, v);
    const double *centred = times(4, N_COL, 1, s.x, b),
                 *given = times(4, N_COL, 1, raw, b);
    for (int t = 0; t < 4; t++) CHECK_NEAR(given[t] - centred[t], shift[v], 1e-13);
    CHECK(fabs(shift[v]) > 1e-3);
  }
  free_all();
}

/* ---- X b --------------------------------------------------------------------------- */

/* Any blocks on; X b of those, as given, in two chunks. */
static void test_add_eta(void) {
  seed_random(45);
  setting s;
  double shift[NL_LANES], worst = 0;
  fill_setting(&s, N_OBS, 1);
  const double *raw = reference_matrix(&s.design, 0),
               *beta = new_normals(in_lanes(N_COL));
  for (size_t i = 0; i < in_lanes(N_COL); i++) s.space.beta[i] = beta[i];
  nl_design_extend(&s.design, &s.space, shift);
  for (int trial = 0; trial < 60; trial++) {
    int on[MIXED_BLOCKS];
    double *eta = new_normals(in_lanes(N_OBS));
    double *expected = copy_doubles(eta, in_lanes(N_OBS));
    random_flags(on);
    for (int b = 0; b < MIXED_BLOCKS; b++) {
      const int from = s.design.start[b];
      if (!on[b]) continue;
      add_product(N_OBS, s.design.block[b].n_col, raw + from * N_OBS, N_OBS,
                  beta + in_lanes(from), expected);
    }
    nl_design_add_eta(&s.design, on, s.space.ext, 0, NL_CHUNK, eta);
    nl_design_add_eta(&s.design, on, s.space.ext, NL_CHUNK, N_OBS - NL_CHUNK,
                      eta + in_lanes(NL_CHUNK));
    worst = larger(worst, distance(in_lanes(N_OBS), eta, expected));
  }
  CHECK_NEAR(worst, 0, 1e-11);
  free_all();
}

/* ---- X'r --------------------------------------------------------------------------- */

static int share_of(int n_thread, size_t row) { return (int)(row / NL_CHUNK) % n_thread; }

/* Clear, collect chunk by chunk in the threads' spaces, fold. r is in lanes. */
static void collect(setting *s, const int *wanted, const double *r, double *total) {
  for (int v = 0; v < NL_LANES; v++) total[v] = 0;
  nl_design_clear(&s->design, wanted, &s->space);
  for (size_t row = 0; row < s->design.n_obs; row += NL_CHUNK) {
    const size_t left = s->design.n_obs - row;
    nl_thread_space *own = s->space.thread + share_of(s->design.n_thread, row);
    nl_design_add_gradient(&s->design, wanted, r + row * NL_LANES, row,
                           left < NL_CHUNK ? (int)left : NL_CHUNK, own->ext);
  }
  for (size_t i = 0; i < s->design.n_obs * NL_LANES; i++) total[i % NL_LANES] += r[i];
  nl_design_fold(&s->design, wanted, total, &s->space);
}

static void check_gradient(int n_thread) {
  setting s;
  double worst = 0, total[NL_LANES];
  int touched = 0;
  fill_setting(&s, N_OBS, n_thread);
  for (int trial = 0; trial < 60; trial++) {
    int wanted[MIXED_BLOCKS];
    const double *r = new_normals(in_lanes(N_OBS));
    const double *before = new_normals(in_lanes(N_COL));
    random_flags(wanted);
    for (size_t i = 0; i < in_lanes(N_COL); i++) s.space.sums[i] = before[i];
    collect(&s, wanted, r, total);
    for (int b = 0; b < MIXED_BLOCKS; b++) {
      const int from = s.design.start[b], n = s.design.block[b].n_col;
      double *expected = new_zeros(in_lanes(n));
      const double *sums = s.space.sums + in_lanes(from);
      if (!wanted[b]) {
        touched += !same_bits(in_lanes(n), sums, before + in_lanes(from));
        continue;
      }
      add_cross_product(N_OBS, n, s.x + from * N_OBS, N_OBS, r, expected);
      worst = larger(worst, distance(in_lanes(n), sums, expected));
    }
  }
  CHECK_NEAR(worst, 0, 1e-10);
  CHECK(touched == 0);
  free_all();
}

static void test_gradient_in_pieces(void) {
  seed_random(46);
  check_gradient(1);
  check_gradient(2);
}

/* Every thread's sums start from zero. */
static void test_clear(void) {
  seed_random(47);
  setting s;
  int wanted[MIXED_BLOCKS], wrong = 0;
  fill_setting(&s, 5, 3);
  for (int b = 0; b < MIXED_BLOCKS; b++) wanted[b] = b % 2;
  nl_design_clear(&s.design, wanted, &s.space);
  for (int k = 0; k < 3; k++) {
    const nl_thread_space *own = s.space.thread + k;
    for (int v = 0; v < NL_LANES; v++)
      wrong += own->total[v] != 0 || own->slope[v] != 0 || own->loss[v] != 0;
    for (int b = 0; b < MIXED_BLOCKS; b++) {
      for (size_t i = in_lanes(s.design.ext_start[b]);
           i < in_lanes(s.design.ext_start[b + 1]); i++)
        wrong += wanted[b] ? own->ext[i] != 0 : !isnan(own->ext[i]);
    }
  }
  CHECK(wrong == 0);
  free_all();
}

/* ---- column sums ------------------------------------------------------------------- */

static void check_column_sums(setting *s, const nl_hook *hook, double tol) {
  const size_t n = s->design.n_obs;
  const double *r = new_normals(n), *before = new_normals(N_COL);
  double *sums = copy_doubles(before, N_COL), worst = 0;
  int wanted[MIXED_BLOCKS];
  random_flags(wanted);
  nl_design_column_sums(&s->design, wanted, r, &s->space, sums, hook);
  for (int j = 0; j < N_COL; j++) {
    double expected = 0;
    if (!wanted[s->design.block_of_column[j]]) {
      expected = before[j];
    } else {
      for (size_t t = 0; t < n; t++) expected += s->x[t + (size_t)j * n] * r[t];
    }
    worst = larger(worst, fabs(sums[j] - expected));
  }
  CHECK_NEAR(worst, 0, tol);
}

static void test_column_sums(void) {
  const nl_hook bare = {NULL, NULL, NULL, NULL};
  seed_random(48);
  setting s;
  fill_setting(&s, N_OBS, 1);
  for (int trial = 0; trial < 20; trial++) {
    check_column_sums(&s, &s.hook, 1e-11);
    check_column_sums(&s, &bare, 1e-11);
    check_column_sums(&s, NULL, 1e-11);
  }
  CHECK(s.counts.n_check == 20);
  free_all();
}

/* With several threads the sums are the same but for rounding, and bit for bit the same
 * as with as many threads before. */
static void test_column_sums_by_threads(void) {
  enum { MANY = 5000 };
  seed_random(49);
  double sums[4][N_COL];
  const int n_thread[] = {1, 2, 2, 3};
  const double *r = new_normals(MANY);
  const int wanted[MIXED_BLOCKS] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  for (int k = 0; k < 4; k++) {
    setting s;
    seed_random(50);
    fill_setting(&s, MANY, n_thread[k]);
    nl_design_column_sums(&s.design, wanted, r, &s.space, sums[k], NULL);
  }
  CHECK_NEAR(distance(N_COL, sums[0], sums[1]), 0, 1e-10);
  CHECK_NEAR(distance(N_COL, sums[0], sums[3]), 0, 1e-10);
  CHECK(same_bits(N_COL, sums[1], sums[2]));
  CHECK(!nl_has_threads() || !same_bits(N_COL, sums[0], sums[1]));
  free_all();
}

/* Rounds of parts where their sums are small, else one part a thread. */
static void test_parts(void) {
  seed_random(51);
  nl_design design = mixed_design(3);
  for (int n_thread = 1; n_thread <= 3; n_thread++) {
    design.n_thread = n_thread;
    CHECK(nl_design_parts(&design) == (n_thread > 1 ? n_thread * NL_ROUNDS : 1));
  }
  design.n_thread = 2;
  design.n_ext = 1 << 20;
  CHECK(nl_design_parts(&design) == 2);
  free_all();
}

void suite_design(void);

void suite_design(void) {
  RUN(test_measure);
  RUN(test_no_blocks);
  RUN(test_cost);
  RUN(test_extend);
  RUN(test_extend_one_coefficient);
  RUN(test_centre_shift);
  RUN(test_add_eta);
  RUN(test_gradient_in_pieces);
  RUN(test_clear);
  RUN(test_column_sums);
  RUN(test_column_sums_by_threads);
  RUN(test_parts);
}
