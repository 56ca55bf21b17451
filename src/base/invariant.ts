/** Errors that mean a mistake in mird itself. User mistakes never take this path: they are diagnostics. */
export class CompilerBug extends Error {
  override readonly name = "CompilerBug";
}

/** Throws {@link CompilerBug} when `condition` is false; `message` says which promise was broken: a function where many checks are made. */
export function invariant(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new CompilerBug(typeof message === "string" ? message : message());
}

/** Marks a branch that the types make impossible. */
export function unreachable(value: never, what = "value"): never {
  throw new CompilerBug(`unexpected ${what}: ${JSON.stringify(value)}`);
}

/** The element at `index`, or a {@link CompilerBug} when there is none: array access that cannot be undefined. */
export function at<T>(items: ArrayLike<T>, index: number): T {
  const item = items[index < 0 ? items.length + index : index];
  if (item === undefined) throw new CompilerBug(`index ${index} is outside 0..${items.length - 1}`);
  return item;
}
