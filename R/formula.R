# formula.R: the formula door of group_lasso(). A formula is read into what could have been given as lists:
# covariates, bases, counts and an offset, and into a *source*, which finds the covariates in new data:
#   terms    by covariate: list(inputs = expressions of its columns, basis = a basis or NULL)
#   offsets  expressions
#   needed   variables that new data must have
#   env      where all else is looked up

# ---- what group_lasso() asks for -----------------------------------------------------------------

# Its arguments as they are where `covariates` is no formula, else what the formula and the data say:
# list(covariates, counts, basis, offset, source = NULL or a source).
read_model <- function(covariates, counts, basis, offset, data) {
  if (!inherits(covariates, "formula")) {
    if (!is.null(data)) {
      stop_input("`data` goes with a formula, such as group_lasso(counts ~ speed, data).", arg = "data")
    }
    if (missing(counts)) stop_input("`counts` must be given: spike counts per bin.", arg = "counts")
    return(list(covariates = covariates, counts = counts, basis = basis, offset = offset, source = NULL))
  }
  if (!missing(counts) && !is.null(data)) {
    stop_input("`counts` must not be given with a formula and `data`: the formula's left side has them.",
               arg = "counts")
  }
  if (!is.null(basis)) {
    stop_input("`basis` must not be given with a formula, whose terms have their bases: ",
               "basis_bspline(speed, 6).", arg = "basis")
  }
  data <- check_data(if (missing(counts)) data else counts)
  read_formula(covariates, data, offset)
}

# Values for a formula: a list, empty where the formula's environment has them all.
check_data <- function(data) {
  if (is.environment(data)) data <- as.list(data)
  if (!is.null(data) && !is.list(data)) {
    stop_input("`data` must be a data frame or a named list with the variables of the formula, not ",
               describe(data), ".", arg = "data")
  }
  as.list(data)
}

read_formula <- function(formula, data, offset) {
  if (length(formula) != 3) {
    stop_input("the formula must have the counts on its left side, as in ",
               "counts ~ basis_bspline(position, 6).", arg = "covariates")
  }
  env <- environment(formula)
  parts <- split_sum(formula[[3]])
  is_offset <- vapply(parts, is_call_of, TRUE, "offset")
  if (any(is_offset) && !is.null(offset)) {
    stop_input("`offset` must not be given where the formula has offset() terms.", arg = "offset")
  }
  terms <- name_terms(lapply(parts[!is_offset], read_term, data, env), parts[!is_offset])
  source <- list(terms = terms, offsets = lapply(parts[is_offset], offset_expression), env = env)
  covariates <- lapply(terms, function(term) term_values(term, data, env))
  source$needed <- needed_variables(source, data, NROW(covariates[[1]]))
  bases <- lapply(terms, `[[`, "basis")
  list(covariates = covariates, counts = evaluate(formula[[2]], data, env),
       basis = bases[!vapply(bases, is.null, TRUE)], offset = offset %||% source_offset(source, data),
       source = source)
}

# The design with the source of its covariates, so that new data may be raw.
keep_source <- function(design, source) {
  if (is.null(source)) return(design)
  fields <- unclass(design)
  fields$source <- source
  structure(fields, class = class(design))
}

# ---- terms ---------------------------------------------------------------------------------------

is_call_of <- function(expr, names) is.call(expr) && is.name(expr[[1]]) && as.character(expr[[1]]) %in% names

in_code <- function(expr) paste0("`", deparse1(expr), "`")

refuse_term <- function(expr, ...) {
  stop_input("the term ", in_code(expr), " of the formula ", ..., arg = "covariates")
}

# The terms that are added, without 1, which is always there.
split_sum <- function(expr) {
  if (is_call_of(expr, "(")) return(split_sum(expr[[2]]))
  if (is_call_of(expr, "+")) return(unlist(lapply(as.list(expr)[-1], split_sum), recursive = FALSE))
  if (identical(expr, 1)) return(list())
  if (is_call_of(expr, "-") || identical(expr, 0)) {
    refuse_term(expr, "takes something away: the intercept is always in the model, and is not penalised; ",
                "leave out what should not be in.")
  }
  if (identical(expr, quote(.))) refuse_term(expr, "must be written out: name the covariates.")
  if (is_call_of(expr, c("^", "/", "%in%", "|"))) {
    refuse_term(expr, "is not a covariate; for arithmetic write ", in_code(call("I", expr)), ".")
  }
  list(expr)
}

# list(inputs, basis) of a term.
read_term <- function(expr, data, env) {
  if (is_call_of(expr, "(")) return(read_term(expr[[2]], data, env))
  if (is_call_of(expr, c("*", ":"))) {
    sides <- lapply(as.list(expr)[-1], read_term, data, env)
    if (any(vapply(sides, function(side) is.null(side$basis), TRUE))) {
      refuse_term(expr, "must be a product of bases, such as basis_bspline(x, 6) * basis_identity(y); for ",
                  "arithmetic write ", in_code(call("I", expr)), ".")
    }
    return(list(inputs = c(sides[[1]]$inputs, sides[[2]]$inputs),
                basis = sides[[1]]$basis * sides[[2]]$basis))
  }
  constructor <- basis_constructor(expr)
  if (is.null(constructor)) return(list(inputs = list(expr), basis = NULL))
  if (length(expr) < 2 || any(nzchar(names(expr)[2])) || is.numeric(expr[[2]])) {
    refuse_term(expr, "must have a covariate as its first argument, as in basis_bspline(position, 6).")
  }
  list(inputs = list(expr[[2]]), basis = made_basis(expr, constructor, data, env))
}

