# covariates.R: what users pass as covariates, made uniform: a named list of leaves, each a numeric
# vector, a numeric matrix or a factor, all with the same number of rows.

# Nested lists become names like "stimulus.contrast"; a data frame inside the list is one covariate.
collect_covariates <- function(covariates, arg = "covariates") {
  if (!is.list(covariates)) {
    stop_input("`", arg, "` must be a named list of covariates, a data frame or a covariate_design, not ",
               describe(covariates), ".", arg = arg)
  }
  leaves <- flatten_covariates(covariates, arg)
  if (length(leaves) == 0) {
    stop_input("`", arg, "` must have at least one covariate, and is empty.", arg = arg)
  }
  if (anyDuplicated(names(leaves))) {
    stop_input("`", arg, "` must have different names; these come twice: ", quoted(repeated(names(leaves))), ".",
               arg = arg)
  }
  leaves <- map_pairs(leaves, names(leaves), as_leaf)
  sizes <- vapply(leaves, NROW, 0L)
  if (any(sizes != sizes[1])) {
    differs <- which(sizes != sizes[1])[1]
    stop_input("all covariates must have one value per bin: `", names(leaves)[1], "` has ", sizes[1],
               ", `", names(leaves)[differs], "` has ", sizes[differs], ".", arg = arg)
  }
  leaves
}

flatten_covariates <- function(covariates, arg, prefix = "") {
  names <- names(covariates)
  unnamed <- length(covariates) > 0 && (is.null(names) || anyNA(names) || any(!nzchar(names)))
  if (unnamed) {
    where <- if (nzchar(prefix)) paste0(" (`", sub("\\.$", "", prefix), "`)") else ""
    stop_input("every covariate must have a name: `", arg, "`", where,
               " must be a named list such as list(position = position, speed = speed).", arg = arg)
  }
  if (length(covariates) == 0) return(list())
  is_nested <- vapply(covariates, function(x) is.list(x) && !is.object(x), TRUE)
  names <- paste0(prefix, names)
  if (!any(is_nested)) return(with_names(lapply(seq_along(names), function(i) covariates[[i]]), names))
  parts <- lapply(seq_along(names), function(i) {
    x <- covariates[[i]]
    if (is_nested[i]) flatten_covariates(x, arg, paste0(names[i], ".")) else with_names(list(x), names[i])
  })
  do.call(c, parts)
}

as_leaf <- function(x, name) {
  bad <- function(...) {
    stop_input("covariate `", name, "` ", ..., arg = name, class = "neurolasso_covariate_error")
  }
  if (is.null(x)) bad("is NULL.")
  if (is.data.frame(x)) x <- data_frame_leaf(x, bad)
  if (is.character(x)) bad("is text; make it a factor() if its values are categories.")
  if (inherits(x, c("POSIXt", "Date"))) {
    bad("is a date or time; give seconds since the start of the session, as a number.")
  }
  if (is.factor(x)) return(x)
  if (inherits(x, c("Matrix", "difftime"))) x <- if (inherits(x, "Matrix")) as.matrix(x) else unclass(x)
  if (length(dim(x)) == 1) x <- as.vector(x)
  if (is.logical(x)) x <- x + 0
  if (!is.numeric(x)) bad("must be numbers, a factor or a matrix of numbers, not ", describe(x), ".")
  if (length(dim(x)) > 2) {
    bad("must be a vector or a matrix, not an array of ", length(dim(x)), " dimensions.")
  }
  if (NCOL(x) == 0) bad("is a matrix without columns.")
  if (!all_finite(x)) {
    infinite <- rows_where(x, is.infinite)
    if (any(infinite)) bad("is infinite in ", count_rows(infinite), ".")
  }
  if (is.object(x)) x <- unclass(x)
  x
}

# Several columns as one covariate: a numeric matrix, or the one column there is.
data_frame_leaf <- function(x, bad) {
  if (length(x) == 0) bad("is a data frame without columns.")
  if (length(x) == 1) return(x[[1]])
  numeric <- vapply(x, function(column) (is.numeric(column) || is.logical(column)) && !is.object(column),
                    TRUE)
  if (!all(numeric)) {
    bad("is a data frame whose column `", names(x)[!numeric][1], "` is not numeric; give it as a covariate ",
        "of its own.")
  }
  as.matrix(x)
}

