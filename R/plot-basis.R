# plot-basis.R: pictures of bases.

#' Plot the functions of a basis
#'
#' One curve per function over the covariate, in its units where they are known (bounds given, or learned: see
#' `plot()` of a design), else on \[0, 1\]. A product of two bases is drawn as one image per function,
#' arranged as the functions are over the plane: the first covariate from left to right, the second from
#' bottom to top. A product of more than 100 functions or of more than two bases is drawn factor by factor.
#'
#' @param x A basis; or a `covariate_design` of [expand_covariates()], whose bases are trained.
#' @param covariate Name of the covariate whose basis to draw; may be left out where all have the same.
#' @param n Points of the grid; for images, along each axis. NULL: 201, and 41 for images.
#' @param col,lty,lwd Colours, line types and widths of the curves, recycled; for images, `col` is the
#'   palette.
#' @param main,xlab,ylab As in [graphics::plot.default()]. For a product `xlab` and `ylab` are those of
#'   images.
#' @param ... Graphical parameters for [graphics::matplot()].
#' @return Invisibly a list: `grid`, a data frame of the covariate's values, one column per input; `values`, a
#'   matrix, points x functions.
#' @examples
#' plot(basis_bspline(6))
#' plot(basis_raised_cosine_log(6, bounds = c(0, 250)), xlab = "time since spike (ms)")
#' plot(basis_bspline(4) * basis_cyclic(4, bounds = c(0, 2 * pi)))
#' session <- simulate_session(60, seed = 1)
#' design <- expand_covariates(session$covariates, list(speed = basis_bspline(6, knots = "quantiles")))
#' plot(design, "speed", xlab = "speed (cm/s)")
#' @export
plot.basis <- function(x, n = NULL, col = NULL, lty = 1, lwd = 2, main = title_of(x), xlab = NULL,
                       ylab = NULL, ...) {
  basis <- trained_to_draw(x)
  as_images <- inherits(basis, "basis_product") && length(basis$factors) == 2 && basis_size(basis) <= 100 &&
    !any(vapply(basis$factors, inherits, TRUE, what = "basis_factor"))
  n <- if (is.null(n)) (if (as_images) 41L else 201L) else check_count(n, "n", lower = 2)
  curves <- basis_curves(basis, if (inherits(basis, "basis_product") && !as_images) min(n, 11L) else n)
  if (as_images) {
    draw_images(basis, curves, n, col, main, xlab, ylab)
  } else if (inherits(basis, "basis_product")) {
    draw_factors(basis, n, col, lty, lwd, ...)
  } else {
    axis <- if (has_window(basis)) "lag (bins)" else "covariate"
    draw_curves(curves, col, lty, lwd, main, xlab %||% axis, ylab %||% "value", ...)
  }
  invisible(curves)
}

#' @rdname plot.basis
#' @export
plot.covariate_design <- function(x, covariate = NULL, xlab = NULL, ...) {
  bases <- vapply(unclass(x)$bases, format, "")
  if (is.null(covariate) && length(unique(bases)) == 1) covariate <- names(x)[1]
  if (!is.character(covariate) || length(covariate) != 1 || !covariate %in% names(x)) {
    stop_input("`covariate` must be one of ", quoted(names(x)), ", not ", describe(covariate), ".",
               arg = "covariate")
  }
  basis <- unclass(x)$bases[[covariate]]
  own_axis <- inherits(basis, "basis_product") || has_window(basis)
  plot(basis, xlab = xlab %||% if (!own_axis) covariate, ...)
}

# The basis with what it would learn from data that fill its bounds.
trained_to_draw <- function(basis) {
  if (inherits(basis, "basis_product")) {
    basis$factors <- lapply(basis$factors, trained_to_draw)
    return(basis)
  }
  if (inherits(basis, "basis_factor")) {
    if (is.null(basis$levels)) {
      stop_input("a factor's levels are not known before it is trained: give `levels`, or plot a design.",
                 arg = "x")
    }
    return(basis)
  }
  if (inherits(basis, "basis_columns")) {
    if (isTRUE(basis$n_col == 1)) return(basis)
    stop_input("columns as they are have no functions to draw.", arg = "x")
  }
  bounds <- drawn_bounds(basis)
  train_basis(basis, list(seq(bounds[1], bounds[2], length.out = 501)))
}

