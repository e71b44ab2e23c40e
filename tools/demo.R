# Runs the guide that comes with the installed package, showing each command
# and its result, and writes the guide's figure to ./figures.

guide <- system.file("guide", "selecting-covariates.R", package = "neurolasso")
if (!nzchar(guide)) stop("neurolasso is not installed; run `make install`", call. = FALSE)

dir.create("figures", showWarnings = FALSE)
figures <- normalizePath("figures")
figure <- file.path(figures, "selecting-covariates.svg")
unlink(figure)

Sys.setenv(NEUROLASSO_FIGURES = figures)
source(guide, local = new.env(), echo = TRUE, keep.source = TRUE,
       max.deparse.length = Inf, spaced = FALSE)

if (!isTRUE(file.size(figure) > 0)) stop("the guide wrote no figure: ", figure, call. = FALSE)
cat("\nFigure: ", figure, "\n", sep = "")
