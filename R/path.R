#' Group-lasso path of a Poisson encoding model
#'
#' Fits the model for a whole sequence of penalties \eqn{\lambda}{lambda}, from the one at which every
#' covariate is out down to weak ones. One covariate is one group of coefficients, so it is in or out as a
#' whole; `groups` makes other groups.
#'
#' @section What is minimised:
#' \deqn{\frac{1}{V}\sum_t v_t\,[\mu_t - y_t\log\mu_t] + \lambda\sum_g w_g\,\|A_g\beta_g\|_2,\qquad
#'   \eta_t = o_t + b + \sum_g X_g[t,]\,\beta_g,\quad V = \sum_t v_t}{
#'   (1/V) sum_t v_t [mu_t - y_t log mu_t] + lambda sum_g w_g ||A_g beta_g||,
#'   eta_t = o_t + b + sum_g X_g[t, ] beta_g,  V = sum_t v_t}
#' with the expected count \eqn{\mu_t = \exp\eta_t}{mu_t = exp(eta_t)} for `link = "log"` and
#' \eqn{\mu_t = \log(1 + \exp\eta_t)}{mu_t = log(1 + exp(eta_t))} for `link = "softplus"`, whose rate rises
#' exponentially where it is low and in proportion to \eqn{\eta}{eta} where it is high. Both losses are
#' convex. The intercept \eqn{b} is not penalised. With \eqn{S_g} the (weighted) covariance of a group's
#' \eqn{p_g} columns, `standardize` chooses
#' \tabular{lll}{
#'   `"calibrated"` \tab \eqn{A_g = (S_g + t_g I)^{1/2}}{A = (S + t I)^(1/2)}, \eqn{t_g = tr(S_g)/p_g}{t =
#'     tr(S)/p} \tab \eqn{w_g = \sqrt{tr(S_g (S_g + t_g I)^{-1})}}{w = sqrt(tr(S (S + t I)^-1))}, the root of
#'     the effective degrees of freedom \cr
#'   `"group"` \tab \eqn{A_g = S_g^{1/2}}{A = S^(1/2)} on its range \tab \eqn{w_g = \sqrt{rank\,S_g}}{w =
#'   sqrt(rank S)} \cr
#'   `"none"` \tab \eqn{A_g = I}{A = I} \tab \eqn{w_g = \sqrt{p_g}}{w = sqrt(p)}
#' }
#' Under `"calibrated"` every covariate that has no effect has the same expected squared score, whatever its
#' units, its number of columns and the parts of its range that were hardly visited, so that the first
#' to enter is the one with the most to say. `"group"` is the standardised group lasso of Simon and
#' Tibshirani (2012). `"none"` is the plain one: there \eqn{\lambda}{lambda} means what it means in NeMoS.
#'
#' @section How covariates are written:
#' No column need be left out: bases that sum to one, duplicated columns, columns without data and constants
#' fit as they are. With `"group"` the fitted values, `lambda` and norms are those of the space of functions,
#' however its columns span it: without a redundant column, in other units (each column in its own), mixed by
#' any invertible matrix, with duplicates or empty columns added. Its rank counts the eigenvalues above 1e-8
#' of the largest: of the columns' correlations where the covariate is taken as it is (or through a basis with
#' few zeros, such as [basis_custom()]), of their covariance where it goes through splines or the like, whose
#' columns share one scale; so a spline that hardly any data reach is no degree of freedom.
#'
#' `"calibrated"` adds a ridge on the coefficients of the columns as they are given. A fit stays the same
#' where the columns are rotated (mixed by an orthogonal matrix), permuted, shifted, or all multiplied by one
#' number. It changes where one is left out or multiplied by itself. Columns without data change it by little,
#' as they lower \eqn{t_g}{t}: one beside 12 splines moved fitted rates by up to 0.6 percent on a simulated
#' session, 12 of them, which is the same as to give every column twice, by up to 5 percent.
#'
#' @section Solutions:
#' A solution is one where, with \eqn{\nabla_g}{grad_g} the gradient of the loss in the coordinates
#' \eqn{\theta_g = A_g\beta_g}{theta_g = A_g beta_g},
#' \itemize{
#'   \item in groups that are in,
#'     \eqn{\nabla_g + \lambda w_g\,\theta_g/\|\theta_g\| = 0}{grad_g + lambda w_g theta_g / ||theta_g|| = 0};
#'   \item in groups that are out, \eqn{\|\nabla_g\| \le \lambda w_g}{||grad_g|| <= lambda w_g};
#'   \item for the intercept, \eqn{\sum_t v_t r_t = 0}{sum_t v_t r_t = 0} with
#'     \eqn{r_t = (1 - y_t/\mu_t)\,d\mu_t/d\eta_t}{r_t = (1 - y_t / mu_t) d mu_t / d eta_t}, which is
#'     \eqn{\mu_t - y_t}{mu_t - y_t} with the log link.
#' }
#' `kkt` is the largest residual of these conditions, relative to \eqn{\lambda w_g}{lambda w_g} (where
#' \eqn{\lambda}{lambda} is 0, that of `lambda_max`) and, for the intercept, to
#' \eqn{\sum_t v_t y_t}{sum_t v_t y_t}.
#'
#' @section Sparse groups and a ridge:
#' With a = `lasso_share` and r = `ridge_share`, and \eqn{\theta_g = A_g\beta_g}{theta_g = A_g beta_g} of \eqn{p_g}
#' coordinates, the penalty is
#' \deqn{\lambda\sum_g w_g\Big\{(1-r)\big[(1-a)\|\theta_g\|_2 + \frac{a}{\sqrt{p_g}}\|\theta_g\|_1\big] +
#'   \frac{r}{2}\|\theta_g\|_2^2\Big\}}{lambda sum_g w_g { (1 - r) [ (1 - a) ||theta_g|| + a / sqrt(p_g)
#'   ||theta_g||_1 ] + r / 2 ||theta_g||^2 }}
#' `lasso_share` lets single columns of a covariate that is in drop out (Simon et al. 2013): which lags matter, which
#' places. A group of columns that matter alike costs the same at any share, one in which few matter costs less as the
#' share grows; 1 is the lasso. `ridge_share` shrinks smoothly, as in the elastic net (Zou and Hastie 2005), which
#' steadies what is chosen among covariates that resemble each other.
#'
#' Where the lasso share is above 0, coordinates must be the columns, so \eqn{A_g} is diagonal: in the table above
#' \eqn{S_g} is then the diagonal of the covariance. With `standardize = "none"` and `lasso_share = 1`,
#' \eqn{\lambda}{lambda} is that of glmnet; and so it is for groups of one column with
#' `alpha = 1 - ridge_share` there.
#'
#' `lambda_max` remains the smallest \eqn{\lambda}{lambda} at which every covariate is out, and `group_scores` are
#' the \eqn{\lambda}{lambda} at which a covariate's gradient would no longer bring it in. `kkt` is the distance of
#' \eqn{-\nabla_g}{-grad_g} from the subdifferential of the penalty, relative to
#' \eqn{\lambda w_g}{lambda w_g}. [refit()] takes all columns of a covariate that is in.
#'
#' @section How it is solved:
#' Proximal Newton steps with sufficient decrease; the quadratic model is solved by block coordinate
#' descent with exact block solutions (a root in one dimension, or, where there are terms inside a group, Newton
#' steps on the columns that move); a working set by the sequential strong rule, checked against
#' the optimality conditions of every group. `kkt` is the residual of these conditions, computed from
#' the data at every \eqn{\lambda}{lambda}; a fit with `kkt` above `tol` warns.
#'
#' @inheritParams expand_covariates
#' @param covariates A named list, or a data frame, of covariates with one value (row) per bin, as in
#'   [expand_covariates()]; or a `covariate_design`; or a formula, see below.
#' @param counts Spike counts per bin: finite, not negative. Values that are not whole numbers are
#'   fitted as they are, with a warning. A matrix or data frame, bins x neurons, is a population: a path for each
#'   neuron, see [group_lasso_population]. A matrix of one column is one neuron.
#' @param groups NULL: one group per covariate. Else which columns of the design (`position.1`, ...) are in or out
#'   together: a list, with an element for each group, of names of columns or covariates; a label for each column (a
#'   whole number, string or factor); or a matrix of 0 and 1, groups x columns. See below. With counts of several
#'   neurons also an array of 0 and 1, groups x columns x neurons, see [group_lasso_joint].
#' @param lambda NULL for a sequence made from the data, or the values to fit at, in any order
#'   (the path holds them in decreasing order; ask for yours with `coef(path, lambda = )`).
#' @param n_lambda,lambda_min_ratio Length of that sequence, and its last value as a share of the first,
#'   which is the smallest at which all covariates are out.
#' @param group_weights NULL, or a factor for each group's penalty (in order, or named by group, which is a
#'   covariate unless there are `groups`); 0: never penalised, always in.
#' @param standardize How groups are scaled; see below.
#' @param lasso_share,ridge_share Numbers from 0 to 1 (`ridge_share` below 1): how much of the penalty is an l1 norm of
#'   the columns, and of that how much a ridge; see below.
#' @param overlap What columns in several groups mean: `"latent"`, the sum of a part for each group; or
#'   `"intersection"`, for groups inside groups: each has a norm of its own, see below.
#' @param link How the expected count follows from the linear predictor: `"log"`,
#'   \eqn{\mu = \exp\eta}{mu = exp(eta)}, or `"softplus"`,
#'   \eqn{\mu = \log(1 + \exp\eta)}{mu = log(1 + exp(eta))}.
#' @param offset NULL, or a known part of the linear predictor per bin. With the log link that is a known
#'   part of the log rate: the log of the bin width (s), the log occupancy. With the softplus link it is
#'   added to \eqn{\eta}{eta} just so, and is not a log exposure.
#' @param weights NULL, or prior weights per bin; a weight of 2 counts a bin twice, 0 leaves it out.
#' @param neurons With counts of several neurons: `"separate"`, a path for each. `"joint"`: a covariate enters for all
#'   neurons or for none, see [group_lasso_joint]. A list of neurons (names or numbers) that share, or a factor with
#'   a level per neuron: joint within each set; who is in no set is by itself.
#' @param discretize NULL, or a whole number m of at least 2, or a list or vector of them named by
#'   covariate: covariates that go through a basis (numeric vectors, and the columns of a matrix whose basis
#'   is a product) are rounded to m equally spaced values over their range before the basis is evaluated.
#'   They are then kept as tables, which are smaller and faster than a row for each bin, where the bins are
#'   at least eight times as many as the values (for a product: as their combinations that occur). A
#'   covariate with at most m different values stays as it is, and so do factors and columns without a
#'   basis. Bounds are learned from the values as they were, and `predict()` rounds nothing. The path says
#'   in `discretized` how far values were moved at most.
#' @param na.action What to do with bins in which a covariate, the counts, the offset or the weights
#'   are NA: [stats::na.omit] drops them (`print()` says how many), [stats::na.exclude] drops them and
#'   pads `fitted()` and `residuals()`, [stats::na.fail] stops.
#' @param control See [group_lasso_control()].
#' @param progress Draw a progress bar on the console, if the fit takes longer than two seconds.
#' @param data With a formula: a data frame or named list of its variables, which may also stand in the place
#'   of `counts`; what it hasn't is looked up where the formula was written.
#' @param checkpoint With counts of several neurons: NULL, or a folder in which each neuron's path is kept as soon as
#'   it is there, so that a run that was stopped goes on where it was, see [group_lasso_population].
#' @return A [group_lasso_population] where `counts` are several neurons'; else a `group_lasso_path`, a list of
#'   (L lambdas, p columns, G groups: the covariates, unless there are `groups`)
#' \describe{
#'   \item{`lambda`}{length L, decreasing}
#'   \item{`intercept`}{length L}
#'   \item{`coefficients`}{p x L, for the columns of the design as they are; rows `position.1`, ...}
#'   \item{`group_norms`}{G x L: \eqn{\|A_g\beta_g\|}{||A_g beta_g||}, exactly zero for groups that are
#'     out; where groups overlap, of their own parts \eqn{\beta^{(g)}}{beta^(g)}}
#'   \item{`group_scores`}{G x L: \eqn{\|\nabla_g\|/w_g}{||grad_g|| / w_g} in the coordinates of \eqn{A_g};
#'     a group is out while its score is below \eqn{\lambda}{lambda}}
#'   \item{`groups`}{the column numbers of each group}
#'   \item{`free`}{the column numbers of those in no group, by covariate; an empty list where there are none}
#'   \item{`group_weights`}{length G: \eqn{w_g}, with the user's factor}
#'   \item{`df`}{length L: degrees of freedom, the intercept included (Vaiter et al. 2017), with the
#'     curvature that the solver holds, which may be that of a neighbouring lambda: a few percent off at
#'     most where that was measured. NA where more than 1000 coefficients are active, and where dense columns
#'     are so many, and bins so few, that the solver does without that matrix}
#'   \item{`deviance`, `null_deviance`}{length L, and of the model with intercept and offset alone}
#'   \item{`kkt`, `converged`, `n_passes`}{length L: the certificate; whether it is below `tol`; passes over
#'     the data in which this lambda took part}
#'   \item{`n_rounds`, `n_grams`}{passes over the data in all, each shared by up to 8 lambdas; how often the
#'     curvature of the loss was computed}
#'   \item{`lambda_max`}{the smallest lambda at which all penalised groups are out}
#'   \item{`n_obs`}{bins used}
#'   \item{`discretized`}{NULL, or what `discretize` moved a value by at most: named by covariate (`place.x`
#'     for a column of a matrix), in its units}
#'   \item{`window_edges`}{NULL, or what windows of [basis_conv()] leave out at the beginning (`before`) and the
#'     end (`after`) of each of the `sessions`, and how many `bins` that is in all}
#'   \item{`design`, `counts`, `offset`, `weights`, `na.action`, `standardize`, `lasso_share`, `ridge_share`, `overlap`, `link`, `control`,
#'     `call`}{what was fitted, and how}
#' }
#' @section Groups:
#' By default a covariate's columns are a group. `groups` has other ones:
#' \describe{
#'   \item{a list}{an element for each group: names of columns (`"position.1"`), names of covariates, which stand
#'     for all their columns, or column numbers. `list(left = paste0("position.", 1:4), right =
#'     paste0("position.", 5:8))` are parts of one basis; `list(theta = c("theta_phase", "theta_power"), speed =
#'     "speed")` lets two covariates in together}
#'   \item{a label per column}{in any order: whole numbers (0 or NA: in no group), strings or a factor (`""` or NA);
#'     if they have names, these are the columns'}
#'   \item{a mask}{0 and 1, groups x columns, as NeMoS has it; or, as there, a list of one mask per covariate}
#'   \item{[hierarchical_groups()]}{interactions that enter only with their main effects}
#' }
#' Groups are named by the list, by levels or strings, by the mask's row names, else `g1`, `g2`, ... A path then
#' speaks of groups (`selected()`, `entry_order()`, `plot()`, `group_norms`) and of covariates where curves are asked
#' for (`tuning_curve()`, `predict(type = "terms")`).
#'
#' Columns in no group are not penalised and always in (`free`; `print()` names them): no result lists them as
#' selected. In a group of several covariates, `t_g` of `"calibrated"` is that of each covariate's columns, so that
#' units don't matter there either.
#'
#' A column may be in several groups: the *latent* group lasso of Jacob et al. (2009). Its coefficient is the sum of
#' one part for each of its groups, \eqn{\beta = \sum_g \beta^{(g)}}{beta = sum_g beta^(g)}, and the penalty is
#' \eqn{\lambda\sum_g w_g\|A_g\beta^{(g)}\|}{lambda sum_g w_g ||A_g beta^(g)||} for the parts that make it
#' smallest. So the columns that are not zero are a union of groups. No column is copied.
#'
#' With `overlap = "intersection"` the penalty is the sum of all groups' norms, \eqn{\lambda\sum_g
#' w_g\|\theta_g\|}{lambda sum_g w_g ||theta_g||}, and a column is in only if all of its groups are: the columns that
#' are zero are a union of groups. Two groups must lie apart or one inside the other, for which the proximal step is
#' exact (Jenatton et al. 2011); others are refused. So `list(place = "place", fine = paste0("place.", 5:20))` lets a
#' covariate in without its finer part, but not that part alone. Scales are those of the outermost group, each column by
#' itself as with a `lasso_share`; \eqn{w_g} of a group inside follows from its columns' scales there. The l1 norm and
#' the ridge are those of outermost groups. [shift_control()] and [forward_selection()] don't take such paths.
#' @section Formula:
#' `group_lasso(counts ~ basis_bspline(position, 6) + speed, data)` is the fit of `counts` on the list of
#' `position` and `speed` with `basis = list(position = basis_bspline(6))`. Each term is one covariate, one
#' group:
#' \itemize{
#'   \item `basis_bspline(position, 6)`, and so any function that makes a basis: its first argument is the
#'     covariate, the others are those of the basis. `basis_matrix(position, b)` takes a basis `b` made
#'     before.
#'   \item `basis_bspline(x, 6) * basis_bspline(y, 6)`, or with `:`, is their product, a place field: one
#'     group, without main effects of its own (they are in its span).
#'   \item Anything else, `speed`, `log(speed)`, `factor(arm)`, a matrix, is taken as it is.
#'   \item `offset(log(dt))` is an offset, as the argument `offset` is; give one or the other.
#' }
#' Covariates are named by their expressions (`"position"`, `"log(speed)"`, `"x:y"`); where two terms share
#' one, by the whole term. The intercept can't be taken away. `predict()` takes new data with the variables
#' of the formula; bounds, knots and levels are those of the training data.
#' @section Silent neurons:
#' Without a single spike the path has all covariates out and a rate of 0 (intercept `-Inf`), with a
#' warning of class `neurolasso_silent`, and goes on.
#' @section Errors and warnings:
#' Input that can't be used stops with a condition of class `neurolasso_input_error` that names the
#' argument. Warnings have classes, too: `neurolasso_not_converged`, `neurolasso_silent`,
#' `neurolasso_no_signal`, `neurolasso_separation` (lambda = 0), `neurolasso_noninteger_counts`,
#' `neurolasso_out_of_bounds`, `neurolasso_units` (degrees for radians), `neurolasso_short_session`,
#' `neurolasso_many_lags`.
#' @references
#' Yuan and Lin (2006), J R Stat Soc B 68:49, \doi{10.1111/j.1467-9868.2005.00532.x}.
#' Simon and Tibshirani (2012), Stat Sin 22:983, \doi{10.5705/ss.2011.075}.
#' Overlap: Jacob, Obozinski and Vert (2009), Proc 26th ICML, 433, \doi{10.1145/1553374.1553431}.
#' Simon, Friedman, Hastie and Tibshirani (2013), J Comput Graph Stat 22:231, \doi{10.1080/10618600.2012.681250}.
#' Zou and Hastie (2005), J R Stat Soc B 67:301, \doi{10.1111/j.1467-9868.2005.00503.x}.
#' Jenatton et al. (2011), J Mach Learn Res 12:2297.
#' Tibshirani et al. (2012), J R Stat Soc B 74:245, \doi{10.1111/j.1467-9868.2011.01004.x}.
#' Vaiter et al. (2017), Ann Inst Stat Math 69:791, \doi{10.1007/s10463-016-0563-z}.
#' Discretized covariates: Wood et al. (2017), J Am Stat Assoc 112:1199, \doi{10.1080/01621459.2016.1195744};
#' Li and Wood (2020), Stat Comput 30:19, \doi{10.1007/s11222-019-09864-2}.
#' Softplus is one of the inverse links that NeMoS offers for Poisson counts,
#' <https://github.com/flatironinstitute/nemos>.
#' @seealso [entry_order()], [selected()], [tuning_curve()], [plot.group_lasso_path()],
#'   [predict.group_lasso_path()].
#' @examples
#' session <- simulate_session(300, encodes = "position", seed = 1)
#' path <- group_lasso(
#'   session$covariates, session$counts,
#'   basis = list(
#'     position = basis_bspline(8), speed = basis_bspline(5),
#'     head_direction = basis_cyclic(6, bounds = c(0, 2 * pi)),
#'     theta_phase = basis_cyclic(6, bounds = c(0, 2 * pi))
#'   ),
#'   offset = rep(log(session$bin_width), length(session$counts))
#' )
#' path
#' entry_order(path)
#' plot(path)
#' # the same covariates in a formula
#' data <- data.frame(session$covariates, counts = session$counts)
#' group_lasso(counts ~ basis_bspline(position, 8) + basis_natural(speed, 5), data, n_lambda = 20)
#' # parts of the track as groups
#' group_lasso(session$covariates["position"], session$counts, basis_bspline(8),
#'             groups = list(near = paste0("position.", 1:4), far = paste0("position.", 5:8)), n_lambda = 20)
#' # single columns may drop out of a covariate that is in
#' sparse <- group_lasso(session$covariates, session$counts, basis_bspline(8), lasso_share = 0.5, n_lambda = 20)
#' colSums(coef(sparse)[-1, ] != 0)
#' # another link, and covariates rounded to 100 values
#' group_lasso(session$covariates, session$counts, basis_bspline(5), link = "softplus", discretize = 100,
#'             n_lambda = 20)
#' @export
group_lasso <- function(covariates, counts, basis = NULL, groups = NULL, lambda = NULL, n_lambda = 100,
                        lambda_min_ratio = 0.01, group_weights = NULL,
                        standardize = c("calibrated", "group", "none"), link = c("log", "softplus"),
                        offset = NULL, weights = NULL, session = NULL, neurons = c("separate", "joint"),
                        discretize = NULL, na.action = na.omit, control = group_lasso_control(),
                        progress = interactive(), data = NULL, checkpoint = NULL, lasso_share = 0,
                        ridge_share = 0, overlap = c("latent", "intersection")) {
  call <- match.call()
  how <- check_shape(standardize, lasso_share, ridge_share)
  link <- check_choice(link, link_names, "link")
  control <- check_control(control)
  progress <- check_flag(progress, "progress")
  wanted <- lambda_request(lambda, n_lambda, lambda_min_ratio)
  na.action <- check_na_action(na.action)
  checkpoint <- check_checkpoint(checkpoint)
  model <- read_model(covariates, counts, basis, offset, data)
  design <- keep_source(as_design(model$covariates, model$basis, discretize, session), model$source)
  groups <- if (is_neuron_mask(groups)) read_neuron_mask(groups, design) else read_groups(groups, design)
  multiplier <- check_group_weights(group_weights, names(groups$columns))
  groups <- with_overlap(groups, check_overlap(overlap), multiplier)
  if (is_population(model$counts)) {
    return(fit_population(design, model$counts, model$offset, weights, na.action, wanted, groups, multiplier,
                          how, link, control, progress, checkpoint, call, neurons))
  }
  refuse_checkpoint(checkpoint)
  neuron_sets(neurons, "n1", groups) # nobody to share with; what it can't be is said all the same
  groups <- groups_of_one(groups)
  data <- model_rows(design, model$counts, model$offset, weights, na.action)

  v <- prior_weights(data)
  v <- v / max(v)
  moments <- design_moments(data$design, v / sum(v))
  penalty <- penalty_for(group_moments(data$design, moments, groups, v / sum(v)), groups, how, multiplier)
  fit <- fit_path(data, v, moments, penalty, wanted, link, control, progress)
  path <- new_path(fit, data, groups, penalty, how, link, control, call)
  warn_of_path(path, any(multiplier > 0))
  path
}

