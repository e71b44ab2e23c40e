#' Plot a cross-validation
#'
#' Bits per spike of the held-out bins against the penalty, on a logarithmic axis: weak penalties on the
#' left. The band is one standard error on each side; the axis above counts the covariates that are in;
#' `lambda_min` and `lambda_1se` are marked. 0 is the model that knows only the training rate.
#'
#' @param x What [cv_group_lasso()] returns.
#' @param folds Draw each fold's score as a thin line?
#' @param col Colour of the curve and its band.
#' @param main,xlab,ylab,xlim,ylim As in [graphics::plot.default()].
#' @param ... Graphical parameters such as `cex.lab`, `cex.axis`.
#' @return `x`, invisibly.
#' @examples
#' session <- simulate_session(300, encodes = c("position", "speed"), seed = 1)
#' cv <- cv_group_lasso(session$covariates, session$counts, basis = basis_bspline(6), n_lambda = 30)
#' plot(cv)
#' plot(cv, folds = TRUE)
#' @export
plot.group_lasso_cv <- function(x, folds = FALSE, col = path_colours[1], main = "", xlab = "penalty (lambda)",
                                ylab = "held-out bits per spike", xlim = NULL, ylim = NULL, ...) {
  folds <- check_flag(folds, "folds")
  shown <- rev(which(is.finite(x$lambda) & x$lambda > 0 & is.finite(x$cv_mean)))
  if (length(shown) == 0) {
    stop_input("there is nothing to plot: no score at a finite lambda above 0.", arg = "x")
  }
  lambda <- x$lambda[shown]
  middle <- x$cv_mean[shown]
  error <- ifelse(is.finite(x$cv_se[shown]), x$cv_se[shown], 0)
  lines <- if (folds) t(x$score[, shown, drop = FALSE])
  heights <- c(middle - error, middle + error, 0, lines)
  if (is.null(xlim) && length(lambda) == 1) xlim <- lambda * c(0.5, 2)
  old <- graphics::par(mar = pmax(graphics::par("mar"), c(0, 4.8, 4.6, 0)))
  on.exit(graphics::par(old))
  graphics::plot(range(lambda), c(0, 0), type = "n", log = "x", xlim = xlim, las = 1, bty = "l", xlab = xlab,
                 ylim = ylim %||% range(heights[is.finite(heights)]), ylab = "", ...)
  graphics::title(ylab = ylab, line = 3.5, ...)
  if (any(nzchar(main))) graphics::title(main = main, line = 3, ...)
  graphics::abline(h = 0, col = "grey80")
  graphics::polygon(c(lambda, rev(lambda)), c(middle - error, rev(middle + error)), border = NA,
                    col = grDevices::adjustcolor(col, 0.2))
  if (folds) graphics::matlines(lambda, lines, col = "grey70", lty = 1, lwd = 0.7)
  graphics::lines(lambda, middle, col = col, lwd = 2, type = if (length(lambda) == 1) "p" else "l")
  count_above(colSums(x$path$group_norms[, shown, drop = FALSE] > 0), lambda, group_word(x$path))
  mark_lambdas(x)
  invisible(x)
}

# The number of covariates or groups (word) that are in, above the plot.
count_above <- function(n_in, lambda, word) {
  usr <- 10^graphics::par("usr")[1:2]
  at <- graphics::axTicks(1)
  at <- at[at >= max(usr[1], lambda[1]) & at <= usr[2]]
  if (length(at) == 0) at <- lambda[1]
  nearest <- vapply(at, function(a) which.min(abs(log(lambda) - log(a))), 1L)
  graphics::axis(3, at = at, labels = n_in[nearest], tick = FALSE, line = -0.6, cex.axis = 0.85,
                 col.axis = "grey30")
  graphics::mtext(paste0(word, "s in"), side = 3, line = 1.4, cex = 0.75, col = "grey30")
}

# Dashed lines, with names at the lower end, above the line of score 0, on the outer sides.
mark_lambdas <- function(cv) {
  marks <- c(lambda_min = cv$lambda_min, lambda_1se = cv$lambda_1se)
  marks <- marks[is.finite(marks) & marks > 0]
  graphics::abline(v = marks, lty = 2, col = "grey30")
  same <- length(marks) == 2 && marks[1] == marks[2]
  bottom <- graphics::par("usr")[3] + 0.09 * diff(graphics::par("usr")[3:4])
  label <- if (same) "lambda_min = lambda_1se" else names(marks)
  usr <- graphics::par("usr")
  room <- 10^(usr[1] + 1.1 * max(graphics::strwidth(label, cex = 0.8, units = "inches")) /
              graphics::par("pin")[1] *
                diff(usr[1:2]))
  for (i in seq_along(label)) {
    to_left <- names(marks)[i] == "lambda_min" && marks[i] > room
    graphics::text(marks[i], bottom, label[i], cex = 0.8, col = "grey30", pos = if (to_left) 2 else 4)
  }
}
