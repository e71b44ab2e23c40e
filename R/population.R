# population.R: one path per neuron over one shared design: counts as a matrix, bins x neurons.
#
# A group_lasso_population is a list of what all neurons share and what each has for itself; `[[` puts a neuron's
# path together (new_path()). Its fields, behind unclass():
#   fits      named by neuron: what fit_paths() returns, or list(error) where that failed
#   weight    G x N: the weight of each covariate's penalty, which depends on a neuron's bins
#   data      list(design, counts (n x N; NA: not known), offset, weights, na.action): the rows that were kept
#             for all neurons
#   na_class  "omit" or "exclude": what becomes of a bin that only some neurons miss
#   groups, free, overlap, standardize, lasso_share, ridge_share, link, control, call  as in a path

# Whether counts are many neurons'; check_counts() sees to those of one.
is_population <- function(counts) (is.data.frame(counts) || is.matrix(counts)) && ncol(counts) != 1

# What group_lasso() does for a matrix of counts. design: of as_design(); how: of
# check_shape(); neurons: as in neuron_sets().
fit_population <- function(design, counts, offset, weights, na.action, wanted, groups, multiplier, how, link,
                           control, progress, checkpoint, call, neurons) {
  counts <- check_counts_matrix(counts, nrow(design))
  sets <- neuron_sets(neurons, colnames(counts), groups)
  data <- with_threads(control, population_rows(design, counts, offset, weights, na.action))
  if (!is.null(sets)) {
    refuse_joint_shape(how, groups)
    return(fit_joint(data, groups, sets, wanted, multiplier, how, link, control, progress, checkpoint, call))
  }
  population <- new_population(vector("list", ncol(data$counts)), NULL, data, groups, how, link, control, call)
  work <- path_work(population, wanted, multiplier)
  checkpoint <- open_checkpoint(checkpoint, colnames(data$counts), work_parts(work, "paths"))
  records <- run_population(work, companies(data$counts, ncol(design)), fit_company, checkpoint, progress)
  population <- with_records(population, records)
  each_neuron(population, function(k) warn_of_path(population[[k]], any(multiplier > 0)))
  population
}

# A population with what run_population() says of its neurons. Of a neuron whose fit failed `fits` has
# list(error = a message), and the rest is NA.
with_records <- function(population, records) {
  x <- unclass(population)
  x$fits <- lapply(records, function(record) record$fit %||% record["error"])
  x$weight <- vapply(records, function(record) record$weight %||% rep(NA_real_, length(x$groups)),
                     double(length(x$groups)))
  x$weight <- matrix(x$weight, length(x$groups))
  structure(x, class = class(population))
}

# weight: G x N; more: further fields; class: what else it is.
new_population <- function(fits, weight, data, groups, how, link, control, call, more = NULL, class = NULL) {
  names(fits) <- colnames(data$counts)
  fields <- list(fits = fits, weight = weight,
                 data = data[c("design", "counts", "offset", "weights", "na.action")],
                 na_class = data$na_class, groups = groups$columns, free = groups$free,
                 overlap = groups$overlap,
                 standardize = how$standardize, lasso_share = how$lasso_share, ridge_share = how$ridge_share,
                 link = link, control = control, call = call)
  structure(c(fields, more), class = c(class, "group_lasso_population"))
}

# ---- counts --------------------------------------------------------------------------------------

