# What a plot draws, read from an uncompressed PDF: the text, its size and place (points), its colour.
drawn_text <- function(expr, width = 7, height = 7) {
  file <- tempfile(fileext = ".pdf")
  on.exit(unlink(file))
  grDevices::pdf(file, width = width, height = height, compress = FALSE, useKerning = FALSE)
  device <- grDevices::dev.cur()
  tryCatch(force(expr), finally = grDevices::dev.off(device))
  lines <- readLines(file, warn = FALSE)
  lines <- grep(" (Tj|rg|scn)$", lines, value = TRUE, useBytes = TRUE)
  pattern <- "^/F([0-9]+) 1 Tf (\\S+) (\\S+) \\S+ \\S+ (\\S+) (\\S+) Tm \\((.*)\\) Tj$"
  is_text <- grepl(pattern, lines, useBytes = TRUE)
  fill <- cummax(ifelse(is_text, 0L, seq_along(lines)))[is_text]
  field <- function(i) sub(pattern, paste0("\\", i), lines[is_text], useBytes = TRUE)
  data.frame(text = gsub("\\\\([()])", "\\1", field(6), useBytes = TRUE), size = as.numeric(field(2)),
             x = as.numeric(field(4)), y = as.numeric(field(5)),
             colour = sub(" (rg|scn)$", "", c(NA, lines)[fill + 1]))
}

# Runs the expression with a device that draws nowhere.
on_null_device <- function(expr, width = 7, height = 7) {
  grDevices::pdf(NULL, width = width, height = height)
  device <- grDevices::dev.cur()
  tryCatch(force(expr), finally = grDevices::dev.off(device))
}

path_of <- function(n_covariates, n = 120, ..., n_lambda = 15) {
  with_local_seed(n_covariates, {
    covariates <- lapply(seq_len(n_covariates), function(i) rnorm(n))
    names(covariates) <- sprintf("covariate_%02d", seq_len(n_covariates))
    signal <- Reduce(`+`, lapply(covariates, function(x) sin(2 * x))) * 0.5 / sqrt(n_covariates)
    counts <- rpois(n, exp(signal))
  })
  group_lasso(covariates, counts, basis_bspline(4), n_lambda = n_lambda, ...)
}

names_drawn <- function(text) grep("^covariate_[0-9]+$", text$text, value = TRUE)

test_that("a path of any number of covariates can be drawn, with all their names", {
  for (n_covariates in c(1, 2, 4, 30)) {
    path <- path_of(n_covariates)
    text <- drawn_text(plot(path))
    in_at_the_end <- selected(path, lambda = min(path$lambda))
    expect_setequal(names_drawn(text), in_at_the_end)
    expect_identical(sum(text$text == "penalty (lambda)"), 1L)
  }
})

test_that("it can be drawn as SVG", {
  skip_if_not(capabilities("cairo"))
  file <- tempfile(fileext = ".svg")
  on.exit(unlink(file))
  for (n_covariates in c(2, 30)) {
    grDevices::svg(file)
    plot(path_of(n_covariates))
    grDevices::dev.off()
    expect_gt(file.size(file), 5000)
    expect_match(readLines(file, n = 2, warn = FALSE)[2], "<svg")
  }
})

test_that("paths of unusual shape can be drawn", {
  unusual <- list(
    one_lambda = path_of(3, lambda = 0.02), one_empty = path_of(3, lambda = 5),
    with_zero = path_of(3, lambda = c(0.1, 0.01, 0)), with_infinity = path_of(3, lambda = c(Inf, 0.1, 0.01)),
    alike = path_of(3, lambda = c(0.05, 0.05)), none = path_of(3, standardize = "none"),
    unpenalised = path_of(3, group_weights = c(0, 1, 1)), long = path_of(2, n_lambda = 300),
    tiny = path_of(2, lambda = c(1e-4, 1e-6)), never = path_of(3, lambda = c(6, 5)),
    silent = suppressWarnings(group_lasso(list(a = rnorm(30), b = rnorm(30)), rep(0, 30)))
  )
  for (shape in names(unusual)) {
    expect_error(on_null_device(plot(unusual[[shape]])), NA)
  }
})

test_that("a path with lambda 0 alone has nothing to draw", {
  expect_refused(on_null_device(plot(path_of(2, lambda = 0))), "x", "no finite lambda above 0")
})

test_that("the plot is of the group norms against lambda", {
  path <- path_of(3)
  seen <- NULL
  on_null_device({
    plot(path)
    seen <- graphics::par(c("xlog", "usr"))
  })
  expect_true(seen$xlog)
  expect_lt(10^seen$usr[1], min(path$lambda))
  expect_gte(10^seen$usr[2], max(path$lambda))
  expect_gte(seen$usr[4], max(path$group_norms))
  expect_lte(seen$usr[3], 0)
})

