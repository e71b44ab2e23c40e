#' One column per level
#'
#' Indicator columns for all levels of a factor: arm of the maze, trial type, animal's choice. No level is
#' dropped as a reference: the penalty makes the coefficients unique.
#'
#' @param levels NULL: the levels of the training data. Else a character vector; values that are not
#'   among the levels are an error.
#' @inherit basis_bspline return
#' @examples
#' arm <- factor(c("left", "right", "left"))
#' as.matrix(expand_covariates(list(arm = arm)))
#' @export
basis_factor <- function(levels = NULL) {
  if (!is.null(levels)) {
    levels <- as.character(levels)
    if (length(levels) == 0 || anyNA(levels) || anyDuplicated(levels)) {
      stop_input("`levels` must be different strings, at least one.", arg = "levels")
    }
  }
  new_basis("factor", list(levels = levels))
}

#' @export
train_basis.basis_factor <- function(basis, x) {
  basis$levels <- basis$levels %||% levels(as.factor(x[[1]]))
  if (length(basis$levels) == 0) {
    stop_input("a factor without levels can't be expanded.", class = "neurolasso_covariate_error")
  }
  basis
}

# The number of each value's level, NA where it is.
level_numbers <- function(basis, x) {
  value <- as.character(x[[1]])
  at <- match(value, basis$levels)
  strange <- !is.na(value) & is.na(at)
  if (any(strange)) {
    stop_input("a factor has values that are not among its levels (",
               paste(first_few(basis$levels, 5), collapse = ", "), "): \"", value[strange][1], "\" in ",
               count_rows(strange), ".", class = "neurolasso_covariate_error")
  }
  at
}

#' @export
basis_rows.basis_factor <- function(basis, x) {
  level_rows(level_numbers(basis, x), length(basis$levels))
}

# Indicators of level `at` (NA: a missing row) as rows of one value.
level_rows <- function(at, n_level) {
  list(cell = as_cells(pmax(at - 1L, 0L, na.rm = TRUE), n_level - 1L), values = matrix(0 * at + 1, nrow = 1),
       n_col = n_level, periodic = 0L, moved = 0)
}

# A table of the levels, and one more row for missing values.
#' @export
basis_block.basis_factor <- function(basis, x) {
  at <- level_numbers(basis, x)
  n_level <- length(basis$levels)
  rows <- c(seq_len(n_level), if (anyNA(at)) NA)
  at[is.na(at)] <- n_level + 1L
  new_block(list(index = as_cells(at - 1L, n_level), table = list(factors = list(level_rows(rows, n_level))),
                 n_table = length(rows)), 0)
}

#' @export
basis_size.basis_factor <- function(basis) length(basis$levels)

#' @export
basis_labels.basis_factor <- function(basis) basis$levels

#' @export
basis_grid.basis_factor <- function(basis, n) list(factor(basis$levels, levels = basis$levels))

#' @export
format.basis_factor <- function(x, ...) {
  if (is.null(x$levels)) return("basis_factor()")
  n <- length(x$levels)
  format_basis("basis_factor", format_strings(x$levels), if (n > 6) paste(n, "levels") else "")
}
