# conditions.R: every error and warning of the package is made here, with a class to catch it by.
# Errors inherit from "neurolasso_error", warnings from "neurolasso_warning".

# The call of the function the user typed: the outermost one of ours on the stack.
user_call <- function() {
  for (i in seq_len(sys.nframe())) {
    if (identical(topenv(environment(sys.function(i)) %||% baseenv()), topenv())) return(sys.call(i))
  }
  NULL
}

`%||%` <- function(x, y) if (is.null(x)) y else x

# An input that can't be used: names the argument, what was expected and what came.
# `class` is a further class; `...` are fields of the condition.
stop_input <- function(..., arg = NULL, class = NULL) {
  stop(structure(
    class = c(class, "neurolasso_input_error", "neurolasso_error", "error", "condition"),
    list(message = paste0(...), call = user_call(), arg = arg)
  ))
}

# Something the user should know of, after which the answer still stands.
warn_user <- function(..., class, fields = list()) {
  warning(structure(
    class = c(class, "neurolasso_warning", "warning", "condition"),
    c(list(message = paste0(...), call = user_call()), fields)
  ))
}

# "3 rows (first: 17)" for a logical vector of offending rows.
count_rows <- function(bad) {
  n <- sum(bad)
  sprintf("%s %s (first: %s)", format(n, big.mark = ","), if (n == 1) "row" else "rows",
          format(which(bad)[1], big.mark = ","))
}

# A short description of a value for messages: what came.
describe <- function(x) {
  if (is.null(x)) return("NULL")
  if (is.function(x)) return("a function")
  if (is.data.frame(x)) return(sprintf("a data frame with %s", count_of(ncol(x), "column")))
  if (is.matrix(x)) return(sprintf("a %d x %d %s matrix", nrow(x), ncol(x), typeof(x)))
  if (is.atomic(x) && length(x) == 1 && !is.object(x)) {
    return(if (is.character(x) && !is.na(x)) sprintf("the string \"%s\"", x) else format(x))
  }
  type <- if (is.object(x)) class(x)[1] else typeof(x)
  if (is.atomic(x)) return(sprintf("%s vector of length %d", with_article(type), length(x)))
  sprintf("an object of class \"%s\"", class(x)[1])
}

count_of <- function(n, what) sprintf("%d %s%s", n, what, if (n == 1) "" else "s")

with_article <- function(word) paste(if (grepl("^[aeiou]", word)) "an" else "a", word)

quoted <- function(x, most = 6) {
  more <- if (length(x) > most) sprintf(" and %d more", length(x) - most) else ""
  paste0(paste0("`", first_few(x, most), "`", collapse = ", "), more)
}

repeated <- function(x) unique(x[duplicated(x)])

first_few <- function(x, n) x[seq_len(min(n, length(x)))]

# What fits say of themselves, kept quiet: for fits that are only on the way.
fit_warnings <- c("neurolasso_silent", "neurolasso_no_signal", "neurolasso_not_converged",
                  "neurolasso_separation")

without_fit_warnings <- function(expr) {
  withCallingHandlers(expr, warning = function(w) {
    if (inherits(w, fit_warnings)) invokeRestart("muffleWarning")
  })
}
