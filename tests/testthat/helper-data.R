# helper-data.R: small data sets with fixed seeds, and where the real recordings are.

# A neuron on the maze that encodes position and theta phase; one basis of each kind.
small_session <- function(seed = 1, duration = 40, bin_width = 0.05,
                          encodes = c("position", "theta_phase"), rate = 8) {
  simulate_session(duration, bin_width, encodes, rate, seed = seed)
}

session_bases <- function() {
  list(
    position = basis_bspline(6), speed = basis_raised_cosine(5),
    head_direction = basis_cyclic(5, bounds = c(0, 2 * pi)),
    theta_phase = basis_cyclic(6, bounds = c(0, 2 * pi))
  )
}

# The same session with a covariate for every kind of basis, and the bases.
mixed_session <- function(seed = 1, n = 300) {
  with_local_seed(seed, {
    covariates <- list(
      position = runif(n, -10, 60), phase = runif(n, 0, 2 * pi), speed = rexp(n, 0.1),
      trend = seq(-1, 1, length.out = n), arm = factor(sample(c("left", "right", "stem"), n, TRUE)),
      place = cbind(x = runif(n), y = runif(n)), coupling = cbind(n1 = rpois(n, 1), n2 = rpois(n, 0.5)),
      choice = sample(c(TRUE, FALSE), n, TRUE)
    )
    link <- with(covariates, -0.5 + 0.03 * position + 0.6 * cos(phase) + 0.8 * (arm == "left") +
                   1.2 * sin(3 * place[, "x"]) + 0.3 * coupling[, "n1"] + 0.4 * trend)
    list(covariates = covariates, counts = rpois(n, exp(link)))
  })
}

mixed_bases <- function() {
  list(
    position = basis_bspline(6), phase = basis_cyclic(5, bounds = c(0, 2 * pi)),
    speed = basis_raised_cosine(4), trend = basis_identity(), arm = basis_factor(),
    place = basis_bspline(4) * basis_bspline(3, order = 2)
  )
}

# Evaluates expr with R's generator at a seed, and puts its state back.
with_local_seed <- function(seed, expr) {
  old <- globalenv()$.Random.seed
  on.exit(if (is.null(old)) {
    rm(list = ".Random.seed", envir = globalenv())
  } else {
    assign(".Random.seed", old, envir = globalenv())
  })
  set.seed(seed)
  expr
}

# Path of a real recording, which the package doesn't ship; the test that asks for one is skipped
# where it isn't.
shared_file <- function(name) {
  folder <- Sys.getenv("NEUROLASSO_SHARED")
  candidates <- c(
    if (nzchar(folder)) file.path(folder, c("", "data"), name),
    file.path(testthat::test_path("..", ".."), "..", "shared", "data", name)
  )
  found <- candidates[file.exists(candidates)]
  if (length(found) == 0) testthat::skip(paste("the recording", name, "is not here"))
  normalizePath(found[1])
}

# All conditions of an expression: list(value, warnings).
watch <- function(expr) {
  warnings <- list()
  value <- withCallingHandlers(expr, warning = function(w) {
    warnings[[length(warnings) + 1]] <<- w
    invokeRestart("muffleWarning")
  })
  list(value = value, warnings = warnings)
}

# The error of an expression, NULL if it has none.
error_of <- function(expr) {
  tryCatch({
    force(expr)
    NULL
  }, error = identity)
}

# The expression must stop with an error of the package's class, with `arg` as its argument, that says
# `...`.
expect_refused <- function(expr, arg, ..., class = "neurolasso_input_error") {
  label <- paste(deparse(substitute(expr), nlines = 1), collapse = "")
  error <- error_of(expr)
  is_ours <- inherits(error, "neurolasso_error") && inherits(error, class)
  came <- if (is.null(error)) "no error" else paste0(class(error)[1], ": ", conditionMessage(error))
  expect(is_ours, sprintf("`%s` should be refused with a %s, but came: %s", label, class, came))
  if (!is_ours) return(invisible(error))
  if (!is.null(arg)) expect_identical(error$arg, arg)
  for (part in c(...)) expect_match(conditionMessage(error), part, fixed = TRUE)
  invisible(error)
}

# The columns that the package makes of one covariate.
columns_of <- function(x, basis = NULL) {
  unname(as.matrix(expand_covariates(list(x = x), if (is.null(basis)) NULL else list(x = basis))))
}
