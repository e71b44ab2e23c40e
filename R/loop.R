# loop.R: loops over fits: through the plan of the future package, where the user set one, and with progress
# through progressr, where the user asked for it. What is fitted is the same with and without.

# lapply(x, f). f must draw no random numbers.
map_fits <- function(x, f) {
  step <- if (isNamespaceLoaded("progressr")) progressr::progressor(steps = length(x)) else function() NULL
  one <- function(item) {
    out <- f(item)
    step()
    out
  }
  if (has_plan()) future.apply::future_lapply(x, one, future.seed = NULL) else lapply(x, one)
}

has_plan <- function() {
  isNamespaceLoaded("future") && requireNamespace("future.apply", quietly = TRUE) &&
    !inherits(future::plan(), "sequential")
}
