/* ensemble.h: neurons that share groups. Every neuron has its own model, its own coordinates
 * theta_g of each group g (none where it has no part in it) and its own Gram; a group's
 * penalty is lambda w_g ||(theta_g of neuron 1, theta_g of neuron 2, ...)||, so that it is
 * in for all of its neurons or for none. The objective is the sum of the neurons' losses
 * plus these penalties. */
#ifndef NL_ENSEMBLE_H
#define NL_ENSEMBLE_H

#include "line.h"

typedef struct {
  nl_solver solver; /* its penalty: the neuron's coordinates, the shared w and scale */
  nl_model model;
  nl_pipeline line; /* where it starts from (origin), and its one point */
  nl_point
      *before[NL_MAX_BEFORE]; /* where it was at the last lambdas, the latest first */
  double part;   /* the neuron's share of the residual: the largest over the groups */
  int gram_slow; /* its Gram has become a poor metric */
  int metric; /* which neuron's Gram it works with: its own, or that of an earlier one with
                    the same coordinates, as a copy of its struct with a stretch of its own */
  int n_with; /* how many work with its Gram: 1 for itself alone, 0 if it has none */
  double
      curvature; /* where several work with its Gram: its own c, when that was made, and */
  double excess; /* how much more curved it turned out to be than c times that Gram */
} nl_neuron;

typedef struct {
  int n_neuron;
  nl_neuron *neuron; /* n_neuron; all have the same number of groups, w and scale */
  int n_group;
  int max_rank;  /* the largest sum of a group's ranks over the neurons */
  double *space; /* 5 * max_rank */
  double *part;  /* n_neuron: scratch of who looks at a step */
  int *is_in;    /* n_group: flags of nl_ensemble_mark() */
  /* scratch of bordered.h */
  int *border;       /* n_group */
  double *norm;      /* n_group */
  double *stiffness; /* n_group */
  nl_room room;
  const nl_gram *rooms; /* the Gram that has the latest rooms (nl_setup_lend) */
} nl_ensemble;

/* Any neuron's: n_group, weight and scale are the same for all. */
const nl_penalty *nl_ensemble_penalty(const nl_ensemble *ensemble);

/* Where a vector of a neuron is: over all coordinates, or in the order of its Gram. */
typedef enum { NL_THETA, NL_GRADIENT, NL_NEXT_THETA, NL_NEXT_GRADIENT } nl_vector_kind;
typedef enum { NL_MODEL_X, NL_MODEL_SLOPE } nl_model_vector;

/* Group g's coordinates of one neuron after the other into `out`; returns how many. The
 * gradients are those for the columns as they were given. */
int nl_ensemble_gather(const nl_ensemble *ensemble, int g, nl_vector_kind kind,
                       double *out);
int nl_ensemble_gather_model(const nl_ensemble *ensemble, int g, nl_model_vector which,
                             double *out);

/* The largest KKT residual over the first n_seen groups of the set, or over all (n_seen < 0),
 * and the neurons' intercepts, at now or at next; part (n_neuron): each one's share. */
double nl_ensemble_residual(const nl_ensemble *ensemble, const nl_level *level,
                            int n_seen, int at_next, double *part);
/* That of one group at now. */
double nl_ensemble_group_residual(const nl_ensemble *ensemble, const nl_level *level,
                                  int g);

/* lambda sum of w ||theta||, at now or at next. */
double nl_ensemble_penalty_value(const nl_ensemble *ensemble, const nl_level *level,
                                 int at_next);

/* ||gradient|| / w of a group at now, or / scale. 0 where that is 0. */
double nl_ensemble_score(const nl_ensemble *ensemble, int g, double w);

/* Whether a group is in at the x of the neurons' models. */
int nl_ensemble_is_active(const nl_ensemble *ensemble, const nl_level *level, int g);
/* Flags those of the Gram's groups that are. */
void nl_ensemble_mark(nl_ensemble *ensemble, const nl_level *level);
/* Lists the coordinates of one neuron's groups that are flagged, in its Gram's order; returns
 * how many. */
int nl_ensemble_coordinates(const nl_ensemble *ensemble, const nl_neuron *neuron,
                            int *index);

/* Takes a group into every neuron's set. */
void nl_ensemble_include(nl_ensemble *ensemble, int g);
/* Grams that cover the sets. */
void nl_ensemble_cover(nl_ensemble *ensemble);
/* The Gram of one neuron, and of all that work with it, is what `gram` is now. */
void nl_ensemble_share(nl_ensemble *ensemble, int metric, const nl_gram *gram);

#endif
