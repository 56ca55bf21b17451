/** The bag that stages collect problems in, so that one run reports every independent mistake. */

import type { Diagnostic } from "./diagnostic.ts";
import { describePlace } from "./source.ts";

export class Problems {
  private readonly found: Diagnostic[] = [];
  private readonly seen = new Set<string>();

  /** Adds a problem; an identical one (same code, place and text) is dropped. */
  add(diagnostic: Diagnostic): void {
    const place = diagnostic.primary
      ? describePlace(diagnostic.primary.span)
      : (diagnostic.place?.file ?? "");
    const key = `${diagnostic.code}|${place}|${diagnostic.title}|${diagnostic.text}`;
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.found.push(diagnostic);
  }

  get hasErrors(): boolean {
    return this.found.some((problem) => problem.severity === "error");
  }

  /** All problems, spec problems by file and place first, the others in the order found. */
  get all(): readonly Diagnostic[] {
    const order = new Map<string, number>();
    for (const problem of this.found) {
      const path = problem.primary?.span.source.path ?? "";
      if (!order.has(path)) order.set(path, order.size);
    }
    const rank = (problem: Diagnostic) => order.get(problem.primary?.span.source.path ?? "") ?? 0;
    return [...this.found].sort(
      (a, b) => rank(a) - rank(b) || (a.primary?.span.start ?? 0) - (b.primary?.span.start ?? 0),
    );
  }
}

/** Thrown where work cannot go on because of the user's input; carries the problems to print. Exit code 1, or 3 for devices. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly problems: readonly Diagnostic[];
  readonly exitCode: 1 | 3;
  constructor(problems: readonly Diagnostic[], exitCode: 1 | 3 = 1) {
    super(problems.map((problem) => `${problem.code}: ${problem.text}`).join("\n"));
    this.problems = problems;
    this.exitCode = exitCode;
  }
}
