#' Orthogonalised exponentials
#'
#' Decaying exponentials, made orthonormal over the training data: for what fades after an event with one or
#' a few time constants.
#'
#' With u = (x - lower) / (upper - lower) and E the matrix with the columns \eqn{\exp(-a_j u)}{exp(-a_j u)}
#' over the training bins that are not NA, the functions are the left singular vectors of E: with E = U D V',
#' the columns are U = E (V D^-1), each with its sign such that it is positive at the lower bound. V D^-1 is
#' kept, and new data go through it: the same value of the covariate always gives the same row. On the
#' training data values equal those of NeMoS's `OrthExponentialEval`, up to the sign, which is open there.
#'
#' Singular values below the rounding of the largest (its number of bins times 2.2e-16) are left out, as in
#' NeMoS: fewer different values in the data than rates, or rates too close to be told apart, give fewer
#' columns than rates. `print()` on the design says so. The columns' size follows from the number of training
#' bins.
#'
#' @inheritParams basis_bspline
#' @param decay_rates The rates \eqn{a_j}: different numbers above 0, per width of the bounds.
#' @inherit basis_bspline return
#' @examples
#' basis_orth_exponential(c(1, 5, 20))
#' design <- expand_covariates(list(delay = seq(0, 2, by = 0.1)), basis_orth_exponential(c(1, 5, 20)))
#' round(crossprod(design$delay), 12)
#' @export
basis_orth_exponential <- function(decay_rates, bounds = NULL) {
  usable <- is.numeric(decay_rates) && length(decay_rates) > 0 && all(is.finite(decay_rates)) &&
    all(decay_rates > 0)
  if (!usable) {
    stop_input("`decay_rates` must be numbers above 0, at least one, not ", describe(decay_rates), ".",
               arg = "decay_rates")
  }
  twice <- repeated(decay_rates)
  if (length(twice) > 0) {
    stop_input("`decay_rates` must be different; ", format(twice[1]), " comes twice.", arg = "decay_rates")
  }
  new_basis(c("orth_exponential", "dense"),
            list(decay_rates = as.double(decay_rates), bounds = check_bounds(bounds)))
}

# Learns the weights (rates x functions) that make the training columns orthonormal.
#' @export
train_basis.basis_orth_exponential <- function(basis, x) {
  basis <- NextMethod()
  if (is.null(basis$weights)) {
    learn_bounds(x[[1]]) # stops where all is NA
    u <- rescaled(basis, x[[1]])$u
    parts <- svd(exponentials(basis, u[!is.na(u)]), nu = 0)
    smallest <- .Machine$double.eps * max(length(u), length(parts$d)) * parts$d[1]
    keep <- parts$d > smallest
    weights <- parts$v[, keep, drop = FALSE] / rep(parts$d[keep], each = nrow(parts$v))
    at_lower <- colSums(weights)
    basis$weights <- weights * rep(ifelse(at_lower < 0, -1, 1), each = nrow(weights))
  }
  basis
}

exponentials <- function(basis, u) exp(-outer(u, basis$decay_rates))

#' @export
dense_values.basis_orth_exponential <- function(basis, x) {
  place <- rescaled(basis, x[[1]])
  list(x = exponentials(basis, place$u) %*% basis$weights, moved = place$moved)
}

#' @export
basis_size.basis_orth_exponential <- function(basis) ncol(basis$weights)

#' @export
format.basis_orth_exponential <- function(x, ...) {
  n <- ncol(x$weights)
  fewer <- !is.null(n) && n < length(x$decay_rates)
  format_basis("basis_orth_exponential", format_values(x$decay_rates), format_bounds(x$bounds),
               if (fewer) sprintf("%d of %d functions", n, length(x$decay_rates)) else "")
}
