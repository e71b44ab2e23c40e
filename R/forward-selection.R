#' Forward selection, the field's protocol
#'
#' Adds covariates one at a time, as Hardcastle et al. (2017) do, so that selections can be compared with
#' what is published: of all models with one more covariate the one with the best held-out score is taken,
#' and kept if it beats the model before it in a one-sided signed-rank test over folds; the first must beat
#' the constant rate of the training bins.
#'
#' Models are fitted at the smallest lambda of the path, a light penalty where the original has a penalty on
#' roughness: without any, bins without spikes give rates of zero and held-out scores of minus infinity.
#' Scores are bits per spike of the held-out bins; a fold without one is left out. The number of folds limits
#' what the test can say: with 10, the smallest p-value is 0.001; with 4 it is 0.06, and nothing is ever
#' selected; a warning of class `neurolasso_few_folds` says so.
#'
#' @param object A `group_lasso_path`; or what [cv_group_lasso()] returns, whose folds and gap are used then.
#' @param n_folds,block,folds,gap As in [cv_group_lasso()].
#' @param alpha Level of the test.
#' @param lambda NULL, or the penalty of all models.
#' @return A list of class `forward_selection`: `selected`, the names in order; `steps`, a data frame with a
#'   row for each step that was tried (`covariate`, `score`, the mean over folds, `gain` over the model
#'   before, `p`, `kept`); `scores`, a list with a matrix per step, folds x candidates; `lambda`.
#' @references Hardcastle et al. (2017), Neuron 94:375, \doi{10.1016/j.neuron.2017.03.025}.
#' @examples
#' session <- simulate_session(300, encodes = "position", seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 20)
#' forward_selection(path)
#' @export
forward_selection <- function(object, n_folds = 10, block = NULL, folds = NULL, gap = 0, alpha = 0.05,
                              lambda = NULL) {
  path <- unadapted_path(object, "forward_selection()")
  refuse_nested(path, "forward_selection()")
  alpha <- check_number(alpha, "alpha", 0, 1)
  lambda <- one_lambda(path, lambda %||% min(path$lambda), "forward_selection()")
  problem <- path_problem(path)
  if (inherits(object, "group_lasso_cv") && is.null(folds)) {
    folds <- list(id = object$folds)
    gap <- object$gap
  } else {
    folds <- make_folds(folds, check_count(n_folds, "n_folds", lower = 2), block, path, problem)
  }
  parts <- split_folds(folds, check_count(gap, "gap", lower = 0), path)
  warn_of_few_folds(length(parts), alpha)
  kept <- integer()
  before <- numeric(length(parts))
  steps <- scores <- list()
  while (length(kept) < length(path$groups)) {
    candidates <- setdiff(seq_along(path$groups), kept)
    tried <- map_fits(candidates, function(g) subset_scores(problem, c(kept, g), parts, lambda))
    tried <- matrix(unlist(tried), length(parts), dimnames = list(NULL, names(path$groups)[candidates]))
    means <- colMeans(tried, na.rm = TRUE)
    if (!any(is.finite(means))) break
    best <- which.max(means)
    p <- signed_rank_p(tried[, best] - before)
    scores <- c(scores, list(tried))
    steps <- c(steps, list(data.frame(
      covariate = colnames(tried)[best], score = means[best],
      gain = mean(tried[, best] - before, na.rm = TRUE), p = p, kept = p < alpha, row.names = NULL
    )))
    if (!(p < alpha)) break
    kept <- c(kept, candidates[best])
    before <- tried[, best]
  }
  structure(list(selected = names(path$groups)[kept], steps = do.call(rbind, steps), scores = scores,
                 lambda = lambda, alpha = alpha, n_folds = length(parts)), class = "forward_selection")
}

# A signed-rank test has no smaller p-value than half to the power of the number of folds.
warn_of_few_folds <- function(n_folds, alpha) {
  if (alpha == 0 || 0.5^n_folds < alpha) return() # 0 asks for the first step alone
  warn_user(count_of(n_folds, "fold"), " can give no p-value below ", format(0.5^n_folds, digits = 2), ", so that at ",
            "alpha = ", format(alpha), " nothing is selected. Take more folds, or a larger `alpha`.",
            class = "neurolasso_few_folds")
}

# Bits per spike of each fold's held-out bins under the model with these groups alone.
subset_scores <- function(problem, groups, parts, lambda) {
  problem <- problem_with(problem, sort(groups))
  fits <- fit_weightings(problem, fold_weights(problem, parts), lambda_request(lambda), FALSE)
  held_out <- score_folds(problem, parts, fits)
  base <- held_out$base
  usable <- base$spikes > 0 & base$training_spikes > 0
  ifelse(usable, (held_out$loglik[, 1] - base$null) / log(2) / base$spikes, NA)
}

# One-sided: that differences are above 0. 1 where there is nothing to test.
signed_rank_p <- function(x) {
  x <- x[!is.na(x)]
  if (length(x) == 0 || all(x == 0)) return(1)
  suppressWarnings(stats::wilcox.test(x, alternative = "greater")$p.value)
}

#' @rdname forward_selection
#' @param ... Not used.
#' @export
selected.forward_selection <- function(object, ...) {
  check_no_more(...)
  object$selected
}

#' @rdname forward_selection
#' @param x What `forward_selection()` returns.
#' @param digits Significant digits.
#' @export
print.forward_selection <- function(x, digits = 3, ...) {
  cat(sprintf("Forward selection: %d folds, one-sided signed-rank test at %s\n", x$n_folds, format(x$alpha)))
  if (!is.null(x$steps)) print(format(x$steps, digits = digits), row.names = FALSE)
  cat("Selected:", if (length(x$selected) > 0) paste(x$selected, collapse = ", ") else "none", "\n")
  invisible(x)
}

#' Plot a forward selection
#'
#' The held-out score of each model along the search, a point per fold and the mean; the step that was not
#' kept is grey.
#'
#' @param x What [forward_selection()] returns.
#' @param main,ylab As in [graphics::plot.default()].
#' @param ... Graphical parameters.
#' @return `x`, invisibly.
#' @export
plot.forward_selection <- function(x, main = "", ylab = "held-out bits per spike", ...) {
  if (is.null(x$steps)) stop_input("there is nothing to plot: no model has a score.", arg = "x")
  values <- Map(function(scores, name) scores[, name], x$scores, x$steps$covariate)
  at <- seq_along(values)
  finite <- unlist(values)
  graphics::plot(range(at) + c(-0.5, 0.5), range(0, finite[is.finite(finite)]), type = "n", xaxt = "n",
                 las = 1, bty = "l", main = main, xlab = "", ylab = ylab, ...)
  graphics::axis(1, at = at, labels = paste0(ifelse(at == 1, "", "+ "), x$steps$covariate))
  graphics::abline(h = 0, col = "grey80")
  for (i in at) {
    col <- if (x$steps$kept[i]) path_colours[1] else "grey60"
    graphics::points(rep(i, length(values[[i]])), values[[i]], pch = 1, col = col)
    graphics::segments(i - 0.2, x$steps$score[i], i + 0.2, x$steps$score[i], col = col, lwd = 3)
  }
  invisible(x)
}
