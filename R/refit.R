#' Refit what was selected, without a penalty
#'
#' The penalty that selects covariates also shrinks their effects. `refit()` fits the selected ones again by
#' maximum likelihood, and tests each of them, with standard errors that hold where bins are not independent.
#'
#' @section Standard errors:
#' The covariance of the estimates is the sandwich \eqn{H^- M H^-}{H^- M H^-}: \eqn{H} the expected
#' information, \eqn{M} the long-run covariance of the scores \eqn{x_t r_t}{x_t r_t} with Bartlett weights up
#' to `lag` bins (Newey and West 1987), sessions kept apart. It stands where neighbouring bins are correlated
#' and where counts are more or less variable than Poisson ones; `lag` must be longer than that correlation.
#' The Wald statistic of a group is compared with an F distribution that allows for an \eqn{M} from few
#' independent stretches of the recording (Hotelling's correction with \eqn{\nu = 1.5\,n/(lag + 1)}{nu = 1.5
#' n / (lag + 1)} degrees of freedom); its p-value is NA where a group has more columns than that. The
#' likelihood-ratio statistic (twice the loss in log-likelihood when the group is taken out of the refit and
#' the others are fitted again) is compared with chi-squared: that takes bins for independent Poisson counts,
#' and is too sure of itself where they are not.
#'
#' @section After selection:
#' The same data chose these covariates. So p-values are too small and effects too large, most of all for the
#' weakest of them: a covariate that does nothing, once it is selected, looks as if it did something. Read
#' the table as a description of the fitted model, not as a test. For a test fit on one part of the recording
#' and refit on another (`refit(path, newdata = )` is not offered on purpose: call [group_lasso()] with those
#' covariates and `lambda = 0` there), or use [shift_control()].
#'
#' @section Separation:
#' Where a part of a covariate has no spike, as is common, its rate goes to 0 and the log rate has no finite
#' optimum: a warning of class `neurolasso_separation` says so. Wald statistics and bands are not to be
#' trusted there; likelihood ratios are. Fewer basis functions, or the penalised fit, are the answer.
#'
#' @param object A `group_lasso_path`, or what [cv_group_lasso()] returns.
#' @param lambda The penalty at which covariates are selected; may be left out where the path has one, and for a
#'   cross-validation, where it is `lambda_1se`.
#' @param lag NULL, or the number of bins over which scores may be correlated. NULL: four times the lag at
#'   which the autocorrelation of the residuals falls below 1/e, Poisson noise taken off, and at least
#'   \eqn{4 (n/100)^{2/9}}{4 (n / 100)^(2/9)}.
#' @param ... Not used.
#' @return A list of class `group_lasso_refit`, which is a `group_lasso_path` at `lambda = 0` with all
#'   covariates that were not selected at zero (so [predict()], [coef()], [score()], `BIC()` work), with
#' \describe{
#'   \item{`table`}{a data frame, one row per selected covariate: `df`, `wald` and `p_wald` (robust), `lr`
#'   and `p_lr`}
#'   \item{`vcov`}{covariance of intercept and the coefficients of selected covariates, as `vcov()` returns it}
#'   \item{`selected_at`, `lag`}{the lambda of the selection; the lag, in bins}
#' }
#' `tuning_curve()` has three more columns: `se`, `lower`, `upper` (95 %) of `effect`.
#' @references Newey and West (1987), Econometrica 55:703, \doi{10.2307/1913610}. After selection: Berk et
#'   al. (2013), Ann Stat 41:802, \doi{10.1214/12-AOS1077}.
#' @examples
#' session <- simulate_session(300, encodes = c("position", "speed"), seed = 1)
#' cv <- cv_group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 30)
#' again <- refit(cv)
#' again
#' curve <- tuning_curve(again, "position", n = 50)
#' plot(effect ~ position, curve, type = "l", ylim = range(curve$lower, curve$upper))
#' lines(upper ~ position, curve, lty = 2)
#' lines(lower ~ position, curve, lty = 2)
#' @export
refit <- function(object, ...) UseMethod("refit")

#' @rdname refit
#' @export
refit.group_lasso_cv <- function(object, lambda = NULL, lag = NULL, ...) {
  refit(object$path, cv_lambda(object, lambda), lag, ...)
}

