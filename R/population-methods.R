# population-methods.R: what a path answers at one lambda, asked of all neurons of a population.

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
  trained <- list(design = x$data$design, counts = x$data$counts, offset = x$data$offset %||% numeric(nobs_kept(x)),
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

# eta: the predictor of neuron k in the bins of `data`; trained: the bins of the fit, whose rate is the null model.
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
    stop_input("`counts` must have a column for each of the neurons ", quoted(names), ", not be ", describe(counts),
               ".", arg = "counts")
  }
  check_counts_matrix(if (length(dim(counts)) == 2) counts else cbind(counts), n_obs)
}

#' @rdname group_lasso_population
#' @export
tuning_curve.group_lasso_population <- function(object, covariate, lambda = NULL, fraction = NULL, n = 100, at = NULL,
                                                ...) {
  check_no_more(...)
  lambda <- neuron_lambdas(object, lambda, fraction)
  curves <- each_neuron(object, function(k) tuning_curve(object[[k]], covariate, lambda[[k]], n, at))
  bind_curves(curves)
}

# Curves of neurons, one of them perhaps NULL, as one data frame with the matrices `effect` and `rate`.
bind_curves <- function(curves) {
  out <- Filter(Negate(is.null), curves)[[1]]
  for (part in c("effect", "rate")) {
    out[[part]] <- vapply(curves, function(curve) curve[[part]] %||% rep(NA_real_, nrow(out)), double(nrow(out)))
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
