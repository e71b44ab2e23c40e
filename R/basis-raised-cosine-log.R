#' Raised cosines on a logarithmic axis
#'
#' Bumps that are narrow near the lower bound and widen away from it, for what follows an event: spike
#' history, the response to a stimulus.
#'
#' With u = (x - lower) / (upper - lower) and s the time scaling, the axis is v = log(s u + 1) / log(s + 1).
#' On it the functions are those of [basis_raised_cosine()], with `n_basis` peaks equally spaced from 0 to 1
#' - `width` / (`n_basis` + `width` - 1), so that all functions are zero at the upper bound, or to 1 where
#' `decay_to_zero` is FALSE. Values equal those of NeMoS's `RaisedCosineLogEval`.
#'
#' @inheritParams basis_raised_cosine
#' @param time_scaling How strong the logarithm bends, above 0: near 0 not at all.
#' @param decay_to_zero Are all functions zero at the upper bound?
#' @inherit basis_bspline return
#' @references Pillow et al. (2005), J Neurosci 25:11003, \doi{10.1523/JNEUROSCI.3305-05.2005}.
#' @examples
#' basis_raised_cosine_log(5)
#' as.matrix(expand_covariates(list(delay = c(0, 1, 5, 20, 100)), basis_raised_cosine_log(5)))
#' @export
basis_raised_cosine_log <- function(n_basis, width = 2, time_scaling = 50, decay_to_zero = TRUE,
                                    bounds = NULL) {
  new_basis("raised_cosine_log", list(
    n_basis = check_count(n_basis, "n_basis", lower = 2), width = check_width(width),
    time_scaling = check_number(time_scaling, "time_scaling", 0, Inf, open = TRUE),
    decay_to_zero = check_flag(decay_to_zero, "decay_to_zero"), bounds = check_bounds(bounds)
  ))
}

#' @export
basis_rows.basis_raised_cosine_log <- function(basis, x) {
  last <- if (basis$decay_to_zero) 1 - basis$width / (basis$n_basis + basis$width - 1) else 1
  rows <- .Call(C_raised_cosine, as.double(x[[1]]), basis$bounds, basis$n_basis, basis$width,
                basis$time_scaling, last, row_threads())
  as_factor_rows(rows, basis$n_basis)
}

#' @export
format.basis_raised_cosine_log <- function(x, ...) {
  format_basis("basis_raised_cosine_log", x$n_basis, if (x$width != 2) paste("width =", x$width) else "",
               if (x$time_scaling != 50) paste("time_scaling =", format(x$time_scaling)) else "",
               if (!x$decay_to_zero) "decay_to_zero = FALSE" else "", format_bounds(x$bounds))
}
