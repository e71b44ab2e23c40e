/* memory.h: the core's requests for memory, all of it the host's (hook->more). */
#ifndef NL_MEMORY_H
#define NL_MEMORY_H

#include "nl.h"

/* New arrays, at least one element long. */
double *nl_new_doubles(size_t n, const nl_hook *hook);
int *nl_new_ints(size_t n, const nl_hook *hook);
size_t *nl_new_sizes(size_t n, const nl_hook *hook);
void *nl_new_bytes(size_t n, const nl_hook *hook);

/* An array that grows: its contents are lost when it does. */
typedef struct {
  double *data;
  size_t size;
} nl_room;
double *nl_room_for(nl_room *room, size_t n_double, const nl_hook *hook);

#endif
