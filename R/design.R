#' Expand covariates in their bases
#'
#' Trains each basis on its covariate (bounds, knots and levels are fixed here, once) and evaluates it.
#' [group_lasso()] does this itself; do it yourself to look at the columns, or to fit several models on
#' the same ones.
#'
#' Splines, raised cosines, factors and their products are kept as their few nonzero values per row, not
#' as a matrix; `design$position` and `as.matrix()` write the matrix out. Where a covariate's values repeat
#' (pixels, rounded centimetres, whole seconds), its columns are kept once for each different value, in a
#' table, with each bin's place in it. `print()` and `summary()` say how each covariate is kept, and in how
#' much memory.
#'
#' @param covariates A named list, or a data frame, of covariates with one value (row) per bin:
#'   numeric vectors, numeric matrices (one group each), factors. Nested lists are flattened to names
#'   like `"stimulus.contrast"`. A data frame inside the list is one covariate with several columns.
#'   Values may be NA, not infinite.
#' @param basis One basis for all numeric vectors (a product: for all matrices with as many columns), or a
#'   list of bases named by covariate. A covariate without one is taken as it is: a vector as one
#'   column, a matrix as one group, a factor as its indicators. Under [basis_conv()] a matrix is a signal per
#'   column, and each is a covariate.
#' @param session NULL: all bins follow each other in time. Else one id per bin (numbers, strings or a
#'   factor), each in one run: windows of [basis_conv()] don't cross from one session into the next.
#' @return A `covariate_design`: `dim()` is bins x columns, `names()` are the covariates, `design$position`
#'   or `design[["position"]]` is that covariate's matrix (bins x its columns), `as.matrix()` all of
#'   them, `design[rows, columns]` a part of it, `predict(design, newdata)` the design of new raw
#'   covariates, mapped exactly like the training ones.
#' @section Errors:
#' Of class `neurolasso_input_error`; of class `neurolasso_covariate_error` where one covariate's values
#' are at fault. Values outside given bounds are moved to the nearest one with one warning of class
#' `neurolasso_out_of_bounds` that counts them.
#' @seealso [summary.covariate_design()] for sizes, [plot.covariate_design()] for pictures of the bases.
#' @examples
#' session <- simulate_session(60, seed = 1)
#' design <- expand_covariates(
#'   session$covariates,
#'   list(position = basis_bspline(8), theta_phase = basis_cyclic(6, bounds = c(0, 2 * pi)))
#' )
#' design
#' dim(design)
#' head(design$position)
#' @export
expand_covariates <- function(covariates, basis = NULL, session = NULL) {
  make_design(covariates, basis, session = session)
}

make_design <- function(covariates, basis, discretize = NULL, session = NULL) {
  evaluated(plan_design(covariates, basis, discretize, session))
}

# A design with trained bases that are not evaluated yet (new_plan).
plan_design <- function(covariates, basis, discretize, session) {
  leaves <- collect_covariates(covariates)
  if (NROW(leaves[[1]]) == 0) {
    stop_input("`covariates` must have at least one bin, and have none.", arg = "covariates")
  }
  session <- check_session(session, NROW(leaves[[1]]))
  split <- split_neurons(leaves, assign_bases(leaves, basis))
  leaves <- split$leaves
  bases <- split$bases
  check_windows(bases, session, NROW(leaves[[1]]))
  n_values <- check_discretize(discretize, bases)
  trained <- each_covariate(names(leaves), function(name) {
    train_basis(bases[[name]], leaf_inputs(leaves[[name]], bases[[name]]))
  })
  if (is.null(n_values)) return(new_plan(leaves, trained, session))
  rounded <- discretize_leaves(leaves, trained, n_values)
  new_plan(rounded$leaves, trained, session, rounded$error)
}

# f(name) for each covariate, as a named list; an error that a basis raised gets the covariate's name.
each_covariate <- function(names, f) {
  out <- vector("list", length(names))
  names(out) <- names
  at <- 0
  withCallingHandlers(for (name in names) {
    at <- at + 1
    out[[at]] <- f(name)
  }, neurolasso_input_error = function(e) {
    stop_input("covariate `", names[at], "`: ", conditionMessage(e), arg = names[at],
               class = "neurolasso_covariate_error")
  })
  out
}

# Evaluates trained bases. Fields: n_obs; bases (trained); size (columns per covariate); columns (all
# names); blocks (storage for C); missing (the numbers of the rows with NA, for each covariate that has any);
# session (NULL or a factor); edges (window_edges()); rounding (NULL, or how far `discretize` moved values at
# most); source (of a formula only: formula.R).
new_design <- function(leaves, bases) evaluated(new_plan(leaves, bases))

