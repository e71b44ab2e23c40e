/* tiles.h: cross products of splines of few columns among themselves. Chunks are sorted by cell;
 * in a cell, the powers of s of one spline are multiplied by the rows of a tile, the columns
 * of several others side by side with their zeros, with the sums in registers. */
#ifndef NL_TILES_H
#define NL_TILES_H

#include "cross.h"

/* Whether a block is such a spline: with so few columns that powers times all of them are
 * faster than nonzero by nonzero, its chunks sorted by cell. */
int nl_tiles_take(const nl_block *block);

/* Raises n_strip and n_thread to the room that the tiles' sums and rows need. */
void nl_tiles_need(const nl_design *design, const nl_cross_list *list,
                   nl_cross_need *need);

/* Writes the products of all pairs of such splines into out. */
void nl_tiles_products(const nl_cross_work *work, const nl_hook *hook);

#endif