# ---- what is asked for ---------------------------------------------------------------------------

# A design whose bases need not be evaluated yet: model_rows() does that for the rows to fit.
as_design <- function(covariates, basis, discretize, session) {
  if (!inherits(covariates, "covariate_design")) return(plan_design(covariates, basis, discretize, session))
  refuse_session(session, "covariates")
  if (!is.null(basis)) {
    stop_input("`basis` must be NULL where `covariates` is a covariate_design, which has its bases.",
               arg = "basis")
  }
  if (!is.null(discretize)) {
    stop_input("`discretize` must be NULL where `covariates` is a covariate_design: its bases have been ",
               "evaluated already, at the values as they were. Give the raw covariates and `basis`.",
               arg = "discretize")
  }
  covariates
}

# values: decreasing, or NULL for a grid of n values down to ratio times lambda_max.
lambda_request <- function(lambda, n_lambda, ratio) {
  if (!is.null(lambda)) {
    lambda <- check_lambda(lambda)
    if (is.unsorted(-lambda)) lambda <- sort(lambda, decreasing = TRUE)
    return(list(values = lambda, n = length(lambda), ratio = 1))
  }
  list(values = NULL, n = check_count(n_lambda, "n_lambda"),
       ratio = check_number(ratio, "lambda_min_ratio", 0, 1, open = TRUE))
}

