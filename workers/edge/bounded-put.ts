/**
 * Puts an entry last, and forgets the first of more than `max`: a map of which each use is such a put keeps what was used
 * lately, and made-up keys cost no more than that.
 */
export function boundedPut<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
