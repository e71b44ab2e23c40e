#' Predictions of a path
#'
#' @param object A `group_lasso_path`.
#' @param newdata NULL for the training bins, or raw covariates: a named list or data frame with the
#'   covariates of the fit, in the same units. They go through the bases with the bounds, knots and
#'   levels learned in training. Rows with NA give NA.
#' @param lambda NULL for all fitted lambdas, or values; between fitted ones the coefficients are
#'   interpolated linearly in lambda.
#' @param type `"link"`: the linear predictor, with the log link the log of the expected count;
#'   `"response"`: the expected count per bin; `"terms"`: the contribution of each covariate to the linear
#'   predictor, minus its mean over the training bins.
#' @param offset Offset of the new bins, needed where the path was fitted with one (0 with the log link: per
#'   unit of exposure). NULL: what offset() in the path's formula is in `newdata`. Not used for `"terms"`.
#' @param session NULL, or one id per bin of `newdata`, as in [expand_covariates()]: windows of
#'   [basis_conv()] stay inside sessions.
#' @param ... Not used.
#' @return For link and response a matrix, bins x lambdas. For terms a matrix, bins x covariates, for one
#'   lambda, and an array, bins x covariates x lambdas, for more; its attribute `"constant"` (one per lambda)
#'   plus the sum of the terms (plus the offset) is the link.
#' @examples
#' session <- simulate_session(120, encodes = "position", seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 20)
#' new <- list(position = c(10, 100), speed = 20, head_direction = 0, theta_phase = pi)
#' new <- data.frame(new)
#' predict(path, new, lambda = path$lambda_max / c(2, 5), type = "response")
#' predict(path, new, lambda = path$lambda_max / 5, type = "terms")
#' @export
predict.group_lasso_path <- function(object, newdata = NULL, lambda = NULL,
                                     type = c("link", "response", "terms"), offset = NULL, session = NULL,
                                     ...) {
  check_no_more(...)
  type <- check_choice(type, c("link", "response", "terms"), "type")
  at <- path_at(object, lambda)
  if (type != "terms") {
    link <- predict_at(object, at, newdata, offset, session)
    return(if (type == "response") inverse_link(link, object$link) else link)
  }
  refuse_for_training(newdata, offset, session)
  if (is.null(newdata)) return(pad_missing(object, predict_terms(object, NULL, at)))
  predict_terms(object, predict(object$design, newdata, session), at)
}

# The link, bins x what `at` (a path_at()) has columns for. data: list(design, offset, na.action,
# link), a path's or a population's.
predict_at <- function(data, at, newdata, offset, session) {
  refuse_for_training(newdata, offset, session)
  if (is.null(newdata)) return(pad_missing(data, link_at(data$design, at, data$offset)))
  design <- predict(data$design, newdata, session)
  offset <- new_offset(data, offset %||% new_source_offset(data$design, newdata), nrow(design))
  link_at(design, at, offset)
}

refuse_for_training <- function(newdata, offset, session) {
  if (!is.null(newdata)) return()
  given <- c("offset", "session")[!c(is.null(offset), is.null(session))]
  if (length(given) == 0) return()
  stop_input("`", given[1], "` goes with `newdata`; the training bins have theirs.", arg = given[1])
}

# Rows that na.exclude left out come back as NA.
pad_missing <- function(path, x) {
  if (!inherits(path$na.action, "exclude")) return(x)
  if (length(dim(x)) == 2) return(structure(naresid(path$na.action, x), constant = attr(x, "constant")))
  out <- array(NA_real_, c(dim(x)[1] + length(path$na.action), dim(x)[-1]), c(list(NULL), dimnames(x)[-1]))
  out[-path$na.action, , ] <- x
  structure(out, constant = attr(x, "constant"))
}

new_offset <- function(path, offset, n_obs) {
  if (is.null(path$offset) && is.null(offset)) return(NULL)
  if (is.null(offset)) {
    stop_input("the path was fitted with an offset: `offset` must be given for the new bins",
               if (path$link == "log") " (0: per unit of exposure)", ".", arg = "offset")
  }
  check_row_values(offset, n_obs, "offset")
}

# The link: bins x lambdas. at: a path_at(); offset: NULL or one value per bin.
link_at <- function(design, at, offset = NULL) {
  link <- design_predictor(design, at$coefficients)
  link <- link + rep(at$intercept, each = nrow(link))
  if (!is.null(offset)) link <- link + offset
  dimnames(link) <- list(NULL, at$labels)
  link
}

# Weighted means over the training bins of values there (bins x L).
training_means <- function(path, values) {
  v <- prior_weights(path)
  colSums(values * v) / sum(v)
}

