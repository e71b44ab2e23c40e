#' Tuning curve of one covariate
#'
#' What the model says about one covariate: how the rate changes with it, all else as it was in the
#' session.
#'
#' `rate` at a value x is the mean rate over the training bins with this covariate set to x in every bin and
#' all else as recorded. With the log link it is per unit of exposure: \eqn{\sum_t v_t \exp(\eta_t - f(x_t)
#' + f(x)) / \sum_t v_t \exp(o_t)}{sum_t v_t exp(eta_t - f(x_t) + f(x)) / sum_t v_t exp(o_t)}, with \eqn{f}
#' the covariate's contribution. Without an offset that is spikes per bin; with `offset = log(bin width in
#' s)` it is spikes per second. With the softplus link, whose offset is no exposure, it is spikes per bin:
#' \eqn{\sum_t v_t \mu(\eta_t - f(x_t) + f(x)) / \sum_t v_t}{sum_t v_t mu(eta_t - f(x_t) + f(x)) / sum_t
#' v_t}.
#'
#' For a covariate under [basis_conv()] or [basis_history()] the curve is the fitted filter: `effect` is what
#' one unit of the signal, one spike, adds to the linear predictor `lag` bins later (negative lags: earlier),
#' and `rate` is the mean rate over the training bins with one unit more at that lag. With the log link one
#' spike multiplies the rate by `exp(effect)`.
#'
#' @param object A `group_lasso_path`.
#' @param covariate Its name.
#' @param lambda The penalty; may be left out only where the path has one.
#' @param n Points of the grid, over the training range; for products of bases, along each axis. NULL: 100,
#'   and for a product of more than two bases so many that there are at most 10,000 in all.
#' @param at NULL, or the values of the covariate to use instead of a grid (a matrix or data frame for
#'   a product). Filters are given at all their lags, without `n` and `at`.
#' @param ... Not used.
#' @return A data frame: the value(s) of the covariate, in columns named like it, or like the columns of
#'   its matrix; `effect`, the contribution to the linear predictor minus its mean over the training bins;
#'   `rate`. For a filter `lag` (in bins), `effect`, `rate`.
#' @examples
#' session <- simulate_session(300, encodes = "position", seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(8),
#'                     offset = log(session$bin_width))
#' curve <- tuning_curve(path, "position", lambda = path$lambda_max / 10)
#' plot(rate ~ position, curve, type = "l", ylab = "rate (spikes/s)")
#' # the filter of the neuron's own spikes
#' path <- group_lasso(list(history = session$counts), session$counts, basis_conv(basis_raised_cosine(4), 20))
#' filter <- tuning_curve(path, "history", lambda = path$lambda_max / 10)
#' plot(effect ~ lag, filter, type = "l", xlab = "lag (bins)", ylab = "effect on the log rate")
#' @export
tuning_curve <- function(object, ...) UseMethod("tuning_curve")

#' @rdname tuning_curve
#' @export
tuning_curve.group_lasso_path <- function(object, covariate, lambda = NULL, n = NULL, at = NULL, ...) {
  check_no_more(...)
  g <- find_covariate(object, covariate)
  lambda <- one_lambda(object, lambda, "a tuning curve")
  basis <- unclass(object$design)$bases[[g]]
  if (has_window(basis)) return(filter_curve(object, g, basis, path_at(object, lambda), at))
  values <- tuning_values(basis, covariate, n, at)
  point <- path_at(object, lambda)
  coefficients <- point$coefficients[covariate_columns(object$design)[[g]], , drop = FALSE]
  grid <- predict_block(object$design, g, values)
  effect <- design_predictor(grid, coefficients)[, 1]
  trained <- design_predictor(object$design, coefficients, g)
  data.frame(tuning_frame(values, covariate), effect = effect - training_means(object, trained),
             rate = rate_with(object, effect, trained[, 1], point))
}

find_covariate <- function(path, covariate) {
  if (!is.character(covariate) || length(covariate) != 1 || !covariate %in% names(path$design)) {
    stop_input("`covariate` must be one of ", quoted(names(path$design)), ", not ", describe(covariate),
               ".", arg = "covariate")
  }
  match(covariate, names(path$design))
}

# The filter of a convolution at its lags. What a unit adds to the predictor comes on top of all there is.
filter_curve <- function(path, g, basis, point, at) {
  if (!is.null(at)) stop_input("`at` must be NULL for a filter, which is given at all its lags.", arg = "at")
  effect <- as.numeric(basis$kernel %*% point$coefficients[covariate_columns(path$design)[[g]], ])
  data.frame(lag = conv_lags(basis), effect = effect, rate = rate_with(path, effect, 0, point))
}

# The values to evaluate at: a vector, factor or matrix.
tuning_values <- function(basis, covariate, n, at) {
  if (!is.null(at)) {
    leaf <- as_leaf(text_as_factor(at, basis), covariate)
    return(match_columns(leaf, basis, covariate, "at"))
  }
  grid <- basis_grid(basis, if (is.null(n)) usual_points(n_inputs(basis)) else check_count(n, "n", lower = 2))
  if (is.null(grid)) {
    stop_input("`", covariate, "` is a matrix of columns as they are, which has no natural grid: give `at`, ",
               "a matrix with its columns.", arg = "at")
  }
  if (length(grid) == 1) grid[[1]] else do.call(cbind, grid)
}

# Points along each of so many axes (NA: columns as they are).
usual_points <- function(n_axis) if (isTRUE(n_axis > 2)) floor(1e4^(1 / n_axis)) else 100L

# The design of one covariate alone.
predict_block <- function(design, g, values) {
  bases <- unclass(design)$bases[g]
  new_design(stats::setNames(list(values), names(bases)), bases)
}

tuning_frame <- function(values, covariate) {
  if (is.null(dim(values))) return(stats::setNames(data.frame(values), covariate))
  frame <- as.data.frame(values)
  if (is.null(colnames(values))) names(frame) <- paste(covariate, seq_len(ncol(values)), sep = ".")
  frame
}

# The mean rate over the training bins with each of these effects in the place of the covariate's own, f.
rate_with <- function(path, effect, f, point) {
  offset <- known_offset(path)
  rest <- design_predictor(path$design, point$coefficients)[, 1] - f + offset
  # the intercept, -Inf for a silent neuron, is part of the shift
  mean_rate(rest, effect + point$intercept, offset, prior_weights(path), path$link)
}
