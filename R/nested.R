# nested.R: groups inside groups, each with a norm of its own: overlap = "intersection". The core solves for
# the outermost groups; those inside are their parts.

check_overlap <- function(overlap) check_choice(overlap, c("latent", "intersection"), "overlap")

# groups: of read_groups(). Two groups that share columns must lie one inside the other: only then the
# proximal step of the sum of their norms is exact.
with_overlap <- function(groups, overlap, multiplier) {
  groups$overlap <- overlap
  if (!has_nested(groups)) return(groups)
  sets <- groups$columns
  shared <- outer(seq_along(sets), seq_along(sets),
                  Vectorize(function(a, b) length(intersect(sets[[a]], sets[[b]]))))
  smaller <- outer(lengths(sets), lengths(sets), pmin)
  crossing <- which(shared > 0 & shared < smaller & row(shared) < col(shared), arr.ind = TRUE)
  if (nrow(crossing) > 0) {
    refuse_groups("must lie apart or one inside the other for overlap = \"intersection\"; ",
                  quoted(names(sets)[crossing[1, ]]), " share columns, and neither has all of the other's. ",
                  "overlap = \"latent\" takes any groups.")
  }
  free <- multiplier == 0 & rowSums(shared > 0) > 1
  if (any(free)) {
    stop_input("`group_weights` must be above 0 for groups that share columns where overlap = \"intersection\"; not ",
               "so ", quoted(names(sets)[free]), ". Leave them out of `groups` instead.",
               arg = "group_weights")
  }
  groups
}

# Whether a group has others inside it that are penalised as such.
has_nested <- function(groups) {
  identical(groups$overlap, "intersection") && anyDuplicated(unlist(groups$columns)) > 0
}

# What can't be asked where groups lie inside others.
refuse_nested <- function(path, what) {
  if (!has_nested(path_groups(path))) return()
  stop_input(what,
             " is not there for groups inside others (overlap = \"intersection\"): leaving one of them out ",
             "leaves its columns in.", arg = "object", class = "neurolasso_not_implemented")
}

# Neurons that are fitted together have a norm for each group, over all of them, and nothing else.
refuse_joint_shape <- function(shape, groups) {
  if (shape$lasso_share == 0 && shape$ridge_share == 0 && !has_nested(groups)) return()
  stop_input("`lasso_share`, `ridge_share` and overlap = \"intersection\" are not there for neurons that are fitted ",
             "together.", arg = "neurons", class = "neurolasso_not_implemented")
}

# The innermost of the groups that each column is in goes by it alone. columns: a list of numbers.
innermost_columns <- function(columns) {
  order <- order(lengths(columns))
  taken <- integer()
  for (g in order) {
    columns[[g]] <- setdiff(columns[[g]], taken)
    taken <- c(taken, columns[[g]])
  }
  columns
}

# The outermost groups: a list of list(top = the group's number, columns = its columns, those of any group
# inside it side by side, inside = the numbers of these, each after those inside it).
outermost_groups <- function(columns) {
  size <- lengths(columns)
  blocks <- list()
  left <- seq_along(columns)
  while (length(left) > 0) {
    # of equal sets the last one is the outer one
    top <- max(left[size[left] == max(size[left])])
    inside <- Filter(function(g) g != top && all(columns[[g]] %in% columns[[top]]), left)
    inside <- inside[order(size[inside])]
    blocks <- c(blocks, list(list(top = top, columns = arrange_columns(columns[[top]], columns[inside]),
                                  inside = inside)))
    left <- setdiff(left, c(top, inside))
  }
  blocks[order(vapply(blocks, `[[`, 0L, "top"))]
}

# columns in an order in which each of `sets`, smaller ones first, is a run.
arrange_columns <- function(columns, sets) {
  out <- integer()
  left <- rev(sets)
  while (length(left) > 0) {
    within <- vapply(left, function(x) all(x %in% left[[1]]), TRUE)
    out <- c(out, arrange_columns(left[[1]], rev(left[within][-1])))
    left <- left[!within]
  }
  c(out, setdiff(columns, out))
}

# penalty_for() where groups are nested. The coordinates are those of the outermost groups, each column by
# itself; the weight of a group inside follows from its columns' there, as that of the outermost does.
nested_penalty <- function(moments, groups, shape, multiplier) {
  n_named <- length(groups$columns)
  blocks <- outermost_groups(groups$columns)
  top <- vapply(blocks, `[[`, 0L, "top")
  free <- n_named + seq_along(groups$free)
  arranged <- list(columns = lapply(blocks, `[[`, "columns"), free = groups$free)
  own <- lapply(blocks, function(b) moments_at(moments[[b$top]], match(b$columns, groups$columns[[b$top]])))
  apart <- shape$lasso_share > 0 | lengths(lapply(blocks, `[[`, "inside")) > 0
  penalty <- block_penalty(c(own, moments[free]), arranged, shape, multiplier[top],
                           c(apart, rep(FALSE, length(free))))
  parts <- Map(function(block, transform, moment) {
    block_parts(block, groups$columns[block$inside], transform, moment, shape$standardize)
  }, blocks, penalty$transform[seq_along(blocks)], own)
  parts <- do.call(rbind, parts)
  block_of_part <- rep(seq_along(blocks), lengths(lapply(blocks, `[[`, "inside")))
  penalty$rows <- integer(n_named)
  penalty$rows[top] <- seq_along(blocks)
  penalty$rows[parts$group] <- length(penalty$size) + seq_len(nrow(parts))
  penalty$part_start <- c(0L, cumsum(tabulate(block_of_part, length(penalty$size))))
  penalty$part_from <- parts$from
  penalty$part_end <- parts$end
  penalty$part_scale <- parts$scale
  penalty$part_weight <- parts$scale * multiplier[parts$group]
  penalty
}

# A row for each group inside a block: its number, where it begins and ends among the block's coordinates, and w.
block_parts <- function(block, inside, transform, moments, how) {
  scale <- rowSums(transform) # a coordinate per column; 0 where a column is constant
  score <- if (how == "none") as.numeric(scale > 0) else diag(moments$second) * scale^2
  before <- c(0L, cumsum(scale > 0))
  rows <- lapply(seq_along(inside), function(k) {
    at <- range(match(inside[[k]], block$columns))
    data.frame(group = block$inside[k], from = before[at[1]], end = before[at[2] + 1],
               scale = sqrt(sum(score[at[1]:at[2]])))
  })
  do.call(rbind,
          c(list(data.frame(group = integer(), from = integer(), end = integer(), scale = numeric())), rows))
}
