# path-methods.R: what a group_lasso_path says of itself.

#' @export
print.group_lasso_path <- function(x, ...) {
  print_overview(c(unclass(x), word = group_word(x)), entry_order(x))
  invisible(x)
}

# x: a path's fields, and `word`: group_word().
print_overview <- function(x, entries) {
  n <- length(x$lambda)
  cat(sprintf("Group-lasso path: %s bins, %s spikes, %s (%s)\n",
              format(x$n_obs, big.mark = ","), format(sum(x$counts), big.mark = ","),
              count_of(length(x$groups), x$word), count_of(nrow(x$coefficients), "column")))
  if (!is.null(x$na.action)) cat(sprintf("(%s)\n", naprint(x$na.action)))
  if (!is.null(x$na.action) && !is.null(x$window_edges)) {
    cat(sprintf("(%s)\n", describe_edges(x$window_edges)))
  }
  range <- vapply(x$lambda[c(1, n)], format, "", digits = 4)
  cat(sprintf("%s; standardize = \"%s\"%s%s; largest KKT residual %s%s\n",
              if (n == 1) paste("1 lambda,", range[1]) else
                sprintf("%d lambdas, %s to %s", n, range[1], range[2]), x$standardize, describe_shares(x),
              if (x$link == "log") "" else sprintf("; link = \"%s\"", x$link), format(max(x$kkt), digits = 2),
              if (all(x$converged)) "" else sprintf(" (%d not converged)", sum(!x$converged))))
  if (!is.null(x$discretized)) print_rounding(x$discretized)
  if (length(x$free) > 0) cat(sprintf("Always in, without a penalty: %s\n", describe_free(x$free)))
  cat(if (x$word == "covariate") "Covariates" else "Groups", "in order of entry (lambda):\n")
  print_entries(entries)
  if (anyDuplicated(unlist(x$groups))) cat(overlap_note(x$overlap))
}

overlap_note <- function(overlap) {
  if (overlap == "latent") return("(groups overlap: a column may be in with another of its groups)\n")
  "(groups inside groups: a column is in only if all of its groups are)\n"
}

# "speed (5 columns), position (2 columns)"
describe_free <- function(free, most = 6) {
  parts <- sprintf("%s (%s)", names(free), vapply(lengths(free), count_of, "", "column"))
  paste0(toString(first_few(parts, most)),
         if (length(parts) > most) sprintf(" and %d more", length(parts) - most))
}

print_entries <- function(entries, most = 20) {
  entered <- entries[!is.na(entries)]
  shown <- first_few(entered, most)
  if (length(shown) > 0) {
    width <- max(nchar(names(shown)))
    cat(sprintf("  %-*s  %s\n", width, names(shown), format(shown, digits = 4)), sep = "")
  }
  if (length(entered) > most) cat(sprintf("  and %d more\n", length(entered) - most))
  never <- names(entries)[is.na(entries)]
  if (length(never) > 0) {
    more <- if (length(never) > most) sprintf("and %d more", length(never) - most)
    cat(strwrap(paste(c("never:", paste(first_few(never, most), collapse = ", "), more), collapse = " "),
                indent = 2, exdent = 4), sep = "\n")
  }
}

#' Summary of a path
#'
#' @param object A `group_lasso_path`.
#' @param n How many lambdas the table shows, spread evenly over the path.
#' @param ... Not used.
#' @return A list of class `summary.group_lasso_path`: `table`, a data frame with one row per lambda
#'   (`lambda`, `n_covariates`: how many, or how many groups, are in, `df`, which may be NA as in [group_lasso()], `deviance_explained`
#'   as a share of the null deviance, `kkt`), `entry_order`, and what `print()` needs of the path.
#' @examples
#' session <- simulate_session(120, seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 20)
#' summary(path, n = 5)
#' @export
summary.group_lasso_path <- function(object, n = 10, ...) {
  check_no_more(...)
  n <- check_count(n, "n")
  rows <- unique(round(seq(1, length(object$lambda), length.out = min(n, length(object$lambda)))))
  explained <- if (object$null_deviance > 0) 1 - object$deviance / object$null_deviance else
    0 * object$deviance
  table <- data.frame(
    lambda = object$lambda, n_covariates = colSums(object$group_norms > 0), df = object$df,
    deviance_explained = explained, kkt = object$kkt
  )
  structure(
    list(path = c(object[c("n_obs", "counts", "groups", "free", "overlap", "coefficients", "standardize",
                           "lasso_share",
                           "ridge_share", "link", "discretized", "window_edges", "na.action", "lambda", "kkt",
                           "converged")], word = group_word(object)),
         table = table[rows, ], entry_order = entry_order(object), call = object$call),
    class = "summary.group_lasso_path"
  )
}