check_group_weights <- function(x, names) {
  if (is.null(x)) return(rep(1, length(names)))
  if (!is.numeric(x) || length(x) != length(names) || any(!is.finite(x)) || any(x < 0)) {
    stop_input("`group_weights` must be ", length(names), " finite numbers of at least 0, one per group, not ",
               describe(x), if (length(x) == 1) " alone", ".", arg = "group_weights")
  }
  if (is.null(names(x))) return(as.double(x))
  if (!setequal(names(x), names)) {
    stop_input("`group_weights` must be named by group: ", quoted(setdiff(names, names(x))),
               " missing.", arg = "group_weights")
  }
  as.double(x[names])
}

# Prior weights and offset of a path, or of the rows to fit, where they were not given: 1 and 0.
prior_weights <- function(x) x$weights %||% rep(1, NROW(x$counts))
known_offset <- function(x) x$offset %||% rep(0, length(x$counts))

# The rows to fit: design, counts, offset, weights without missing values, and the na.action.
model_rows <- function(design, counts, offset, weights, na.action) {
  n_obs <- nrow(design)
  data <- list(
    counts = check_counts(counts, n_obs),
    offset = check_row_values(offset, n_obs, "offset"),
    weights = check_row_values(weights, n_obs, "weights", lower = 0)
  )
  missing <- design_missing(design)
  for (x in data) if (!is.null(x)) missing <- missing | is.na(x)
  dropped <- NULL
  if (any(missing)) {
    dropped <- missing_action(missing, na.action)
    keep <- which(!missing)
    design <- design_rows(design, keep)
    data <- lapply(data, function(x) x[keep])
  }
  if (length(data$counts) < 2) {
    stop_input("a fit needs at least two bins", if (any(missing)) " without missing values", "; there ",
               if (length(data$counts) == 1) "is one." else "is none.")
  }
  if (!is.null(data$weights) && !any(data$weights > 0)) {
    stop_input("`weights` must be above 0 in at least one bin.", arg = "weights")
  }
  c(list(design = evaluated(design), na.action = dropped), data)
}