# The function of this package that a call names, if it makes a basis.
basis_constructor <- function(expr) {
  if (!is.call(expr)) return(NULL)
  name <- expr[[1]]
  package <- topenv()
  is_qualified <- is_call_of(name, c("::", ":::")) &&
    identical(as.character(name[[2]]), getNamespaceName(package)[[1]])
  if (is_qualified) name <- name[[3]]
  if (!is.name(name) || !startsWith(as.character(name), "basis_")) return(NULL)
  if (!as.character(name) %in% getNamespaceExports(package)) return(NULL)
  if (identical(name, quote(basis_matrix))) return(function(basis) basis)
  get(as.character(name), package)
}

# What the call gives without its covariate.
made_basis <- function(expr, constructor, data, env) {
  rest <- as.call(c(constructor, as.list(expr)[-(1:2)]))
  basis <- tryCatch(eval(rest, data, env), error = function(e) {
    if (inherits(e, "neurolasso_error")) stop(e)
    refuse_term(expr, "can't be evaluated: ", conditionMessage(e), ".")
  })
  if (!inherits(basis, "basis")) refuse_term(expr, "must have a basis, not ", describe(basis), ".")
  basis
}

# Names: the covariate, or where two terms share it, the whole term.
name_terms <- function(terms, parts) {
  if (length(terms) == 0) stop_input("the formula must have at least one covariate.", arg = "covariates")
  labels <- vapply(terms, function(term) paste(input_labels(term), collapse = ":"), "")
  shared <- labels %in% repeated(labels)
  labels[shared] <- vapply(parts[shared], deparse1, "")
  twice <- repeated(labels)
  if (length(twice) > 0) stop_input("the formula has ", quoted(twice), " twice.", arg = "covariates")
  stats::setNames(terms, labels)
}

# ---- values --------------------------------------------------------------------------------------

evaluate <- function(expr, data, env) {
  tryCatch(eval(expr, data, env), error = function(e) {
    stop_input("the formula's ", in_code(expr), " can't be evaluated: ", conditionMessage(e), ".",
               arg = "covariates")
  })
}

term_values <- function(term, data, env) bind_inputs(term, lapply(term$inputs, evaluate, data, env))

input_labels <- function(term) vapply(term$inputs, deparse1, "")

# A term's covariate: what its one input is, or the columns of several.
bind_inputs <- function(term, values) {
  if (length(values) == 1) return(values[[1]])
  names(values) <- input_labels(term)
  sizes <- vapply(values, NROW, 0L)
  if (any(sizes != sizes[1])) {
    stop_input("all covariates must have one value per bin: ", quoted(names(values)), " have ",
               paste(sizes, collapse = ", "), ".", arg = "covariates")
  }
  structure(values, class = "data.frame", row.names = seq_len(sizes[1]))
}

offset_expression <- function(expr) {
  if (length(expr) != 2) refuse_term(expr, "must have one argument.")
  expr[[2]]
}

# The sum of the offset() terms, NULL where there are none.
source_offset <- function(source, data) {
  if (length(source$offsets) == 0) return(NULL)
  values <- lapply(source$offsets, evaluate, data, source$env)
  usable <- vapply(values, function(x) is.numeric(x) && is.null(dim(x)), TRUE)
  if (!all(usable)) {
    stop_input("offset() of the formula must be numbers, one per bin, not ",
               describe(values[!usable][[1]]), ".", arg = "offset")
  }
  Reduce(`+`, values)
}

# Variables that must be in new data: those that were in the data, or where there were none, those with a
# value for each of n_obs bins.
needed_variables <- function(source, data, n_obs) {
  used <- unique(unlist(lapply(source_inputs(source), all.vars)))
  if (length(data) > 0) return(intersect(used, names(data)))
  used[vapply(used, function(name) NROW(get0(name, source$env)) == n_obs, TRUE)]
}

source_inputs <- function(source) unlist(lapply(unname(source$terms), `[[`, "inputs"), recursive = FALSE)

# ---- new data ------------------------------------------------------------------------------------

# The covariates of a design in new data, by name; as they are where the design came without a formula. An
# input may also stand there as a whole, under its label.
source_values <- function(source, newdata) {
  if (is.null(source) || !is.list(newdata)) return(newdata)
  inputs <- source_inputs(source)
  absent <- unique(unlist(lapply(inputs, absent_variables, source, names(newdata))))
  if (length(absent) > 0) {
    stop_input("`newdata` must have the variables of the formula; ", quoted(absent),
               if (length(absent) == 1) " is" else " are", " missing.", arg = "newdata")
  }
  lapply(source$terms, function(term) {
    bind_inputs(term, lapply(term$inputs, function(expr) {
      newdata[[deparse1(expr)]] %||% evaluate(expr, newdata, source$env)
    }))
  })
}

# What of an input is missing in new data: its variables, or all of it. What takes nothing from there would be
# training values.
absent_variables <- function(expr, source, names) {
  label <- deparse1(expr)
  if (label %in% names) return(NULL)
  absent <- setdiff(intersect(all.vars(expr), source$needed), names)
  if (length(absent) == 0 && !any(all.vars(expr) %in% names)) label else absent
}

# The formula's offset in new data.
new_source_offset <- function(design, newdata) {
  source <- unclass(design)$source
  if (inherits(newdata, "covariate_design") || is.null(source)) return(NULL)
  source_offset(source, newdata)
}