# design: of the new bins, or NULL for the training bins.
predict_terms <- function(path, design, at) {
  n_lambda <- length(at$lambda)
  n_obs <- nrow(design %||% path$design)
  columns <- covariate_columns(path$design)
  out <- array(0, c(n_obs, length(columns), n_lambda), list(NULL, names(columns), at$labels))
  constant <- at$intercept
  for (g in seq_along(columns)) {
    coefficients <- at$coefficients[columns[[g]], , drop = FALSE]
    trained <- design_predictor(path$design, coefficients, g)
    means <- training_means(path, trained)
    term <- if (is.null(design)) trained else design_predictor(design, coefficients, g)
    out[, g, ] <- term - rep(means, each = n_obs)
    constant <- constant + means
  }
  if (n_lambda == 1) {
    out <- matrix(out, n_obs, length(columns), dimnames = dimnames(out)[1:2])
  }
  structure(out, constant = stats::setNames(constant, at$labels))
}

#' @rdname predict.group_lasso_path
#' @export
fitted.group_lasso_path <- function(object, lambda = NULL, ...) {
  check_no_more(...)
  predict(object, lambda = lambda, type = "response")
}

#' Residuals of a path
#'
#' @param object A `group_lasso_path`.
#' @param lambda NULL for all fitted lambdas, or values.
#' @param type `"deviance"`: signed roots of the unit deviances; `"pearson"`: \eqn{(y - \mu)/\sqrt\mu}{(y -
#'   mu) / sqrt(mu)}; `"response"`: \eqn{y - \mu}{y - mu}; `"working"`: \eqn{(y - \mu) / (d\mu/d\eta)}{(y -
#'   mu) / (d mu / d eta)}, with the log link \eqn{(y - \mu)/\mu}{(y - mu) / mu}. Not multiplied by prior
#'   weights.
#' @param ... Not used.
#' @return A matrix, bins x lambdas.
#' @examples
#' session <- simulate_session(120, seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 20)
#' summary(residuals(path, lambda = path$lambda_max / 5)[, 1])
#' @export
residuals.group_lasso_path <- function(object, lambda = NULL,
                                       type = c("deviance", "pearson", "response", "working"), ...) {
  check_no_more(...)
  type <- check_choice(type, residual_types, "type")
  link <- link_at(object$design, path_at(object, lambda), object$offset)
  pad_missing(object, residuals_at(object$counts, link, type, object$link))
}

residual_types <- c("deviance", "pearson", "response", "working")

# counts: one per bin, or as link, bins x columns, which the result is like.
residuals_at <- function(counts, link, type, link_name) {
  rate <- inverse_link(link, link_name)
  difference <- counts - rate
  # a rate of 0 and no spike: no residual
  scaled <- function(divisor) ifelse(difference == 0, 0, difference / divisor)
  out <- switch(type,
    response = difference,
    pearson = scaled(sqrt(rate)),
    working = scaled(link_slope(link, link_name)),
    deviance = sign(difference) * sqrt(pmax(unit_deviance(array(counts, dim(rate)), rate), 0))
  )
  dimnames(out) <- dimnames(rate)
  out
}

#' Simulate counts from a path
#'
#' Counts of each training bin at the rate that was fitted there. With [basis_conv()] that is the rate given what
#' was recorded before: simulated spikes don't feed back.
#'
#' @param object A `group_lasso_path`.
#' @param nsim How many sets of counts.
#' @param seed NULL, or a seed; the state of R's generator is then left as it was.
#' @param lambda The penalty; may be left out only where the path has one.
#' @param ... Not used.
#' @return A data frame, bins x nsim: Poisson counts at the fitted rates.
#' @examples
#' session <- simulate_session(120, seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 20)
#' colSums(simulate(path, nsim = 3, seed = 1, lambda = path$lambda_max / 5))
#' @export
simulate.group_lasso_path <- function(object, nsim = 1, seed = NULL, lambda = NULL, ...) {
  check_no_more(...)
  nsim <- check_count(nsim, "nsim")
  lambda <- one_lambda(object, lambda, "simulate()")
  rate <- predict(object, lambda = lambda, type = "response")[, 1]
  with_seed(seed, {
    counts <- lapply(seq_len(nsim), function(i) {
      y <- rep(NA_integer_, length(rate))
      y[!is.na(rate)] <- stats::rpois(sum(!is.na(rate)), rate[!is.na(rate)])
      y
    })
    stats::setNames(as.data.frame(counts), paste0("sim_", seq_len(nsim)))
  })
}
