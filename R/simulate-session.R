#' A simulated session with a known answer
#'
#' A rat runs back and forth on a linear maze of 200 cm while one neuron is recorded. Position, speed,
#' head direction and theta phase are there; those named in `encodes` drive the neuron, the others don't.
#'
#' Speed is a slowly varying positive process with pauses at the ends; head direction follows the
#' running direction with smooth deviations; theta phase advances at about 8 Hz. The log rate is the
#' sum of a place field at 70 cm (standard deviation 18 cm), a saturating increase with speed, a cosine
#' of head direction and a cosine of theta phase, for the covariates in `encodes`, each times `strength`.
#'
#' @param duration Length of the session in seconds.
#' @param bin_width Width of a bin in seconds.
#' @param encodes Which covariates drive the neuron: any of `"position"`, `"speed"`, `"head_direction"`,
#'   `"theta_phase"`, or none (`character()`).
#' @param rate Mean firing rate in spikes per second.
#' @param strength How strongly the covariates drive it; 1: a place field of 12 times the rate outside.
#' @param seed NULL, or a seed; the state of R's generator is then left as it was.
#' @return A list of class `simulated_session`: `covariates` (list of position in cm, speed in cm/s,
#'   head_direction and theta_phase in rad, 0 to 2 pi), `counts` (spikes per bin), `rate` (the true rate in
#'   spikes/s), `time` (s, bin centres), `bin_width`, `encodes`.
#' @examples
#' session <- simulate_session(60, encodes = c("position", "theta_phase"), seed = 1)
#' session
#' @export
simulate_session <- function(duration = 600, bin_width = 0.025, encodes = "position", rate = 5,
                             strength = 1, seed = NULL) {
  duration <- check_number(duration, "duration", 0, open = TRUE)
  bin_width <- check_number(bin_width, "bin_width", 0, open = TRUE)
  rate <- check_number(rate, "rate", 0)
  strength <- check_number(strength, "strength", 0)
  known <- c("position", "speed", "head_direction", "theta_phase")
  if (!is.character(encodes) || !all(encodes %in% known)) {
    stop_input("`encodes` must be names out of ", quoted(known), ", not ",
               if (is.character(encodes)) quoted(setdiff(encodes, known)) else describe(encodes), ".",
               arg = "encodes")
  }
  encodes <- unique(encodes)
  n <- floor(duration / bin_width + 1e-9)
  if (n < 1) stop_input("`duration` must be at least one `bin_width`.", arg = "duration")
  with_seed(seed, {
    covariates <- simulate_behaviour(n, bin_width)
    log_rate <- strength * Reduce(`+`, lapply(encodes, function(name) drive(name, covariates[[name]])),
                                  numeric(n))
    gain <- exp(log_rate - max(log_rate))
    true_rate <- gain * rate / mean(gain)
    counts <- stats::rpois(n, true_rate * bin_width)
  })
  structure(
    list(covariates = covariates, counts = counts, rate = true_rate,
         time = (seq_len(n) - 0.5) * bin_width, bin_width = bin_width, encodes = encodes),
    class = "simulated_session"
  )
}

# What a covariate adds to the log rate.
drive <- function(name, x) {
  switch(name,
    position = 2.5 * exp(-0.5 * ((x - 70) / 18)^2),
    speed = 1.5 * x / (x + 15),
    head_direction = 0.8 * cos(x - pi / 3),
    theta_phase = 0.8 * cos(x - pi)
  )
}

simulate_behaviour <- function(n, bin_width) {
  speed <- pmax(28 + 9 * smooth_process(n, 1.5 / bin_width), 1)
  run <- simulate_laps(speed, bin_width, length_cm = 200, pause_s = 3)
  list(
    position = run$position,
    speed = run$speed,
    head_direction = (ifelse(run$direction > 0, 0, pi) + 0.5 * smooth_process(n, 0.8 / bin_width)) %%
      (2 * pi),
    theta_phase = (cumsum(2 * pi * (8 + 0.5 * smooth_process(n, 1 / bin_width)) * bin_width) +
                     stats::runif(1, 0, 2 * pi)) %% (2 * pi)
  )
}

# A stationary process of mean 0 and variance 1, smooth over about tau bins.
smooth_process <- function(n, tau) {
  a <- exp(-1 / max(tau, 1e-3))
  start <- stats::rnorm(1)
  as.numeric(stats::filter(stats::rnorm(n, sd = sqrt(1 - a^2)), a, method = "recursive", init = start))
}

# Back and forth at the wished speeds, with a pause of about pause_s at each end.
simulate_laps <- function(wished, bin_width, length_cm, pause_s) {
  n <- length(wished)
  position <- speed <- direction <- numeric(n)
  at <- 0
  heading <- 1
  wait <- 0
  for (t in seq_len(n)) {
    if (wait > 0) {
      wait <- wait - bin_width
      speed[t] <- 0.1 * wished[t]
      at <- min(max(at + stats::rnorm(1, sd = 0.3), 0), length_cm)
    } else {
      speed[t] <- wished[t]
      at <- at + heading * wished[t] * bin_width
      if (at >= length_cm || at <= 0) {
        at <- min(max(at, 0), length_cm)
        heading <- -heading
        wait <- stats::rexp(1, 1 / pause_s)
      }
    }
    position[t] <- at
    direction[t] <- heading
  }
  list(position = position, speed = speed, direction = direction)
}

#' @export
print.simulated_session <- function(x, ...) {
  cat(sprintf("<simulated_session> %s bins of %s s, %s spikes; the neuron encodes %s\n",
              format(length(x$counts), big.mark = ","), format(x$bin_width),
              format(sum(x$counts), big.mark = ","),
              if (length(x$encodes) > 0) paste(x$encodes, collapse = " and ") else "nothing"))
  invisible(x)
}

# Evaluates expr with R's generator at a seed (NULL: as it stands), and puts its state back.
with_seed <- function(seed, expr) {
  if (is.null(seed)) return(expr)
  if (!is.numeric(seed) || length(seed) != 1 || !is.finite(seed) || abs(seed) > .Machine$integer.max) {
    stop_input("`seed` must be NULL or one whole number, not ", describe(seed), ".", arg = "seed")
  }
  env <- globalenv()
  old <- env$.Random.seed
  on.exit(if (is.null(old)) {
    rm(list = ".Random.seed", envir = env)
  } else {
    assign(".Random.seed", old, envir = env)
  })
  set.seed(seed, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
  expr
}
