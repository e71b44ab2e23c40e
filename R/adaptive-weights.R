#' Adaptive weights of groups
#'
#' The group lasso shrinks strong covariates, too, and at the penalty that predicts best it lets in some that
#' carry nothing. With weights that are small for covariates that were strong in a first fit and large for
#' weak ones a second fit shrinks the strong ones less and keeps the weak ones out.
#'
#' The weight of a covariate is \eqn{(w_g / \|A_g\beta_g\|)^\gamma}{(w_g / ||A beta||)^power}, the inverse of
#' its norm in the first fit for the size of its group, divided by the smallest of these, so that the strongest
#' covariate has weight 1. Covariates that are out, or whose weight would be larger, get `most`.
#'
#' The weights have seen all counts. So when a second fit is cross-validated with them, held-out bins are not
#' quite unseen, and its scores are a little too good. Judge the first fit by its scores, or score the second
#' on other data.
#'
#' @param object The first fit: a `group_lasso_path`, or what [cv_group_lasso()] returns.
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
#' first <- cv_group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 30)
#' weights <- adaptive_weights(first)
#' weights
#' second <- cv_group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 30,
#'                          group_weights = weights)
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
  strength <- ifelse(size > 0, norms / size, 0)
  weights <- pmin((max(strength) / strength)^power, most)
  weights[!(strength > 0)] <- if (any(strength > 0)) most else 1
  weights[size == 0] <- 0
  stats::setNames(weights, names(path$groups))
}
