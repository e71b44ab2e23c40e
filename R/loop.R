# loop.R: loops over fits: through the plan of the future package, where the user set one, and with progress
# through progressr, where the user asked for it. What is fitted is the same with and without.

# lapply(x, f). f must draw no random numbers.
map_fits <- function(x, f) {
  step <- fit_steps(length(x))
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

# A function that tells progressr of a step. It lives as long as the function that asked for it.
fit_steps <- function(n, envir = parent.frame()) {
  if (isNamespaceLoaded("progressr")) progressr::progressor(steps = n, envir = envir) else function() NULL
}

# A function that draws a bar of n steps on the console, as fits do: once bar_after seconds are over.
bar_width <- 50
bar_after <- 2
step_bar <- function(n, label, shown) {
  start <- Sys.time()
  done <- 0
  drawn <- -1
  function() {
    done <<- done + 1
    if (!shown) return(invisible())
    if (drawn < 0) {
      if (difftime(Sys.time(), start, units = "secs") < bar_after || done == n) return(invisible())
      cat(label, "")
      drawn <<- 0
    }
    wanted <- floor(bar_width * done / n)
    cat(strrep("=", wanted - drawn), if (done == n) sprintf(" %d\n", n), sep = "")
    drawn <<- wanted
    utils::flush.console()
  }
}

# ---- work in units -------------------------------------------------------------------------------
#
# Work on many neurons: `work` is a list of what they share (the design) and of what each has, `counts` (a
# matrix with the neurons as columns) and `each` (NULL, or a list by neuron); `is_light` work stays here. A
# unit is the names of neurons that are worked on together; which these are doesn't depend on where that is
# done, so neither do the numbers. f(work, unit) returns a list with a record for each neuron of the unit.

# The records of the units, a list in their order of list(records) or list(error = a condition). A worker gets
# its part of the work at once; what it has done stays in the checkpoint if it dies.
run_units <- function(work, units, f, checkpoint = NULL, step = function() NULL) {
  if (!has_plan() || length(units) < 2 || isTRUE(work$is_light)) return(run_chunk(work, units, f, checkpoint, step))
  chunks <- worker_chunks(length(units))
  out <- vector("list", length(units))
  withCallingHandlers(
    run_futures(lapply(chunks, function(chunk) work_load(work, units[chunk], f, checkpoint)),
                function(k, value) {
      if (inherits(value, "error")) value <- rep(list(list(error = value)), length(chunks[[k]]))
      out[chunks[[k]]] <<- value
    }),
    neurolasso_step = function(condition) step()
  )
  out
}

# The same in this process. An error in one unit doesn't stop the others; the time being up does.
run_chunk <- function(work, units, f, checkpoint, step) {
  lapply(units, function(unit) {
    out <- tryCatch(list(records = f(work, unit)), error = function(e) {
      if (is_time_limit(e)) stop(e)
      list(error = e)
    })
    if (is.null(out$error)) write_records(checkpoint, out$records)
    step()
    out
  })
}

is_time_limit <- function(e) {
  limits <- c("reached elapsed time limit", "reached CPU time limit", "reached session elapsed time limit",
              "reached session CPU time limit")
  conditionMessage(e) %in% gettext(limits, domain = "R")
}

# All that goes out to a worker, which calls run_chunk() with it: the work for its units alone.
work_load <- function(work, units, f, checkpoint) {
  neurons <- unlist(units)
  work$counts <- work$counts[, neurons, drop = FALSE]
  work$each <- work$each[neurons]
  list(work = work, units = units, f = f, checkpoint = checkpoint, step = tell_step)
}

# In a worker: a step for the handler of run_units(), which future brings home at once where it can.
tell_step <- function() {
  signalCondition(structure(class = c("neurolasso_step", "immediateCondition", "condition"),
                            list(message = "a unit is done", call = NULL)))
}

# Which units (numbers) each worker gets, one worker after the other. Where a plan has no limit of its own
# (job schedulers) they are for this many jobs.
most_jobs <- 100
worker_chunks <- function(n_units) {
  n <- future::nbrOfWorkers()
  n <- min(n_units, if (is.finite(n)) n else most_jobs)
  unname(split(seq_len(n_units), (seq_len(n_units) - 1) %% n))
}

# A future for each load; receive(k, what it returned, or the error) as they come.
run_futures <- function(loads, receive) {
  # the design is meant to go out, however large it is
  old <- options(future.globals.maxSize = Inf)
  on.exit(options(old))
  futures <- lapply(loads, function(load) {
    # not by do.call(): a call with the design in it would come back with every error
    tryCatch(future::future(run_chunk(load$work, load$units, load$f, load$checkpoint, load$step),
                            globals = list(run_chunk = run_chunk, load = load), packages = character(), seed = NULL),
             error = identity)
  })
  left <- seq_along(futures)
  while (length(left) > 0) {
    for (k in left[vapply(futures[left], is_over, TRUE)]) {
      receive(k, if (inherits(futures[[k]], "error")) futures[[k]] else
        tryCatch(future::value(futures[[k]]), error = identity))
      futures[k] <- list(NULL)
      left <- setdiff(left, k)
    }
    if (length(left) > 0) Sys.sleep(0.02)
  }
}

is_over <- function(future) inherits(future, "error") || tryCatch(future::resolved(future), error = function(e) TRUE)
