#' How a path is fitted
#'
#' @param tol The KKT residual at which a solution counts as one: relative to the penalty of each
#'   group, so 1e-6 means that no condition is off by more than a millionth of what it balances.
#' @param max_passes The largest number of passes over the data per lambda. A lambda that needs more is
#'   returned as far as it got, with `converged` FALSE and a warning.
#' @return A list of class `group_lasso_control`.
#' @examples
#' group_lasso_control(tol = 1e-9)
#' @export
group_lasso_control <- function(tol = 1e-6, max_passes = 500) {
  structure(
    list(
      tol = check_number(tol, "tol", 0, 0.1, open = TRUE),
      max_passes = check_count(max_passes, "max_passes")
    ),
    class = "group_lasso_control"
  )
}

#' @export
print.group_lasso_control <- function(x, ...) {
  cat("<group_lasso_control>", paste0(names(x), " = ", vapply(x, format, ""), collapse = ", "), "\n")
  invisible(x)
}

check_control <- function(control) {
  if (inherits(control, "group_lasso_control")) return(control)
  stop_input("`control` must come from group_lasso_control(), not be ", describe(control), ".",
             arg = "control")
}
