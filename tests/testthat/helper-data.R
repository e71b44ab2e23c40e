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
