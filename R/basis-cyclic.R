#' Periodic B-splines
#'
#' B-splines on a circle, for head direction, theta phase, time of day: the two ends of the bounds are
#' the same point, where value and derivatives agree.
#'
#' The period is divided into `n_basis` equal intervals, from the lower bound on. Values outside the bounds
#' are wrapped, so 370 degrees are 10, without a warning: whether angles run from -180 to 180 or from 0 to
#' 360 makes no difference, only the bounds do, and moving both by one interval moves every column to its
#' neighbour. Where values look like degrees and the bounds like radians, or the other way round, a warning of
#' class `neurolasso_units` says so. Values equal those of NeMoS's `CyclicBSplineEval`.
#'
#' @param n_basis How many functions (columns), at least `order`.
#' @param order Order of the spline, at least 2; 4 is cubic.
#' @param bounds One period in the covariate's units, such as `c(0, 2 * pi)` or `c(-180, 180)`. There is no
#'   default: the range of the data is not the period.
#' @inherit basis_bspline return
#' @examples
#' direction <- c(-180, 0, 179.999)
#' zapsmall(as.matrix(expand_covariates(list(direction = direction),
#'                                      basis_cyclic(6, bounds = c(-180, 180)))))
#' @export
basis_cyclic <- function(n_basis, order = 4, bounds) {
  bounds <- check_period(bounds)
  order <- check_count(order, "order", lower = 2)
  new_basis("cyclic", list(n_basis = check_n_basis(n_basis, order), order = order, bounds = bounds))
}

# Bounds that have no default.
check_period <- function(bounds) {
  if (missing(bounds)) {
    stop_input("`bounds` must be given: the period of the covariate, such as c(0, 2 * pi) or ",
               "c(-180, 180).", arg = "bounds")
  }
  check_bounds(bounds, required = TRUE)
}

#' @export
train_basis.basis_cyclic <- function(basis, x) train_periodic(basis, x)

train_periodic <- function(basis, x) {
  numeric_input(x[[1]], format(basis))
  warn_of_units(x[[1]], basis$bounds, format(basis))
  basis
}

# Angles that were surely given in another unit than their period: degrees that are far more turns than one,
# radians that are next to none. what: of whom the message speaks.
warn_of_units <- function(x, period, what) {
  if (is.null(period) || !is.numeric(x) || length(x) == 0) return()
  range <- suppressWarnings(range(x, na.rm = TRUE))
  if (!all(is.finite(range))) return()
  turn <- diff(period)
  near <- function(size) abs(turn - size) < 0.01 * size
  in_degrees <- near(2 * pi) && diff(range) > 180 && max(abs(range)) <= 361
  in_radians <- near(360) && diff(range) > 3 && max(abs(range)) < 6.3
  if (!in_degrees && !in_radians) return()
  shown <- vapply(c(turn, range), format, "", digits = 4)
  warn_user(what, " has a period of ", shown[1], ", and values run from ", shown[2], " to ", shown[3],
            ": are they ", if (in_degrees) "degrees" else "radians", "? The period must be in their unit.",
            class = "neurolasso_units")
}

#' @export
basis_rows.basis_cyclic <- function(basis, x) {
  rows <- .Call(C_cyclic, as.double(x[[1]]), basis$bounds, basis$n_basis, basis$order, row_threads())
  as_factor_rows(rows, basis$n_basis, periodic = TRUE)
}

#' @export
format.basis_cyclic <- function(x, ...) {
  format_basis("basis_cyclic", x$n_basis, if (x$order != 4) paste("order =", x$order) else "",
               format_bounds(x$bounds))
}