# Bins x neurons, finite, not negative, or NA, with the neurons' names: n1, n2, ... where there are none.
check_counts_matrix <- function(counts, n_obs) {
  if (is.data.frame(counts)) {
    fits <- vapply(counts, function(x) is.numeric(x) && is.null(dim(x)), TRUE)
    if (!all(fits)) {
      stop_input("`counts` must have a numeric column for each neuron; not so ", quoted(names(counts)[!fits]),
                 ".", arg = "counts")
    }
    counts <- as.matrix(counts)
  }
  if (!is.numeric(counts) || ncol(counts) == 0) {
    stop_input("`counts` must be numeric spike counts, bins x neurons, not ", describe(counts), ".",
               arg = "counts")
  }
  if (nrow(counts) != n_obs) {
    stop_input("`counts` must have one row per bin, ", n_obs, " like the covariates, not ", nrow(counts), ".",
               arg = "counts")
  }
  dimnames(counts) <- list(NULL, counts_names(colnames(counts), ncol(counts)))
  refuse_cells(counts, is.infinite, "must be finite, but is infinite")
  refuse_cells(counts, function(y) !is.na(y) & y < 0, "must not be negative, but is")
  broken <- which_neurons(counts, function(y) any(y != round(y), na.rm = TRUE))
  if (any(broken)) {
    warn_user("`counts` has values that are not whole numbers in ", quoted(colnames(counts)[broken]),
              "; they are fitted as they are (quasi-Poisson).", class = "neurolasso_noninteger_counts",
              fields = list(neurons = colnames(counts)[broken]))
  }
  counts
}

counts_names <- function(names, n) {
  names <- filled_names(names, n, "n")
  if (anyDuplicated(names)) {
    stop_input("`counts` must have a column name of its own for each neuron; more than one: ",
               quoted(repeated(names)), ".", arg = "counts")
  }
  names
}

# is_bad: of a neuron's counts, which bins are
refuse_cells <- function(counts, is_bad, what) {
  neuron <- which(which_neurons(counts, function(y) any(is_bad(y))))
  if (length(neuron) == 0) return()
  stop_input("`counts` ", what, " in ", count_rows(is_bad(counts[, neuron[1]])), " of neuron ",
             quoted(colnames(counts)[neuron[1]]), ".", arg = "counts")
}

# Neurons of which f(counts) is TRUE; one after the other, so that there is no second matrix of all.
which_neurons <- function(counts, f) vapply(seq_len(ncol(counts)), function(k) f(counts[, k]), TRUE)

# model_rows() for all neurons: without the bins in which something that they share is missing, or the counts
# of all. A neuron without two known bins that count is taken for silent.
population_rows <- function(design, counts, offset, weights, na.action) {
  n_missing <- if (anyNA(counts)) rowSums(is.na(counts)) else numeric(nrow(counts))
  shared <- ifelse(n_missing == ncol(counts), NA, 0)
  na_class <- if (any(n_missing > 0)) class(missing_action(n_missing > 0, na.action)) else "omit"
  data <- model_rows(design, shared, offset, weights, na.action)
  if (!is.null(data$na.action)) counts <- counts[-data$na.action, , drop = FALSE]
  data$counts <- counts
  v <- prior_weights(data)
  hopeless <- which_neurons(counts, function(y) sum(!is.na(y)) < 2 || !any(v[!is.na(y)] > 0))
  if (any(hopeless)) {
    warn_user("`counts` has fewer than two known bins of weight above 0 for ",
              quoted(colnames(counts)[hopeless]),
              ", which are taken for silent.", class = "neurolasso_unknown_neuron",
              fields = list(neurons = colnames(counts)[hopeless]))
    data$counts[, hopeless] <- 0
  }
  data$na_class <- na_class
  data
}

# Neurons (numbers) by which bins they miss: those without missing bins go together.
missing_patterns <- function(counts) {
  if (!anyNA(counts)) return(list(seq_len(ncol(counts))))
  key <- vapply(seq_len(ncol(counts)), function(k) paste(which(is.na(counts[, k])), collapse = " "), "")
  unname(split(seq_len(ncol(counts)), factor(key, unique(key))))
}

known_or_zero <- function(y) {
  y <- as.double(y)
  y[is.na(y)] <- 0
  y
}

# ---- a list of paths -----------------------------------------------------------------------------