# The same before its blocks, with the leaves they are made of: what is known before a fit chooses its rows,
# so that no more than these is ever in memory.
new_plan <- function(leaves, bases, session = NULL, rounding = NULL) {
  n_obs <- NROW(leaves[[1]])
  starts <- run_starts(session, n_obs)
  missing <- map_pairs(leaves, bases, function(x, basis) missing_rows(x, basis, starts))
  size <- vapply(bases, basis_size, 0)
  fields <- list(
    n_obs = n_obs, bases = bases, size = size, columns = design_columns(bases, size),
    missing = missing[lengths(missing) > 0], session = session, edges = window_edges(bases, session, n_obs),
    rounding = rounding, leaves = leaves
  )
  of_class(fields, "covariate_design")
}

evaluated <- function(design) {
  fields <- unclass(design)
  if (is.null(fields$leaves)) return(design)
  of_class(with_blocks(fields), "covariate_design")
}

# A plan's blocks in the place of its leaves; rows: NULL, or the numbers of those that are kept.
with_blocks <- function(fields, rows = NULL) {
  starts <- run_starts(fields$session, fields$n_obs)
  blocks <- each_covariate(names(fields$bases), function(name) {
    basis <- fields$bases[[name]]
    block <- compact_block(basis, leaf_inputs(fields$leaves[[name]], basis), starts)
    if (is.null(rows)) block else new_block(block_rows(block, rows), attr(block, "moved"))
  })
  fields$blocks <- lapply(blocks, unclass_block)
  fields$leaves <- NULL
  warn_moved(vapply(blocks, attr, 0, "moved"))
  fields
}

unclass_block <- function(block) {
  attr(block, "moved") <- NULL
  block
}

missing_rows <- function(x, basis, starts) {
  if (has_window(basis)) return(convolve_missing(basis, x, starts))
  if (anyNA(x)) which(rows_where(x, is.na)) else integer()
}

# size: of each basis
design_columns <- function(bases, size) {
  columns <- map_pairs(bases, size, function(basis, n) basis_labels(basis) %||% seq_len(n))
  columns <- paste(rep(names(bases), size), unlist(columns, use.names = FALSE), sep = ".")
  # column "b.1" of `a` and column 1 of `a.b` would share a name
  make.unique(columns, sep = "_")
}

warn_moved <- function(moved) {
  if (!any(moved > 0)) return()
  parts <- sprintf("%s in `%s`", format(moved[moved > 0], big.mark = ",", trim = TRUE),
                   names(moved)[moved > 0])
  warn_user("values outside the bounds of their basis were moved to the nearest bound: ",
            paste(parts, collapse = ", "), ".", class = "neurolasso_out_of_bounds",
            fields = list(moved = moved))
}

# ---- parts of a design ---------------------------------------------------------------------------

# The covariate (number) that each column belongs to.
column_owner <- function(fields) rep(seq_along(fields$size), fields$size)

# Column numbers of each covariate, by name.
covariate_columns <- function(design) {
  fields <- unclass(design)
  last <- cumsum(fields$size)
  groups <- lapply(seq_along(last), function(g) {
    seq_len(fields$size[g]) + as.integer(last[g] - fields$size[g])
  })
  names(groups) <- names(fields$bases)
  groups
}

# Rows in which any of the covariates (numbers) is NA.
design_missing <- function(design, covariates = seq_along(design)) {
  fields <- unclass(design)
  of_interest <- names(fields$missing) %in% names(fields$bases)[covariates]
  hit <- logical(fields$n_obs)
  for (rows in fields$missing[of_interest]) hit[rows] <- TRUE
  hit
}

# rows: row numbers
design_rows <- function(design, rows) {
  fields <- unclass(design)
  if (is.null(fields$leaves)) {
    fields$blocks <- lapply(fields$blocks, block_rows, rows)
  } else {
    fields <- with_blocks(fields, rows)
  }
  missing <- lapply(fields$missing, function(gone) which(replace(logical(fields$n_obs), gone, TRUE)[rows]))
  fields$missing <- missing[lengths(missing) > 0]
  fields$session <- fields$session[rows]
  fields$n_obs <- length(rows)
  structure(fields, class = "covariate_design")
}

block_rows <- function(block, rows) {
  if (!is.null(block$index)) return(table_rows(block, rows))
  if (!is.null(block$x)) return(list(x = block$x[rows, , drop = FALSE]))
  list(factors = lapply(block$factors, function(f) {
    if (!is.null(f$cell)) f$cell <- f$cell[rows]
    f$values <- if (is.null(f$poly)) f$values[, rows, drop = FALSE] else f$values[rows]
    f
  }))
}