drawn_bounds <- function(basis) {
  known <- !is.null(basis$bounds) || !is.numeric(basis$knots) || length(basis$knots) == 0
  if (known) return(basis$bounds %||% c(0, 1))
  range <- range(basis$knots)
  gap <- diff(range) / max(length(basis$knots) - 1, 1)
  range + c(-1, 1) * (if (gap > 0) gap else 1)
}

# Grid and values: n points, for a product n along each axis.
basis_curves <- function(basis, n) {
  grid <- basis_grid(basis, n)
  values <- basis_values(basis, unname(grid))
  colnames(values) <- basis_labels(basis)
  names(grid) <- input_names(basis)
  list(grid = as.data.frame(grid, optional = TRUE), values = values)
}

input_names <- function(basis) {
  n <- n_inputs(basis)
  if (is.na(n) || n == 1) "covariate" else basis$inputs %||% paste("covariate", seq_len(n))
}

draw_curves <- function(curves, col, lty, lwd, main, xlab, ylab, ...) {
  x <- curves$grid[[1]]
  by_level <- is.factor(x)
  col <- rep_len(col %||% path_colours, ncol(curves$values))
  usual <- list(type = if (by_level) "p" else "l", pch = 19, las = 1, xaxt = if (by_level) "n" else "s")
  given <- list(as.numeric(x), curves$values, col = col, lty = lty, lwd = lwd, main = main, xlab = xlab,
                ylab = ylab)
  do.call(graphics::matplot, c(given, merge_parameters(usual, list(...))))
  if (by_level) graphics::axis(1, seq_along(x), x)
}

# Factor by factor, side by side.
draw_factors <- function(basis, n, col, lty, lwd, ...) {
  old <- graphics::par(mfrow = grDevices::n2mfrow(length(basis$factors)))
  on.exit(graphics::par(old))
  for (i in seq_along(basis$factors)) {
    factor <- basis$factors[[i]]
    draw_curves(basis_curves(factor, n), col, lty, lwd, title_of(factor), input_names(basis)[i], "value", ...)
  }
}

# One image per function; all share the scale of the values.
draw_images <- function(basis, curves, n, col, main, xlab, ylab) {
  size <- vapply(basis$factors, basis_size, 0L)
  palette <- col %||% grDevices::hcl.colors(64, "YlGnBu", rev = TRUE)
  old <- graphics::par(mfrow = size[2:1], mar = rep(0.15, 4), oma = c(3, 3, 3, 1))
  on.exit(graphics::par(old))
  for (row in rev(seq_len(size[2]))) {
    for (column in seq_len(size[1])) {
      image <- matrix(curves$values[, (column - 1) * size[2] + row], n)
      graphics::image(image, zlim = range(curves$values), col = palette, axes = FALSE)
      graphics::box(col = "grey70")
    }
  }
  labels <- input_names(basis)
  graphics::mtext(axis_title(xlab %||% labels[1], curves$grid[[1]]), side = 1, outer = TRUE, line = 1)
  graphics::mtext(axis_title(ylab %||% labels[2], curves$grid[[2]]), side = 2, outer = TRUE, line = 1)
  graphics::mtext(main, side = 3, outer = TRUE, line = 1, font = 2)
}

# The basis without bounds and knots, which the axis shows.
title_of <- function(basis) {
  if (inherits(basis, "basis_product")) return(paste(vapply(basis$factors, title_of, ""), collapse = " * "))
  sub("(, )?(bounds|knots) = .*$", ")", format(basis))
}

axis_title <- function(name, x) {
  sprintf("%s: %s to %s in each image", name, format(min(x), digits = 3), format(max(x), digits = 3))
}
