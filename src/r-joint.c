/* r-joint.c: joint fits of several neurons for R: unpack, allocate, call the core, pack. */
#include "joint.h"
#include "linalg.h"
#include "r-path.h"
#include "setup.h"

/* N neurons that share groups. blocks, counts, offset, weights, control: as in nl_r_paths, an
 * element per neuron; elements that are one R vector are taken for the same. penalties: list
 * of such as nl_r_penalty reads, all with the shared groups' weight and scale; which:
 * integer(N), the number of each neuron's. lambda: as in nl_r_paths, but floor: numeric(1).
 * Returns a list of N. */
SEXP nl_r_joint(SEXP blocks, SEXP counts, SEXP offset, SEXP weights, SEXP penalties,
                SEXP which, SEXP lambda, SEXP control) {
  const int n_neuron = (int)XLENGTH(counts), n_penalty = (int)XLENGTH(penalties);
  const R_xlen_t n = XLENGTH(VECTOR_ELT(counts, 0));
  const int *penalty_of = nl_integers(which, n_neuron, "which");
  SEXP values = nl_element(lambda, "values");
  nl_design design = nl_r_design(blocks, (size_t)n, nl_integer(control, "n_threads"));
  nl_penalty *distinct = (nl_penalty *)R_alloc((size_t)n_penalty, sizeof(nl_penalty));
  nl_penalty *penalty = (nl_penalty *)R_alloc((size_t)n_neuron, sizeof(nl_penalty));
  for (int i = 0; i < n_penalty; i++)
    distinct[i] = nl_r_penalty(VECTOR_ELT(penalties, i), design.n_col);
  for (int k = 0; k < n_neuron; k++) penalty[k] = distinct[penalty_of[k] - 1];
  const nl_hook hook = nl_r_hook(nl_integer(control, "progress"));
  nl_joint joint = {0};
  joint.design = &design;
  joint.penalty = penalty;
  joint.link = nl_integer(control, "link") == 1 ? NL_SOFTPLUS : NL_LOG;
  joint.tol = nl_number(control, "tol");
  joint.n_lambda = Rf_isNull(values) ? nl_integer(lambda, "n") : (int)XLENGTH(values);
  joint.ratio = Rf_isNull(values) ? nl_number(lambda, "ratio") : 0;
  joint.floor = nl_number(lambda, "floor");
  joint.n_task = n_neuron;
  joint.task = (nl_task *)R_alloc((size_t)n_neuron, sizeof(nl_task));
  joint.hook = &hook;

  SEXP outs = PROTECT(Rf_allocVector(VECSXP, n_neuron));
  for (int k = 0; k < n_neuron; k++) {
    nl_task *task = joint.task + k;
    *task = nl_r_new_task(outs, k, joint.n_lambda, design.n_col, penalty->n_group,
                          nl_integer(control, "max_passes"));
    task->y = nl_doubles(VECTOR_ELT(counts, k), n, "counts");
    task->offset = nl_r_lane(offset, k, n, "offset");
    task->prior = nl_r_lane(weights, k, n, "weights");
    if (!Rf_isNull(values))
      nl_copy((size_t)joint.n_lambda, nl_doubles(values, joint.n_lambda, "lambda"),
              task->lambda);
  }
  for (int b = 0; b < design.n_block; b++) nl_block_prepare(design.block + b, &hook);
  joint.pass = nl_setup_pass(&design, &hook);
  nl_joint_fit(&joint);
  for (int k = 0; k < n_neuron; k++) nl_r_close_task(VECTOR_ELT(outs, k), joint.task + k);
  UNPROTECT(1);
  return outs;
}