#' @rdname refit
#' @export
refit.group_lasso_path <- function(object, lambda = NULL, lag = NULL, ...) {
  check_no_more(...)
  lambda <- one_lambda(object, lambda, "refit()")
  if (!is.null(lag)) lag <- check_count(lag, "lag", lower = 0)
  chosen <- match(selected(object, lambda), names(object$groups))
  problem <- path_problem(object, joint = TRUE)
  parts <- refit_parts(problem, chosen)
  path <- refitted_path(object, problem, chosen, unlist(parts$columns))
  if (length(parts$columns) > 0 && any(object$counts > 0)) {
    if (!path$converged) warn_of_path(path, FALSE) else warn_of_separation(path)
  }
  eta <- predict(path)[, 1]
  if (inherits(path$na.action, "exclude")) eta <- eta[-path$na.action]
  lag <- lag %||% residual_lag(path, eta)
  fit <- sandwich(problem, parts, eta, lag, unclass(path$design)$session)
  path$df <- fit$rank
  structure(
    c(unclass(path), list(table = refit_table(path, problem, chosen, parts, fit, lag), vcov = fit$vcov,
                          selected_at = lambda, lag = lag)),
    class = c("group_lasso_refit", "group_lasso_path")
  )
}

# The columns of a refit in parts (columns: a list) that are tested: of each chosen group those that no other
# chosen one has (of groups inside others those that are in neither one that is out nor one further inside);
# then the others, and those that are always in, by covariate. group: which of the chosen a part is of, -1 for
# the latter; moments: of each part.
refit_parts <- function(problem, chosen) {
  sets <- unname(problem$groups$columns[chosen])
  if (has_nested(problem$groups)) {
    out <- unlist(problem$groups$columns[setdiff(seq_along(problem$groups$columns), chosen)])
    sets <- innermost_columns(lapply(sets, setdiff, out))
  }
  shared <- repeated(unlist(sets))
  rest <- sort(as.integer(c(shared, unlist(problem$groups$free, use.names = FALSE))))
  owner <- column_owner(unclass(problem$design))[rest]
  columns <- c(lapply(sets, setdiff, shared), unname(split(rest, owner)))
  group <- c(seq_along(sets), rep(-1, length(columns) - length(sets)))[lengths(columns) > 0]
  columns <- columns[lengths(columns) > 0]
  moments <- group_moments(problem$design, problem$moments, list(columns = columns),
                           problem$v / sum(problem$v))
  list(columns = columns, group = group, moments = moments)
}

# The path with the free fit of some columns at lambda = 0, which are those of the
# chosen groups, and zero for the others.
refitted_path <- function(path, problem, chosen, columns) {
  part <- if (length(columns) > 0) free_problem(problem, columns)
  free <- if (!is.null(part)) fit_problem_at(part, 0)
  path$coefficients <- path$coefficients[, 1, drop = FALSE] * 0
  path$group_norms <- path$group_norms[, 1, drop = FALSE] * 0
  path$group_scores <- path$group_scores[, 1, drop = FALSE] * NA
  path$lambda <- 0
  path$converged <- TRUE
  path$kkt <- 0
  path$n_passes <- 0L
  path$deviance <- path$null_deviance
  path$intercept <- null_intercept(path$counts, known_offset(path), problem$v, path$link)
  if (is.null(free)) return(path)
  path$coefficients[part$kept, 1] <- free$coefficients
  # the norm of the curve over the bins, whatever the penalty's coordinates were
  path$group_norms[chosen, 1] <- vapply(chosen, function(g) {
    beta <- path$coefficients[path$groups[[g]], 1]
    sqrt(max(sum(beta * (problem$group_moments[[g]]$second %*% beta)), 0))
  }, 0)
  path$intercept <- free$intercept
  path$deviance <- deviance_from_loss(free$loss, path$counts, problem$v)
  path$converged <- free$status == 0L
  path$kkt <- free$kkt
  path$n_passes <- free$n_pass
  path
}

residual_lag <- function(path, eta) {
  rate <- inverse_link(eta, path$link)
  n <- length(eta)
  session <- unclass(path$design)$session
  time <- correlation_time(path$counts - rate, as.integer(session %||% rep(1, n)), noise = mean(rate))
  as.integer(min(ceiling(max(4 * time, 4 * (n / 100)^(2 / 9))), n - 1))
}