test_that("labels stand at the left end of their curves, in the order of the norms", {
  path <- path_of(8)
  text <- drawn_text(plot(path))
  labels <- text[grepl("^covariate_", text$text), ]
  norms <- path$group_norms[labels$text, length(path$lambda)]
  expect_identical(order(labels$y), order(norms))
  # all of them left of every tick of the axis
  ticks <- text[grepl("^[0-9.e-]+$", text$text) & text$y < min(labels$y), ]
  expect_lt(max(labels$x), min(ticks$x[ticks$x > min(labels$x)]))
})

test_that("labels of crowded curves don't overlap and stay inside the figure", {
  for (n_covariates in c(12, 30)) {
    for (size in list(c(7, 7), c(7, 5), c(10, 6))) {
      text <- drawn_text(plot(path_of(n_covariates)), size[1], size[2])
      labels <- text[grepl("^covariate_", text$text), ]
      expect_gt(min(diff(sort(labels$y))), 0.9 * min(labels$size))
      expect_gt(min(labels$x), 0)
      expect_true(all(labels$y > 0 & labels$y < 72 * size[2]))
    }
  }
})

test_that("the axis above counts the covariates that are in", {
  path <- path_of(4, lambda = c(1, 0.1, 0.01, 0.001))
  text <- drawn_text(plot(path))
  heading <- text[text$text == "covariates in", ]
  above <- text[grepl("^[0-9]+$", text$text) & text$y > 350, ]
  above <- above[order(above$x), ]
  expect_identical(nrow(heading), 1L)
  counts <- colSums(path$group_norms > 0)
  expect_true(all(as.integer(above$text) %in% counts))
  expect_identical(as.integer(above$text[c(1, nrow(above))]), as.integer(rev(counts)[c(1, 4)]))
  expect_false(is.unsorted(-as.integer(above$text)))
})

test_that("titles, axis labels and limits are the user's", {
  path <- path_of(3)
  text <- drawn_text(plot(path, main = "A cell", xlab = "strength", ylab = "norm", sub = "below"))
  expect_true(all(c("A cell", "strength", "norm", "below") %in% text$text))
  expect_false(any(c("penalty (lambda)", "group norm") %in% text$text))
  expect_true("coefficient norm" %in% drawn_text(plot(path_of(3, standardize = "none")))$text)
  usr <- NULL
  on_null_device({
    plot(path, xlim = c(0.01, 0.1), ylim = c(0, 7))
    usr <- graphics::par("usr")
  })
  expect_equal(usr[3:4], c(0, 7) + c(-1, 1) * 0.04 * 7)
  expect_equal(usr[1:2], c(-2, -1) + c(-1, 1) * 0.04)
})

test_that("a title may be what it may be in plot.default()", {
  path <- path_of(2)
  expect_error(on_null_device(plot(path, main = expression(lambda))), NA)
  expect_true(all(c("first line",
                    "second line") %in% drawn_text(plot(path, main = "first line\nsecond line"))$text))
  expect_error(on_null_device(plot(path, main = NULL)), NA)
  expect_error(on_null_device(plot(path, main = c("first line", "second line"))), NA)
})

test_that("labels can be left out, limited and sized", {
  path <- path_of(6)
  expect_identical(names_drawn(drawn_text(plot(path, labels = FALSE))), character())
  expect_identical(names_drawn(drawn_text(plot(path, max_labels = 0))), character())
  norms <- sort(path$group_norms[, length(path$lambda)], decreasing = TRUE)
  expect_setequal(names_drawn(drawn_text(plot(path, max_labels = 2))), names(norms)[1:2])
  size_at <- function(cex) unique(subset(drawn_text(plot(path, cex_labels = cex)), grepl("^covariate_", text))$size)
  expect_equal(size_at(1), 12)
  expect_equal(size_at(0.5), 6)
})

test_that("colours, line types and widths are the user's, recycled", {
  path <- path_of(4)
  style <- neurolasso:::curve_style(5, c("red", "blue"), 1:2, 3)
  expect_identical(style$col, c("red", "blue", "red", "blue", "red"))
  expect_equal(style$lty, c(1, 2, 1, 2, 1))
  expect_equal(style$lwd, c(3, 3, 3, 3, 3))
  expect_error(on_null_device(plot(path, col = 1:2, lty = 1:3, lwd = 1:4)), NA)
  expect_error(on_null_device(plot(path, col = "red", lty = "dashed", lwd = 1, cex.lab = 2, las = 1)), NA)
})

test_that("the first eight covariates to enter have colours of their own", {
  style <- neurolasso:::curve_style(30, NULL, 1, NULL)
  expect_identical(anyDuplicated(style$col[1:8]), 0L)
  expect_false(any(style$col[9:30] %in% style$col[1:8]))
})

test_that("colours go to the labels, by order of entry", {
  path <- path_of(3)
  expect_identical(sum(selected(path)[, 15]), 3L)
  text <- drawn_text(plot(path, col = c("#FF0000", "#00FF00", "#0000FF")))
  colours <- text$colour[match(names(entry_order(path)), text$text)]
  expect_identical(colours, c("1.000 0.000 0.000", "0.000 1.000 0.000", "0.000 0.000 1.000"))
})