# f(k) for each neuron's number, `failed` for those without a fit. What it warns of is said once for each kind
# of warning, with the neurons' names.
each_neuron <- function(population, f, failed = NULL) {
  seen <- list()
  has_failed <- is_failed(population)
  out <- lapply(seq_along(names(population)), function(k) {
    if (has_failed[k]) return(failed)
    withCallingHandlers(f(k), neurolasso_warning = function(w) {
      seen[[length(seen) + 1]] <<- list(name = names(population)[k], warning = w)
      invokeRestart("muffleWarning")
    })
  })
  class <- vapply(seen, function(x) class(x$warning)[1], "")
  for (kind in unique(class)) warn_of_neurons(seen[class == kind], kind)
  stats::setNames(out, names(population))
}

# seen: list of list(name, warning), all of one kind
warn_of_neurons <- function(seen, kind) {
  neurons <- unique(vapply(seen, `[[`, "", "name"))
  warn_user("neuron ", quoted(neurons[1]), ": ", conditionMessage(seen[[1]]$warning),
            if (length(neurons) > 1) paste0(" The same of ", quoted(neurons[-1]), "."),
            class = kind, fields = list(neurons = neurons))
}

# The number of a neuron that was asked for by name or number.
find_neuron <- function(population, i) {
  names <- names(population)
  if (length(i) == 1 && is.character(i) && i %in% names) return(match(i, names))
  if (length(i) == 1 && is.numeric(i) && i %in% seq_along(names)) return(as.integer(i))
  stop_input("a neuron must be one of ", quoted(names), " or a number from 1 to ", length(names), ", not ",
             describe(i), ".", arg = "neuron")
}

# The path of neuron k, with the bins in which its counts are known.
neuron_path <- function(population, k) {
  x <- unclass(population)
  refuse_failed(population, k)
  data <- neuron_data(x$data, k, x$na_class)
  path <- new_path(x$fits[[k]], data, own_groups(x, names(x$fits)[k]), list(weight = x$weight[, k]),
                   path_shape(x), x$link, x$control, x$call)
  if (!is.null(x$sets)) path$fitted_with <- set_of(population, k)
  path
}

# Of a population's data those of neuron k: the bins in which its counts are known.
neuron_data <- function(data, k, na_class) {
  data$counts <- as.double(data$counts[, k])
  missing <- is.na(data$counts)
  if (any(missing)) {
    keep <- which(!missing)
    left <- seq_len(length(missing) + length(data$na.action))
    if (length(data$na.action) > 0) left <- left[-data$na.action]
    gone <- sort(c(as.integer(data$na.action), left[missing]))
    data$na.action <- structure(gone, names = as.character(gone), class = na_class)
    data$design <- design_rows(data$design, keep)
    for (part in c("counts", "offset", "weights")) if (!is.null(data[[part]])) data[[part]] <- data[[part]][keep]
  }
  data
}

refuse_failed <- function(population, k) {
  error <- unclass(population)$fits[[k]]$error
  if (is.null(error)) return()
  stop_input("neuron `", names(population)[k], "` has no path, because its fit failed: ", error,
             arg = "neuron", class = "neurolasso_failed_neuron")
}

# What a path says of its solutions, without its data: enough for path_at() and entry_order().
neuron_solutions <- function(population, k) {
  x <- unclass(population)
  parts <- c("lambda", "intercept", "coefficients", "group_norms", "group_scores", "lambda_max", "kkt")
  structure(c(x$fits[[k]][parts], list(groups = x$groups, group_weights = x$weight[, k])),
            class = "group_lasso_path")
}

