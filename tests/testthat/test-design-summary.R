test_that("the summary says what each covariate became", {
  d <- mixed_session(1)$covariates
  d$speed[c(3, 9)] <- NA
  d$place[9, 1] <- NA
  design <- expand_covariates(d, mixed_bases())
  came <- summary(design)
  expect_s3_class(came, c("summary.covariate_design", "data.frame"), exact = TRUE)
  expect_identical(came$covariate, names(d))
  expect_identical(came$columns, unname(vapply(as.list(design), ncol, 1L)))
  expect_identical(came$missing[came$covariate == "speed"], 2L)
  expect_identical(sum(came$missing), 3L)
  expect_identical(came$storage[came$covariate == "position"], "splines by cell")
  expect_identical(attributes(came)[c("n_obs", "dense_bytes", "n_missing")],
                   list(n_obs = 300L, dense_bytes = 8 * 300 * ncol(design), n_missing = 2L))
  # 300 bins: a byte and a double each; four polynomials of four coefficients in three cells; a handful of numbers
  expect_equal(came$bytes[came$covariate == "position"], 300 * 9 + 3 * (16 * 8 + 4), tolerance = 0.01)
  expect_match(came$basis[came$covariate == "position"], "bounds = c(", fixed = TRUE)
  out <- capture.output(print(came))
  expect_match(out[1], "300 bins x 34 columns in .* kB \\(81.6 kB as a matrix\\)")
  expect_match(out[2], "2 bins are NA")
  expect_length(out, 3 + nrow(came))
  expect_match(out[4], "position +6 +splines by cell .*basis_bspline")
})

test_that("a plain data frame can be made of it", {
  came <- summary(expand_covariates(list(a = 1:9, b = 9:1)))
  expect_identical(nrow(came[came$covariate == "b", ]), 1L)
  expect_identical(as.data.frame(unclass(came)[1:2]),
                   data.frame(covariate = c("a", "b"), columns = c(1L, 1L)))
})
