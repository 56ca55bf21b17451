/** Addresses that the code and its backend agree on. The first bytes of the memory belong to the threads' cooperation. */

/** Words in cache lines of their own. */
export const CONTROL = {
  /** Threads that have come to the barrier. */
  arrived: 64,
  /** Number of barriers passed; what sleeping threads wait for. */
  generation: 128,
  sleepers: 192,
  /** Not 0: a thread has failed, and the others must stop. */
  aborted: 256,
  /** Polls of a waiting thread before it sleeps. */
  polls: 320,
  /** Address of the record that a thread works on; one line for each thread. */
  current: 1024,
} as const;

export const LINE_BYTES = 64;
export const MAX_THREADS = 64;

/** Where records may begin. */
export const CONTROL_BYTES = CONTROL.current + MAX_THREADS * LINE_BYTES;

/** Words of a record; the addresses of the operands follow. */
export const RECORD = {
  /** Number of the kernel in the table. */
  kernel: 0,
  /** 1: the first thread does it alone. */
  solo: 4,
  /** 1: all threads meet before it. */
  barrier: 8,
  /** Bytes of the record. */
  bytes: 12,
} as const;
export const RECORD_HEADER = 16;

/** Vectors may be read beyond the end of operands, by less than this. */
export const READ_BEYOND = 64;