# Whether no number is NA or infinite: one pass and no copy.
all_finite <- function(x) if (is.double(x)) .Call(C_are_finite, x) else !anyNA(x)

# Rows in which a vector, matrix or factor has a value for which `test` holds.
rows_where <- function(x, test) {
  if (is.null(dim(x))) return(as.vector(test(x)))
  hit <- logical(nrow(x))
  for (j in seq_len(ncol(x))) hit <- hit | test(x[, j])
  hit
}

# The basis of each leaf. `basis`: NULL, one basis for every leaf that has as many columns as it takes,
# or a named list. Leaves without one are taken as they are: factors as indicators, the rest as columns.
assign_bases <- function(leaves, basis) {
  given <- if (inherits(basis, "basis")) {
    fits <- vapply(leaves, function(x) !is.factor(x) && is_shaped_for(x, basis), TRUE)
    if (!any(fits)) {
      stop_input("`basis`, ", format(basis), ", fits no covariate: one basis for all goes to ",
                 if (n_inputs(basis) == 1) "numeric vectors" else
                   paste("matrices with", n_inputs(basis), "columns"),
                 ". To give it to one covariate, name it: basis = list(", names(leaves)[1], " = ...).",
                 arg = "basis")
    }
    with_names(rep(list(basis), sum(fits)), names(leaves)[fits])
  } else {
    check_basis_list(basis, leaves)
  }
  map_pairs(leaves, names(leaves), function(x, name) {
    given[[name]] %||% if (is.factor(x)) basis_factor() else basis_columns()
  })
}

is_shaped_for <- function(x, basis) {
  if (has_window(basis)) return(TRUE) # a matrix is a signal per column
  n <- n_inputs(basis)
  if (n == 1) is.null(dim(x)) else NCOL(x) == n
}

check_basis_list <- function(basis, leaves) {
  if (is.null(basis)) return(list())
  if (!is.list(basis) || is.null(names(basis)) || any(!nzchar(names(basis)))) {
    stop_input("`basis` must be a basis such as basis_bspline(6), or a list of them named by covariate, not ",
               describe(basis), ".", arg = "basis")
  }
  basis <- by_covariate(basis, names(leaves), "basis")
  for (name in names(basis)) check_basis_fits(basis[[name]], leaves[[name]], name)
  basis
}

# What an argument says of covariates by their names, flattened as they are: each once, and none that isn't there.
by_covariate <- function(x, covariates, arg) {
  x <- flatten_by_name(x)
  twice <- repeated(names(x))
  if (length(twice) > 0) stop_input("`", arg, "` names ", quoted(twice), " twice.", arg = arg)
  unknown <- setdiff(names(x), covariates)
  if (length(unknown) > 0) {
    stop_input("`", arg, "` names ", quoted(unknown), ", which is not a covariate (", quoted(covariates),
               ").", arg = arg)
  }
  x
}

# What was given by covariate, with the names that covariates of nested lists have.
flatten_by_name <- function(x, prefix = "") {
  parts <- lapply(names(x), function(name) {
    item <- x[[name]]
    if (is.list(item) && !is.object(item)) return(flatten_by_name(item, paste0(prefix, name, ".")))
    stats::setNames(list(item), paste0(prefix, name))
  })
  do.call(c, parts)
}

check_basis_fits <- function(basis, x, name) {
  if (is.null(basis)) return()
  if (!inherits(basis, "basis")) {
    stop_input("`basis` for `", name, "` must be a basis such as basis_bspline(6), not ",
               describe(basis), ".", arg = "basis")
  }
  if (is.factor(x) && !inherits(basis, "basis_factor")) {
    stop_input("covariate `", name, "` is a factor, which ", format(basis), " can't take.", arg = "basis")
  }
  if (!has_window(basis) && NCOL(x) != n_inputs(basis)) {
    stop_input("covariate `", name, "` has ", NCOL(x), " column(s), but ", format(basis), " takes ",
               n_inputs(basis), ".", arg = "basis")
  }
}

# The list of inputs that a basis works on.
leaf_inputs <- function(x, basis) {
  if (inherits(basis, "basis_columns")) return(list(x))
  if (is.null(dim(x))) return(list(x))
  inputs <- lapply(seq_len(ncol(x)), function(j) unname(x[, j]))
  names(inputs) <- colnames(x)
  inputs
}