# A table keeps the rows that are still used: not that of missing values, once they are dropped.
table_rows <- function(block, rows) {
  at <- as.integer(block$index[rows]) + 1L
  used <- which(tabulate(at, block$n_table) > 0)
  if (length(used) == 0) used <- 1L # without rows there is a table nonetheless
  if (length(used) < block$n_table) {
    block$table <- block_rows(block$table, used)
    block$n_table <- length(used)
    at <- match(at, used)
  }
  block$index <- as_cells(at - 1L, block$n_table - 1L)
  block
}

# ---- storage -------------------------------------------------------------------------------------

# A covariate whose values repeat is kept as a table of the different ones and each bin's place in it, if
# there are at most this many and at most this share of the bins. Splines are fast as they are: a longer table
# costs more than their polynomials (measured: even at 500 to 1000 rows).
table_most <- 16384
table_most_spline <- 512
table_share <- 1 / 8
table_least_columns <- 4 # fewer plain columns are as cheap as an index

longest_table <- function(basis, n_obs) {
  is_spline <- inherits(basis, c("basis_bspline", "basis_cyclic"))
  min(if (is_spline) table_most_spline else table_most, floor(n_obs * table_share))
}

# The block of a basis at x (a list of inputs), as a table where that is smaller and faster. starts: of the
# sessions.
compact_block <- function(basis, x, starts) {
  if (has_window(basis)) return(convolved_block(convolve_signal(basis, x[[1]], starts)))
  distinct <- if (repeats_can_pay(basis, x)) distinct_rows(x, longest_table(basis, NROW(x[[1]])))
  if (is.null(distinct)) return(basis_block(basis, x))
  table <- basis_block(basis, lapply(x, input_rows, distinct$first))
  moved <- attr(table, "moved")
  if (moved > 0) moved <- attr(basis_block(basis, x), "moved")
  new_block(list(index = distinct$index, table = unclass_block(table), n_table = length(distinct$first)), moved)
}

# Histories repeat where signals are sparse: of their columns (a matrix) the different rows are the table.
convolved_block <- function(columns) {
  pays <- ncol(columns) >= table_least_columns
  distinct <- if (pays) distinct_rows(list(columns), min(table_most, floor(nrow(columns) * table_share)))
  if (is.null(distinct)) return(new_block(list(x = columns), 0))
  new_block(list(index = distinct$index, table = list(x = columns[distinct$first, , drop = FALSE]),
                 n_table = length(distinct$first)), 0)
}

# A factor is a table anyway.
repeats_can_pay <- function(basis, x) {
  if (inherits(basis, "basis_factor") || !all(vapply(x, is.numeric, TRUE))) return(FALSE)
  !inherits(basis, c("basis_columns", "basis_dense")) || basis_size(basis) >= table_least_columns
}

# The different rows of a list of vectors or matrices, and which of them each row is: list(index, first). NULL
# where there are more than `limit`. NA is a value, and -0 is 0.
distinct_rows <- function(x, limit) {
  if (limit < 1) return(NULL)
  .Call(C_distinct, lapply(unname(x), as_doubles), as.double(NROW(x[[1]])), as.integer(limit))
}

as_doubles <- function(x) {
  if (!is.double(x)) storage.mode(x) <- "double"
  x
}

input_rows <- function(x, rows) if (is.null(dim(x))) x[rows] else x[rows, , drop = FALSE]

# Whether a block's columns are numbers as they are, not a basis with few nonzeros.
is_dense_block <- function(block) !is.null(block$x) || !is.null(block$table$x)

# X B for coefficients B (columns of the covariates x L), as bins x L; NA where a covariate is, even if
# it is out.
design_predictor <- function(design, coefficients, covariates = seq_along(design)) {
  fields <- unclass(design)
  out <- .Call(C_predictor, fields$blocks[covariates], as.double(fields$n_obs), coefficients)
  if (length(fields$missing) > 0) out[design_missing(design, covariates), ] <- NA
  out
}

# ---- methods -------------------------------------------------------------------------------------

#' @export
dim.covariate_design <- function(x) c(unclass(x)$n_obs, length(unclass(x)$columns))

#' @export
dimnames.covariate_design <- function(x) list(NULL, unclass(x)$columns)

#' @export
names.covariate_design <- function(x) names(unclass(x)$bases)

#' @export
length.covariate_design <- function(x) length(unclass(x)$bases)

#' @export
`[[.covariate_design` <- function(x, i, ...) {
  fields <- unclass(x)
  g <- if (is.character(i)) match(i, names(fields$bases)) else i
  known <- is.numeric(g) && length(g) == 1 && g %in% seq_along(fields$bases)
  if (!known) {
    stop_input("the design has the covariates ", quoted(names(fields$bases)), ", not ", describe(i), ".")
  }
  out <- .Call(C_expand, fields$blocks[g], as.double(fields$n_obs))
  colnames(out) <- fields$columns[column_owner(fields) == g]
  out
}

