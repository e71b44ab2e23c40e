/* joint.h: neurons that share groups, against the optimality conditions of the joint
 * problem. */
#include <math.h>

#include "check.h"
#include "fixture.h"
#include "joint.h"

enum { N_OBS = NL_CHUNK + 77, N_LAMBDA = 8 };

static const double tol = 1e-7;
static const nl_link links[] = {NL_LOG, NL_SOFTPLUS};

/* ---- data -------------------------------------------------------------------------- */

/* Counts with their own coefficients in a few columns, and their own mean. */
static const double *neuron_counts(const problem *p, int k) {
  double *beta = new_zeros(MIXED_COLUMNS);
  for (int i = 0; i < 5; i++) beta[random_below(MIXED_COLUMNS)] = 0.4 * random_normal();
  beta[k % MIXED_COLUMNS] = 0.5;
  return simulate_counts(p->link, N_OBS, MIXED_COLUMNS, p->x, beta);
}

/* A joint fit of n neurons over a problem's design, each with the problem's coordinates. */
static nl_tasks joint_for(problem *p, int n) {
  nl_penalty *penalty = (nl_penalty *)new_bytes((size_t)n * sizeof(nl_penalty));
  for (int g = 0; g < p->penalty.n_group; g++)
    set_weight(&p->penalty, g, sqrt(n) * p->penalty.weight[g]);
  nl_tasks joint = new_tasks(p, n, N_LAMBDA, tol, 0.02);
  joint.penalty = penalty;
  for (int k = 0; k < n; k++) {
    penalty[k] = p->penalty;
    if (k > 0) joint.task[k].y = neuron_counts(p, k);
  }
  return joint;
}

/* ---- the optimality conditions ------------------------------------------------------ */

/* What is known of neuron k's solution at lambda l. */
static truth neuron_truth(const problem *p, const nl_tasks *joint, int k, int l) {
  const nl_task *task = joint->task + k;
  const nl_path *path = &task->path;
  const double *beta = path->beta + l * p->design.n_col;
  problem own = *p;
  own.y = task->y;
  own.offset = task->offset;
  own.prior = task->prior;
  own.penalty = joint->penalty[k];
  CHECK_NEAR(path->loss[l], reference_loss_at(&own, own.raw, beta, path->intercept[l]),
             1e-11);
  return truth_at(&own, beta, path->intercept[l], task->lambda[l], 1);
}

/* The largest residual over the shared groups and the intercepts. */
static double joint_residual(const problem *p, const nl_tasks *joint, int l) {
  const double lambda = joint->task->lambda[l], reference = joint->task->path.reference;
  truth *it = (truth *)new_bytes((size_t)joint->n_task * sizeof(truth));
  double worst = 0;
  for (int k = 0; k < joint->n_task; k++) {
    it[k] = neuron_truth(p, joint, k, l);
    worst = larger(worst, it[k].balance);
    CHECK(it[k].misfit < 1e-9);
  }
  for (int g = 0; g < p->penalty.n_group; g++) {
    const double weight = joint->penalty->weight[g], scale = joint->penalty->scale[g];
    const double tau = lambda * weight;
    double theta_square = 0, slope_square = 0, square = 0, raw_square = 0;
    for (int k = 0; k < joint->n_task; k++) {
      const double score = it[k].score[g] * (weight > 0 ? weight : scale);
      theta_square += it[k].norm[g] * it[k].norm[g];
      raw_square += score * score;
      CHECK_NEAR(joint->task[k].path.norm[l * p->penalty.n_group + g], it[k].norm[g],
                 1e-8 * (1 + it[k].norm[g]));
    }
    for (int k = 0; k < joint->n_task; k++) {
      const nl_penalty *own = joint->penalty + k;
      for (int i = 0; i < own->theta_start[g + 1] - own->theta_start[g]; i++) {
        const double slope = it[k].slope[g][i];
        const double r =
            theta_square > 0 ? slope + tau * it[k].theta[g][i] / sqrt(theta_square) : 0;
        slope_square += slope * slope;
        square += r * r;
      }
    }
    const double residual =
        theta_square > 0 ? sqrt(square) : fmax(sqrt(slope_square) - tau, 0);
    const double unit = tau > 0 ? tau : (lambda > 0 ? lambda : reference) * scale;
    worst = larger(worst, residual / unit);
    CHECK_NEAR(joint->task->path.score[l * p->penalty.n_group + g],
               sqrt(raw_square) / (weight > 0 ? weight : scale), 1e-7);
  }
  return worst;
}

