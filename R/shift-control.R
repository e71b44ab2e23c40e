#' Each covariate shifted in time as its own control
#'
#' A covariate and a neuron that are both slow look related by chance: a few slow waves line up. The control
#' keeps both as they are and breaks only their timing: the covariate is shifted cyclically (within each
#' session) by many lags, and what it would contribute then is compared with what it contributes as recorded.
#'
#' @section What is compared:
#' The other covariates are fitted without this one, at the smallest lambda of the path, so that what they
#' explain is not counted for it. The statistic is its score there, \eqn{\|\nabla_g\| / w_g}{||grad_g|| /
#' w_g}: the penalty at which it would enter (see `group_scores` in [group_lasso()]). A shift leaves the fit
#' of the others as it is, so all shifts cost one Fourier transform for each column. The p-value is the share
#' of shifts, the unshifted one counted among them, that reach the score as recorded.
#'
#' The control takes recordings for stationary. It is no help where a covariate and the rate both drift over the
#' whole session, or where two covariates are tied in time (a shift breaks that tie, too); the others in the
#' model take up what they share with it, as far as they can.
#'
#' @param object A `group_lasso_path`, or what [cv_group_lasso()] returns.
#' @param n_shifts How many shifts, spread evenly.
#' @param min_shift NULL, or the smallest shift to both sides, in bins. NULL: 5 times the longest correlation
#'   time (as for blocks of [cv_group_lasso()]), but at most a tenth of the longest session.
#' @return A list of class `shift_control`: `table`, a data frame with a row per covariate, in order of their
#'   p-values (`score` as recorded, `null` the median and `null_95` the 95 % quantile over shifts, `p`);
#'   `scores` (G x n_shifts), `shifts` in bins of the longest session (in others in proportion), `min_shift`.
#' @references Shifts as a control: Harris (2021), arXiv:2012.06862; Hardcastle et al. (2017), Neuron 94:375.
#' @examples
#' session <- simulate_session(300, encodes = "position", seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 20)
#' control <- shift_control(path, n_shifts = 200)
#' control
#' plot(control)
#' selected(control)
#' @export
shift_control <- function(object, n_shifts = 500, min_shift = NULL) {
  path <- unadapted_path(object, "shift_control()")
  refuse_nested(path, "shift_control()")
  n_shifts <- check_count(n_shifts, "n_shifts", lower = 19)
  problem <- path_problem(path)
  starts <- run_starts(unclass(path$design)$session, length(path$counts))
  longest <- max(diff(starts))
  if (is.null(min_shift)) {
    session <- rep(seq_along(diff(starts)), diff(starts))
    min_shift <- ceiling(min(block_times * longest_correlation(problem, session), longest / 10))
  }
  min_shift <- check_count(min_shift, "min_shift")
  if (longest - 2 * min_shift < n_shifts) {
    stop_input("`min_shift` (", min_shift, ") and `n_shifts` (", n_shifts,
               ") must leave room in the longest ", "session, ", longest, " bins.", arg = "min_shift")
  }
  shifts <- round(seq(min_shift, longest - min_shift, length.out = n_shifts))
  scores <- do.call(rbind, map_fits(seq_along(path$groups), function(g) {
    shifted_scores(problem, g, min(path$lambda), c(0, shifts), starts)
  }))
  rownames(scores) <- names(path$groups)
  nulls <- scores[, -1, drop = FALSE]
  table <- data.frame(
    score = scores[, 1], null = apply(nulls, 1, stats::median),
    null_95 = apply(nulls, 1, stats::quantile, 0.95),
    p = (1 + rowSums(nulls >= scores[, 1] * (1 - 1e-9))) / (1 + n_shifts), row.names = names(path$groups)
  )
  structure(list(table = table[order(table$p, -table$score), ], scores = nulls, shifts = shifts,
                 min_shift = min_shift), class = "shift_control")
}

# Scores of group g, shifted by so many bins of the longest session, in the model of all others.
shifted_scores <- function(problem, g, lambda, shifts, starts) {
  weight <- problem$penalty$scale[g]
  if (weight == 0) return(numeric(length(shifts)))
  eta <- others_predictor(problem, g, lambda)
  ratio <- ifelse(problem$counts == 0, 0, problem$counts / inverse_link(eta, problem$link))
  residual <- problem$v * (ratio - 1) * link_slope(eta, problem$link)
  columns <- problem$groups$columns[[g]]
  sums <- matrix(0, length(shifts), length(columns))
  for (s in seq_len(length(starts) - 1)) {
    n <- starts[s + 1] - starts[s]
    rows <- starts[s] + seq_len(n)
    X <- columns_at(problem, columns, rows)
    lag <- round(shifts * n / max(diff(starts))) %% n
    sums <- sums + cyclic_products(X, residual[rows], lag)
  }
  transform <- problem$penalty$transform[[g]]
  entry_scores(sums %*% transform / sum(problem$v), weight, problem$penalty)
}