check_na_action <- function(na.action) {
  action <- if (is.character(na.action)) get0(na.action[1], mode = "function") else na.action
  if (!is.function(action)) {
    stop_input("`na.action` must be a function such as na.omit, not ", describe(na.action), ".",
               arg = "na.action")
  }
  action
}

# What na.action makes of rows with missing values: an "omit" or "exclude" object, or an error.
missing_action <- function(missing, na.action) {
  kept <- tryCatch(na.action(data.frame(x = ifelse(missing, NA, 0))), error = function(e) NULL)
  if (is.null(kept)) {
    stop_input("there are missing values in ", count_rows(missing), ", which `na.action` forbids.",
               arg = "na.action", class = "neurolasso_missing_values")
  }
  if (anyNA(kept$x)) {
    stop_input("`na.action` must drop bins with missing values (na.omit, na.exclude) or stop (na.fail).",
               arg = "na.action")
  }
  attr(kept, "na.action")
}

# ---- the fit -------------------------------------------------------------------------------------

fit_path <- function(data, v, moments, penalty, wanted, link, control, progress) {
  fit_paths(data$design, moments, penalty, list(data$counts), if (!is.null(data$weights)) v, data$offset,
            wanted, link, control, progress)[[1]]
}

# The path of a neuron without spikes: any lambda gives the empty model, so the grid is nominal.
silent_path <- function(wanted, penalty, n_col) {
  n_group <- n_named(penalty)
  lambda <- wanted$values %||% exp(seq(0, log(wanted$ratio), length.out = wanted$n))
  n <- length(lambda)
  list(
    lambda = lambda, intercept = rep(-Inf, n), coefficients = matrix(0, n_col, n),
    group_norms = matrix(0, n_group, n), group_scores = matrix(0, n_group, n), loss = rep(0, n),
    df = rep(1, n), kkt = rep(0, n), status = integer(n), n_pass = integer(n), lambda_max = 0,
    null_loss = 0, n_gram = 0L, n_round = 0L
  )
}

