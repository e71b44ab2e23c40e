# A recorded grid cell (Gerlei et al. 2020): not shipped, so skipped where it isn't at hand.

grid_cell <- function() {
  d <- read.csv(gzfile(shared_file("mec_gerlei2020_M12_2018-04-10.csv.gz")))
  d <- d[d$speed < 50, ]
  list(
    covariates = list(position = cbind(x = d$x, y = d$y), direction = d$hd_deg, speed = d$speed),
    bases = list(position = basis_bspline(9) * basis_bspline(9),
                 direction = basis_cyclic(12, bounds = c(-180, 180)), speed = basis_bspline(6)),
    counts = d$n_c2, offset = log(d$dt),
    blocks = list(oracle_product(oracle_bspline(d$x, 9), oracle_bspline(d$y, 9)),
                  oracle_cyclic(d$hd_deg, 12, bounds = c(-180, 180)), oracle_bspline(d$speed, 6))
  )
}

test_that("a grid cell's path starts with position and is certified throughout", {
  cell <- grid_cell()
  expect_identical(sum(cell$counts), 6011L)
  path <- group_lasso(cell$covariates, cell$counts, cell$bases, offset = cell$offset)
  expect_identical(names(entry_order(path))[1], "position")
  expect_length(path$lambda, 100)
  expect_true(all(path$converged))
  expect_true(all(path$kkt < 1e-6))
  expect_true(all(diff(path$deviance) <= 1e-9 * path$null_deviance))
  for (l in c(1, 2, 10, 40, 70, 100)) {
    residual <- kkt_residual(cell$blocks, cell$counts, path$intercept[l], path$coefficients[, l],
                             path$lambda[l], "calibrated", cell$offset)
    expect_lt(residual, 2e-6)
  }
})

test_that("position enters a grid cell's path first with groups standardised, not with raw ones", {
  cell <- grid_cell()
  first <- function(how) {
    path <- group_lasso(cell$covariates, cell$counts, cell$bases, standardize = how, n_lambda = 10,
                        lambda_min_ratio = 0.3)
    names(entry_order(path))[1]
  }
  expect_identical(first("calibrated"), "position")
  expect_identical(first("group"), "position")
  # the reason why "none" is not the default
  expect_false(first("none") == "position")
})

test_that("a formula gives a grid cell's path, and maps new data as it does", {
  cell <- grid_cell()
  d <- data.frame(x = cell$covariates$position[, "x"], y = cell$covariates$position[, "y"],
                  direction = cell$covariates$direction, speed = cell$covariates$speed, counts = cell$counts,
                  exposure = cell$offset)
  came <- group_lasso(
    counts ~ basis_bspline(x, 9) * basis_bspline(y, 9) + basis_cyclic(direction, 12, bounds = c(-180, 180)) +
      basis_bspline(speed, 6) + offset(exposure), d, n_lambda = 20
  )
  wanted <- group_lasso(cell$covariates, cell$counts, cell$bases, offset = cell$offset, n_lambda = 20)
  expect_identical(unname(came$coefficients), unname(wanted$coefficients))
  rows <- c(5, 70, 900)
  expect_equal(predict(came, d[rows, ]), predict(wanted)[rows, ], tolerance = 1e-12)
  # directions from 0 to 360 are the same directions
  turned <- transform(d, direction = direction %% 360)
  expect_equal(predict(came, turned[rows, ]), predict(came, d[rows, ]), tolerance = 1e-10)
})
