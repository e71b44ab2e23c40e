# Selection on a recorded grid cell (Gerlei et al. 2020): not shipped, so skipped where it isn't at hand.

test_that("a grid cell encodes position; directions of five minutes ago are not selected", {
  d <- read.csv(gzfile(shared_file("mec_gerlei2020_M12_2018-04-10.csv.gz")))
  shift <- which(cumsum(d$dt) > 300)[1]
  ago <- c(tail(d$hd_deg, shift), head(d$hd_deg, -shift))
  keep <- d$speed < 50
  covariates <- list(position = cbind(x = d$x, y = d$y)[keep, ], ago = ago[keep])
  bases <- list(position = basis_bspline(9) * basis_bspline(9), ago = basis_cyclic(12, bounds = c(-180, 180)))
  cv <- cv_group_lasso(covariates, d$n_c2[keep], bases, offset = log(d$dt[keep]), n_lambda = 15,
                       lambda_min_ratio = 0.05, n_folds = 5)
  expect_identical(selected(cv), "position")
  expect_gt(score(cv), 0.4)
  control <- shift_control(cv, n_shifts = 99)
  expect_lte(control$table["position", "p"], 0.05)
  expect_gt(control$table["ago", "p"], 0.05)
})

test_that("where the rat was five minutes ago is not selected for a CA1 neuron with adaptive weights", {
  d <- read.csv(gzfile(shared_file("ca1_nstat_animal1.csv.gz")))
  rotate <- function(x) c(tail(x, 9000), head(x, -9000))
  covariates <- list(position = cbind(x = d$x, y = d$y), ago = cbind(x = rotate(d$x), y = rotate(d$y)))
  path <- group_lasso(covariates, d$n06, basis_bspline(7) * basis_bspline(7), n_lambda = 15,
                      lambda_min_ratio = 0.03)
  expect_identical(selected(cv_group_lasso(path)), "position")
  # the penalty that predicts best lets it in
  plain <- cv_group_lasso(path, adaptive = FALSE)
  expect_setequal(selected(plain, lambda = "lambda_min"), c("position", "ago"))
})

test_that("49 CA1 neurons: each path is certified and that of the neuron alone", {
  d <- read.csv(gzfile(shared_file("ca1_nstat_animal1.csv.gz")))
  # every fifth sample is enough to tell a place cell
  d <- d[seq(1, nrow(d), by = 5), ]
  counts <- as.matrix(d[, -(1:3)])
  covariates <- list(place = cbind(x = d$x, y = d$y), noise = with_local_seed(1, rnorm(nrow(d))))
  bases <- list(place = basis_bspline(5) * basis_bspline(5), noise = basis_bspline(5))
  seen <- watch(group_lasso(covariates, counts, bases, n_lambda = 10, lambda_min_ratio = 0.1))
  population <- seen$value
  expect_identical(names(population), colnames(counts))
  blocks <- list(oracle_product(oracle_bspline(d$x, 5), oracle_bspline(d$y, 5)),
                 oracle_bspline(covariates$noise, 5))
  silent <- colSums(counts) == 0
  for (name in colnames(counts)[!silent][c(1, 10, 20, 30)]) {
    path <- population[[name]]
    alone <- suppressWarnings(group_lasso(covariates, counts[, name], bases, n_lambda = 10,
                                          lambda_min_ratio = 0.1))
    expect_equal(path$lambda, alone$lambda, tolerance = 1e-10)
    expect_lt(max(abs(path$group_norms - alone$group_norms)), 1e-4 * max(alone$group_norms))
    residual <- kkt_residual(blocks, counts[, name], path$intercept[10], path$coefficients[, 10],
                             path$lambda[10], "calibrated")
    expect_lt(residual, 2e-6)
  }
  share <- summary(population, fraction = 0.5)$share[, 1]
  expect_gt(share[["place"]], 0.7)
  expect_gt(share[["place"]], 2 * share[["noise"]])
})
