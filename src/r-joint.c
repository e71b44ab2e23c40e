/* r-joint.c: joint fits of several neurons for R: unpack, allocate, call the core, pack. */
#include "joint.h"
#include "r-path.h"

/* N neurons that share groups. blocks, counts, offset, weights, lambda, control: as in
 * nl_r_paths, an element per neuron; elements that are one R vector are taken for the same, and
 * of floor the first counts. penalties: list of such as nl_r_penalty reads, all with the
 * shared groups' weight and scale; which: integer(N), the number of each neuron's. Returns a
 * list of N. */
SEXP nl_r_joint(SEXP blocks, SEXP counts, SEXP offset, SEXP weights, SEXP penalties,
                SEXP which, SEXP lambda, SEXP control) {
  const int n_neuron = (int)XLENGTH(counts), n_penalty = (int)XLENGTH(penalties);
  const size_t n = (size_t)XLENGTH(VECTOR_ELT(counts, 0));
  const int *penalty_of = nl_integers(which, n_neuron, "which");
  nl_design design = nl_r_design(blocks, n, nl_integer(control, "n_threads"));
  nl_penalty *distinct = (nl_penalty *)R_alloc((size_t)n_penalty, sizeof(nl_penalty));
  nl_penalty *penalty = (nl_penalty *)R_alloc((size_t)n_neuron, sizeof(nl_penalty));
  for (int i = 0; i < n_penalty; i++)
    distinct[i] = nl_r_penalty(VECTOR_ELT(penalties, i), design.n_col);
  for (int k = 0; k < n_neuron; k++) penalty[k] = distinct[penalty_of[k] - 1];
  const nl_hook hook = nl_r_hook(nl_integer(control, "progress"));
  nl_tasks tasks = {0};
  tasks.design = &design;
  tasks.penalty = penalty;
  tasks.hook = &hook;
  SEXP outs = PROTECT(nl_r_open_tasks(&tasks, counts, offset, weights, lambda, control));
  nl_joint_fit(&tasks);
  nl_r_close_tasks(outs, &tasks);
  UNPROTECT(1);
  return outs;
}