#' A population of neurons
#'
#' [group_lasso()] with counts as a matrix or data frame, bins x neurons, fits a path for each neuron on one shared
#' design, with a lambda grid of its own unless `lambda` is given; several neurons ride in the same passes over the
#' data. The result is a list of paths: `population[["n12"]]`, `population$n12` or `population[[12]]` is the path of
#' that neuron, as [group_lasso()] would give it alone; `names()` are the neurons (the columns' names, else `n1`,
#' `n2`, ...), `length()` is how many, `population[1:5]` are some of them, `lapply()` goes over the paths. The
#' design is kept once.
#'
#' @section Lambdas:
#' Each neuron has its own grid, so a place on all of them is given either as `lambda`, one number for all neurons or
#' one for each, or as `fraction`, a share of each neuron's own `lambda_max`: 1 is where its first covariate is about
#' to enter.
#' Only where every path has a single lambda both may be left out. Where that is outside some neurons' fitted
#' ranges one warning of class `neurolasso_outside_path` names them.
#'
#' @section Missing counts and silent neurons:
#' A bin in which a covariate, the offset or the weights are missing, or the counts of all neurons, is left out for
#' all. A bin in which only some neurons' counts are missing is left out for these alone: they are fitted with the
#' weight 0 there, and their paths are those of the other bins. Neurons that miss the same bins are fitted
#' together.
#'
#' A neuron without spikes has all covariates out and a rate of 0, as in [group_lasso()]; one warning of class
#' `neurolasso_silent` names all of them, in its field `neurons`, too. So it is with the other warnings of paths.
#' A neuron without two known bins of weight above 0 is taken for silent, with a warning of class
#' `neurolasso_unknown_neuron`.
#'
#' @section More than one process:
#' Where the user has set a plan of the future package (`multisession`, `cluster`, job schedulers), neurons go out
#' through it. Each worker gets one future with the compact design and the counts of its own neurons. The units of work
#' are companies of three neurons (one, where the design has more than 500 columns), which share passes over the data,
#' wherever that is done: so the numbers are the same as alone, bit for bit on like machines with as many threads. Progress goes to progressr, where it is loaded.
#'
#' An error in a neuron's fit, and a worker that dies, don't stop the others. What had failed is fitted once more in
#' this process; what fails there, too, neuron by neuron, has no path: NA in every table, left out by `lapply()`, and
#' `[[` says why (`neurolasso_failed_neuron`). One warning of class `neurolasso_worker_failed` names all of them in its
#' field `neurons`, and those that have no path in `lost`. Where all fail, their error is raised.
#'
#' @section Checkpoints:
#' With `checkpoint`, the path of each neuron is written to that folder as soon as it is there, by the worker itself
#' where it can see the folder. The same call again reads what is whole and fits the rest; the result is identical to
#' one that was never stopped. A file that was cut short is made anew. The folder knows the problem by a checksum
#' of the covariates' columns, the counts and all arguments that matter to the answer (not `n_threads` and
#' `progress`): a folder of another problem is refused with an error of class `neurolasso_checkpoint`. A disk that
#' can't be written costs a warning (`neurolasso_checkpoint_unwritten`), not the fits. Folds that are drawn at random
#' are another problem each time, unless a seed was set.
#'
#' @param object A `group_lasso_population`.
#' @param lambda NULL, or one penalty for all neurons, or one for each. In `summary()` one.
#' @param fraction NULL, or one share (above 0) of each neuron's own `lambda_max`. In `summary()` one or several.
#' @param newdata NULL for the training bins, or raw covariates as in [predict.group_lasso_path()].
#' @param type `"link"`: the linear predictor; `"response"`: the expected count per bin.
#'   For `residuals()` as in [residuals.group_lasso_path()].
#' @param counts,metric,weights As in [score()].
#' @param covariate,n,at As in [tuning_curve()].
#' @param lag As in [refit()].
#' @param offset,session As in [predict.group_lasso_path()].
#' @param relative Divide by each neuron's `lambda_max`?
#' @param by As in [selected()].
#' @param ... Not used.
#' @return
#' \describe{
#'   \item{`coef()`}{(1 + p) x neurons: the intercept and the coefficients of the design's columns}
#'   \item{`selected()`}{logical, groups (or covariates) x neurons}
#'   \item{`entry_order()`}{covariates x neurons: the largest fitted lambda at which the covariate is in, NA where
#'     it never is}
#'   \item{`predict()`, `fitted()`}{bins x neurons: the training bins that were kept for all neurons (after
#'     [stats::na.exclude] all bins, NA where one was left out for all), or those of `newdata`. A bin in which
#'     only a neuron's count is missing has its prediction}
#'   \item{`deviance()`}{lambdas x neurons, each column at that neuron's lambdas}
#'   \item{`residuals()`}{bins x neurons, as `fitted()`; NA where the neuron's count is missing}
#'   \item{`score()`}{named by neuron: see [score()]}
#'   \item{`tuning_curve()`}{a data frame: the covariate's values as in [tuning_curve()], and the matrices `effect` and
#'     `rate`, points x neurons}
#'   \item{`refit()`}{a list named by neuron, of what [refit()] returns}
#'   \item{`nobs()`}{named by neuron: the bins used}
#'   \item{`summary()`}{a list of class `summary.group_lasso_population`: `share`, covariates x places, of the
#'     neurons with spikes the share that has the covariate in at each `fraction` (or at `lambda`); `sizes`, the
#'     number of covariates (from 0) x places, how many neurons with spikes have so many in; `neurons`, a data frame
#'     with a row per neuron (`bins`, `spikes`, `lambda_max`, `first`: the covariate that enters first,
#'     `n_covariates` in at the last place, `kkt`: the largest residual, `converged`); and what `print()` needs}
#' }
#' What has no method here (`simulate()`, `logLik()`, [shift_control()], ...) is asked of one neuron's path, or of
#' each: `lapply(population, shift_control)`.
#' @seealso [group_lasso()], [cv_group_lasso()] and [group_lasso_population_cv], [plot.group_lasso_population()].
#' @examples
#' session <- simulate_session(200, encodes = "position", seed = 1)
#' counts <- cbind(a = session$counts, b = rev(session$counts), quiet = rpois(length(session$counts), 0.1))
#' population <- group_lasso(session$covariates, counts, basis_bspline(5), n_lambda = 20)
#' population
#' summary(population, fraction = c(0.5, 0.2))
#' selected(population, fraction = 0.3)
#' entry_order(population, relative = TRUE)
#' head(predict(population, fraction = 0.2, type = "response"))
#' score(population, fraction = 0.2)
#' tuning_curve(population, "position", fraction = 0.2, n = 5)
#' coef(population[["a"]], lambda = population$a$lambda_max / 2)[1:3, ]
#' @name group_lasso_population
NULL

