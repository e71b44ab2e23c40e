#' Products of bases
#'
#' `b1 * b2` is the tensor product: one column for each pair of functions, the value of the first times the
#' value of the second. The covariate is a matrix or data frame with one column per factor: a place
#' field is `basis_bspline(9) * basis_bspline(9)` on `cbind(x, y)`.
#'
#' Column (i - 1) n2 + j is function i of the first times function j of the second. Products of three or
#' four bases work alike.
#'
#' @param e1,e2 Bases.
#' @return A basis.
#' @name basis_product
#' @examples
#' place <- basis_bspline(5) * basis_bspline(5)
#' place
#' xy <- cbind(x = runif(100), y = runif(100))
#' dim(expand_covariates(list(position = xy), list(position = place)))
#' @export
`*.basis` <- function(e1, e2) {
  if (!inherits(e1, "basis") || !inherits(e2, "basis")) {
    stop_input("`*` makes a product of two bases; the other side is ",
               describe(if (inherits(e1, "basis")) e2 else e1), ".")
  }
  factors <- c(product_factors(e1), product_factors(e2))
  if (length(factors) > 4) {
    stop_input("a product has at most 4 bases, not ", length(factors), ".")
  }
  new_basis("product", list(factors = factors))
}

# What C holds of a row of a product: values of its last factor and runs of them (NL_MAX_RUN), values of any
# other factor (NL_MAX_WIDTH).
max_product_runs <- 1024
max_product_width <- 32

product_factors <- function(basis) if (inherits(basis, "basis_product")) basis$factors else list(basis)

#' @export
n_inputs.basis_product <- function(basis) length(basis$factors)

#' @export
train_basis.basis_product <- function(basis, x) {
  basis$inputs <- names(x)
  basis$factors <- Map(function(factor, column) train_basis(factor, list(column)), basis$factors,
                       unname(x))
  basis
}

#' @export
basis_block.basis_product <- function(basis, x) {
  rows <- Map(function(factor, column) basis_rows(factor, list(column)), basis$factors, unname(x))
  check_product_widths(vapply(rows, factor_width, 0L))
  new_block(list(factors = unname(spread_missing(rows))), sum(vapply(rows, `[[`, 0, "moved")))
}

check_product_widths <- function(width) {
  refuse <- function(...) stop_input("a product of bases ", ..., class = "neurolasso_covariate_error")
  before <- width[-length(width)]
  if (any(before > max_product_width)) {
    refuse("has up to ", max_product_width, " values in a row of each basis but the last, not ", max(before),
           "; put the widest basis last.")
  }
  if (prod(before) > max_product_runs || width[length(width)] > max_product_runs) {
    refuse("of such high orders has ", prod(before), " runs of ", width[length(width)],
           " values in a row; at most ", max_product_runs, " of ", max_product_runs, " are possible.")
  }
}

# Values of a row that are not zero.
factor_width <- function(rows) rows$width %||% nrow(rows$values)

# A row that is NA in one factor is NA in all.
spread_missing <- function(rows) {
  missing <- Reduce(`|`, lapply(rows, function(r) is.na(if (is.null(r$poly)) r$values[1, ] else r$values)))
  if (!any(missing)) return(rows)
  lapply(rows, function(r) {
    if (is.null(r$poly)) r$values[, missing] <- NA_real_ else r$values[missing] <- NA_real_
    r
  })
}

#' @export
basis_labels.basis_product <- function(basis) {
  labels <- lapply(basis$factors, basis_labels)
  if (all(vapply(labels, is.null, TRUE))) return(NULL)
  sizes <- vapply(basis$factors, basis_size, 0L)
  labels <- Map(function(label, size) label %||% as.character(seq_len(size)), labels, sizes)
  Reduce(function(a, b) paste(rep(a, each = length(b)), rep(b, times = length(a)), sep = ":"), labels)
}

#' @export
basis_size.basis_product <- function(basis) prod(vapply(basis$factors, basis_size, 0L))

#' @export
basis_grid.basis_product <- function(basis, n) {
  axes <- lapply(basis$factors, function(factor) {
    axis <- basis_grid(factor, n)[[1]]
    # the covariate is a matrix of numbers, so its levels are numbers
    if (is.factor(axis)) as.numeric(as.character(axis)) else axis
  })
  names(axes) <- basis$inputs
  grid <- as.list(expand.grid(axes, KEEP.OUT.ATTRS = FALSE))
  stats::setNames(grid, basis$inputs)
}

#' @export
format.basis_product <- function(x, ...) paste(vapply(x$factors, format, ""), collapse = " * ")