test_that("what is added to a plot lands where its axes say", {
  path <- path_of(1)
  last <- length(path$lambda)
  text <- drawn_text({
    plot(path)
    graphics::text(path$lambda[last], path$group_norms[1, last], "here", cex = 0.95, adj = c(0, 0.5))
  })
  label <- text[text$text == "covariate_01", ]
  expect_equal(text$y[text$text == "here"], label$y, tolerance = 0.005)
  expect_gt(text$x[text$text == "here"], label$x)
})

test_that("graphical parameters are put back", {
  path <- path_of(3)
  on_null_device({
    graphics::par(mar = c(3, 3, 1, 1), las = 2)
    settable <- setdiff(names(graphics::par(no.readonly = TRUE)), c("usr", "xaxp", "yaxp", "xlog", "ylog"))
    before <- graphics::par(settable)
    plot(path)
    expect_identical(graphics::par(settable), before)
    graphics::par(mfrow = c(2, 2))
    plot(path)
    plot(path_of(2))
    expect_identical(graphics::par("mfrow"), c(2L, 2L))
    expect_identical(graphics::par("mfg")[1:2], c(1L, 2L))
  })
})

test_that("parameters are put back after an error, too", {
  path <- path_of(3)
  on_null_device({
    before <- graphics::par("mar")
    expect_error(plot(path, col = "no such colour"))
    expect_identical(graphics::par("mar"), before)
  })
})

test_that("after an error the next plot starts on a new page", {
  path <- path_of(3)
  on_null_device({
    expect_error(plot(path, xlim = "wide"))
    expect_false(graphics::par("new"))
  })
})

test_that("plot() returns the path invisibly", {
  path <- path_of(2)
  on_null_device(expect_identical(expect_invisible(plot(path)), path))
})

test_that("small devices and names of any alphabet do no harm", {
  path <- path_of(30)
  expect_error(on_null_device(plot(path), 3, 3), NA)
  path <- group_lasso(list("größe" = rnorm(50), "a (b)" = rnorm(50)), rpois(50, 2), n_lambda = 5)
  expect_true("a (b)" %in% drawn_text(plot(path))$text)
})

test_that("arguments that can't be are refused", {
  path <- path_of(2)
  expect_refused(plot(path, labels = "a"), "labels", "TRUE or FALSE", "\"a\"")
  expect_refused(plot(path, labels = NA), "labels")
  expect_refused(plot(path, max_labels = -1), "max_labels", "at least 0")
})

# ---- spread_labels() -------------------------------------------------------------------------------

spread <- neurolasso:::spread_labels

test_that("labels that don't collide stay where they are", {
  for (seed in 1:50) {
    set.seed(seed)
    y <- sample(cumsum(runif(8, 0.11, 0.3)))
    expect_equal(spread(y, 0.1, 0, 5), y)
  }
  expect_equal(spread(0.4, 0.1, 0, 1), 0.4)
})

test_that("labels keep their order and stay within the limits where they fit", {
  lowest <- highest <- 0.5
  for (seed in 1:300) {
    set.seed(seed)
    n <- sample(1:12, 1)
    y <- round(rbeta(n, 0.5, 0.5), 2)
    came <- spread(y, 0.95 / n * runif(1), 0, 1)
    if (is.unsorted(came[order(y)])) fail(paste("seed", seed, "is out of order"))
    lowest <- min(lowest, came)
    highest <- max(highest, came)
  }
  expect_gt(lowest, -1e-9)
  expect_lt(highest, 1 + 1e-9)
})

test_that("neighbours are at least a gap apart", {
  worst <- Inf
  for (seed in 1:400) {
    set.seed(seed)
    n <- sample(2:12, 1)
    y <- round(rbeta(n, 0.5, 0.5), 2)
    gap <- 0.95 / n * runif(1)
    worst <- min(worst, min(diff(sort(spread(y, gap, 0, 1)))) / gap)
  }
  expect_gt(worst, 1 - 1e-9)
})

test_that("a clump at the upper limit pushes away the label below it", {
  # two that collide are moved down by the limit, onto a third that was free
  came <- spread(c(0.536, 0.911, 0.999), 0.2484, 0, 1)
  expect_gt(min(diff(came)), 0.2484 - 1e-9)
})

test_that("labels that collide are centred on where they were", {
  expect_equal(spread(c(0.5, 0.5), 0.1, 0, 1), c(0.45, 0.55))
  expect_equal(spread(c(0.52, 0.5, 0.48), 0.1, 0, 1), c(0.6, 0.5, 0.4))
  expect_equal(spread(c(0, 0), 0.1, 0, 1), c(0, 0.1))
  expect_equal(spread(c(1, 1, 1), 0.1, 0, 1), c(0.8, 0.9, 1))
})
