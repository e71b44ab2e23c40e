# The problems of the benchmarks. Each is made from a fixed seed and is a list of
#   covariates   named: vectors or matrices, as group_lasso() takes them
#   basis        kind and number of functions; NULL where the covariates are matrices already
#   counts       spikes per bin
#   starts       first column of each group
#   lambda       number and ratio of a grid, or its values
#   link         "log"
#   peers        packages compared unless others are asked for
#   repeats      how often a fit is timed; NULL: as the command line says
# `problem_columns()` gives the same columns as a dense matrix; it is written from the formulas and shares no
# code with the package.

default_grid <- list(n = 100, ratio = 0.01)

# ---- columns -------------------------------------------------------------------------------------

# Clamped B-splines of order 4 with equally spaced knots on bounds.
spline_columns <- function(x, n_basis, bounds) {
  ends <- rep(bounds, each = 4)
  inner <- seq(bounds[1], bounds[2], length.out = n_basis - 2)
  inner <- inner[-c(1, length(inner))]
  splines::splineDesign(sort(c(ends, inner)), pmin(pmax(x, bounds[1]), bounds[2]), ord = 4)
}

# Cosine bumps at equally spaced centres, each two spacings wide to either side.
cosine_columns <- function(x, n_basis, bounds) {
  place <- (n_basis - 1) * (x - bounds[1]) / (bounds[2] - bounds[1])
  distance <- outer(place, seq_len(n_basis) - 1, "-") / 2
  ifelse(abs(distance) < 1, (1 + cos(pi * distance)) / 2, 0)
}

column_makers <- list(bspline = spline_columns, raised_cosine = cosine_columns)

# The dense columns of some rows; NULL: of all.
problem_columns <- function(problem, rows = NULL) {
  if (is.null(rows)) rows <- seq_along(problem$counts)
  if (is.null(problem$basis)) {
    return(do.call(cbind, lapply(unname(problem$covariates), function(x) x[rows, , drop = FALSE])))
  }
  make <- column_makers[[problem$basis$kind]]
  columns <- lapply(problem$covariates, function(x) make(x[rows], problem$basis$n_basis, range(x)))
  do.call(cbind, unname(columns))
}

# ---- parts of simulations ------------------------------------------------------------------------

# A stationary first-order autoregression with time constant tau (bins) and variance 1.
smooth_series <- function(n, tau = 20) {
  keep <- exp(-1 / tau)
  shocks <- rnorm(n, sd = sqrt(1 - keep^2))
  shocks[1] <- rnorm(1)
  as.numeric(stats::filter(shocks, keep, method = "recursive"))
}

smooth_covariates <- function(n, n_cov) {
  names <- sprintf("c%03d", seq_len(n_cov))
  stats::setNames(lapply(seq_len(n_cov), function(j) smooth_series(n)), names)
}

poisson_counts <- function(eta, mean_count) {
  rate <- exp(eta - max(eta))
  rpois(length(eta), rate * mean_count / mean(rate))
}

group_starts <- function(sizes) as.integer(cumsum(c(1, sizes[-length(sizes)])))

# Log rate of the first n_active covariates through random tuning curves on their spline columns.
spline_effects <- function(covariates, n_basis, n_active, sd) {
  eta <- 0
  for (x in covariates[seq_len(n_active)]) {
    eta <- eta + drop(spline_columns(x, n_basis, range(x)) %*% rnorm(n_basis, sd = sd))
  }
  eta
}

new_problem <- function(covariates, counts, basis, sizes, lambda = default_grid, peers = "adelie",
                        repeats = NULL) {
  list(covariates = covariates, basis = basis, counts = counts, starts = group_starts(sizes), lambda = lambda,
       link = "log", peers = peers, repeats = repeats)
}

# ---- the problems --------------------------------------------------------------------------------

splines_problem <- function(n = 1e5, n_cov = 20, n_basis = 10, mean_count = 0.2, n_lambda = 100,
                            peers = c("adelie", "grpreg", "grpnet", "grplasso")) {
  covariates <- smooth_covariates(n, n_cov)
  eta <- spline_effects(covariates, n_basis, min(5, n_cov), sd = 0.7)
  new_problem(covariates, poisson_counts(eta, mean_count), list(kind = "bspline", n_basis = n_basis),
              rep(n_basis, n_cov), lambda = list(n = n_lambda, ratio = 0.01), peers = peers)
}

