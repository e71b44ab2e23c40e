#' Sizes of a design
#'
#' What each covariate became: its columns, how they are kept, in how much memory, and what its basis learned.
#'
#' @param object A `covariate_design` of [expand_covariates()].
#' @param ... Not used.
#' @return A data frame of class `summary.covariate_design`, one row per covariate: `covariate`; `columns`,
#'   how many; `storage`, how they are kept (`"splines by cell"`, `"values"`, `"table of 51 rows"`,
#'   `"matrix"`); `bytes`, the memory they take; `missing`, how many bins are NA; `basis`, with its bounds,
#'   knots and rates as learned from the training data. Its attributes `n_obs`, `dense_bytes` and `n_missing`
#'   are the number of bins, what `as.matrix()` would take, and the number of bins that are NA in any
#'   covariate.
#' @examples
#' session <- simulate_session(60, seed = 1)
#' summary(expand_covariates(session$covariates, basis_bspline(6)))
#' @export
summary.covariate_design <- function(object, ...) {
  check_no_more(...)
  fields <- unclass(object)
  missing <- stats::setNames(numeric(length(object)), names(object))
  missing[names(fields$missing)] <- lengths(fields$missing)
  rows <- data.frame(
    covariate = names(object), columns = as.integer(fields$size),
    storage = vapply(fields$blocks, storage_of, ""), bytes = vapply(fields$blocks, memory_of, 0),
    missing = as.integer(missing), basis = vapply(fields$bases, format, ""), row.names = NULL
  )
  structure(rows, class = c("summary.covariate_design", "data.frame"), n_obs = fields$n_obs,
            dense_bytes = 8 * prod(dim(object)), n_missing = sum(design_missing(object)))
}

#' @export
print.summary.covariate_design <- function(x, ...) {
  bytes <- sum(x$bytes)
  cat(sprintf("%s bins x %d columns in %s (%s as a matrix)\n", format(attr(x, "n_obs"), big.mark = ","),
              sum(x$columns), in_bytes(bytes), in_bytes(attr(x, "dense_bytes"))))
  missing <- attr(x, "n_missing")
  if (missing > 0) cat(format(missing, big.mark = ","), "bins are NA in a covariate\n")
  shown <- data.frame(unclass(x)[names(x)])
  shown$bytes <- vapply(x$bytes, in_bytes, "")
  names(shown)[names(shown) == "bytes"] <- "memory"
  old <- options(width = max(200, getOption("width"))) # a covariate is a line, however much its basis learned
  on.exit(options(old))
  print(shown, row.names = FALSE, right = FALSE)
  invisible(x)
}
