/* cost.h: what the solver's work costs, in multiplications of one lane, and the choices
 * that rest on it. Nothing here changes an answer, only how long it takes. */
#ifndef NL_COST_H
#define NL_COST_H

#include "design.h"

/* A pass: the linear predictor of the blocks that are on, the exponential, and the
 * gradient of the blocks wanted (flags, n_block; NULL: all). Per row and lane. */
double nl_cost_pass(const nl_design *design, const int *on, const int *wanted);

/* A Gram of the set (flags; NULL: of all), in passes of NL_LANES lanes that look at the
 * set: a Gram is not built anew before as much was spent on passes. */
double nl_cost_gram(const nl_design *design, const int *set, int stride);

/* Passes after which a Gram is old. */
enum { NL_GRAM_OLD = 8 };
/* Whether a new Gram of the set is worth its cost: the passes and sweeps since the last one
 * (`age`, in such passes) cost as much, or it is old. is_root: it is kept as its root. */
int nl_cost_gram_is_due(const nl_design *design, const int *set, int stride, int is_root,
                        double age);

/* Whether a Gram of the set's n_theta coordinates is better kept as its root (root.h):
 * where all columns of the set are dense and there are not many more bins than
 * coordinates, the sweeps that it is to serve cost less than the Gram. */
int nl_cost_root_pays(const nl_design *design, const int *set, int n_theta);

/* Sweeps in lanes that read so many entries of H, in the same passes. */
double nl_cost_sweeps(const nl_design *design, const int *set, double n_read);

/* Whether sweeps over the quadratic model on a Gram of so many coordinates are not cheap
 * against a pass of one lane: it is large, or bins are few. */
int nl_cost_sweeps_are_dear(const nl_design *design, const int *set, int n_theta);

/* Whether a look at all groups is so cheap, compared with a look at the set (flags), that
 * every pass takes it. */
int nl_cost_look_is_cheap(const nl_design *design, const int *set);
/* Whether it costs so little more that one which may be the last a point needs is better
 * taken at once than after a look at the set. */
int nl_cost_look_is_fair(const nl_design *design, const int *set);

/* Whether a group more in the set makes passes and Grams much longer: where columns are
 * dense. */
int nl_cost_groups_are_dear(const nl_design *design);

/* Whether the quadratic models of several points are solved in lanes, rather than one by
 * one, on a Gram of so many coordinates. */
int nl_cost_lanes_pay(int n_model, int n_theta);

/* Whether the quadratic model on a Gram of so many coordinates may be solved once more, only
 * for a better prediction. */
int nl_cost_sketch_pays(const nl_design *design, const int *set, int n_theta);

/* The rows a Gram rests on: one in so many, that it costs little more than the passes
 * between two of them, but not fewer rows than its coordinates ask for: its sampling
 * error is about sqrt(n_theta / rows), less where neighbouring rows are alike. */
int nl_cost_stride(const nl_design *design, int n_theta);
/* Rows are left out one by one, or, where blocks have dense columns, in runs of this
 * length. */
int nl_cost_run(const nl_design *design);

#endif
