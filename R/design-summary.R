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

#' @export
print.covariate_design <- function(x, ...) {
  fields <- unclass(x)
  cat(sprintf("<covariate_design> %s bins x %d columns, %s\n", format(fields$n_obs, big.mark = ","),
              length(fields$columns), format_memory(fields$blocks)))
  lines <- lapply(print_parts(fields$bases), function(part) {
    several <- length(part) > 1
    list(name = if (several) sprintf("%s.* (%d)", fields$bases[[part[1]]]$from[1], length(part)) else
           names(fields$bases)[part],
         size = as.integer(sum(fields$size[part])), storage = storage_of_all(fields$blocks[part]),
         memory = format_memory(fields$blocks[part]), basis = format(fields$bases[[part[1]]]))
  })
  column <- function(what) vapply(lines, `[[`, lines[[1]][[what]], what)
  cat(sprintf("  %s %4d  %s %s  %s\n", format(column("name")), column("size"), format(column("storage")),
              formatC(column("memory"), width = 8), column("basis")), sep = "")
  missing <- design_missing(x)
  if (any(missing)) cat(sprintf("  (%s with NA)\n", count_rows(missing)))
  if (any(missing) && !is.null(fields$edges)) cat(sprintf("  (%s)\n", describe_edges(fields$edges)))
  invisible(x)
}

# The covariates (numbers) of each line of the print: one, or where they are many, all columns of a matrix
# under a convolution.
print_parts <- function(bases, most = 6) {
  from <- vapply(bases, function(basis) basis$from[1] %||% "", "")
  many <- from %in% names(which(table(from[from != ""]) > most))
  key <- ifelse(many, paste("of", from), seq_along(from))
  unname(split(seq_along(bases), factor(key, unique(key))))
}

# ---- how blocks are kept, and their memory -------------------------------------------------------

storage_of_all <- function(blocks) {
  if (length(blocks) == 1) return(storage_of(blocks[[1]]))
  tables <- sum(vapply(blocks, function(block) !is.null(block$index), TRUE))
  paste(c(if (tables > 0) count_of(tables, "table"), if (tables < length(blocks)) {
    sprintf("%d matri%s", length(blocks) - tables, if (length(blocks) - tables == 1) "x" else "ces")
  }), collapse = ", ")
}

# How a block is kept, for print.
storage_of <- function(block) {
  if (!is.null(block$index)) {
    return(paste("table of", count_of(block$n_table, "row")))
  }
  if (!is.null(block$x)) return("matrix")
  by_cell <- all(vapply(block$factors, function(f) !is.null(f$poly), TRUE))
  if (by_cell) "splines by cell" else "values"
}

# The numbers in nested lists, in bytes, in words.
format_memory <- function(x) in_bytes(memory_of(x))

in_bytes <- function(bytes) {
  unit <- min(floor(log10(max(bytes, 1)) / 3), 3)
  paste(format(signif(bytes / 1000^unit, 3)), c("B", "kB", "MB", "GB")[unit + 1])
}

memory_of <- function(x) {
  if (is.list(x)) return(sum(vapply(x, memory_of, 0)))
  length(x) * switch(typeof(x), raw = 1, integer = 4, double = 8, 0)
}
