# cv-methods.R: what a group_lasso_cv can be asked: all that its path can, at lambda_1se unless told otherwise.

# The lambda that was asked of a cross-validation: NULL, "lambda_1se", "lambda_min" or numbers.
cv_lambda <- function(cv, lambda) {
  if (is.null(lambda)) return(cv$lambda_1se)
  if (!is.character(lambda)) return(lambda)
  cv[[check_choice(lambda, c("lambda_1se", "lambda_min"), "lambda")]]
}

#' Methods of a cross-validation
#'
#' The methods of its path, at `lambda_1se` unless told otherwise.
#'
#' @param object,x What [cv_group_lasso()] returns.
#' @param lambda NULL or `"lambda_1se"`, `"lambda_min"`, or numbers as in the path's method.
#' @param covariate,newdata,nsim,seed,n,at As in the path's method: [predict.group_lasso_path()],
#'   [tuning_curve()], [simulate.group_lasso_path()].
#' @param counts,metric As in [score()].
#' @param ... Further arguments of the path's method.
#' @return What the path's method returns.
#' @name cv-methods
#' @examples
#' session <- simulate_session(300, encodes = "position", seed = 1)
#' cv <- cv_group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 20)
#' selected(cv)
#' selected(cv, lambda = "lambda_min")
#' entry_order(cv)
#' score(cv, metric = "deviance_explained")
#' head(tuning_curve(cv, "position", n = 50))
NULL

#' @rdname cv-methods
#' @export
coef.group_lasso_cv <- function(object, lambda = NULL, ...) coef(object$path, cv_lambda(object, lambda), ...)

#' @rdname cv-methods
#' @export
predict.group_lasso_cv <- function(object, newdata = NULL, lambda = NULL, ...) {
  predict(object$path, newdata, cv_lambda(object, lambda), ...)
}

#' @rdname cv-methods
#' @export
fitted.group_lasso_cv <- function(object, lambda = NULL, ...) fitted(object$path, cv_lambda(object, lambda), ...)

#' @rdname cv-methods
#' @export
residuals.group_lasso_cv <- function(object, lambda = NULL, ...) {
  residuals(object$path, cv_lambda(object, lambda), ...)
}

#' @rdname cv-methods
#' @export
simulate.group_lasso_cv <- function(object, nsim = 1, seed = NULL, lambda = NULL, ...) {
  simulate(object$path, nsim, seed, cv_lambda(object, lambda), ...)
}

#' @rdname cv-methods
#' @export
selected.group_lasso_cv <- function(object, lambda = NULL, ...) {
  selected(object$path, cv_lambda(object, lambda), ...)
}

#' @rdname cv-methods
#' @export
entry_order.group_lasso_cv <- function(object, ...) entry_order(object$path, ...)

#' @rdname cv-methods
#' @export
tuning_curve.group_lasso_cv <- function(object, covariate, lambda = NULL, n = NULL, at = NULL, ...) {
  tuning_curve(object$path, covariate, cv_lambda(object, lambda), n, at, ...)
}

#' @rdname cv-methods
#' @export
score.group_lasso_cv <- function(object, newdata = NULL, counts = NULL,
                                 metric = c("bits_per_spike", "deviance_explained", "mcfadden", "cohen"),
                                 lambda = NULL, ...) {
  metric <- check_choice(metric, score_metrics, "metric")
  lambda <- cv_lambda(object, lambda)
  if (!is.null(newdata) || !is.null(counts)) {
    return(score(object$path, newdata, counts, metric, lambda, ...))
  }
  check_no_more(...)
  values <- cv_values(object, metric)
  asked <- asked_lambda(object$path, lambda)
  weights <- weights_at(object$path, asked)
  out <- if (anyNA(values)) rep(NA_real_, length(asked)) else interpolate_columns(rbind(values), weights)
  stats::setNames(as.numeric(out), lambda_labels(lambda))
}

# A metric of the held-out bins of all folds together, at each fitted lambda.
cv_values <- function(cv, metric) {
  usable <- cv$held_out$training_spikes > 0
  metric_value(colSums(cv$loglik[usable, , drop = FALSE]), lapply(cv$held_out[usable, ], sum), metric)
}

#' @rdname cv-methods
#' @export
nobs.group_lasso_cv <- function(object, ...) nobs(object$path)

#' @rdname cv-methods
#' @export
deviance.group_lasso_cv <- function(object, ...) {
  object$path$deviance[match(object$lambda_1se, object$path$lambda)]
}

