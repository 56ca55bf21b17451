/** What one process has worked out and a later one need not work out again. */

export interface Cache {
  /**
   * What `make` gives for this key: from an earlier process where one has left it, otherwise made now and kept. `kind` tells values of different
   * types apart; values are plain data. Whatever `make` reads must be in the key.
   */
  remember<T>(kind: string, key: string, make: () => T): T;
}

/** Keeps nothing. */
export const NO_CACHE: Cache = { remember: (_kind, _key, make) => make() };