static void check_joint(const problem *p, const nl_tasks *joint) {
  const nl_path *first = &joint->task->path;
  for (int l = 0; l < joint->n_lambda; l++) {
    const double residual = joint_residual(p, joint, l);
    CHECK_NEAR(residual, first->kkt[l], 1e-3 * first->kkt[l] + 1e-9);
    for (int k = 0; k < joint->n_task; k++) {
      const nl_path *path = &joint->task[k].path;
      CHECK(path->status[l] == NL_OK);
      CHECK(path->kkt[l] == first->kkt[l] && path->kkt[l] <= tol);
      CHECK(path->df[l] >= 1 && path->df[l] <= 1 + p->penalty.n_theta);
      CHECK(joint->task[k].lambda[l] == joint->task->lambda[l]);
    }
  }
  CHECK(guards_are_whole());
}

/* ---- tests ------------------------------------------------------------------------- */

/* One, some, as many as lanes, more. */
static void test_sizes(void) {
  const int sizes[] = {1, 2, 5, 8, 11};
  for (int i = 0; i < 5; i++) {
    for (int k = 0; k < 2; k++) {
      seed_random(300 + (unsigned)i);
      problem *p = mixed_problem(links[k], N_OBS, mixed_penalty(T_RANDOM), NULL, NULL);
      const nl_tasks joint = joint_for(p, sizes[i]);
      nl_joint_fit(&joint);
      check_joint(p, &joint);
      free_all();
    }
  }
}

/* A group that is not penalised, an offset, weights, neurons whose rows and coordinates
 * differ. */
static void test_rich(void) {
  for (int k = 0; k < 2; k++) {
    seed_random(320);
    double *offset = new_normals(N_OBS), *prior = new_doubles(N_OBS);
    for (int t = 0; t < N_OBS; t++) {
      offset[t] *= 0.3;
      prior[t] = t % 5 < 2 ? 0 : 1 + t % 3;
    }
    nl_penalty penalty = mixed_penalty(T_RANDOM);
    set_weight(&penalty, 2, 0);
    problem *p = mixed_problem(links[k], N_OBS, penalty, offset, NULL);
    nl_tasks joint = joint_for(p, 4);
    nl_penalty other = mixed_penalty(T_DEFICIENT);
    other.weight = joint.penalty->weight;
    other.scale = joint.penalty->scale;
    ((nl_penalty *)joint.penalty)[2] = other;
    joint.task[1].prior = joint.task[2].prior = prior;
    joint.task[3].offset = NULL;
    nl_joint_fit(&joint);
    check_joint(p, &joint);
    free_all();
  }
}

/* Neurons that work with each other's Grams, one of them by itself, since its coordinates are its
 * own. To the tolerance that is the default: one Gram for ten neurons stalls above 1e-7 at some
 * lambdas of the softplus link. */
static void test_shared_grams(void) {
  const size_t rooms[] = {1, 2, 4};
  for (int i = 0; i < 6; i++) {
    seed_random(325 + (unsigned)i);
    nl_penalty penalty = mixed_penalty(T_RANDOM);
    if (i > 3) set_weight(&penalty, 2, 0);
    problem *p = mixed_problem(links[i % 2], N_OBS, penalty, NULL, NULL);
    nl_tasks joint = joint_for(p, 10);
    const size_t n_theta = (size_t)p->penalty.n_theta;
    nl_penalty other = mixed_penalty(T_DEFICIENT);
    other.weight = joint.penalty->weight;
    other.scale = joint.penalty->scale;
    ((nl_penalty *)joint.penalty)[2] = other;
    joint.gram_room = rooms[i / 2] * n_theta * n_theta;
    joint.tol = 1e-6;
    nl_joint_fit(&joint);
    for (int l = 0; l < joint.n_lambda; l++) {
      CHECK(joint_residual(p, &joint, l) <= 1.01e-6);
      for (int k = 0; k < joint.n_task; k++) {
        CHECK(joint.task[k].path.status[l] == NL_OK);
        CHECK(isnan(joint.task[k].path.df[l])); /* that Gram is nobody's curvature */
      }
    }
    CHECK(guards_are_whole());
    free_all();
  }
}