# ---- covariance ----------------------------------------------------------------------------------

# Information and long-run covariance in centred coordinates (c, theta), X beta = (X - mean) T theta, c the
# linear predictor at the means: list(theta, V = their covariance, H, owner = the group of each coordinate, as
# in refit_parts() (0: c), rank, vcov = covariance of intercept and coefficients).
sandwich <- function(problem, parts, eta, lag, session) {
  free <- lapply(parts$moments, function(m) group_coordinates(m, "group")$transform)
  means <- as.numeric(unlist(lapply(parts$moments, `[[`, "mean")))
  columns <- unlist(parts$columns)
  transform <- block_diagonal(free)
  owner <- c(0, rep(parts$group, vapply(free, ncol, 1L)))
  mu <- inverse_link(eta, problem$link)
  slope <- link_slope(eta, problem$link)
  factor <- ifelse(problem$counts == mu, 0, problem$counts / mu - 1) * slope * problem$v
  information <- ifelse(mu > 0, slope^2 / mu, 0) * problem$v
  rows_of <- function(rows) {
    if (length(columns) == 0) return(matrix(1, length(rows), 1))
    X <- columns_at(problem, columns, rows)
    cbind(1, (X - rep(means, each = nrow(X))) %*% transform)
  }
  sums <- sum_over_rows(rows_of, length(owner), information, factor, lag, session)
  inverse <- pseudo_inverse(sums$H)
  V <- inverse$value %*% sums$M %*% inverse$value
  to_user <- rbind(c(1, -as.numeric(means %*% transform)), cbind(matrix(0, nrow(transform), 1), transform))
  vcov <- to_user %*% V %*% t(to_user)
  labels <- c("(Intercept)", unclass(problem$design)$columns[columns])
  dimnames(vcov) <- list(labels, labels)
  list(V = V, H = sums$H, owner = owner, transform = transform, rank = inverse$rank, vcov = vcov)
}

block_diagonal <- function(parts) {
  out <- matrix(0, sum(vapply(parts, nrow, 1L)), sum(vapply(parts, ncol, 1L)))
  row <- column <- 0
  for (part in parts) {
    out[row + seq_len(nrow(part)), column + seq_len(ncol(part))] <- part
    row <- row + nrow(part)
    column <- column + ncol(part)
  }
  out
}

# H = sum w z z' and M, the long-run covariance of f z, for the rows z that rows_of() gives, a stretch of a
# session at a time. The sums of f z over all windows of lag + 1 bins, those that reach over the ends of a
# session included, have M = sum S S' / (lag + 1): that is what Bartlett's weights are.
sum_over_rows <- function(rows_of, n_col, w, f, lag, session,
                          stretch = max(most_predicted %/% n_col, 4 * (lag + 1))) {
  starts <- run_starts(session, length(w))
  H <- M <- matrix(0, n_col, n_col)
  for (s in seq_len(length(starts) - 1)) {
    n <- starts[s + 1] - starts[s]
    for (first in seq(1, by = stretch, length.out = ceiling((n + lag) / stretch))) {
      ends <- first:min(first + stretch - 1, n + lag) # of the windows
      rows <- seq(max(first - lag, 1), min(max(ends), n))
      at <- starts[s] + rows
      Z <- rows_of(at)
      new <- rows >= first
      H <- H + crossprod(Z[new, , drop = FALSE] * sqrt(w[at][new]))
      totals <- rbind(0, apply(Z * f[at], 2, cumsum))
      upto <- function(t) totals[pmin(pmax(t, rows[1] - 1), max(rows)) - rows[1] + 2, , drop = FALSE]
      M <- M + crossprod(upto(ends) - upto(ends - lag - 1)) / (lag + 1)
    }
  }
  list(H = H, M = M)
}

# Inverse on the range of a symmetric matrix: list(value, rank).
pseudo_inverse <- function(x, tolerance = 1e-9) {
  scale <- sqrt(pmax(diag(x), 0))
  scale[scale == 0] <- 1
  parts <- eigen(x / outer(scale, scale), symmetric = TRUE)
  keep <- parts$values > tolerance * max(parts$values)
  u <- parts$vectors[, keep, drop = FALSE] / scale
  list(value = u %*% (t(u) / parts$values[keep]), rank = sum(keep))
}