#' @rdname cv-methods
#' @export
logLik.group_lasso_cv <- function(object, ...) {
  whole <- logLik(object$path)
  at <- match(object$lambda_1se, object$path$lambda)
  structure(as.numeric(whole)[at], df = attr(whole, "df")[at], nobs = attr(whole, "nobs"), class = "logLik")
}

#' @rdname cv-methods
#' @export
print.group_lasso_cv <- function(x, ...) {
  print_cv(summary(x))
  invisible(x)
}

#' Summary of a cross-validation
#'
#' @param object What [cv_group_lasso()] returns.
#' @param ... Not used.
#' @return A list of class `summary.group_lasso_cv`: `table`, a data frame with a row for `lambda_min` and
#'   one for `lambda_1se` (`lambda`, `n_covariates` in, `bits_per_spike` of the held-out bins and their
#'   standard error `se`, `deviance_explained`, `mcfadden`); `covariates`, a data frame with a row per
#'   covariate in order of entry (`entry`, the lambda; `at_min`, `at_1se`: whether it is in; `folds_at_min`,
#'   `folds_at_1se`: in how many folds); and what `print()` needs of the folds.
#' @examples
#' session <- simulate_session(300, encodes = "position", seed = 1)
#' summary(cv_group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 20))
#' @export
summary.group_lasso_cv <- function(object, ...) {
  check_no_more(...)
  at <- match(c(object$lambda_min, object$lambda_1se), object$lambda)
  table <- data.frame(
    lambda = object$lambda[at], n_covariates = colSums(object$path$group_norms[, at, drop = FALSE] > 0),
    bits_per_spike = object$cv_mean[at], se = object$cv_se[at],
    deviance_explained = cv_values(object, "deviance_explained")[at],
    mcfadden = cv_values(object, "mcfadden")[at],
    row.names = c("lambda_min", "lambda_1se")
  )
  entries <- entry_order(object)
  covariates <- data.frame(
    entry = unname(entries), at_min = object$path$group_norms[names(entries), at[1]] > 0,
    at_1se = object$path$group_norms[names(entries), at[2]] > 0,
    folds_at_min = object$n_selected_in[names(entries), at[1]],
    folds_at_1se = object$n_selected_in[names(entries), at[2]], row.names = names(entries)
  )
  structure(
    list(table = table, covariates = covariates, n_folds = nrow(object$score), fold_kind = object$fold_kind,
         block = object$block, gap = object$gap, adaptive = !is.null(object$adaptive),
         held_out = object$held_out, n_obs = object$path$n_obs,
         failed = sum(rowSums(!object$converged) > 0), word = group_word(object$path),
         lasso_share = object$path$lasso_share, ridge_share = object$path$ridge_share, call = object$call),
    class = "summary.group_lasso_cv"
  )
}

# x: a summary.
print_cv <- function(x) {
  cat(sprintf("Cross-validated group lasso: %s bins, %s spikes, %s\n", format(x$n_obs, big.mark = ","),
              format(sum(x$held_out$spikes), big.mark = ","), count_of(nrow(x$covariates), x$word)))
  cat(sprintf("%s: %s%s%s%s\n", count_of(x$n_folds, "fold"), describe_folds(x),
              if (x$adaptive) "; adaptive weights" else "", describe_shares(x),
              if (x$failed > 0) sprintf(" (%d not converged)", x$failed) else ""))
  for (name in rownames(x$table)) {
    line <- x$table[name, ]
    chosen <- rownames(x$covariates)[x$covariates[[if (name == "lambda_min") "at_min" else "at_1se"]]]
    score <- if (is.na(line$bits_per_spike)) "no score" else
      sprintf("%.3f bits/spike (se %s)", line$bits_per_spike, format(line$se, digits = 2))
    cat(sprintf("  %-10s %s, %s: %s%s\n", name, format(line$lambda, digits = 4), score,
                if (length(chosen) > 0) paste(first_few(chosen, 8), collapse = ", ") else paste("no", x$word),
                if (length(chosen) > 8) sprintf(" and %d more", length(chosen) - 8) else ""))
  }
}

describe_folds <- function(x) {
  how <- switch(x$fold_kind,
    interleaved = sprintf("interleaved blocks of %d bins", x$block), contiguous = "contiguous pieces",
    session = "whole sessions", random = "bins at random (neighbours in time are in training)",
    given = "as given"
  )
  if (x$gap > 0) paste0(how, sprintf(", with gaps of %s", count_of(x$gap, "bin"))) else how
}

#' @export
print.summary.group_lasso_cv <- function(x, digits = 3, ...) {
  print_cv(x)
  cat("\n")
  print(format(say_counted(x$table, x$word), digits = digits))
  cat("\n")
  print(format(x$covariates, digits = digits))
  invisible(x)
}