new_path <- function(fit, data, groups, penalty, how, link, control, call) {
  names <- names(groups$columns)
  dimnames(fit$coefficients) <- list(unclass(data$design)$columns, NULL)
  dimnames(fit$group_norms) <- dimnames(fit$group_scores) <- list(names, NULL)
  v <- prior_weights(data)
  deviance <- deviance_from_loss(c(fit$null_loss, fit$loss), data$counts, v)
  path <- list(
    lambda = fit$lambda, intercept = fit$intercept, coefficients = fit$coefficients,
    group_norms = fit$group_norms, group_scores = fit$group_scores,
    groups = groups$columns, free = groups$free, overlap = groups$overlap,
    group_weights = with_names(named_weights(penalty), names),
    df = replace(fit$df, is.nan(fit$df), NA), deviance = deviance[-1], null_deviance = deviance[1],
    kkt = fit$kkt, converged = fit$status == 0L, n_passes = fit$n_pass,
    n_grams = fit$n_gram, n_rounds = fit$n_round, lambda_max = fit$lambda_max, n_obs = sum(v > 0),
    design = data$design, discretized = unclass(data$design)$rounding,
    window_edges = unclass(data$design)$edges, counts = data$counts,
    offset = data$offset, weights = data$weights, na.action = data$na.action, standardize = how$standardize,
    lasso_share = how$lasso_share, ridge_share = how$ridge_share, link = link, control = control, call = call
  )
  of_class(path, "group_lasso_path")
}

