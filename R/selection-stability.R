#' How stable a selection is
#'
#' Fits the path again on many random halves of the recording and counts, for each covariate and penalty, in
#' which share of them it is in. Halves are made of blocks of time, so that they differ as two recordings
#' would, and come in pairs: one half, and all the rest.
#'
#' All halves have the bases, the penalty's scaling and the lambdas of the path, and ride in the same passes
#' over its design. Since a half has half the spikes, noise reaches to larger lambdas there than in the path
#' itself. From a cross-validation halves have its adaptive weights, too, which have seen all counts, so
#' shares are nearer to 0 and 1 than those of two recordings would be. Give a path for halves that know
#' nothing of each other.
#'
#' @section Which covariates are stable:
#' At one `lambda`, those that at least `threshold` of the halves have in. From a cross-validation that is
#' `lambda_1se` unless told otherwise. Else, where no lambda is given, those whose share is at least
#' `threshold` at some lambda down to the point where a half has, on average, \eqn{q = \sqrt{(2\,threshold -
#' 1)\,G\,max\_false}}{q = sqrt((2 threshold - 1) G max_false)} of the G covariates in. Then at most
#' `max_false` covariates are expected to be in wrongly, if those that carry nothing are exchangeable and
#' halves are not worse than guessing (Meinshausen and Buehlmann 2010). That is for many covariates: with
#' four, q is 1.4, and the second of two strong ones is out.
#'
#' @param object A `group_lasso_path`, or what [cv_group_lasso()] returns.
#' @param n_pairs Pairs of halves.
#' @param block NULL, or the length of a block in bins; NULL: as in [cv_group_lasso()] with ten folds.
#' @param seed NULL, or a seed; the state of R's generator is then left as it was.
#' @return A list of class `selection_stability`: `frequency` (G x L, rows named), `lambda`, `lambda_1se`
#'   (NULL, or of the cross-validation), `n_in` (length L: how many covariates a half has had in so far, on
#'   average), `block`, `n_halves`, `spikes` (per half).
#' @references Meinshausen and Buehlmann (2010), J R Stat Soc B 72:417,
#'   \doi{10.1111/j.1467-9868.2010.00740.x}. Pairs: Shah and Samworth (2013), J R Stat Soc B 75:55,
#'   \doi{10.1111/j.1467-9868.2011.01034.x}.
#' @examples
#' session <- simulate_session(300, encodes = "position", seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 20)
#' stability <- selection_stability(path, n_pairs = 10, seed = 1)
#' stability
#' selected(stability)
#' plot(stability)
#' @export
selection_stability <- function(object, n_pairs = 25, block = NULL, seed = NULL) {
  path <- as_path(object, "selection_stability()")
  n_pairs <- check_count(n_pairs, "n_pairs")
  problem <- path_problem(path)
  session <- session_of_bins(path)
  n <- n_given(path)
  block <- if (is.null(block)) {
    chosen_block(longest_correlation(problem, session[used_bins(path)]), n, 10)
  } else {
    check_block(block, n, 2)
  }
  halves <- with_seed(seed, random_halves(session, block, n_pairs))
  halves <- lapply(halves, function(half) half[used_bins(path)])
  # a few at a time, however they are fitted, so that results don't depend on a plan
  batches <- split(halves, (seq_along(halves) - 1) %/% halves_at_once)
  active <- do.call(c, map_fits(unname(batches), function(batch) active_groups(problem, batch, path$lambda)))
  ever <- lapply(active, function(a) t(apply(a, 1, cummax)))
  share <- function(parts) structure(Reduce(`+`, parts) / length(parts), dim = dim(path$group_norms))
  structure(
    list(frequency = structure(share(active), dimnames = dimnames(path$group_norms)), lambda = path$lambda,
         lambda_1se = object$lambda_1se, n_in = colSums(share(ever)), block = block,
         n_halves = length(halves),
         spikes = vapply(halves, function(half) sum((problem$v * problem$counts)[half]), 0)),
    class = "selection_stability"
  )
}

halves_at_once <- 10

active_groups <- function(problem, halves, lambda) {
  fits <- fit_weightings(problem, lapply(halves, function(half) problem$v * half), lambda_request(lambda), FALSE)
  lapply(unname(fits), function(fit) fit$group_norms > 0)
}

# Logical vectors over all bins: in each pair a random half of the blocks, and the others.
random_halves <- function(session, block, n_pairs) {
  number <- number_blocks(session, block)
  total <- max(number)
  if (total < 2) stop_input("`block` must leave at least two blocks, not one.", arg = "block")
  pairs <- lapply(seq_len(n_pairs), function(i) {
    half <- (seq_len(total) %in% sample.int(total, total %/% 2))[number]
    list(half, !half)
  })
  unlist(pairs, recursive = FALSE)
}