#' @export
`$.covariate_design` <- function(x, name) {
  if (name %in% names(x)) x[[name]] else NULL
}

# Rows and columns, as of the matrix.
#' @export
`[.covariate_design` <- function(x, i, j, ..., drop = TRUE) {
  n_index <- nargs() - (if (missing(drop)) 1 else 2)
  if (n_index != 2) {
    stop_input("a design is indexed by covariate, design[[\"", names(x)[1], "\"]], or like a matrix, ",
               "design[rows, columns].")
  }
  as.matrix(x)[i, j, drop = drop]
}

#' @export
as.list.covariate_design <- function(x, ...) {
  stats::setNames(lapply(seq_along(x), function(g) x[[g]]), names(x))
}

#' @export
as.matrix.covariate_design <- function(x, ...) {
  fields <- unclass(x)
  out <- .Call(C_expand, fields$blocks, as.double(fields$n_obs))
  colnames(out) <- fields$columns
  out
}

#' Evaluate a trained design on new covariates
#'
#' @param object A `covariate_design` of [expand_covariates()].
#' @param newdata New raw covariates, like those the design was trained on: named list or data frame with
#'   at least the same names. Others are ignored. Rows may be NA.
#' @param session NULL, or one id per bin of `newdata`, as in [expand_covariates()].
#' @param ... Not used.
#' @return A `covariate_design` with the same columns.
#' @examples
#' design <- expand_covariates(list(speed = c(0, 10, 40)), basis_bspline(4))
#' predict(design, list(speed = 20))$speed
#' @export
predict.covariate_design <- function(object, newdata, session = NULL, ...) {
  check_no_more(...)
  fields <- unclass(object)
  if (inherits(newdata, "covariate_design")) {
    if (!identical(unclass(newdata)$bases, fields$bases)) {
      stop_input("`newdata` is a covariate_design with other bases or bounds than the training one; give ",
                 "the raw covariates.", arg = "newdata")
    }
    refuse_session(session, "newdata")
    return(newdata)
  }
  known <- names(fields$bases)
  leaves <- collect_newdata(source_values(fields$source, newdata), fields$bases)
  leaves <- Map(match_columns, leaves, fields$bases, known)
  evaluated(new_plan(leaves, fields$bases, check_session(session, NROW(leaves[[1]]))))
}

# The covariates that a model needs, from whatever else newdata has.
collect_newdata <- function(newdata, bases) {
  known <- names(bases)
  if (!is.list(newdata)) {
    stop_input("`newdata` must be a named list or data frame of raw covariates, not ", describe(newdata),
               ".", arg = "newdata")
  }
  # columns nobody asked for need not be usable
  wanted <- c(known, unlist(lapply(bases, function(basis) basis$from[1])))
  keep <- names(newdata) %in% c(wanted, sub("\\..*", "", wanted))
  newdata <- Map(text_as_factor, as.list(newdata)[keep], bases[names(newdata)[keep]])
  leaves <- if (length(newdata) > 0) collect_covariates(newdata, "newdata") else list()
  leaves <- split_new_neurons(leaves, bases)
  absent <- setdiff(known, names(leaves))
  if (length(absent) > 0) {
    stop_input("`newdata` must have the covariates the model was fitted with; ", quoted(absent),
               if (length(absent) == 1) " is" else " are", " missing.", arg = "newdata")
  }
  leaves[known]
}

# Levels may be given as text once they are known.
text_as_factor <- function(x, basis) {
  if (is.character(x) && inherits(basis, "basis_factor")) factor(x, levels = unique(x)) else x
}

# A new matrix must have the training matrix's columns; by name, where both have names.
match_columns <- function(x, basis, name, arg = "newdata") {
  refuse <- function(was, is) {
    stop_input("covariate `", name, "` ", was, " when the model was fitted, and ", is, " in `", arg, "`.",
               arg = arg)
  }
  if (is.factor(x) && !inherits(basis, "basis_factor")) refuse("was numbers", "is a factor")
  width <- if (inherits(basis, "basis_columns")) basis$n_col else n_inputs(basis)
  if (NCOL(x) != width) {
    refuse(paste("had", count_of(width, "column")), paste("has", count_of(NCOL(x), "column")))
  }
  wanted <- if (inherits(basis, "basis_columns")) basis$labels else basis$inputs
  if (is.null(wanted) || is.null(colnames(x)) || identical(wanted, colnames(x))) return(x)
  if (!setequal(wanted, colnames(x)) || anyDuplicated(wanted)) {
    refuse(paste("had the columns", quoted(wanted)), paste("has", quoted(colnames(x))))
  }
  x[, wanted, drop = FALSE]
}
