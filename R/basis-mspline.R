#' M-splines
#'
#' B-splines scaled so that each has an integral of 1 over the covariate, in its own units: densities.
#'
#' With \eqn{t} the knots in the covariate's units, function j is \eqn{k / (t_{j+k} - t_j)} times B-spline j
#' of order k ([basis_bspline()], which has the details on bounds and knots). Values equal those of NeMoS's
#' `MSplineEval`, and depend on the covariate's units: in cm they are a hundredth of those in m. Under
#' `standardize = "none"` of [group_lasso()] so does the fit, under the others it doesn't.
#'
#' @inheritParams basis_bspline
#' @inherit basis_bspline return
#' @references Ramsay (1988), Stat Sci 3:425, \doi{10.1214/ss/1177012761}.
#' @examples
#' basis_mspline(6)
#' as.matrix(expand_covariates(list(speed = c(0, 12, 30)), basis_mspline(5, bounds = c(0, 40))))
#' @export
basis_mspline <- function(n_basis, order = 4, bounds = NULL, knots = NULL) {
  order <- check_count(order, "order")
  n_basis <- check_n_basis(n_basis, order)
  new_spline("mspline", n_basis, order, n_basis - order, bounds, knots)
}

#' @export
basis_rows.basis_mspline <- function(basis, x) {
  as_factor_rows(scale_splines(bspline_rows(basis, x), mspline_scale(basis)), basis$n_basis)
}

# What each B-spline is multiplied by. One between coinciding knots is zero, and stays so.
mspline_scale <- function(basis) {
  knots <- unit_knots(basis)
  column <- seq_len(basis$n_basis)
  reach <- knots[column + basis$order] - knots[column]
  range <- diff(basis$bounds)
  ifelse(reach > 0, basis$order / reach, 0) / (if (range > 0) range else 1)
}

# Rows of splines (src/r-basis.c) with column j multiplied by scale[j].
scale_splines <- function(rows, scale) {
  if (is.null(rows$poly)) {
    column <- outer(seq_len(nrow(rows$values)), as.integer(rows$cell), `+`)
    rows$values <- rows$values * scale[column]
  } else {
    column <- outer(seq_len(rows$width), rows$poly_first, `+`) # of [i, k, cell] in poly, for any k
    rows$poly <- rows$poly * scale[column[rep(seq_len(rows$width), rows$width), ]]
  }
  rows
}
