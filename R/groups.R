# groups.R: which columns are penalised together: what `groups` may be, made uniform.
#
# Everywhere else groups are list(columns = a named list of column numbers, one element per group, free = the
# same of the columns in no group, one element for each covariate that has any, named by it). A column may be in
# several groups; overlap, where it is known: what that means. Groups go by their numbers: those of `columns` first,
# then those of `free`.

# groups: what the user gave; design: evaluated or not.
read_groups <- function(groups, design) {
  fields <- unclass(design)
  sets <- if (is.null(groups)) {
    covariate_columns(design)
  } else if (inherits(groups, "hierarchical_groups")) {
    hierarchy_sets(groups, covariate_columns(design))
  } else if (is.array(groups) || is_leafwise_mask(groups)) {
    mask_sets(groups, design)
  } else if (is.list(groups) && !is.data.frame(groups)) {
    named_sets(groups, design)
  } else {
    label_sets(groups, fields$columns, names(fields$bases))
  }
  if (length(sets) == 0) refuse_groups("must have at least one group, and has none.")
  empty <- lengths(sets) == 0
  if (any(empty)) refuse_groups("must have a column in every group; ", quoted(names(sets)[empty]), " has none.")
  if (is.null(groups)) return(list(columns = sets, free = no_columns))
  if (anyDuplicated(names(sets))) {
    refuse_groups("must have a name of its own for each group; more than one: ",
                  quoted(repeated(names(sets))), ".")
  }
  list(columns = sets, free = free_columns(sets, fields))
}

no_columns <- stats::setNames(list(), character())

refuse_groups <- function(...) stop_input("`groups` ", ..., arg = "groups")

# All groups, in the order of their numbers.
all_groups <- function(groups) c(groups$columns, groups$free)

# The groups of a path.
path_groups <- function(path) list(columns = path$groups, free = path$free, overlap = path$overlap)

# Whether groups are the covariates, one by one.
are_covariates <- function(groups, design) {
  length(groups) == length(unclass(design)$bases) && identical(groups, covariate_columns(design))
}

# What one of a path's groups is called.
group_word <- function(path) if (are_covariates(path$groups, path$design)) "covariate" else "group"

# A table of a summary as it is printed: its column n_covariates by what it counts.
say_counted <- function(table, word) {
  names(table)[names(table) == "n_covariates"] <- paste0("n_", word, "s")
  table
}

free_columns <- function(sets, fields) {
  free <- setdiff(seq_along(fields$columns), unlist(sets, use.names = FALSE))
  if (length(free) == 0) return(no_columns)
  owner <- factor(column_owner(fields)[free], seq_along(fields$bases), names(fields$bases))
  split(free, owner, drop = TRUE)
}

group_names <- function(names, n) filled_names(names, n, "g")

# ---- a list --------------------------------------------------------------------------------------

# Each element has names of columns or covariates, or column numbers.
named_sets <- function(groups, design) {
  names(groups) <- group_names(names(groups), length(groups))
  known <- known_names(design)
  n_col <- ncol(design)
  Map(function(group, name) {
    if (is.factor(group)) group <- as.character(group)
    if (is.character(group)) return(columns_named(group, known, name))
    if (!is.numeric(group) || anyNA(group) || any(group != round(group) | group < 1 | group > n_col)) {
      refuse_groups("must be names of columns or covariates, or column numbers from 1 to ", n_col,
                    ", in each element of a list; `", name, "` is ", describe(group), ".")
    }
    sort(unique(as.integer(group)))
  }, groups, names(groups))
}

# What a name stands for, in order of preference: a covariate, all covariates that one matrix became, a column.
known_names <- function(design) {
  fields <- unclass(design)
  covariates <- covariate_columns(design)
  from <- vapply(fields$bases, function(basis) basis$from[1] %||% NA_character_, "")
  matrices <- lapply(split(covariates, from), unlist, use.names = FALSE)
  columns <- stats::setNames(as.list(seq_along(fields$columns)), fields$columns)
  list(covariates = covariates, matrices = matrices, columns = columns)
}

columns_named <- function(x, known, name) {
  all <- c(known$covariates, known$matrices, known$columns)
  at <- match(x, names(all))
  if (anyNA(at)) {
    absent <- x[is.na(at)][1]
    meant <- known$covariates[[match(sub("[.][^.]*$", "", absent), names(known$covariates), nomatch = 1)]]
    refuse_groups("must have names of covariates (", quoted(names(known$covariates)),
                  ") or of their columns (",
                  quoted(names(known$columns)[meant]), "); group `", name, "` has ", quoted(absent), ".")
  }
  sort(unique(unlist(all[at], use.names = FALSE)))
}