/* One neuron's joint path is its path. */
static void test_one(void) {
  for (int k = 0; k < 2; k++) {
    seed_random(330);
    problem *p = mixed_problem(links[k], N_OBS, mixed_penalty(T_RANDOM), NULL, NULL);
    const nl_tasks joint = joint_for(p, 1);
    const nl_tasks tasks = new_tasks(p, 1, N_LAMBDA, tol, joint.ratio);
    const nl_task *alone = tasks.task;
    nl_joint_fit(&joint);
    nl_paths_each(&tasks);
    const nl_path *came = &joint.task->path, *wanted = &alone->path;
    CHECK_NEAR(came->lambda_max, wanted->lambda_max, 1e-12);
    CHECK_NEAR(came->reference, wanted->reference, 1e-12);
    CHECK_NEAR(joint.task->null_loss, alone->null_loss, 1e-13);
    for (int l = 0; l < N_LAMBDA; l++) {
      CHECK_NEAR(came->intercept[l], wanted->intercept[l], 1e-5);
      CHECK_NEAR(came->df[l], wanted->df[l], 0.05 * wanted->df[l]);
    }
    CHECK(distance(N_LAMBDA * (size_t)p->penalty.n_group, came->norm, wanted->norm) <
          1e-5);
    free_all();
  }
}

/* Given lambdas: above lambda_max, far apart, twice, 0. */
static void test_given(void) {
  const double share[N_LAMBDA] = {INFINITY, 1.5, 0.9, 0.5, 0.5, 0.01, 1e-3, 0};
  for (int k = 0; k < 2; k++) {
    seed_random(340);
    problem *p = mixed_problem(links[k], N_OBS, mixed_penalty(T_RANDOM), NULL, NULL);
    nl_tasks joint = joint_for(p, 3);
    joint.ratio = 0;
    for (int l = 0; l < N_LAMBDA; l++) joint.task->lambda[l] = 0.05 * share[l];
    nl_joint_fit(&joint);
    for (int l = 1; l < N_LAMBDA; l++) {
      CHECK(joint.task->path.status[l] == NL_OK);
      CHECK(joint_residual(p, &joint, l) <= 1.01 * tol + 1e-9);
    }
    CHECK(norm_of(p->penalty.n_group, joint.task[1].path.norm) == 0);
    CHECK(same_bits((size_t)p->design.n_col, joint.task->path.beta + 3 * MIXED_COLUMNS,
                    joint.task->path.beta + 4 * MIXED_COLUMNS));
    free_all();
  }
}

/* Stopped by the limit on passes: what is returned is certified as it is. */
static void test_limit(void) {
  seed_random(350);
  problem *p = mixed_problem(NL_LOG, N_OBS, mixed_penalty(T_RANDOM), NULL, NULL);
  const nl_tasks joint = joint_for(p, 3);
  for (int k = 0; k < 3; k++) joint.task[k].path.max_passes = 1;
  nl_joint_fit(&joint);
  int n_stopped = 0;
  for (int l = 0; l < N_LAMBDA; l++) {
    const nl_path *path = &joint.task->path;
    n_stopped += path->status[l] == NL_MAX_PASSES;
    CHECK((path->status[l] == NL_OK) == (path->kkt[l] <= tol));
    CHECK_NEAR(joint_residual(p, &joint, l), path->kkt[l], 1e-3 * path->kkt[l] + 1e-9);
  }
  CHECK(n_stopped > 0);
  free_all();
}

/* Counts that no group has to do with: the grid begins at 1, and nothing enters. */
static void test_no_signal(void) {
  seed_random(360);
  problem *p = mixed_problem(NL_LOG, N_OBS, mixed_penalty(T_RANDOM), NULL, NULL);
  nl_tasks joint = joint_for(p, 2);
  double *constant = new_doubles(N_OBS);
  for (int t = 0; t < N_OBS; t++) constant[t] = 2;
  joint.task[0].y = joint.task[1].y = constant;
  joint.task->floor = 1e-10;
  nl_joint_fit(&joint);
  CHECK(joint.task->path.lambda_max == 0);
  CHECK(joint.task->lambda[0] == 1);
  for (int k = 0; k < 2; k++) {
    CHECK(norm_of(N_LAMBDA * p->penalty.n_group, joint.task[k].path.norm) == 0);
    CHECK_NEAR(joint.task[k].path.intercept[0], log(2), 1e-12);
  }
  free_all();
}

void suite_joint(void) {
  RUN(test_sizes);
  RUN(test_rich);
  RUN(test_shared_grams);
  RUN(test_one);
  RUN(test_given);
  RUN(test_limit);
  RUN(test_no_signal);
}
