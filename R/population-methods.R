# population-methods.R: what a path answers at one lambda, asked of all neurons of a population.

# Intercept (N), coefficients (p x N) and norms (G x N) of all neurons at one lambda or fraction, as path_at()
# gives them for the lambdas of one path.
population_at <- function(population, lambda, fraction) {
  lambda <- neuron_lambdas(population, lambda, fraction)
  points <- each_neuron(population, function(k) path_at(neuron_solutions(population, k), lambda[[k]]),
                        no_point(population))
  bind <- function(part) {
    out <- do.call(cbind, lapply(points, `[[`, part))
    colnames(out) <- names(population)
    out
  }
  coefficients <- bind("coefficients")
  rownames(coefficients) <- unclass(unclass(population)$data$design)$columns
  norms <- bind("norms")
  rownames(norms) <- names(unclass(population)$groups)
  list(lambda = vapply(points, `[[`, 0, "lambda"), labels = names(population),
       intercept = vapply(points, `[[`, 0, "intercept"), coefficients = coefficients, norms = norms)
}

# The point of a neuron whose fit failed.
no_point <- function(population) {
  x <- unclass(population)
  list(lambda = NA_real_, intercept = NA_real_, coefficients = matrix(NA_real_, ncol(x$data$design), 1),
       norms = matrix(NA_real_, length(x$groups), 1))
}

# lambda: NULL, one number, or one for each of n neurons.
check_place <- function(lambda, fraction, n) {
  if (!is.null(lambda) && !is.null(fraction)) {
    stop_input("give one of `lambda` and `fraction`, not both.", arg = "fraction")
  }
  if (!is.null(fraction)) check_number(fraction, "fraction", 0, open = TRUE)
  if (is.null(lambda)) return()
  if (length(lambda) != 1 && (length(lambda) != n || !is.numeric(lambda))) {
    stop_input("`lambda` must be one number, or one for each of the ", n, " neurons, not ", describe(lambda),
               ".", arg = "lambda")
  }
  if (length(lambda) == 1 && (!is.numeric(lambda) || is.na(lambda))) check_number(lambda, "lambda", 0)
}

# The lambda of each neuron there; NA for one without a fit.
neuron_lambdas <- function(population, lambda, fraction) {
  check_place(lambda, fraction, length(population))
  has_failed <- is_failed(population)
  vapply(seq_along(has_failed), function(k) {
    if (has_failed[k]) return(NA_real_)
    neuron_lambda(neuron_solutions(population, k), if (length(lambda) > 1) lambda[[k]] else lambda, fraction)
  }, 0)
}

# A neuron without signal has no scale for a fraction, and the same solution everywhere.
neuron_lambda <- function(path, lambda, fraction) {
  if (path$lambda_max == 0 && !(is.null(fraction) && is.null(lambda))) return(path$lambda[1])
  if (!is.null(fraction)) return(fraction * path$lambda_max)
  if (!is.null(lambda)) return(lambda)
  one_lambda(path, lambda, "a population (or give `fraction`, a share of each neuron's lambda_max)")
}

# Which neurons have no fit, because it failed; no spike; a fit that reached the tolerance everywhere.
is_failed <- function(population) vapply(unclass(population)$fits, function(fit) !is.null(fit$error), TRUE)

is_silent <- function(population) {
  vapply(unclass(population)$fits, function(fit) is.null(fit$error) && all(fit$intercept == -Inf), TRUE)
}

is_converged <- function(population) {
  vapply(unclass(population)$fits, function(fit) is.null(fit$error) && all(fit$status == 0L), TRUE)
}

#' @rdname group_lasso_population
#' @export
coef.group_lasso_population <- function(object, lambda = NULL, fraction = NULL, ...) {
  check_no_more(...)
  at <- population_at(object, lambda, fraction)
  rbind("(Intercept)" = at$intercept, at$coefficients)
}

#' @rdname group_lasso_population
#' @export
selected.group_lasso_population <- function(object, lambda = NULL, fraction = NULL, by = c("group", "covariate"),
                                            ...) {
  check_no_more(...)
  by <- check_choice(by, c("group", "covariate"), "by")
  active_at(population_at(object, lambda, fraction), by, unclass(object)$data$design)
}

#' @rdname group_lasso_population
#' @export
entry_order.group_lasso_population <- function(object, relative = FALSE, ...) {
  check_no_more(...)
  relative <- check_flag(relative, "relative")
  covariates <- names(unclass(object)$groups)
  has_failed <- is_failed(object)
  entries <- vapply(seq_along(names(object)), function(k) {
    if (has_failed[k]) return(rep(NA_real_, length(covariates)))
    path <- neuron_solutions(object, k)
    unname(entry_order(path)[covariates]) / (if (relative && path$lambda_max > 0) path$lambda_max else 1)
  }, double(length(covariates)))
  matrix(entries, length(covariates), dimnames = list(covariates, names(object)))
}

#' @rdname group_lasso_population
#' @export
predict.group_lasso_population <- function(object, newdata = NULL, lambda = NULL, fraction = NULL,
                                           type = c("link", "response"), offset = NULL, session = NULL, ...) {
  check_no_more(...)
  type <- check_choice(type, c("link", "response"), "type")
  at <- population_at(object, lambda, fraction)
  # all neurons at one place are to the design what one path is at many lambdas
  data <- c(unclass(object)$data, unclass(object)["link"])
  link <- predict_at(data, at, newdata, offset, session)
  if (type == "response") inverse_link(link, data$link) else link
}

#' @rdname group_lasso_population
#' @export
fitted.group_lasso_population <- function(object, lambda = NULL, fraction = NULL, ...) {
  check_no_more(...)
  predict(object, lambda = lambda, fraction = fraction, type = "response")
}