# ---- a label for each column ---------------------------------------------------------------------

# x: numbers (NA, 0: no group), strings (NA, "") or a factor, one for each column, in order or named.
label_sets <- function(x, columns, covariates) {
  if (!is.atomic(x) || !(is.numeric(x) || is.character(x) || is.factor(x))) {
    refuse_groups("must be NULL, a list of names, one label per column, or a 0/1 matrix groups x columns, not ",
                  describe(x), ".")
  }
  if (length(x) != length(columns)) {
    refuse_groups("must have one label per column, ", length(columns), ", not ", length(x),
                  if (length(x) == length(covariates)) {
                    "; for one per covariate give a list of their names"
                  }, ".")
  }
  if (!is.null(names(x))) x <- x[in_column_order(names(x), columns)]
  if (is.numeric(x) && !is.factor(x)) {
    if (any(is.infinite(x) | x != round(x) | x < 0, na.rm = TRUE)) {
      refuse_groups("must be whole numbers of at least 0 (0 or NA: in no group), not ",
                    format(x[is.infinite(x) | (!is.na(x) & (x != round(x) | x < 0))][1]), ".")
    }
    label <- replace(x, x == 0, NA)
    level <- sort(unique(label))
    names <- sprintf("g%.0f", level)
  } else {
    label <- as.character(x)
    label[!is.na(label) & !nzchar(label)] <- NA
    level <- names <- if (is.factor(x)) intersect(levels(x), label) else unique(label[!is.na(label)])
  }
  stats::setNames(lapply(level, function(l) which(label == l)), names)
}

# Places in `names` of each of the columns.
in_column_order <- function(names, columns) {
  at <- match(columns, names)
  if (anyNA(at)) {
    refuse_groups("must be named by column, if it has names; ", quoted(columns[is.na(at)]), " missing.")
  }
  at
}

# ---- a mask --------------------------------------------------------------------------------------

# A list with a mask, groups x its columns, for each covariate.
is_leafwise_mask <- function(x) {
  is.list(x) && !is.data.frame(x) && length(x) > 0 && all(vapply(x, is.matrix, TRUE))
}

mask_sets <- function(mask, design) {
  columns <- unclass(design)$columns
  if (is.list(mask)) mask <- join_masks(mask, covariate_columns(design))
  if (length(dim(mask)) != 2 || !(is.numeric(mask) || is.logical(mask)) || anyNA(mask) ||
      !all(mask %in% 0:1)) {
    refuse_groups("must be a matrix of 0 and 1, groups x columns, not ",
                  if (is.matrix(mask)) "one with other values" else describe(mask), ".")
  }
  if (ncol(mask) != length(columns)) {
    refuse_groups("must have a column for each of the ", length(columns), " columns, and has ", ncol(mask),
                  if (nrow(mask) == length(columns)) "; it seems to be transposed", ".")
  }
  if (!is.null(colnames(mask))) mask <- mask[, in_column_order(colnames(mask), columns), drop = FALSE]
  names <- group_names(rownames(mask), nrow(mask))
  stats::setNames(lapply(seq_len(nrow(mask)), function(g) unname(which(mask[g, ] == 1))), names)
}

# Masks, one for each covariate, in the covariates' order.
masks_in_order <- function(masks, covariates) {
  if (!setequal(names(masks), covariates) || anyDuplicated(names(masks))) {
    refuse_groups("must have a mask for each covariate, ", quoted(covariates), ", and has them for ",
                  quoted(names(masks) %||% "none"), ".")
  }
  masks[covariates]
}

# One mask of those of all covariates (numbers of their columns), in their order.
join_masks <- function(masks, covariates) {
  masks <- masks_in_order(masks, names(covariates))
  fits <- vapply(masks, ncol, 1L) == lengths(covariates) & vapply(masks, nrow, 1L) == nrow(masks[[1]])
  if (!all(fits)) {
    refuse_groups("must have masks of as many rows, and of as many columns as the covariate has; `",
                  names(masks)[!fits][1], "` is ", describe(masks[[which(!fits)[1]]]), ".")
  }
  out <- unname(do.call(cbind, unname(masks)))
  rownames(out) <- rownames(masks[[1]])
  out
}