#' @export
print.summary.group_lasso_path <- function(x, digits = 4, ...) {
  print_overview(x$path, x$entry_order)
  cat("\n")
  print(format(say_counted(x$table, x$path$word), digits = digits), row.names = FALSE)
  invisible(x)
}

#' Which covariates a path has in
#'
#' @param object A `group_lasso_path`.
#' @param lambda NULL, or the penalty; between fitted values the coefficients are interpolated.
#' @param by `"covariate"`: instead of groups the covariates that have a coefficient that is not zero, in whatever
#'   group, or in none.
#' @param ... Not used.
#' @return For one lambda a character vector of groups, which are the covariates unless the path was fitted with
#'   `groups`. For NULL (all fitted lambdas) or several a logical matrix, groups x lambdas. Columns in no group are
#'   not named.
#' @seealso [entry_order()].
#' @examples
#' session <- simulate_session(300, encodes = "position", seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 20)
#' selected(path, lambda = path$lambda_max / 3)
#' selected(path)[, 1:5]
#' @export
selected <- function(object, ...) UseMethod("selected")

#' @rdname selected
#' @export
selected.group_lasso_path <- function(object, lambda = NULL, by = c("group", "covariate"), ...) {
  check_no_more(...)
  by <- check_choice(by, c("group", "covariate"), "by")
  at <- path_at(object, lambda)
  active <- active_at(at, by, object$design)
  if (length(lambda) == 1) return(rownames(active)[active[, 1]])
  active
}

# Which groups, or covariates of the design, are in at points, as path_at() or population_at() give them: a logical
# matrix, those x points.
active_at <- function(at, by, design) {
  active <- at$norms > 0
  if (by == "covariate") {
    active <- rowsum((at$coefficients != 0) + 0, column_owner(unclass(design))) > 0
    rownames(active) <- names(design)
  }
  colnames(active) <- at$labels
  active
}

#' The order in which covariates enter
#'
#' @inheritParams selected
#' @return A numeric vector named by covariate: the largest fitted lambda at which it is in; decreasing, and
#'   NA at the end for those that never are. Covariates that enter at the same fitted lambda are
#'   ordered by their scores one step earlier: the larger would have entered first.
#' @examples
#' session <- simulate_session(300, encodes = c("position", "speed"), seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(5))
#' entry_order(path)
#' @export
entry_order <- function(object, ...) UseMethod("entry_order")

#' @rdname entry_order
#' @export
entry_order.group_lasso_path <- function(object, ...) {
  first <- apply(object$group_norms > 0, 1, function(active) match(TRUE, active))
  before <- pmax(first - 1L, 1L)
  score <- object$group_scores[cbind(seq_along(first), before)]
  # a group that is not penalised is in before all others
  score[object$group_weights == 0] <- Inf
  order <- order(first, -score)
  stats::setNames(object$lambda[first][order], names(object$groups)[order])
}

#' Coefficients of a path
#'
#' @param object A `group_lasso_path`.
#' @param lambda NULL for all fitted lambdas, or values in any order; between fitted ones the coefficients
#'   are interpolated linearly in lambda, outside the fitted range the nearest end is used with a
#'   warning of class `neurolasso_outside_path` (none above a path that starts with every covariate out,
#'   where that is exact).
#' @param ... Not used.
#' @return A matrix, (1 + p) x lambdas: the intercept, and the coefficients of the design's columns as they
#'   are (`position.1`, ...).
#' @examples
#' session <- simulate_session(120, seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 20)
#' coef(path, lambda = path$lambda_max / c(2, 10))[1:6, ]
#' @export
coef.group_lasso_path <- function(object, lambda = NULL, ...) {
  check_no_more(...)
  at <- path_at(object, lambda)
  out <- rbind(at$intercept, at$coefficients)
  dimnames(out) <- list(c("(Intercept)", rownames(object$coefficients)), at$labels)
  out
}

#' @export
deviance.group_lasso_path <- function(object, ...) object$deviance

#' @export
nobs.group_lasso_path <- function(object, ...) object$n_obs

#' Log-likelihood of a path
#'
#' @param object A `group_lasso_path`.
#' @param ... Not used.
#' @return A `logLik` vector, one value per lambda, with attributes `df` (also per lambda) and `nobs`, so
#'   that `AIC()` and `BIC()` give one value per lambda: NA where `df` is (see [group_lasso()]).
#' @examples
#' session <- simulate_session(120, seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 20)
#' path$lambda[which.min(BIC(path))]
#' @export
logLik.group_lasso_path <- function(object, ...) {
  structure(loglik_from_deviance(object$deviance, object$counts, prior_weights(object)), df = object$df,
            nobs = object$n_obs, class = "logLik")
}
