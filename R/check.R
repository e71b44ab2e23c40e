# check.R: checks of arguments, once, at the functions users call.

check_number <- function(x, arg, lower = -Inf, upper = Inf, open = FALSE) {
  inside <- is.numeric(x) && length(x) == 1 && is.finite(x) && x >= lower && x <= upper &&
    !(open && (x == lower || x == upper))
  if (!inside) {
    range <- if (lower == -Inf && upper == Inf) {
      ""
    } else if (upper == Inf) {
      sprintf(" %s %s", if (open) "above" else "of at least", format(lower))
    } else {
      sprintf(" between %s and %s", format(lower), format(upper))
    }
    stop_input("`", arg, "` must be one finite number", range, ", not ", describe(x), ".", arg = arg)
  }
  as.double(x)
}

check_count <- function(x, arg, lower = 1) {
  if (!(is.numeric(x) && length(x) == 1 && is.finite(x) && x == round(x) && x >= lower &&
          x <= .Machine$integer.max)) {
    stop_input("`", arg, "` must be one whole number of at least ", lower, ", not ", describe(x), ".",
               arg = arg)
  }
  as.integer(x)
}

check_flag <- function(x, arg) {
  if (!(is.logical(x) && length(x) == 1 && !is.na(x))) {
    stop_input("`", arg, "` must be TRUE or FALSE, not ", describe(x), ".", arg = arg)
  }
  x
}

check_choice <- function(x, choices, arg) {
  if (identical(x, choices)) return(choices[1])
  if (!(is.character(x) && length(x) == 1 && x %in% choices)) {
    stop_input("`", arg, "` must be one of ", paste0("\"", choices, "\"", collapse = ", "), ", not ",
               describe(x), ".", arg = arg)
  }
  x
}

# Bounds of a basis: NULL, or lower < upper.
check_bounds <- function(bounds, required = FALSE) {
  if (is.null(bounds) && !required) return(NULL)
  if (!(is.numeric(bounds) && length(bounds) == 2 && all(is.finite(bounds)) && bounds[1] < bounds[2])) {
    stop_input("`bounds` must be two numbers, lower < upper, not ", describe(bounds), ".",
               arg = "bounds")
  }
  as.double(bounds)
}

# Spike counts per bin as doubles: finite or NA, not negative, one per row of the design.
check_counts <- function(counts, n_obs) {
  if (is.data.frame(counts) || (is.matrix(counts) && ncol(counts) != 1)) {
    stop_input("`counts` must be a vector, one neuron's spike count per bin, not ", describe(counts), ".",
               arg = "counts")
  }
  if (!is.numeric(counts) || is.factor(counts)) {
    stop_input("`counts` must be numeric spike counts, not ", describe(counts), ".", arg = "counts")
  }
  check_length(counts, n_obs, "counts")
  y <- as.double(counts)
  if (.Call(C_are_counts, y)) return(y)
  if (any(is.infinite(y))) {
    stop_input("`counts` must be finite, but is infinite in ", count_rows(is.infinite(y)), ".",
               arg = "counts")
  }
  if (any(y < 0, na.rm = TRUE)) {
    stop_input("`counts` must not be negative, but is in ", count_rows(!is.na(y) & y < 0), ".",
               arg = "counts")
  }
  if (any(y != round(y), na.rm = TRUE)) {
    warn_user("`counts` has values that are not whole numbers in ",
              count_rows(!is.na(y) & y != round(y)), "; they are fitted as they are (quasi-Poisson).",
              class = "neurolasso_noninteger_counts")
  }
  y
}

check_length <- function(x, n_obs, arg) {
  if (length(x) != n_obs) {
    stop_input("`", arg, "` must have one value per bin, ", n_obs, " like the covariates, not ",
               length(x), ".", arg = arg)
  }
}

# Offset or prior weights: NULL, or finite doubles per row (one number serves for all), or NA.
check_row_values <- function(x, n_obs, arg, lower = -Inf) {
  if (is.null(x)) return(NULL)
  if (!is.numeric(x) || is.factor(x)) {
    stop_input("`", arg, "` must be numeric, not ", describe(x), ".", arg = arg)
  }
  x <- as.double(x)
  if (length(x) == 1) x <- rep(x, n_obs)
  check_length(x, n_obs, arg)
  bad <- is.infinite(x) | (!is.na(x) & x < lower)
  if (any(bad)) {
    what <- if (lower > -Inf) paste("finite and at least", lower) else "finite"
    stop_input("`", arg, "` must be ", what, ", but is not in ", count_rows(bad), ".", arg = arg)
  }
  x
}

# Lambdas the user gave: not negative, no NA. Infinity is the null model.
check_lambda <- function(lambda) {
  if (!is.numeric(lambda) || length(lambda) == 0 || anyNA(lambda) || any(lambda < 0)) {
    what <- if (is.numeric(lambda) && anyNA(lambda)) {
      "NA"
    } else if (is.numeric(lambda) && length(lambda) > 0) {
      format(min(lambda))
    } else {
      describe(lambda)
    }
    stop_input("`lambda` must be numbers of at least 0 without NA, not ", what, ".", arg = "lambda")
  }
  as.double(lambda)
}

# Further arguments that a method doesn't have: a misspelt one must not be ignored.
check_no_more <- function(...) {
  if (...length() == 0) return()
  names <- names(list(...))
  stop_input("there is no such argument: ",
             if (is.null(names) || !nzchar(names[1])) describe(..1) else quoted(names), ".")
}

# n names: those there are, else the prefix and a number.
filled_names <- function(names, n, prefix) {
  names <- names %||% rep("", n)
  blank <- is.na(names) | !nzchar(names)
  names[blank] <- paste0(prefix, seq_len(n))[blank]
  names
}
