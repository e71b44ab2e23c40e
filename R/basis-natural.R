#' Natural cubic splines
#'
#' Cubic splines that are straight at both ends: their second derivative is zero at the bounds, so that curves
#' bend less where data are few. `n_basis - 2` inner knots give `n_basis` functions.
#'
#' They are the B-splines of order 4 on these knots ([basis_bspline()], `n_basis + 2` of them), of which the
#' first three and the last three are combined to two each so that the second derivative at the bound is
#' zero: \eqn{N_1 = B_1 + a B_2} and \eqn{N_2 = (1 - a) B_2 + B_3} with \eqn{a = B_1''/(B_1'' + B_3'')} at
#' the lower bound, and alike at the upper one. Each row has at most four neighbouring values that are not
#' zero; none is negative, and they sum to one. They span what `splines::ns()` spans on the same knots, with
#' its intercept.
#'
#' @inheritParams basis_bspline
#' @param n_basis How many functions (columns), at least 4.
#' @param knots As in [basis_bspline()]; `n_basis - 2` different inner knots, inside the bounds and not on
#'   them.
#' @inherit basis_bspline return
#' @references Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, Springer,
#'   section 5.2.1.
#' @examples
#' basis_natural(5)
#' as.matrix(expand_covariates(list(speed = c(0, 12, 30)), basis_natural(5, bounds = c(0, 40))))
#' @export
basis_natural <- function(n_basis, bounds = NULL, knots = NULL) {
  n_basis <- check_count(n_basis, "n_basis", lower = 4)
  check_knots_differ(knots, bounds)
  new_spline("natural", n_basis, 4L, n_basis - 2L, bounds, knots)
}

check_knots_differ <- function(knots, bounds) {
  if (is.numeric(knots) && any(diff(c(bounds[1], knots, bounds[2])) == 0, na.rm = TRUE)) {
    stop_input("`knots` of a natural spline must be different ones between the bounds, not on them; not ",
               format_values(knots), ".", arg = "knots")
  }
}

#' @export
train_basis.basis_natural <- function(basis, x) {
  basis <- NextMethod()
  if (diff(basis$bounds) > 0) check_knots_differ(basis$knots, basis$bounds)
  basis
}

#' @export
basis_rows.basis_natural <- function(basis, x) {
  rows <- bspline_rows(basis, x)
  n <- basis$n_basis
  poly <- array(rows$poly, c(4, 4, length(rows$poly_first))) # B-spline, power, cell
  combined <- natural_columns(poly, n)
  first <- pmin(pmax(rows$poly_first - 1L, 0L), n - 4L)
  for (cell in seq_along(first)) {
    part <- combined[rows$poly_first[cell] + 1:4, first[cell] + 1:4]
    poly[, , cell] <- crossprod(part, poly[, , cell])
  }
  rows$poly <- as.double(poly)
  rows$poly_first <- first
  as_factor_rows(rows, n)
}

# What each B-spline (n + 2 rows) counts for in each natural spline (n columns).
natural_columns <- function(poly, n) {
  last <- dim(poly)[3]
  # half the second derivatives, at the lower and at the upper bound
  lower <- poly[1:3, 3, 1]
  upper <- poly[2:4, 3, last] + 3 * poly[2:4, 4, last]
  a <- lower[1] / (lower[1] + lower[3])
  b <- upper[3] / (upper[1] + upper[3])
  out <- matrix(0, n + 2, n)
  out[cbind(c(1, 3:n, n + 2), c(1, 2:(n - 1), n))] <- 1
  out[2, 1:2] <- c(a, 1 - a)
  out[n + 1, (n - 1):n] <- c(1 - b, b)
  out
}
