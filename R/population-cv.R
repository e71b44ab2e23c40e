# population-cv.R: cross-validation of all neurons of a population, with the same folds.
#
# A group_lasso_population_cv is a population with what the folds' models say of each neuron; `[[` puts the
# group_lasso_cv of one together (new_cv()). Its fields, behind unclass():
#   population  the group_lasso_population; of a neuron whose folds failed, too, it has no path
#   held_out    named by neuron: what score_folds() returns, NULL for a neuron that failed
#   adaptive    named by neuron: the weights of its groups, or NULL
#   folds, gap, call  of make_folds(); as in a group_lasso_cv

# first: a population, whose paths are kept unless there is `wanted` (of lambda_request(); NULL: each neuron's
# lambdas) or `adaptive`; folds: what make_folds() takes first.
cv_population <- function(first, wanted, adaptive, folds, gap, checkpoint, progress, call) {
  if (inherits(first, "group_lasso_joint")) {
    refuse_checkpoint(checkpoint, "neurons that are fitted together")
    return(cv_joint(first, wanted, adaptive, folds, gap, progress, call))
  }
  x <- unclass(first)
  folds <- do.call(make_folds, c(folds, list(x$data, population_signals(x))))
  neurons <- names(first)[!is_failed(first)]
  work <- folds_work(x, neurons, wanted, adaptive, folds$id, gap)
  checkpoint <- open_checkpoint(checkpoint, neurons, work_parts(work, "folds"))
  records <- run_population(work, as.list(neurons), fit_folds, checkpoint, progress)
  cv <- new_population_cv(first, records, !is.null(wanted) || adaptive, folds, gap, call)
  population <- population_of(cv)
  if (!is.null(wanted) || adaptive) {
    each_neuron(population, function(k) warn_of_path(population[[k]], any(population[[k]]$group_weights > 0)))
  }
  each_neuron(population, function(k) warn_of_folds(neuron_cv(cv, k)))
  cv
}

# What make_folds() must know to choose a block for all neurons.
population_signals <- function(x) {
  v <- prior_weights(x$data)
  list(design = x$data$design, counts = x$data$counts, v = v, groups = x$groups,
       moments = design_moments(x$data$design, v / sum(v)))
}

# ---- the fits of folds ---------------------------------------------------------------------------

# The work of cross-validating neurons (names). x: an unclassed population.
folds_work <- function(x, neurons, wanted, adaptive, folds, gap) {
  each <- lapply(stats::setNames(neurons, neurons), function(neuron) {
    list(wanted = wanted %||% lambda_request(x$fits[[neuron]]$lambda),
         weight = stats::setNames(x$weight[, match(neuron, names(x$fits))], names(x$groups)))
  })
  c(list(design = fitted_part(x$data$design), counts = x$data$counts[, neurons, drop = FALSE],
         offset = x$data$offset, weights = x$data$weights, na.action = x$data$na.action, na_class = x$na_class),
    x[problem_fields], list(adaptive = adaptive, folds = folds, gap = gap, each = each))
}

# The record of one neuron, whose folds and path ride in the same passes.
fit_folds <- function(work, neuron) {
  data <- neuron_data(work[c("design", "counts", "offset", "weights", "na.action")], neuron, work$na_class)
  first <- c(data, work[problem_fields], list(group_weights = work$each[[neuron]]$weight))
  parts <- split_folds(list(id = work$folds), work$gap, first)
  came <- cross_validate(path_problem(first), first, parts, work$each[[neuron]]$wanted, work$adaptive, FALSE)
  record <- list(fit = came$fit, weight = named_weights(came$penalty), adaptive = came$weights,
                 held_out = came$held_out)
  stats::setNames(list(record), neuron)
}

# ---- the class -----------------------------------------------------------------------------------

# new_paths: whether the paths of the records replace those of the population.
new_population_cv <- function(population, records, new_paths, folds, gap, call) {
  neurons <- stats::setNames(nm = names(population))
  x <- unclass(population)
  # of a neuron that has failed before there is no record
  records <- lapply(neurons, function(neuron) records[[neuron]] %||% x$fits[[neuron]])
  if (!new_paths) {
    records <- Map(function(record, fit, k) {
      if (is.null(record$error)) replace(record, c("fit", "weight"), list(fit, x$weight[, k])) else record
    }, records, x$fits, seq_along(records))
  }
  population <- with_records(population, records)
  structure(list(population = population, held_out = lapply(records, `[[`, "held_out"),
                 adaptive = lapply(records, `[[`, "adaptive"), folds = folds, gap = gap, call = call),
            class = "group_lasso_population_cv")
}

