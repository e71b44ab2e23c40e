#' Raised cosines
#'
#' Equally spaced bumps: with u = (x - lower) / (upper - lower), peaks \eqn{c_j = (j - 1) / (n - 1)} and
#' spacing \eqn{d = 1 / (n - 1)}, function j is
#' \eqn{0.5 (1 + \cos(\pi (u - c_j) / (d\,width)))}{0.5 (1 + cos(pi (u - c_j) / (d width)))} where
#' \eqn{|u - c_j| < d\,width}{|u - c_j| < d width}, else zero. This is the basis of NeMoS's guide
#' (`RaisedCosineLinearEval`).
#'
#' @inheritParams basis_bspline
#' @param n_basis How many functions (columns), at least 2.
#' @param width Half the width of a bump, in units of the spacing: above 1, and a multiple of 0.5.
#' @inherit basis_bspline return
#' @references Pillow et al. (2005), J Neurosci 25:11003, \doi{10.1523/JNEUROSCI.3305-05.2005}.
#' @examples
#' basis_raised_cosine(6)
#' as.matrix(expand_covariates(list(x = 0:5), basis_raised_cosine(6)))
#' @export
basis_raised_cosine <- function(n_basis, width = 2, bounds = NULL) {
  n_basis <- check_count(n_basis, "n_basis", lower = 2)
  new_basis("raised_cosine",
            list(n_basis = n_basis, width = check_width(width), bounds = check_bounds(bounds)))
}

check_width <- function(width) {
  width <- check_number(width, "width", 1, Inf)
  if (width <= 1 || 2 * width != round(2 * width)) {
    stop_input("`width` must be above 1 and a multiple of 0.5, not ", format(width), ".", arg = "width")
  }
  width
}

#' @export
basis_rows.basis_raised_cosine <- function(basis, x) {
  rows <- .Call(C_raised_cosine, as.double(x[[1]]), basis$bounds, basis$n_basis, basis$width, NULL, 1,
                row_threads())
  as_factor_rows(rows, basis$n_basis)
}

#' @export
format.basis_raised_cosine <- function(x, ...) {
  format_basis("basis_raised_cosine", x$n_basis, if (x$width != 2) paste("width =", x$width) else "",
               format_bounds(x$bounds))
}
