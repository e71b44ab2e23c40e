#' neurolasso: which covariates does this neuron encode?
#'
#' Give [group_lasso()] a named list of covariates and spike counts per bin. It expands each covariate in a
#' basis, makes its coefficients one group, and fits a Poisson regression with a group-lasso penalty over a
#' whole path of penalties \eqn{\lambda}{lambda}. Covariates that carry nothing drop out exactly.
#'
#' ```
#' covariates <- list(position = position, speed = speed)
#' path <- group_lasso(covariates, counts, basis = basis_raised_cosine(6))
#' plot(path)
#' entry_order(path)
#' tuning_curve(path, "position", lambda = 0.05)
#' ```
#'
#' @section What is minimised:
#' \deqn{\frac{1}{V}\sum_t v_t\,[\mu_t - y_t\log\mu_t] + \lambda\sum_g w_g\,\|A_g\beta_g\|_2,\qquad
#'   \mu_t = \exp(o_t + b + \sum_g X_g[t,]\,\beta_g)}{
#'   (1/V) sum_t v_t [mu_t - y_t log mu_t] + lambda sum_g w_g ||A_g beta_g||,
#'   mu_t = exp(o_t + b + sum_g X_g[t, ] beta_g)}
#' (or, with `link = "softplus"`, the log of 1 + this in place of \eqn{\mu_t}{mu_t})
#' with counts \eqn{y}, prior weights \eqn{v} (sum \eqn{V}), offset \eqn{o}, an intercept \eqn{b} that is not
#' penalised, and per group a matrix \eqn{A_g} and a weight \eqn{w_g} chosen by `standardize`; see
#' [group_lasso()].
#'
#' @section The certificate:
#' A solution is as good as its KKT residual: the largest over groups of \eqn{\|\nabla_g + \lambda w_g u_g\|
#' / (\lambda w_g)}{||grad_g + lambda w_g u_g|| / (lambda w_g)}, in the coordinates of \eqn{A_g} (\eqn{u_g}
#' the unit vector of a group that is not zero; for a group that is zero, the excess of
#' \eqn{\|\nabla_g\|}{||grad_g||} over \eqn{\lambda w_g}{lambda w_g}). It is computed from the data at every
#' \eqn{\lambda}{lambda} and returned as `kkt`.
#'
#' @useDynLib neurolasso, .registration = TRUE, .fixes = "C_"
#' @importFrom stats coef deviance fitted logLik na.omit naprint naresid nobs predict residuals simulate
#' @importFrom graphics plot
#' @keywords internal
"_PACKAGE"