population_of <- function(cv) unclass(cv)$population

# The cross-validation of neuron k; path: its path, or what stands for it.
neuron_cv <- function(cv, k, path = neuron_solutions(population_of(cv), k)) {
  force(path) # which says why, where there is none
  x <- unclass(cv)
  one <- new_cv(path, x$adaptive[[k]], x$folds, x$gap, x$held_out[[k]], x$call)
  if (!is.null(x$together)) one[chosen_places] <- together_of(cv, k)[chosen_places]
  one
}

# A value for each neuron of a function of its cross-validation; NA without one.
each_cv <- function(cv, f) {
  has_failed <- is_failed(population_of(cv))
  values <- vapply(seq_along(has_failed), function(k) if (has_failed[k]) NA_real_ else f(neuron_cv(cv, k)), 0)
  stats::setNames(values, names(cv))
}

# The lambda of each neuron: lambda_1se for NULL, that of a name, or what was given.
population_cv_lambda <- function(cv, lambda) {
  if (!is.null(lambda) && !is.character(lambda)) return(lambda)
  lambda <- check_choice(lambda %||% "lambda_1se", c("lambda_1se", "lambda_min"), "lambda")
  each_cv(cv, function(one) one[[lambda]])
}

#' A cross-validated population
#'
#' [cv_group_lasso()] with counts as a matrix or data frame, bins x neurons, or with a [group_lasso_population].
#' All neurons have the same folds, each its own path and its own `lambda_min` and `lambda_1se`. The result is a list
#' of cross-validations: `cv[["n12"]]`, `cv$n12` or `cv[[12]]` is that neuron's `group_lasso_cv`; `names()`, `length()`,
#' `cv[1:5]` and `lapply()` are as for a [group_lasso_population].
#'
#' Blocks of the default folds are 5 correlation times long, as in [cv_group_lasso()], of the longest among the
#' covariates and the counts of all neurons. The folds of a neuron ride in the same passes over the data; neurons go
#' out through the plan of the future package, and stay in the folder `checkpoint`, as
#' [described there][group_lasso_population]. Warnings of folds are given once, with the neurons' names in the field
#' `neurons`.
#'
#' Neurons that share groups have one penalty for each set, chosen by the score of all of them together: see
#' [group_lasso_joint].
#'
#' @param object What [cv_group_lasso()] returns for a population.
#' @param lambda NULL or `"lambda_1se"`, `"lambda_min"`: each neuron's own; or numbers, one for all neurons or one
#'   for each. In `summary()` a name.
#' @param covariate,n,at As in [tuning_curve()].
#' @param newdata,type,offset,session As in [predict.group_lasso_population()]; `type` of `residuals()` as in
#'   [residuals.group_lasso_path()].
#' @param counts,metric As in [score()].
#' @param lag As in [refit()].
#' @param ... Further arguments of the population's method.
#' @return As for a [group_lasso_population], at each neuron's `lambda_1se` unless told otherwise:
#' \describe{
#'   \item{`coef()`, `selected()`, `predict()`, `fitted()`, `residuals()`, `tuning_curve()`, `refit()`}{see there}
#'   \item{`score()`}{named by neuron: without `newdata` of the held-out bins of all folds, each predicted by the model
#'     that had not seen them}
#'   \item{`summary()`}{a list of class `summary.group_lasso_population_cv`: `share`, per covariate, of the neurons with
#'     spikes the share that has it in; `sizes`, how many neurons with spikes have 0, 1, ... covariates in;
#'     `neurons`, a data frame with a row per neuron (`spikes`, `bits_per_spike` of the held-out bins and its standard
#'     error `se`, `lambda`, `n_covariates`, `covariates`: their names, `converged`: all fits of all folds); `together`,
#'     for neurons that share groups a data frame with a row per set (`set`, `neurons`: how many, `lambda_min`,
#'     `lambda_1se`, `bits_per_spike`, `se`); and what `print()` needs}
#' }
#' @seealso [cv_group_lasso()], [group_lasso_population], [plot.group_lasso_population_cv()].
#' @examples
#' session <- simulate_session(200, encodes = "position", seed = 1)
#' counts <- cbind(a = session$counts, b = rev(session$counts), quiet = rpois(length(session$counts), 0.1))
#' cv <- cv_group_lasso(session$covariates, counts, basis = basis_bspline(5), n_lambda = 20, n_folds = 5)
#' cv
#' selected(cv)
#' score(cv)
#' summary(cv, lambda = "lambda_min")
#' cv[["a"]]
#' @name group_lasso_population_cv
NULL

