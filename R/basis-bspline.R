#' B-splines
#'
#' `n_basis` B-splines of an order on an interval, with equally spaced knots. Each row of the basis has
#' `order` neighbouring values that are not zero, and they sum to one.
#'
#' The covariate x is mapped to u = (x - lower) / (upper - lower); the knots on \[0, 1\] are `order` zeros,
#' `n_basis - order` equally spaced (or given) inner ones and `order` ones. Values equal those of
#' NeMoS's `BSplineEval`.
#'
#' @param n_basis How many functions (columns), at least `order`.
#' @param order Order of the spline: degree + 1; 4 is cubic.
#' @param bounds Lower and upper end of the covariate, in its own units; NULL: the range of the
#'   training data. Values outside are moved to the nearest end, with a warning that counts them.
#' @param knots NULL for equally spaced ones; or the inner knots (`n_basis - order` of them), in the
#'   covariate's units, inside the bounds; or `"quantiles"`: where the training data are dense knots are,
#'   too, at equally spaced quantiles of the values between the bounds (of the different values, where the
#'   quantiles of all would coincide). They are learned once; `print()` on the design shows them.
#' @return A basis: a specification without data, for the `basis` argument of [group_lasso()] and
#'   [expand_covariates()].
#' @references de Boor (1978), A Practical Guide to Splines, Springer.
#' @seealso [basis_cyclic()] for angles; `*` makes place fields, see [basis_product].
#' @examples
#' basis_bspline(6)
#' speed <- c(0, 12, 30)
#' as.matrix(expand_covariates(list(speed = speed), basis_bspline(5, bounds = c(0, 40))))
#' @export
basis_bspline <- function(n_basis, order = 4, bounds = NULL, knots = NULL) {
  order <- check_count(order, "order")
  n_basis <- check_n_basis(n_basis, order)
  new_spline("bspline", n_basis, order, n_basis - order, bounds, knots)
}

# A spline on an interval: B-splines of an order on n_knots inner knots, or what `type` makes of them.
new_spline <- function(type, n_basis, order, n_knots, bounds, knots) {
  bounds <- check_bounds(bounds)
  check_knots(knots, n_knots, bounds)
  new_basis(unique(c(type, "bspline")),
            list(n_basis = n_basis, order = order, n_knots = n_knots, bounds = bounds, knots = knots))
}

check_n_basis <- function(n_basis, order) {
  n_basis <- check_count(n_basis, "n_basis")
  if (n_basis < order) {
    stop_input("`n_basis` must be at least the order, ", order, ", not ", n_basis, ".", arg = "n_basis")
  }
  n_basis
}

check_knots <- function(knots, n_knots, bounds) {
  if (is.null(knots) || identical(knots, "quantiles")) return()
  if (!is.numeric(knots) || anyNA(knots) || length(knots) != n_knots || is.unsorted(knots)) {
    stop_input("`knots` must be NULL, \"quantiles\", or the ", n_knots, " inner knots in increasing order, ",
               "not ", describe(knots), ".", arg = "knots")
  }
  check_knots_inside(knots, bounds)
}

check_knots_inside <- function(knots, bounds) {
  if (!is.null(bounds) && length(knots) > 0 && (min(knots) < bounds[1] || max(knots) > bounds[2])) {
    stop_input("`knots` must lie inside the bounds, ", format(bounds[1]), " to ", format(bounds[2]),
               ", not from ", format(min(knots)), " to ", format(max(knots)), ".", arg = "knots")
  }
}

#' @export
train_basis.basis_bspline <- function(basis, x) {
  basis <- NextMethod()
  if (is.character(basis$knots)) basis$knots <- quantile_knots(x[[1]], basis$n_knots, basis$bounds)
  check_knots_inside(basis$knots, basis$bounds)
  basis
}

# n different knots between the bounds, where the values are.
quantile_knots <- function(x, n, bounds) {
  share <- seq_len(n) / (n + 1)
  inside <- x[which(x > bounds[1] & x < bounds[2])]
  for (values in list(inside, unique(inside))) {
    knots <- stats::quantile(values, share, names = FALSE)
    if (length(values) > 0 && all(diff(c(bounds[1], knots, bounds[2])) > 0)) return(knots)
  }
  bounds[1] + share * diff(bounds)
}

# The knot sequence of the B-splines on [0, 1].
unit_knots <- function(basis) {
  inner <- if (is.null(basis$knots) || diff(basis$bounds) == 0) {
    seq(0, 1, length.out = basis$n_knots + 2)[-c(1, basis$n_knots + 2)]
  } else {
    (basis$knots - basis$bounds[1]) / diff(basis$bounds)
  }
  c(rep(0, basis$order), as.double(inner), rep(1, basis$order))
}

bspline_rows <- function(basis, x) {
  .Call(C_bspline, as.double(x[[1]]), basis$bounds, unit_knots(basis), basis$order, row_threads())
}

#' @export
basis_rows.basis_bspline <- function(basis, x) as_factor_rows(bspline_rows(basis, x), basis$n_basis)

#' @export
format.basis_bspline <- function(x, ...) {
  format_basis(class(x)[1], x$n_basis, if (x$order != 4) paste("order =", x$order) else "",
               format_bounds(x$bounds), format_knots(x$knots))
}

format_knots <- function(knots, most = 6) {
  if (length(knots) == 0) return("")
  if (is.character(knots)) return("knots = \"quantiles\"")
  paste("knots =", format_values(knots, most))
}
