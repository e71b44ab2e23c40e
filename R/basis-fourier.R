#' Sines and cosines
#'
#' \eqn{\cos(2\pi f u)}{cos(2 pi f u)} and \eqn{\sin(2\pi f u)}{sin(2 pi f u)} for each frequency f, with u =
#' (x - lower) / (upper - lower): smooth functions on a circle, for head direction, theta phase, time of day.
#'
#' Columns are the cosines of all frequencies, then the sines. Values outside the bounds are wrapped, without
#' a warning. Values equal those of NeMoS's `FourierEval`, whose `frequencies = 4` is `1:3` here.
#'
#' @param frequencies Cycles per period: different whole numbers, such as `1:3`. 0 is a column of ones (and no
#'   sine), of use in products only, as the model has an intercept.
#' @inheritParams basis_cyclic
#' @inherit basis_bspline return
#' @seealso [basis_cyclic()] for bumps on a circle.
#' @examples
#' direction <- c(-180, -90, 0, 90, 180)
#' round(as.matrix(expand_covariates(list(direction = direction),
#'                                   basis_fourier(1:2, bounds = c(-180, 180)))), 12)
#' @export
basis_fourier <- function(frequencies, bounds) {
  usable <- is.numeric(frequencies) && length(frequencies) > 0 && all(is.finite(frequencies)) &&
    all(frequencies >= 0 & frequencies == round(frequencies))
  if (!usable || anyDuplicated(frequencies)) {
    stop_input("`frequencies` must be different whole numbers of at least 0, such as 1:3, not ",
               if (usable) format_values(frequencies) else describe(frequencies), ".", arg = "frequencies")
  }
  new_basis(c("fourier", "dense"), list(frequencies = as.double(frequencies), bounds = check_period(bounds)))
}

#' @export
train_basis.basis_fourier <- function(basis, x) train_periodic(basis, x)

#' @export
dense_values.basis_fourier <- function(basis, x) {
  turns <- 2 * outer(rescaled(basis, x[[1]])$u, basis$frequencies)
  list(x = cbind(cospi(turns), sinpi(turns[, basis$frequencies > 0, drop = FALSE])), moved = 0)
}

#' @export
basis_size.basis_fourier <- function(basis) length(basis_labels(basis))

#' @export
basis_labels.basis_fourier <- function(basis) {
  f <- basis$frequencies
  c(paste0("cos", f), paste0("sin", f[f > 0], recycle0 = TRUE))
}

#' @export
format.basis_fourier <- function(x, ...) {
  format_basis("basis_fourier", format_values(x$frequencies), format_bounds(x$bounds))
}