#' @export
names.group_lasso_population_cv <- function(x) names(unclass(x)$held_out)

#' @export
length.group_lasso_population_cv <- function(x) length(unclass(x)$held_out)

#' @export
`[[.group_lasso_population_cv` <- function(x, i, ...) {
  k <- find_neuron(x, i)
  neuron_cv(x, k, population_of(x)[[k]])
}

#' @export
`$.group_lasso_population_cv` <- function(x, name) x[[name]]

#' @export
`[.group_lasso_population_cv` <- function(x, i) {
  fields <- unclass(x)
  fields$population <- fields$population[i]
  for (part in c("held_out", "adaptive")) fields[[part]] <- fields[[part]][names(fields$population)]
  structure(fields, class = class(x))
}

#' @export
`[[<-.group_lasso_population_cv` <- function(x, i, value) refuse_whole("this")

#' @export
`$<-.group_lasso_population_cv` <- function(x, name, value) refuse_whole("this")

#' @export
as.list.group_lasso_population_cv <- function(x, ...) {
  has_path <- which(!is_failed(population_of(x)))
  stats::setNames(lapply(has_path, function(k) x[[k]]), names(x)[has_path])
}

# ---- methods -------------------------------------------------------------------------------------

#' @rdname group_lasso_population_cv
#' @export
coef.group_lasso_population_cv <- function(object, lambda = NULL, ...) {
  coef(population_of(object), population_cv_lambda(object, lambda), ...)
}

#' @rdname group_lasso_population_cv
#' @export
selected.group_lasso_population_cv <- function(object, lambda = NULL, ...) {
  selected(population_of(object), population_cv_lambda(object, lambda), ...)
}

#' @rdname group_lasso_population_cv
#' @export
entry_order.group_lasso_population_cv <- function(object, ...) entry_order(population_of(object), ...)

#' @rdname group_lasso_population_cv
#' @export
predict.group_lasso_population_cv <- function(object, newdata = NULL, lambda = NULL,
                                              type = c("link", "response"),
                                              offset = NULL, session = NULL, ...) {
  predict(population_of(object), newdata, population_cv_lambda(object, lambda), type = type, offset = offset,
          session = session, ...)
}

#' @rdname group_lasso_population_cv
#' @export
fitted.group_lasso_population_cv <- function(object, lambda = NULL, ...) {
  fitted(population_of(object), population_cv_lambda(object, lambda), ...)
}

#' @rdname group_lasso_population_cv
#' @export
residuals.group_lasso_population_cv <- function(object, lambda = NULL, type = residual_types, ...) {
  residuals(population_of(object), population_cv_lambda(object, lambda), type = type, ...)
}

#' @rdname group_lasso_population_cv
#' @export
tuning_curve.group_lasso_population_cv <- function(object, covariate, lambda = NULL, n = 100, at = NULL, ...) {
  tuning_curve(population_of(object), covariate, population_cv_lambda(object, lambda), n = n, at = at, ...)
}

#' @rdname group_lasso_population_cv
#' @export
refit.group_lasso_population_cv <- function(object, lambda = NULL, lag = NULL, ...) {
  refit(population_of(object), population_cv_lambda(object, lambda), lag = lag, ...)
}

#' @rdname group_lasso_population_cv
#' @export
score.group_lasso_population_cv <- function(object, newdata = NULL, counts = NULL,
                                            metric = c("bits_per_spike", "deviance_explained", "mcfadden", "cohen"),
                                            lambda = NULL, ...) {
  metric <- check_choice(metric, score_metrics, "metric")
  lambda <- population_cv_lambda(object, lambda)
  if (!is.null(newdata) || !is.null(counts)) {
    return(score(population_of(object), newdata, counts, metric, lambda, ...))
  }
  check_no_more(...)
  check_place(lambda, NULL, length(object))
  lambda <- stats::setNames(rep_len(lambda, length(object)), names(object))
  out <- each_neuron(population_of(object), function(k) {
    unname(score(neuron_cv(object, k), metric = metric, lambda = lambda[[k]]))
  }, NA_real_)
  unlist(out)
}

