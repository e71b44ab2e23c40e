#' Functions of one's own
#'
#' One column per function, for shapes that no other basis has: a known tuning curve, a model's prediction.
#'
#' @param functions A function, or a list of functions. Each takes a numeric vector (without NA, of any
#'   length) and returns as many finite numbers. Names become those of the columns. Values must depend on
#'   nothing but the value of the covariate at the same place: where values repeat, each is asked for once.
#' @inherit basis_bspline return
#' @section Errors: where a function returns anything else, fitting or predicting stops with a condition of
#'   class `neurolasso_covariate_error` that names the function.
#' @examples
#' bumps <- basis_custom(list(near = function(x) exp(-x), far = function(x) 1 - exp(-x / 10)))
#' bumps
#' as.matrix(expand_covariates(list(distance = c(0, 1, 20)), bumps))
#' @export
basis_custom <- function(functions) {
  if (is.function(functions)) functions <- list(functions)
  if (!is.list(functions) || length(functions) == 0 || !all(vapply(functions, is.function, TRUE))) {
    stop_input("`functions` must be a function or a list of functions, not ", describe(functions), ".",
               arg = "functions")
  }
  new_basis(c("custom", "dense"), list(functions = functions))
}

#' @export
train_basis.basis_custom <- function(basis, x) {
  basis <- NextMethod()
  basis$bounds <- learn_bounds(x[[1]]) # for grids only
  basis
}

#' @export
dense_values.basis_custom <- function(basis, x) {
  known <- which(!is.na(x[[1]]))
  value <- as.double(x[[1]][known])
  out <- matrix(NA_real_, length(x[[1]]), length(basis$functions))
  if (length(known) > 0) {
    for (j in seq_along(basis$functions)) out[known, j] <- custom_values(basis, j, value)
  }
  list(x = out, moved = 0)
}

# Function j at x, checked.
custom_values <- function(basis, j, x) {
  name <- paste("function", basis_labels(basis)[j] %||% j)
  refuse <- function(...) stop_input(name, " of basis_custom() ", ..., class = "neurolasso_covariate_error")
  y <- tryCatch(basis$functions[[j]](x), error = function(e) refuse("stopped: ", conditionMessage(e)))
  if (!(is.numeric(y) || is.logical(y)) || length(y) != length(x)) {
    refuse("must return one number for each of ", count_of(length(x), "value"), ", not ", describe(y), ".")
  }
  bad <- !is.finite(y)
  if (any(bad)) refuse("is ", format(y[bad][1]), " at ", format(x[bad][1]), "; it must be finite.")
  as.double(y)
}

#' @export
basis_size.basis_custom <- function(basis) length(basis$functions)

#' @export
basis_labels.basis_custom <- function(basis) usable_labels(names(basis$functions))

#' @export
format.basis_custom <- function(x, ...) {
  sprintf("basis_custom(%s)", count_of(length(x$functions), "function"))
}