# ---- what the user should know -------------------------------------------------------------------

# A fitted rate below this share of the mean at lambda = 0 speaks of bins whose rate runs off to 0.
separation_share <- 1e-5

# penalised: whether any covariate could be out
warn_of_path <- function(path, penalised) {
  if (path$lambda_max == 0 && all(path$counts == 0 | (path$weights %||% 1) == 0)) {
    warn_user("`counts` has no spike: every covariate is out and the rate is 0 at every lambda.",
              class = "neurolasso_silent")
    return()
  }
  if (path$lambda_max == 0 && penalised) {
    warn_user("no covariate has anything to do with the counts (constant counts or constant ",
              "covariates): all are out at every lambda.", class = "neurolasso_no_signal")
  }
  if (!all(path$converged)) {
    warn_user(sum(!path$converged), " of ", length(path$lambda), " lambdas did not reach the tolerance ",
              format(path$control$tol), "; the largest KKT residual is ",
              format(max(path$kkt), digits = 2), " (see `kkt` and `converged`).",
              class = "neurolasso_not_converged")
  }
  if (any(path$lambda == 0)) warn_of_separation(path)
}

warn_of_separation <- function(path) {
  v <- prior_weights(path)
  offset <- known_offset(path)
  link <- link_at(path$design, path_at(path, 0), offset)[, 1]
  relative <- lowest_share(link, offset, v, path$link)
  if (relative < separation_share) {
    warn_user("at lambda = 0 fitted rates go down to ", format(relative, digits = 2), " of the mean: some ",
              "part of a covariate has no spike (separation), and its coefficients have no finite ",
              "optimum; use a lambda above 0.", class = "neurolasso_separation")
  }
}