#' @rdname group_lasso_population_cv
#' @export
deviance.group_lasso_population_cv <- function(object, ...) deviance(population_of(object), ...)

#' @rdname group_lasso_population_cv
#' @export
nobs.group_lasso_population_cv <- function(object, ...) nobs(population_of(object))

#' @rdname group_lasso_population_cv
#' @export
summary.group_lasso_population_cv <- function(object, lambda = NULL, ...) {
  check_no_more(...)
  place <- check_choice(lambda %||% "lambda_1se", c("lambda_1se", "lambda_min"), "lambda")
  population <- population_of(object)
  is_in <- selected(object, place)
  spiking <- !is_silent(population) & !is_failed(population)
  known <- is_in[, spiking, drop = FALSE]
  table <- function(what) each_cv(object, what)
  neurons <- data.frame(
    spikes = colSums(unclass(population)$data$counts, na.rm = TRUE), bits_per_spike = table(function(one) {
      one$cv_mean[match(one[[place]], one$lambda)]
    }), se = table(function(one) one$cv_se[match(one[[place]], one$lambda)]),
    lambda = population_cv_lambda(object, place), n_covariates = colSums(is_in),
    covariates = apply(is_in, 2, function(active) toString(rownames(is_in)[active %in% TRUE])),
    converged = table(function(one) all(one$converged)) == 1 & is_converged(population),
    row.names = names(object)
  )
  neurons$covariates[is_failed(population)] <- NA
  x <- unclass(object)
  structure(
    list(overview = population_overview(population), place = place,
         share = if (any(spiking)) rowMeans(known) else NA * rowMeans(is_in),
         sizes = stats::setNames(tabulate(colSums(known) + 1, nrow(is_in) + 1), 0:nrow(is_in)),
         neurons = neurons, together = together_table(object, place),
         fold_kind = x$folds$kind, n_folds = max(x$folds$id), block = x$folds$block, gap = x$gap,
         call = x$call),
    class = "summary.group_lasso_population_cv"
  )
}

#' @export
print.group_lasso_population_cv <- function(x, ...) {
  print_population_cv(summary(x))
  invisible(x)
}

# x: a summary.
print_population_cv <- function(x, most = 10) {
  print_population(x$overview)
  cat(sprintf("%s, the same for all neurons: %s\n", count_of(x$n_folds, "fold"), describe_folds(x)))
  print_together(x$together, x$place)
  bits <- x$neurons$bits_per_spike
  scored <- sum(!is.na(bits))
  if (scored > 0) {
    cat(sprintf("held-out bits/spike at %s: median %.3f, from %.3f to %.3f; above 0 in %d of %s\n", x$place,
                stats::median(bits, na.rm = TRUE), min(bits, na.rm = TRUE), max(bits, na.rm = TRUE),
                sum(bits > 0, na.rm = TRUE), count_of(scored, "neuron")))
  }
  share <- sort(x$share, decreasing = TRUE)
  shown <- first_few(share[share > 0], most)
  cat(sprintf("Share of the %s with spikes that has a %s in:\n", count_of(sum(x$sizes), "neuron"), x$overview$word))
  if (length(shown) > 0) {
    cat(sprintf("  %-*s  %.2f\n", max(nchar(names(shown))), names(shown), shown), sep = "")
  }
  out <- setdiff(names(x$share), names(shown))
  if (length(out) > 0) cat(sprintf("  %s: %s\n", if (sum(x$share > 0, na.rm = TRUE) > most) "less often or never" else
    "never", paste(first_few(out, most), collapse = ", ")), if (length(out) > most) sprintf("  and %d more\n",
                                                                                      length(out) - most), sep = "")
}

#' @export
print.summary.group_lasso_population_cv <- function(x, digits = 3, ...) {
  print_population_cv(x)
  cat(sprintf("\nNeurons by how many %ss are in:\n", x$overview$word))
  used <- x$sizes[seq_len(max(which(x$sizes > 0), 1))]
  print(used)
  cat("\n")
  print(format(say_counted(x$neurons[setdiff(names(x$neurons), "covariates")], x$overview$word), digits = digits))
  invisible(x)
}
