# basis-columns.R: what a covariate without a basis gets: its columns as they are, one group.
# The covariate arrives whole, as the only element of x: no copy of a matrix of doubles is made.

basis_columns <- function() new_basis("columns", list())

#' @export
n_inputs.basis_columns <- function(basis) NA_integer_

#' @export
train_basis.basis_columns <- function(basis, x) {
  basis$n_col <- NCOL(x[[1]])
  basis$labels <- colnames(x[[1]])
  basis$bounds <- if (basis$n_col == 1) learn_bounds(x[[1]]) # for grids only
  basis
}

#' @export
basis_block.basis_columns <- function(basis, x) {
  matrix <- x[[1]]
  if (is.null(dim(matrix))) matrix <- matrix(matrix, ncol = 1)
  if (typeof(matrix) != "double") storage.mode(matrix) <- "double"
  new_block(list(x = matrix), 0)
}

#' @export
basis_grid.basis_columns <- function(basis, n) if (basis$n_col == 1) NextMethod()

#' @export
basis_size.basis_columns <- function(basis) basis$n_col

#' @export
basis_labels.basis_columns <- function(basis) usable_labels(basis$labels)

#' @export
format.basis_columns <- function(x, ...) {
  if (isTRUE(x$n_col == 1)) "as it is" else "columns as they are"
}
