#' Adaptive weights of groups
#'
#' The group lasso shrinks strong covariates, too, and at the penalty that predicts best it lets in some that
#' carry nothing. With weights that are small for covariates that were strong in a first fit and large for
#' weak ones a second fit shrinks the strong ones less and keeps the weak ones out. [cv_group_lasso()] does
#' that by itself, from a first fit at the level of noise; here are weights from any fit.
#'
#' The weight of a covariate is \eqn{(w_g / \|A_g\beta_g\|)^\gamma}{(w_g / ||A beta||)^power}, the inverse of
#' its norm in the first fit for the size of its group, divided by the smallest of these, so that the
#' strongest covariate has weight 1. Covariates that are out, or whose weight would be larger, get `most`.
#'
#' The weights have seen all counts. So when a second fit is cross-validated with them, held-out bins are not
#' quite unseen, and its scores are a little too good. Judge the first fit by its scores, or score the second
#' on other data.
#'
#' @param object The first fit: a `group_lasso_path`, or what [cv_group_lasso()] returns, where the weights that it
#'   has learned itself are not counted.
#' @param lambda Where to take the norms; by default the smallest lambda of a path, `lambda_min` of a
#'   cross-validation.
#' @param power How much weights differ.
#' @param most The largest weight.
#' @return Numbers named by covariate, for `group_weights` of [group_lasso()]. Covariates that were not
#'   penalised keep 0.
#' @references Zou (2006), J Am Stat Assoc 101:1418, \doi{10.1198/016214506000000735}; Wang and Leng (2008),
#'   Comput Stat Data Anal 52:5277, \doi{10.1016/j.csda.2008.05.006}.
#' @examples
#' session <- simulate_session(300, encodes = "position", seed = 1)
#' first <- cv_group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 30,
#'                         adaptive = FALSE)
#' weights <- adaptive_weights(first)
#' weights
#' second <- cv_group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 30,
#'                          group_weights = weights, adaptive = FALSE)
#' selected(first, lambda = "lambda_min")
#' selected(second, lambda = "lambda_min")
#' @export
adaptive_weights <- function(object, lambda = NULL, power = 1, most = 1000) {
  path <- as_path(object, "adaptive_weights()")
  power <- check_number(power, "power", 0)
  most <- check_number(most, "most", 1)
  lambda <- if (inherits(object, "group_lasso_cv")) {
    cv_lambda(object, lambda %||% "lambda_min")
  } else {
    one_lambda(path, lambda %||% min(path$lambda), "adaptive_weights()")
  }
  norms <- path_at(path, lambda)$norms[, 1]
  size <- path$group_weights / first_weights(object)
  stats::setNames(weights_for(norms, size, power, most), names(path$groups))
}

# Weights for norms in a fit with penalties `size`.
weights_for <- function(norms, size, power = 1, most = 1000) {
  strength <- ifelse(size > 0, norms / size, 0)
  weights <- pmin((max(strength) / strength)^power, most)
  weights[!(strength > 0)] <- most
  weights[size == 0] <- 0
  weights
}

# The weights that a cross-validation learns for the penalty of a path from a fit at the level of noise,
# named; 1 for all where nothing rises above it.
learned_weights <- function(problem, path) {
  level <- noise_level(problem, path)
  norms <- fit_weightings(problem, list(problem$weights), lambda_request(level), FALSE)[[1]]$group_norms[, 1]
  size <- path$group_weights
  weights <- if (any(norms[size > 0] > 0)) weights_for(norms, size) else as.numeric(size > 0)
  stats::setNames(weights, names(path$groups))
}

# The penalty at which a covariate with nothing to do with the counts is expected to enter: its score, in the
# root of its mean square, where bins are independent and Poisson. "calibrated" and "group" make it the same
# for all covariates; else the median counts.
noise_level <- function(problem, path) {
  rate <- sum(problem$v * problem$counts) / sum(problem$v)
  if (rate == 0) return(0)
  level <- gradient_scale(rate, problem$link) / sqrt(rate * sum(problem$v > 0)) / (1 - problem$penalty$ridge)
  if (path$standardize != "none") return(level)
  variance <- unlist(lapply(problem$moments, `[[`, "variance"))
  scale <- named_scales(problem$penalty)
  level * stats::median(sqrt(vapply(path$groups, function(g) sum(variance[g]), 0)) / scale)
}
