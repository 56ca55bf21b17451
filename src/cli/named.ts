/** Options of the form `name=value`, which may be given several times. */
import { Problems, UserError } from "../diagnostics/problems.ts";

export interface NamedOption<T> {
  /** `--set` */
  readonly option: string;
  /** The value from its text without blanks around it, or null where it is none. */
  readonly read: (text: string) => T | null;
  /** What is said of anything that is not `name=value`. */
  readonly problem: {
    readonly code: string;
    readonly title: string;
    readonly text: string;
    readonly hint: string;
  };
}

/** The name and the rest of `name=rest`; null where the text is nothing of the kind. */
export function nameAndRest(text: string): readonly [name: string, rest: string] | null {
  const [, name, rest] = /^\s*([A-Za-z_][\w.]*)\s*=(.*)$/s.exec(text) ?? [];
  return name === undefined || rest === undefined ? null : [name, rest.trim()];
}

/** Values by name; the last one of a name counts. Throws a UserError with everything that is not `name=value`. */
export function splitNamed<T>(
  given: readonly string[],
  { option, read, problem }: NamedOption<T>,
): Record<string, T> {
  const problems = new Problems();
  const values: Record<string, T> = {};
  for (const text of given) {
    const pair = nameAndRest(text);
    const value = pair === null ? null : read(pair[1]);
    if (pair !== null && value !== null) values[pair[0]] = value;
    else {
      const place = { file: `${option} ${text}` };
      problems.add({ severity: "error", primary: null, related: [], place, ...problem });
    }
  }
  if (problems.hasErrors) throw new UserError(problems.all);
  return values;
}