#' @rdname selection_stability
#' @param threshold The share of halves.
#' @param lambda NULL, or one penalty.
#' @param max_false How many covariates may be expected in wrongly, where there is no lambda.
#' @param ... Not used.
#' @export
selected.selection_stability <- function(object, threshold = 0.75, lambda = NULL, max_false = 1, ...) {
  check_no_more(...)
  threshold <- check_number(threshold, "threshold", 0, 1)
  shares <- stable_shares(object, threshold, lambda %||% object$lambda_1se, max_false)
  rownames(object$frequency)[shares >= threshold]
}

# The share of halves that counts: at lambda, or the largest down to where the bound ends.
stable_shares <- function(x, threshold, lambda, max_false) {
  if (is.null(lambda)) {
    return(apply(x$frequency[, within_bound(x, threshold, max_false), drop = FALSE], 1, max, 0))
  }
  interpolate_columns(x$frequency, lambda_weights(x$lambda, check_number(lambda, "lambda", 0)))[, 1]
}

# Lambdas at which a half has few enough covariates in.
within_bound <- function(x, threshold, max_false) {
  max_false <- check_number(max_false, "max_false", 0)
  x$n_in <= sqrt(max(2 * threshold - 1, 0) * nrow(x$frequency) * max_false) + 1e-9
}

#' @export
print.selection_stability <- function(x, ...) {
  cat(sprintf("Stability of a selection: %d halves of blocks of %s, about %s spikes each\n", x$n_halves,
              count_of(x$block, "bin"), format(round(mean(x$spikes)), big.mark = ",")))
  at <- if (is.null(x$lambda_1se)) "before others crowd in" else
    paste("at lambda_1se,", format(x$lambda_1se, digits = 4))
  cat(sprintf("Share of halves that have each in: %s; at most, anywhere on the path\n", at))
  shares <- sort(stable_shares(x, 0.75, x$lambda_1se, 1), decreasing = TRUE)
  shown <- first_few(names(shares), 20)
  cat(sprintf("  %-*s  %4.2f  %4.2f\n", max(nchar(shown)), shown, shares[shown],
              apply(x$frequency[shown, , drop = FALSE], 1, max)), sep = "")
  chosen <- selected(x)
  cat("In at least 0.75 of them:", if (length(chosen) > 0) paste(chosen, collapse = ", ") else "none", "\n")
  invisible(x)
}

#' Plot the stability of a selection
#'
#' The share of halves that have each covariate in, against the penalty. `threshold` is dashed, and so is
#' `lambda_1se` of a cross-validation.
#'
#' @param x What [selection_stability()] returns.
#' @param threshold As in `selected()`.
#' @param main,xlab,ylab As in [graphics::plot.default()].
#' @param ... Graphical parameters.
#' @return `x`, invisibly.
#' @export
plot.selection_stability <- function(x, threshold = 0.75, main = "", xlab = "penalty (lambda)",
                                     ylab = "share of halves", ...) {
  threshold <- check_number(threshold, "threshold", 0, 1)
  shown <- which(is.finite(x$lambda) & x$lambda > 0)
  if (length(shown) == 0) stop_input("there is nothing to plot: no finite lambda above 0.", arg = "x")
  order <- order(-rowSums(x$frequency))
  named <- order[seq_len(min(length(order), length(path_colours)))]
  names <- rownames(x$frequency)[named]
  # the names beside the plot, where no curve is
  room <- max(graphics::strwidth(names, units = "inches", cex = 0.85)) + 0.7
  old <- graphics::par(mai = replace(graphics::par("mai"), 4, min(room, 0.4 * graphics::par("din")[1])))
  on.exit(graphics::par(old))
  graphics::plot(range(x$lambda[shown]), c(0, 1), type = "n", log = "x", las = 1, bty = "l", main = main,
                 xlab = xlab, ylab = ylab, ...)
  graphics::abline(h = threshold, v = x$lambda_1se, lty = 2, col = "grey60")
  style <- curve_style(length(order), NULL, 1, NULL)
  for (i in rev(seq_along(order))) {
    graphics::lines(x$lambda[shown], x$frequency[order[i], shown], col = style$col[i], lwd = style$lwd[i])
  }
  graphics::legend(10^graphics::par("usr")[2], 1, names, col = style$col[seq_along(named)],
                   lwd = style$lwd[seq_along(named)], bty = "n", cex = 0.85, seg.len = 1, xpd = TRUE)
  invisible(x)
}
