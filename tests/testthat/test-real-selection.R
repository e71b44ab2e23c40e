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