# The linear predictor without group g.
others_predictor <- function(problem, g, lambda) {
  offset <- known_offset(problem)
  others <- setdiff(seq_along(problem$groups$columns), g)
  if (length(others) + length(problem$groups$free) == 0 || sum(problem$v * problem$counts) == 0) {
    return(null_intercept(problem$counts, offset, problem$v, problem$link) + offset)
  }
  part <- problem_with(problem, others)
  fit <- fit_problem_at(part, lambda)
  design_predictor(part$design, fit$coefficients)[, 1] + fit$intercept + offset
}

# sum_t x[t - lag, ] r[t], t - lag taken cyclically, for each lag from 0 .. n - 1: lags x columns. Through
# products that are not cyclic, of lags lag and lag - n, since the transform of a length with large prime
# factors is slow.
cyclic_products <- function(X, r, lag) {
  n <- length(r)
  size <- stats::nextn(2 * n)
  padding <- numeric(size - n)
  spectrum <- stats::fft(c(r, padding))
  out <- vapply(seq_len(ncol(X)), function(j) {
    products <- Re(stats::fft(Conj(stats::fft(c(X[, j], padding))) * spectrum, inverse = TRUE)) / size
    products[lag + 1] + ifelse(lag > 0, products[size - n + 1 + lag], 0)
  }, numeric(length(lag)))
  matrix(out, length(lag))
}

#' @rdname shift_control
#' @param alpha Covariates with a p-value up to this are named.
#' @param ... Not used.
#' @export
selected.shift_control <- function(object, alpha = 0.05, ...) {
  check_no_more(...)
  alpha <- check_number(alpha, "alpha", 0, 1)
  rownames(object$table)[object$table$p <= alpha]
}

#' @export
print.shift_control <- function(x, digits = 3, ...) {
  cat(sprintf("Shift control: %d shifts of at least %s\n", length(x$shifts), count_of(x$min_shift, "bin")))
  cat("Score of each in the model of the others, as recorded and shifted\n")
  print(format(x$table, digits = digits))
  invisible(x)
}

#' Plot a shift control
#'
#' For each covariate the scores of its shifted copies (a box from the 25 to the 75 % quantile, whiskers to 5
#' and 95 %) and its score as recorded (a point, filled where p is at most `alpha`).
#'
#' @param x What [shift_control()] returns.
#' @param alpha Points are filled up to this p-value.
#' @param main,xlab As in [graphics::plot.default()].
#' @param ... Graphical parameters.
#' @return `x`, invisibly.
#' @export
plot.shift_control <- function(x, alpha = 0.05, main = "", xlab = "score: the penalty at which it enters", ...) {
  alpha <- check_number(alpha, "alpha", 0, 1)
  names <- rev(rownames(x$table))
  spread <- apply(x$scores[names, , drop = FALSE], 1, stats::quantile, c(0.05, 0.25, 0.75, 0.95))
  at <- seq_along(names)
  score <- x$table[names, "score"]
  width <- max(graphics::strwidth(names, units = "inches"), 0.3) + 0.4
  old <- graphics::par(mai = replace(graphics::par("mai"), 2, min(width, 0.5 * graphics::par("din")[1])))
  on.exit(graphics::par(old))
  graphics::plot(range(0, spread, score), range(at) + c(-0.5, 0.5), type = "n", yaxt = "n", bty = "l",
                 main = main, xlab = xlab, ylab = "", ...)
  graphics::axis(2, at = at, labels = names, las = 1, tick = FALSE)
  graphics::segments(spread[1, ], at, spread[4, ], at, col = "grey60")
  graphics::rect(spread[2, ], at - 0.2, spread[3, ], at + 0.2, col = "grey85", border = "grey60")
  filled <- x$table[names, "p"] <= alpha
  graphics::points(score, at, pch = ifelse(filled, 19, 1), col = path_colours[1])
  invisible(x)
}
