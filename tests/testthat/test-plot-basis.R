off_screen <- function(expr) {
  grDevices::pdf(NULL)
  device <- grDevices::dev.cur()
  tryCatch(expr, finally = grDevices::dev.off(device))
}

test_that("every basis can be drawn before it is trained, and returns its grid and values", {
  bases <- list(
    basis_bspline(6), basis_bspline(1, order = 1), basis_mspline(5), basis_natural(5), basis_raised_cosine(4),
    basis_raised_cosine_log(4), basis_orth_exponential(c(1, 5)), basis_custom(list(exp, sqrt)),
    basis_identity()
  )
  for (basis in bases) {
    came <- off_screen(plot(basis))
    expect_equal(came$grid$covariate, seq(0, 1, length.out = 201))
    if (inherits(basis, "basis_orth_exponential")) next # orthogonal over the grid it was trained on
    expect_equal(came$values, columns_of(came$grid$covariate, basis), ignore_attr = TRUE)
  }
  expect_equal(off_screen(plot(basis_cyclic(5, bounds = c(-180, 180)), n = 3))$grid$covariate,
               c(-180, 0, 180))
  expect_equal(dim(off_screen(plot(basis_fourier(1:3, c(0, 1))))$values), c(201, 6))
  expect_equal(off_screen(plot(basis_factor(c("a", "b"))))$values, diag(2), ignore_attr = TRUE)
  expect_equal(range(off_screen(plot(basis_bspline(6, knots = c(10, 20))))$grid$covariate), c(0, 30))
})

test_that("graphical parameters go to matplot(), ours are defaults", {
  expect_silent(off_screen(plot(basis_bspline(4), type = "o", pch = 20, bty = "l", las = 2, ylim = c(0, 2))))
  expect_silent(off_screen(plot(basis_conv(basis_bspline(4), 9), type = "h", xlab = "lag", main = "")))
})

test_that("products are drawn as images, or factor by factor", {
  came <- off_screen(plot(basis_bspline(4) * basis_bspline(5), n = 7))
  expect_equal(dim(came$grid), c(49, 2))
  wanted <- oracle_product(oracle_bspline(came$grid[[1]], 4), oracle_bspline(came$grid[[2]], 5))
  expect_equal(came$values, wanted, ignore_attr = TRUE, tolerance = 1e-12)
  for (basis in list(basis_bspline(11) * basis_bspline(11), basis_bspline(4) * basis_factor(c("1", "2")),
                     basis_bspline(4) * basis_identity() * basis_bspline(4))) {
    came <- off_screen(plot(basis))
    expect_equal(nrow(came$values), nrow(came$grid))
    expect_equal(ncol(came$grid), length(basis$factors))
  }
})

test_that("a design's bases are drawn in the units of its covariates", {
  d <- mixed_session(1)
  design <- expand_covariates(d$covariates, mixed_bases())
  expect_equal(range(off_screen(plot(design, "position"))$grid$covariate), range(d$covariates$position))
  expect_named(off_screen(plot(design, "place"))$grid, c("x", "y"))
  expect_equal(off_screen(plot(design, "arm"))$values, diag(3), ignore_attr = TRUE)
  expect_equal(range(off_screen(plot(design, "trend"))$grid$covariate), range(d$covariates$trend))
  expect_refused(off_screen(plot(design)), "covariate", "`position`", "NULL")
  expect_refused(off_screen(plot(design, "nowhere")), "covariate", "nowhere")
  expect_refused(off_screen(plot(design, "coupling")), "x", "no functions to draw")
  expect_refused(off_screen(plot(basis_factor())), "x", "levels")
  one <- expand_covariates(list(speed = 1:9), basis_bspline(4))
  expect_equal(range(off_screen(plot(one))$grid$covariate), c(1, 9))
  many <- expand_covariates(list(coupling = cbind(a = 1:40, b = 0)), basis_history(5))
  expect_identical(off_screen(plot(many))$values, diag(5))
})

test_that("the device is left as it was", {
  off_screen({
    old <- graphics::par("mfrow", "mar", "oma")
    plot(basis_bspline(4) * basis_bspline(4))
    expect_identical(graphics::par("mfrow", "mar", "oma"), old)
    plot(basis_bspline(4) * basis_bspline(4) * basis_identity())
    expect_identical(graphics::par("mfrow", "mar", "oma"), old)
  })
})