#' @export
names.group_lasso_population <- function(x) names(unclass(x)$fits)

#' @export
length.group_lasso_population <- function(x) length(unclass(x)$fits)

#' @export
`[[.group_lasso_population` <- function(x, i, ...) neuron_path(x, find_neuron(x, i))

#' @export
`$.group_lasso_population` <- function(x, name) x[[name]]

#' @export
`[.group_lasso_population` <- function(x, i) {
  at <- stats::setNames(seq_along(names(x)), names(x))[i]
  if (length(at) == 0 || anyNA(at) || anyDuplicated(at)) {
    stop_input("neurons must be names or numbers of at least one of the ", length(x), " neurons, each once.",
               arg = "neuron")
  }
  fields <- unclass(x)
  fields$fits <- fields$fits[at]
  fields$weight <- fields$weight[, at, drop = FALSE]
  fields$data$counts <- fields$data$counts[, at, drop = FALSE]
  structure(fields, class = class(x))
}

# What works on one path alone, a change of its fields included.
refuse_whole <- function(what) {
  stop_input(what,
             " is for one neuron's path, not for a population: take population[[1]], or lapply() over all of ",
             "them.", arg = "object", class = "neurolasso_needs_path")
}

#' @export
`[[<-.group_lasso_population` <- function(x, i, value) refuse_whole("this")

#' @export
`$<-.group_lasso_population` <- function(x, name, value) refuse_whole("this")

#' @export
logLik.group_lasso_population <- function(object, ...) refuse_whole("logLik()")

#' @export
simulate.group_lasso_population <- function(object, nsim = 1, seed = NULL, ...) refuse_whole("simulate()")

#' @export
as.list.group_lasso_population <- function(x, ...) {
  has_path <- which(!is_failed(x))
  stats::setNames(lapply(has_path, function(k) neuron_path(x, k)), names(x)[has_path])
}