# ---- tests ---------------------------------------------------------------------------------------

refit_table <- function(path, problem, chosen, parts, fit, lag) {
  rows <- lapply(seq_along(chosen), function(i) {
    at <- fit$owner == i
    others <- pseudo_inverse(fit$H[!at, !at, drop = FALSE])$rank
    df <- fit$rank - others
    wald <- wald_statistic(path, parts, fit, i)
    without <- refitted_path(path, problem, chosen[-i], unlist(parts$columns[parts$group != i]))
    lr <- max(without$deviance - path$deviance, 0)
    data.frame(df = df, wald = wald, p_wald = wald_p(wald, df, 1.5 * path$n_obs / (lag + 1)), lr = lr,
               p_lr = if (df > 0) stats::pchisq(lr, df, lower.tail = FALSE) else NA_real_)
  })
  if (length(rows) == 0) {
    return(data.frame(df = integer(), wald = numeric(), p_wald = numeric(), lr = numeric(), p_lr = numeric()))
  }
  structure(do.call(rbind, rows), row.names = names(path$groups)[chosen])
}

# theta' V^- theta of one group, in its coordinates theta = (T'ST)^-1 T'S beta = T'S beta.
wald_statistic <- function(path, parts, fit, i) {
  at <- fit$owner == i
  if (!any(at)) return(0)
  part <- match(i, parts$group)
  transform <- group_coordinates(parts$moments[[part]], "group")$transform
  theta <- crossprod(transform, parts$moments[[part]]$second %*% path$coefficients[parts$columns[[part]], 1])
  sum(theta * (pseudo_inverse(fit$V[at, at, drop = FALSE])$value %*% theta))
}

# Hotelling's correction of a Wald statistic whose covariance has nu degrees of freedom.
wald_p <- function(wald, df, nu) {
  if (df == 0 || nu <= df) return(NA_real_)
  stats::pf(wald * (nu - df + 1) / (nu * df), df, nu - df + 1, lower.tail = FALSE)
}

# ---- methods -------------------------------------------------------------------------------------

#' @export
#' @importFrom stats vcov
vcov.group_lasso_refit <- function(object, ...) object$vcov

#' @rdname refit
#' @param x What `refit()` returns.
#' @param digits Significant digits.
#' @export
print.group_lasso_refit <- function(x, digits = 3, ...) {
  cat(sprintf("Unpenalised refit of what was selected at lambda %s: %s bins, %s spikes\n",
              format(x$selected_at, digits = 4), format(x$n_obs, big.mark = ","),
              format(sum(x$counts), big.mark = ",")))
  if (nrow(x$table) == 0) {
    cat("No ", group_word(x), " was selected", if (length(x$free) == 0) ": a constant rate", ".\n", sep = "")
    return(invisible(x))
  }
  cat(sprintf("Wald: robust to correlation over %s. LR: takes bins for independent.\n", count_of(x$lag, "bin")))
  cat(sprintf("The same data selected these %ss: p-values are too small.\n", group_word(x)))
  print(format(x$table, digits = digits))
  invisible(x)
}

#' @export
tuning_curve.group_lasso_refit <- function(object, covariate, lambda = NULL, n = NULL, at = NULL, ...) {
  curve <- NextMethod()
  g <- find_covariate(object, covariate)
  basis <- unclass(object$design)$bases[[g]]
  rows <- if (has_window(basis)) basis$kernel else {
    values <- tuning_values(basis, covariate, n, at)
    columns <- as.matrix(predict_block(object$design, g, values))
    v <- prior_weights(object)
    moments <- design_moments(design_covariates(object$design, g), v / sum(v))
    columns - rep(moments[[1]]$mean, each = nrow(columns))
  }
  # columns that are out have no variance
  names <- rownames(object$coefficients)[covariate_columns(object$design)[[g]]]
  fitted <- names %in% rownames(object$vcov)
  rows <- rows[, fitted, drop = FALSE]
  curve$se <- sqrt(pmax(rowSums((rows %*% object$vcov[names[fitted], names[fitted]]) * rows), 0))
  curve$lower <- curve$effect - stats::qnorm(0.975) * curve$se
  curve$upper <- curve$effect + stats::qnorm(0.975) * curve$se
  curve
}
