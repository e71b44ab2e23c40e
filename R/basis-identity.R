#' The covariate itself
#'
#' One column with the covariate's values, neither scaled nor bounded: a linear effect.
#' @inherit basis_bspline return
#' @examples
#' as.matrix(expand_covariates(list(speed = c(3, 1, 2)), basis_identity()))
#' @export
basis_identity <- function() new_basis(c("identity", "dense"), list())

#' @export
train_basis.basis_identity <- function(basis, x) {
  numeric_input(x[[1]], format(basis))
  basis$bounds <- learn_bounds(x[[1]]) # for grids only
  basis
}

#' @export
dense_values.basis_identity <- function(basis, x) list(x = matrix(as.double(x[[1]]), ncol = 1), moved = 0)

#' @export
basis_size.basis_identity <- function(basis) 1L

#' @export
format.basis_identity <- function(x, ...) "basis_identity()"
