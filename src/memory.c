/* memory.c: see memory.h. */
#include "memory.h"

void *nl_new_bytes(size_t n, const nl_hook *hook) {
  const size_t n_double = (n + sizeof(double) - 1) / sizeof(double);
  return hook->more(hook->data, n_double > 0 ? n_double : 1);
}

double *nl_new_doubles(size_t n, const nl_hook *hook) {
  return (double *)nl_new_bytes(n * sizeof(double), hook);
}

int *nl_new_ints(size_t n, const nl_hook *hook) {
  return (int *)nl_new_bytes(n * sizeof(int), hook);
}

size_t *nl_new_sizes(size_t n, const nl_hook *hook) {
  return (size_t *)nl_new_bytes(n * sizeof(size_t), hook);
}

double *nl_room_for(nl_room *room, size_t n_double, const nl_hook *hook) {
  if (room->size >= n_double && room->data) return room->data;
  const size_t size = n_double > 2 * room->size ? n_double : 2 * room->size;
  room->data = nl_new_doubles(size, hook);
  room->size = size;
  return room->data;
}
