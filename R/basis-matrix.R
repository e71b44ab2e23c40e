#' A basis at data, for other modelling functions
#'
#' The columns of a basis as a matrix, to be used in the formulas of [stats::glm()] and its like. There,
#' `predict()` on new data uses the bounds, knots and levels of the training data (through
#' [stats::makepredictcall()]). In a formula of [group_lasso()], `basis_matrix(x, b)` is the covariate x with
#' the basis b.
#'
#' @param x The covariate: a vector or factor; for a product of bases a matrix or data frame with one column
#'   per factor.
#' @param basis A basis such as `basis_bspline(6)`.
#' @return A matrix of class `basis_matrix`, length(x) rows, whose attribute `"basis"` is the trained basis:
#'   given as `basis` it maps other data alike.
#' @examples
#' session <- simulate_session(120, encodes = "position", seed = 1)
#' data <- data.frame(session$covariates, counts = session$counts)
#' fit <- glm(counts ~ basis_matrix(position, basis_natural(6)), poisson, data)
#' predict(fit, data.frame(position = c(20, 60)), type = "response")
#' @export
basis_matrix <- function(x, basis) {
  if (!inherits(basis, "basis")) {
    stop_input("`basis` must be a basis such as basis_bspline(6), not ", describe(basis), ".", arg = "basis")
  }
  if (has_window(basis) && NCOL(x) > 1) {
    stop_input("`x` must be one signal for ", format(basis), ", not ", describe(x), ".", arg = "x")
  }
  design <- make_design(list(x = if (has_window(basis)) as.vector(x) else x), list(x = basis))
  out <- design$x
  colnames(out) <- sub("^x\\.", "", colnames(out))
  structure(out, class = c("basis_matrix", "matrix"), basis = unclass(design)$bases$x)
}

#' @importFrom stats makepredictcall
#' @export
makepredictcall.basis_matrix <- function(var, call) {
  name <- call[[1]]
  is_ours <- identical(name, quote(basis_matrix)) || identical(name, quote(neurolasso::basis_matrix))
  if (!is_ours) return(call)
  call <- match.call(basis_matrix, call)
  call$basis <- attr(var, "basis")
  call
}
