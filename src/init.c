/* init.c: every C routine that R can call, and nothing else. */
#define R_NO_REMAP
#include <R_ext/Rdynload.h>
#include <R_ext/Visibility.h>
#include <Rinternals.h>

/* r-basis.c */
SEXP nl_r_bspline(SEXP x, SEXP bounds, SEXP knots, SEXP order, SEXP n_threads);
SEXP nl_r_cyclic(SEXP x, SEXP bounds, SEXP n_basis, SEXP order, SEXP n_threads);
SEXP nl_r_raised_cosine(SEXP x, SEXP bounds, SEXP n_basis, SEXP width, SEXP warp,
                        SEXP last, SEXP n_threads);
SEXP nl_r_rescale(SEXP x, SEXP bounds, SEXP cyclic);
/* r-design.c */
SEXP nl_r_expand(SEXP block, SEXP n_obs);
SEXP nl_r_predictor(SEXP blocks, SEXP n_obs, SEXP coefficients);
SEXP nl_r_likelihood(SEXP blocks, SEXP coefficients, SEXP intercept, SEXP offset, SEXP v,
                     SEXP vy);
SEXP nl_r_moments(SEXP block, SEXP n_obs, SEXP weights, SEXP n_threads);
SEXP nl_r_distinct(SEXP columns, SEXP n_obs, SEXP limit);
/* r-joint.c */
SEXP nl_r_joint(SEXP blocks, SEXP counts, SEXP offset, SEXP weights, SEXP penalties,
                SEXP which, SEXP lambda, SEXP control);
/* r-path.c */
SEXP nl_r_paths(SEXP blocks, SEXP counts, SEXP offset, SEXP weights, SEXP penalty,
                SEXP lambda, SEXP control);
SEXP nl_r_threads(void);
SEXP nl_r_limit(SEXP path);
/* r-signal.c */
SEXP nl_r_convolve(SEXP x, SEXP start, SEXP kernel, SEXP first_lag);
SEXP nl_r_convolve_missing(SEXP x, SEXP start, SEXP kernel, SEXP first_lag);
SEXP nl_r_are_finite(SEXP x);
SEXP nl_r_are_counts(SEXP x);
SEXP nl_r_span(SEXP x);
SEXP nl_r_count_spikes(SEXP times, SEXP unit, SEXP n_unit, SEXP breaks);

/* The cast in two steps: -Wextra warns of a direct one between function types. */
#define ENTRY(name, n_argument) \
  { #name, (DL_FUNC)(void (*)(void)) & nl_r_##name, n_argument }

static const R_CallMethodDef entries[] = {
    ENTRY(bspline, 5),          ENTRY(cyclic, 5),       ENTRY(raised_cosine, 7),
    ENTRY(rescale, 3),          ENTRY(expand, 2),       ENTRY(predictor, 3),
    ENTRY(moments, 4),          ENTRY(distinct, 3),     ENTRY(paths, 7),
    ENTRY(threads, 0),          ENTRY(limit, 1),        ENTRY(convolve, 4),
    ENTRY(convolve_missing, 4), ENTRY(count_spikes, 4), ENTRY(joint, 8),
    ENTRY(likelihood, 6),       ENTRY(span, 1),         ENTRY(are_finite, 1),
    ENTRY(are_counts, 1),       {NULL, NULL, 0}};

void attribute_visible R_init_neurolasso(DllInfo *dll) {
  R_registerRoutines(dll, NULL, entries, NULL, NULL);
  R_useDynamicSymbols(dll, FALSE);
  R_forceSymbols(dll, TRUE);
}
