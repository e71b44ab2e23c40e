# Which covariates the neurons of two recordings encode: 49 cells of CA1 (position, speed and direction of movement, in bins
# of 33 ms) and 171 neurons of motor cortex (Stevenson et al. 2011: position, speed and direction of the hand, 50 ms),
# each with a path of its own, and cross-validated with shared folds.
#
#   NEUROLASSO_SHARED=<folder of recordings> Rscript bench/recordings/populations.R [ca1|m1] [lambdas] [folds]

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))), "recording.R"))

# Speed and direction from positions at both sides of a bin, in its units a second.
movement <- function(x, y, bin_width) {
  ahead <- function(v) (c(v[-1], NA) - c(NA, v[-length(v)])) / (2 * bin_width)
  vx <- ahead(x)
  vy <- ahead(y)
  list(speed = sqrt(vx^2 + vy^2), direction = atan2(vy, vx))
}

circle <- function(n) basis_cyclic(n, bounds = c(-pi, pi))

recordings <- list(
  ca1 = function() {
    d <- read_recording("ca1_nstat_animal1.csv.gz")
    moves <- movement(d$x, d$y, 1 / 30)
    list(covariates = c(list(place = cbind(x = d$x, y = d$y)), moves, list(session_time = d$time)),
         basis = list(place = basis_bspline(8) * basis_bspline(8), speed = basis_bspline(6), direction = circle(8),
                      session_time = basis_bspline(6)),
         counts = as.matrix(d[grep("^n[0-9]+$", names(d))]))
  },
  m1 = function() {
    d <- read_recording("m1_stevenson2011.csv.gz")
    list(covariates = list(hand = cbind(x = d$pos_x, y = d$pos_y), direction = atan2(d$vel_y, d$vel_x),
                           speed = sqrt(d$vel_x^2 + d$vel_y^2), session_time = d$time),
         basis = list(hand = basis_bspline(6) * basis_bspline(6), direction = circle(8), speed = basis_bspline(6),
                      session_time = basis_bspline(6)),
         counts = as.matrix(d[grep("^n[0-9]+$", names(d))]))
  }
)

show <- function(name, n_lambda, n_folds) {
  d <- recordings[[name]]()
  paths <- cost_of(group_lasso(d$covariates, d$counts, d$basis, n_lambda = n_lambda, progress = FALSE))
  population <- paths$value
  report(sprintf("%s: %d paths of %d lambdas", name, length(population), length(population[[1]]$lambda)), paths)
  design <- unclass(population)$data$design
  cat(sprintf("design %.1f MB, counts %.1f MB, the result %.1f MB\n", object.size(unclass(design)$blocks) / 1e6,
              object.size(d$counts) / 1e6, object.size(population) / 1e6))
  print(summary(population))
  draw(paste0("population-", name), plot(population, main = paste(toupper(name), "- separate paths")))
  folds <- cost_of(cv_group_lasso(d$covariates, d$counts, d$basis, n_lambda = n_lambda, n_folds = n_folds,
                                  progress = FALSE))
  report(sprintf("%s: %d-fold cross-validation of all", name, n_folds), folds)
  print(folds$value)
  draw(paste0("population-cv-", name), plot(folds$value, main = paste(toupper(name), "- at each neuron's lambda_1se")))
}

args <- commandArgs(TRUE)
argument <- function(k, default) if (length(args) >= k) as.integer(args[k]) else default
for (name in if (length(args) > 0) args[1] else names(recordings)) show(name, argument(2, 100L), argument(3, 10L))
