# Prints the first R library that can be written to, creating the user's own
# library when there is none.

paths <- .libPaths()
writable <- paths[file.access(paths, mode = 2L) == 0L]
if (length(writable) == 0L) {
  own <- strsplit(Sys.getenv("R_LIBS_USER"), .Platform$path.sep, fixed = TRUE)[[1L]]
  if (length(own) == 0L || !dir.create(own[1L], recursive = TRUE)) {
    stop("no R library can be written to; set R_LIBS_USER", call. = FALSE)
  }
  writable <- own
}
cat(path.expand(writable[1L]), "\n", sep = "")
