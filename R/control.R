#' How a path is fitted
#'
#' @param tol The KKT residual at which a solution counts as one: relative to the penalty of each
#'   group, so 1e-6 means that no condition is off by more than a millionth of what it balances.
#' @param max_passes The largest number of passes over the data per lambda. A lambda that needs more is
#'   returned as far as it got, with `converged` FALSE and a warning.
#' @param n_threads Threads for what goes over the bins: the evaluation of splines and raised cosines, and the
#'   passes over the data. Never more than the system gives (`OMP_NUM_THREADS`, `OMP_THREAD_LIMIT`, cores), and
#'   one in a forked process or where R was built without OpenMP. The same number of threads gives the same
#'   bits; another number gives the same solution within
#'   `tol`. More than one pays for long recordings on idle cores only: threads that wait for each other on
#'   busy cores are slower than one.
#' @return A list of class `group_lasso_control`.
#' @examples
#' group_lasso_control(tol = 1e-9)
#' @export
group_lasso_control <- function(tol = 1e-6, max_passes = 500, n_threads = 1) {
  control <- list(
    tol = check_number(tol, "tol", 0, 0.1, open = TRUE),
    max_passes = check_count(max_passes, "max_passes"),
    n_threads = check_count(n_threads, "n_threads")
  )
  of_class(control, "group_lasso_control")
}

# The process that loaded the package: OpenMP's threads do not survive a fork.
process <- new.env()
process$n_threads <- 1L
.onLoad <- function(libname, pkgname) process$id <- Sys.getpid()

usable_threads <- function(n_threads) {
  if (n_threads == 1) return(1L)
  available <- .Call(C_threads)
  if (available <= 1L || !identical(process$id, Sys.getpid())) return(1L)
  min(n_threads, available)
}

# Evaluates `expr`; what goes over rows there, bases and moments, may use the threads of a fit's control.
with_threads <- function(control, expr) {
  before <- process$n_threads
  on.exit(process$n_threads <- before)
  process$n_threads <- control$n_threads
  expr
}

row_threads <- function() if (process$n_threads == 1L) 1L else usable_threads(process$n_threads)

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
