# basis.R: the contract that every basis keeps, and what they share.
#
# A basis is a specification without data: list of class c("basis_<type>", "basis").
#   n_inputs(basis)           how many columns a covariate must have
#   train_basis(basis, x)     the same with all that is learned from data (bounds, knots, levels) fixed;
#                             x: a list of n_inputs vectors without infinite values, NA allowed; what
#                             is fixed already stays
#   basis_block(basis, x)     its columns at x, as the C core stores them (src/r-util.h): list(x =
#                             matrix) or list(factors = list(...)), with attribute "moved": how many
#                             values were moved to a bound
#   basis_rows(basis, x)      one factor of such a block: list(cell, values, n_col, periodic, moved), and
#                             width, poly, poly_first where columns are polynomials in a cell; a basis
#                             with rows needs no basis_block method
#   dense_values(basis, x)    where rows have few zeros (type c(..., "dense")), in place of both:
#                             list(x = matrix, moved)
#   basis_values(basis, x)    its columns at x written out: a matrix, bins x basis_size(basis), NA where an
#                             input is; one function for all bases, not a method
#   basis_size(basis)         how many columns it has, once trained
#   basis_labels(basis)       what its columns are called, NULL: 1, 2, ...
#   basis_grid(basis, n)      values of the covariate to draw it at, list of n_inputs vectors
#   format(basis)             one line for print
# To add a basis: CONTRIBUTING.md.

# type: one or more, from the most special to the most general
new_basis <- function(type, fields) of_class(fields, c(paste0("basis_", type), "basis"))

n_inputs <- function(basis) UseMethod("n_inputs")
train_basis <- function(basis, x) UseMethod("train_basis")
basis_block <- function(basis, x) UseMethod("basis_block")
basis_rows <- function(basis, x) UseMethod("basis_rows")
dense_values <- function(basis, x) UseMethod("dense_values")
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
  new_block(list(factors = list(rows)), rows$moved)
}

#' @export
basis_block.basis_dense <- function(basis, x) {
  values <- dense_values(basis, x)
  new_block(list(x = values$x), values$moved)
}

# A block, and how many values were moved to a bound for it.
new_block <- function(block, moved) {
  attr(block, "moved") <- moved
  block
}

# A factor of a product: all values of a row, none of them left out.
#' @export
basis_rows.basis_dense <- function(basis, x) {
  values <- dense_values(basis, x)
  list(cell = NULL, values = t(values$x), n_col = ncol(values$x), periodic = 0L, moved = values$moved)
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

# Whether values outside the bounds are wrapped into them.
is_periodic <- function(basis) inherits(basis, c("basis_cyclic", "basis_fourier"))

# x mapped to u in [0, 1]: list(u, moved).
rescaled <- function(basis, x) .Call(C_rescale, as.double(x), basis$bounds, is_periodic(basis))

numeric_input <- function(x, what) {
  if (!is.numeric(x)) {
    stop_input(what, " takes numbers, not ", describe(x), ".", class = "neurolasso_covariate_error")
  }
}

learn_bounds <- function(x) {
  bounds <- if (is.double(x)) .Call(C_span, x) else as.double(suppressWarnings(range(x, na.rm = TRUE)))
  if (bounds[1] > bounds[2]) {
    stop_input("a covariate without a single value that is not NA can't be expanded.",
               class = "neurolasso_covariate_error")
  }
  bounds
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

# Numbers as they are typed, the first `most` of them.
format_values <- function(x, most = 6) {
  in_c(vapply(first_few(x, most), format, "", digits = 4), length(x))
}

# The same for text.
format_strings <- function(x, most = 6) {
  in_c(encodeString(first_few(x, most), quote = "\""), length(x))
}

in_c <- function(shown, n) {
  if (n == 1) return(shown)
  sprintf("c(%s)", paste(c(shown, if (n > length(shown)) "..."), collapse = ", "))
}

# Labels for columns, if they can be told apart.
usable_labels <- function(labels) {
  if (!is.null(labels) && !anyNA(labels) && all(nzchar(labels)) && !anyDuplicated(labels)) labels
}

format_bounds <- function(bounds) {
  if (is.null(bounds)) return("")
  paste("bounds =", format_values(bounds))
}