#' @rdname group_lasso_population
#' @export
deviance.group_lasso_population <- function(object, ...) {
  check_no_more(...)
  known <- vapply(object, deviance, double(population_overview(object)$n_lambda))
  out <- matrix(NA_real_, NROW(known), length(object), dimnames = list(NULL, names(object)))
  out[, !is_failed(object)] <- known
  out
}

#' @rdname group_lasso_population
#' @export
nobs.group_lasso_population <- function(object, ...) {
  check_no_more(...)
  data <- unclass(object)$data
  colSums(!is.na(data$counts) & prior_weights(data) > 0)
}

#' @rdname group_lasso_population
#' @export
residuals.group_lasso_population <- function(object, lambda = NULL, fraction = NULL,
                                             type = c("deviance", "pearson", "response", "working"), ...) {
  check_no_more(...)
  type <- check_choice(type, residual_types, "type")
  data <- unclass(object)$data
  link <- link_at(data$design, population_at(object, lambda, fraction), data$offset)
  pad_missing(data, residuals_at(data$counts, link, type, unclass(object)$link))
}

#' @rdname group_lasso_population
#' @export
score.group_lasso_population <- function(object, newdata = NULL, counts = NULL,
                                         metric = c("bits_per_spike", "deviance_explained", "mcfadden", "cohen"),
                                         lambda = NULL, fraction = NULL, offset = NULL, weights = NULL,
                                         session = NULL, ...) {
  check_no_more(...)
  metric <- check_choice(metric, score_metrics, "metric")
  at <- population_at(object, lambda, fraction)
  x <- unclass(object)
  trained <- list(design = x$data$design, counts = x$data$counts,
                  offset = x$data$offset %||% numeric(nobs_kept(x)),
                  weights = prior_weights(x$data), missing = logical(nobs_kept(x)))
  data <- if (is.null(newdata)) {
    refuse_without_newdata(counts, offset, weights, session)
    trained
  } else {
    population_newdata(object, newdata, counts, offset, weights, session)
  }
  # a few neurons at a time: a table of all their predictors is as large as all counts
  several <- max(most_predicted %/% nrow(data$counts), 1)
  parts <- split(seq_along(x$fits), (seq_along(x$fits) - 1) %/% several)
  out <- lapply(parts, function(neurons) {
    part <- list(labels = at$labels[neurons], intercept = at$intercept[neurons],
                 coefficients = at$coefficients[, neurons, drop = FALSE])
    eta <- link_at(data$design, part, data$offset)
    vapply(seq_along(neurons), function(i) score_neuron(eta[, i], data, trained, neurons[i], metric, x$link), 0)
  })
  stats::setNames(unlist(out, use.names = FALSE), names(object))
}

nobs_kept <- function(x) nrow(x$data$counts)

# eta: the predictor of neuron k in the bins of `data`; trained: the bins of the
# fit, whose rate is the null model.
score_neuron <- function(eta, data, trained, k, metric, link) {
  used <- which(!data$missing & !is.na(data$counts[, k]))
  known <- which(!is.na(trained$counts[, k]))
  if (length(used) == 0 || anyNA(eta[used])) return(NA_real_)
  intercept <- null_intercept(trained$counts[known, k], trained$offset[known], trained$weights[known], link)
  base <- score_base(data$counts[used, k], data$offset[used], data$weights[used], intercept, link)
  kernel <- loglik_kernel(cbind(eta[used]), data$counts[used, k], data$weights[used], link)
  metric_value(kernel, base, metric)
}

population_newdata <- function(population, newdata, counts, offset, weights, session) {
  data <- c(unclass(population)$data, unclass(population)["link"])
  bins <- new_bins(data, newdata, counts, offset, weights, session)
  if (all(bins$missing)) stop_input("`newdata` must have at least one bin without missing values.", arg = "newdata")
  c(bins, list(counts = match_neurons(counts, population, nrow(bins$design))))
}

# Counts of new bins with the neurons' columns in their order.
match_neurons <- function(counts, population, n_obs) {
  names <- names(population)
  given <- colnames(counts)
  if (length(dim(counts)) == 2 && !is.null(given) && all(names %in% given)) counts <- counts[, names, drop = FALSE]
  if (NCOL(counts) != length(names) || (!is.null(given) && !setequal(colnames(counts), names))) {
    stop_input("`counts` must have a column for each of the neurons ", quoted(names), ", not be ",
               describe(counts), ".", arg = "counts")
  }
  check_counts_matrix(if (length(dim(counts)) == 2) counts else cbind(counts), n_obs)
}

#' @rdname group_lasso_population
#' @export
tuning_curve.group_lasso_population <- function(object, covariate, lambda = NULL, fraction = NULL, n = 100,
                                                at = NULL, ...) {
  check_no_more(...)
  lambda <- neuron_lambdas(object, lambda, fraction)
  curves <- each_neuron(object, function(k) tuning_curve(object[[k]], covariate, lambda[[k]], n, at))
  bind_curves(curves)
}

# Curves of neurons, one of them perhaps NULL, as one data frame with the matrices `effect` and `rate`.
bind_curves <- function(curves) {
  out <- Filter(Negate(is.null), curves)[[1]]
  for (part in c("effect", "rate")) {
    out[[part]] <- vapply(curves, function(curve) curve[[part]] %||% rep(NA_real_, nrow(out)),
                          double(nrow(out)))
  }
  out
}

#' @rdname group_lasso_population
#' @export
refit.group_lasso_population <- function(object, lambda = NULL, fraction = NULL, lag = NULL, ...) {
  check_no_more(...)
  lambda <- neuron_lambdas(object, lambda, fraction)
  each_neuron(object, function(k) refit(object[[k]], lambda[[k]], lag))[!is_failed(object)]
}
