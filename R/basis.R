# basis.R: the contract that every basis keeps, and what they share.
#
# A basis is a specification without data: list of class c("basis_<type>", "basis").
#   n_inputs(basis)           how many columns a covariate must have
#   train_basis(basis, x)     the same with all that is learned from data (bounds, levels) fixed;
#                             x: a list of n_inputs vectors without infinite values, NA allowed
#   basis_block(basis, x)     its columns at x, as the C core stores them (src/r-util.h): list(x =
#                             matrix) or list(factors = list(...)), with attribute "moved": how many
#                             values were moved to a bound
#   basis_rows(basis, x)      one factor of such a block: list(cell, values, n_col, periodic, moved), and
#                             width, poly, poly_first where columns are polynomials in a cell; a basis
#                             with rows needs no basis_block method
#   basis_values(basis, x)    its columns at x written out: a matrix, bins x basis_size(basis), NA where an
#                             input is; one function for all bases, not a method
#   basis_size(basis)         how many columns it has, once trained
#   basis_labels(basis)       what its columns are called, NULL: 1, 2, ...
#   basis_grid(basis, n)      values of the covariate to draw it at, list of n_inputs vectors
#   format(basis)             one line for print
# To add a basis: CONTRIBUTING.md.

new_basis <- function(type, fields) {
  structure(fields, class = c(paste0("basis_", type), "basis"))
}

n_inputs <- function(basis) UseMethod("n_inputs")
train_basis <- function(basis, x) UseMethod("train_basis")
basis_block <- function(basis, x) UseMethod("basis_block")
basis_rows <- function(basis, x) UseMethod("basis_rows")
basis_size <- function(basis) UseMethod("basis_size")
basis_labels <- function(basis) UseMethod("basis_labels")
basis_grid <- function(basis, n) UseMethod("basis_grid")

#' @export
n_inputs.basis <- function(basis) 1L

#' @export
basis_size.basis <- function(basis) basis$n_basis

#' @export
basis_labels.basis <- function(basis) NULL

#' @export
basis_block.basis <- function(basis, x) {
  rows <- basis_rows(basis, x)
  structure(list(factors = list(rows)), moved = rows$moved)
}

basis_values <- function(basis, x) {
  .Call(C_expand, list(unclass_block(basis_block(basis, x))), as.double(NROW(x[[1]])))
}

# Bounds are the range of the training data unless they were given.
#' @export
train_basis.basis <- function(basis, x) {
  numeric_input(x[[1]], format(basis))
  basis$bounds <- basis$bounds %||% learn_bounds(x[[1]])
  basis
}

#' @export
basis_grid.basis <- function(basis, n) {
  list(seq(basis$bounds[1], basis$bounds[2], length.out = n))
}

numeric_input <- function(x, what) {
  if (!is.numeric(x)) {
    stop_input(what, " takes numbers, not ", describe(x), ".", class = "neurolasso_covariate_error")
  }
}

learn_bounds <- function(x) {
  x <- x[is.finite(x)]
  if (length(x) == 0) {
    stop_input("a covariate without a single value that is not NA can't be expanded.",
               class = "neurolasso_covariate_error")
  }
  as.double(range(x))
}

# Rows from C, with the fields that describe the factor.
as_factor_rows <- function(rows, n_col, periodic = FALSE) {
  c(rows, list(n_col = as.integer(n_col), periodic = as.integer(periodic)))
}

# Numbers from 0 to `most` as C reads them: raw where a byte holds them.
as_cells <- function(x, most) if (most <= 255) as.raw(x) else as.integer(x)

#' @export
print.basis <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}

format_basis <- function(name, ...) {
  fields <- c(...)
  sprintf("%s(%s)", name, paste(fields[nzchar(fields)], collapse = ", "))
}

format_bounds <- function(bounds) {
  if (is.null(bounds)) return("")
  sprintf("bounds = c(%s, %s)", format(bounds[1], digits = 4), format(bounds[2], digits = 4))
}