# Covariates as trackers give them: each on a grid of its own, of 200 to 5000 values.
levels_problem <- function(n = 1e5, n_cov = 20, n_basis = 10) {
  n_levels <- round(exp(seq(log(200), log(5000), length.out = n_cov)))
  on_grid <- function(x, k) {
    step <- diff(range(x)) / (k - 1)
    min(x) + step * round((x - min(x)) / step)
  }
  covariates <- Map(on_grid, smooth_covariates(n, n_cov), n_levels)
  eta <- spline_effects(covariates, n_basis, 5, sd = 0.7)
  new_problem(covariates, poisson_counts(eta, 0.2), list(kind = "bspline", n_basis = n_basis),
              rep(n_basis, n_cov))
}

# The columns of 'splines' as plain matrices.
dense_problem <- function(n = 1e5) {
  problem <- splines_problem(n)
  for (name in names(problem$covariates)) {
    alone <- list(covariates = problem$covariates[name], basis = problem$basis, counts = problem$counts)
    problem$covariates[[name]] <- problem_columns(alone)
  }
  problem$basis <- NULL
  problem$peers <- "adelie"
  problem
}

many_problem <- function(n = 1e5) splines_problem(n, n_cov = 100, peers = "adelie")

rare_problem <- function(n = 5e5) splines_problem(n, mean_count = 0.005, peers = "adelie")

long_problem <- function(n = 1e6) splines_problem(n, peers = character())

# More columns than bins.
wide_problem <- function(n = 2000, n_groups = 500, size = 8) {
  make <- function(g) matrix(rnorm(n * size), n)
  covariates <- stats::setNames(lapply(seq_len(n_groups), make), sprintf("g%03d", seq_len(n_groups)))
  eta <- 0
  for (x in covariates[1:5]) eta <- eta + drop(x %*% rnorm(size, sd = 0.25))
  new_problem(covariates, poisson_counts(eta, 0.2), NULL, rep(size, n_groups),
              peers = "adelie")
}

# Cosine bumps over the lags 1 to window, equally spaced in the log of the lag.
history_filters <- function(n_filters, window) {
  cosine_columns(log(seq_len(window) + 2), n_filters, log(c(1, window) + 2))
}

# A spike train's past through each filter: bin t sees spikes before t only.
spike_history <- function(spikes, filters) {
  n <- length(spikes)
  window <- nrow(filters)
  past <- c(rep(0, window), spikes[-n])
  apply(filters, 2, function(f) as.numeric(stats::filter(past, f, sides = 1))[window - 1 + seq_len(n)])
}

# One neuron's counts from the spike histories of others, five of which drive it; the others' rates share a
# slow part.
coupling_problem <- function(n = 1e5, n_neurons = 100, n_filters = 8, window = 50) {
  filters <- history_filters(n_filters, window)
  shared <- smooth_series(n, tau = 200)
  covariates <- lapply(seq_len(n_neurons), function(i) {
    spike_history(poisson_counts(0.4 * shared + 0.6 * smooth_series(n), 0.05), filters)
  })
  names(covariates) <- sprintf("n%03d", seq_len(n_neurons))
  eta <- 0
  for (x in covariates[1:5]) eta <- eta + drop(x %*% rnorm(n_filters, sd = 0.3))
  new_problem(covariates, poisson_counts(eta, 0.2), NULL, rep(n_filters, n_neurons))
}

# The shape of the guide: position and speed in 100 bins, position alone drives the counts.
guide_problem <- function(n = 100) {
  covariates <- list(position = rnorm(n), speed = rnorm(n))
  rate <- exp(drop(spline_columns(covariates$position, 5, range(covariates$position)) %*% rnorm(5)))
  new_problem(covariates, rpois(n, rate), list(kind = "raised_cosine", n_basis = 6), c(6, 6),
              lambda = list(values = 10^seq(0, -4, length.out = 10)), peers = all_peers, repeats = 50)
}

problem_makers <- list(
  splines = splines_problem, levels = levels_problem, dense = dense_problem, many = many_problem,
  wide = wide_problem, coupling = coupling_problem, rare = rare_problem, long = long_problem,
  guide = guide_problem, threads = long_problem
)

# problem: its name. scale: share of the bins, for a quick try. ...: other arguments of the maker.
make_problem <- function(problem, scale = 1, ...) {
  maker <- problem_makers[[problem]]
  if (is.null(maker)) stop("there is no problem '", problem, "'", call. = FALSE)
  sizes <- list(...)
  if (is.null(sizes$n)) sizes$n <- eval(formals(maker)$n)
  if (problem != "guide") sizes$n <- max(200, round(sizes$n * scale))
  set.seed(20240517)
  c(list(name = problem), do.call(maker, sizes))
}
