/* line.h: one path on its way: its lambdas, the points that work on them, what these start
 * from, and where solutions go. */
#ifndef NL_LINE_H
#define NL_LINE_H

#include "predict.h"

/* The slope of the strong rule that a set is screened by, see line.c. */
#define NL_SLOPE 0.2
/* What a step is hoped to leave of the residual. */
#define NL_USUAL_CONTRACTION 0.04
/* Groups that enter a set come along with those that so many lambdas ahead will need. */
enum { NL_SCREEN_AHEAD = 7 };

/* Points that are kept of a path that is fitted alone: those on their way, and those that
 * predictions rest on. */
enum { NL_POINTS = 24 };

/* What a path returns. L = n_lambda. All arrays belong to the caller. */
typedef struct {
  int n_lambda;
  int max_passes;   /* over the data, per lambda */
  double reference; /* lambda_max if every group_weights were 1: the unit at lambda = 0 */
  double lambda_max;    /* the smallest lambda at which every penalised group is zero */
  const double *lambda; /* L, decreasing; set after nl_path_null */
  double *intercept;    /* L: for the columns as the user gave them */
  double *beta;         /* n_col x L */
  double *norm;  /* rows x L (nl_penalty_n_row): ||theta||, the norm that is penalised */
  double *score; /* rows x L: nl_line_score(), of parts nl_part_score() */
  double *loss;  /* L: the smooth part of the objective */
  double *df;    /* L: degrees of freedom, the intercept among them; NaN for a path that
                           follows another */
  double *kkt;   /* L: largest KKT residual over groups and intercept */
  int *status;   /* L: nl_status */
  int *n_pass;   /* L: passes over the data that it rode in */
} nl_path;

/* A lambda to solve for; out .. out + n_out - 1 are its places in the path; a stepping
 * stone has none. */
typedef struct {
  double lambda;
  double tol;
  int out;
  int n_out;
} nl_job;

/* Jobs that a path of n lambdas can have: the lambdas and the stones between them. */
int nl_line_jobs(int n_lambda);

typedef struct {
  nl_solver *solver;
  const nl_model *model;
  nl_path *path;
  nl_point *point; /* n_point: job j is point j % n_point */
  int n_point;
  nl_point *origin; /* the model without penalised groups */
  nl_job *job; /* nl_line_jobs(n_lambda); those before next_job in order of beginning */
  int n_job;
  int next_job; /* the first that has not begun */
  int n_done;
  int ahead;            /* most points that move at a time */
  double foretold;      /* the residual where the last prediction led */
  nl_trail *trail;      /* where solutions are noted for others; NULL: nowhere */
  const nl_trail *lead; /* the solutions of a path like this one; NULL: of none */
} nl_pipeline;

/* Lists the path's lambdas in order, with stepping stones where they are far apart. top:
 * where the path begins. */
void nl_line_list(nl_pipeline *line, double tol, double top);

/* Lets every second lambda wait for the one after it, where they are close: between two
 * solutions the prediction is better than beyond the last one. */
void nl_line_alternate(nl_pipeline *line);

/* How a point stands to a look at all groups. */
typedef enum {
  NL_AWAY,    /* nobody's, or done */
  NL_FAR,     /* has steps to go */
  NL_HOPEFUL, /* the next step may be its last */
  NL_WAITING  /* waits for it: parked */
} nl_standing;

nl_standing nl_line_standing(const nl_pipeline *line, const nl_point *point);
/* How many points stand so. */
int nl_line_count(const nl_pipeline *line, nl_standing standing);

/* Lets points begin while there is room; some are done at once. */
void nl_line_begin(nl_pipeline *line);

/* Writes a point's solution, without its degrees of freedom, to place l of the path. */
void nl_line_store(const nl_pipeline *line, const nl_point *point, int l);
/* Writes a point's solution to its places in the path. */
void nl_line_finish(nl_pipeline *line, const nl_point *point);

/* The slope that other points predict at one that is still where another one is (length:
 * the Gram's; scratch of the solver); NULL if there is none. */
const double *nl_line_predict(const nl_pipeline *line, const nl_point *point);

/* The smallest lambda at which the gradient at a point holds a group at zero: ||gradient|| /
 * w where its penalty is a norm. Where it is not penalised, with what w was. */
double nl_line_score(const nl_solver *solver, const nl_point *point, int g);
/* The largest score that a group has, or would have if it were not multiplied. */
double nl_line_largest(const nl_solver *solver, const nl_point *point,
                       int only_penalised);

#endif
