/** Short ways to parse, format and print problems in tests. */
import { Problems } from "../../src/diagnostics/problems.ts";
import { renderDiagnostics } from "../../src/diagnostics/render.ts";
import type { Expression, File } from "../../src/syntax/ast.ts";
import { formatFile } from "../../src/syntax/format.ts";
import { parseExpression, parseFile } from "../../src/syntax/parse.ts";

export interface Parsed {
  readonly file: File;
  readonly problems: Problems;
  readonly codes: readonly string[];
  /** What the user would see. */
  readonly messages: string;
}

export function parse(text: string, path = "model.mird"): Parsed {
  const problems = new Problems();
  const file = parseFile({ path, text }, problems);
  const codes = problems.all.map((problem) => problem.code);
  return { file, problems, codes, messages: renderDiagnostics(problems.all, { color: false }) };
}

/** The formatted text; fails with the messages when there is none. */
export function format(text: string, path = "model.mird"): string {
  const problems = new Problems();
  const formatted = formatFile({ path, text }, problems);
  if (formatted === null) throw new Error(renderDiagnostics(problems.all, { color: false }));
  return formatted;
}

/** A tree as plain data without places, for comparison. */
export function shape(tree: unknown): unknown {
  const places = new Set(["span", "pathSpan", "source"]);
  return JSON.parse(JSON.stringify(tree, (key, value) => (places.has(key) ? undefined : value)));
}

/** A value with every grouping in parentheses, which shows how operators bind. */
export function grouped(text: string): string {
  const problems = new Problems();
  const value = parseExpression({ path: "--set", text }, problems);
  return value === null ? problems.all.map((problem) => problem.code).join(" ") : show(value);
}

function show(value: Expression): string {
  switch (value.kind) {
    case "number":
      return value.text;
    case "flag":
      return String(value.value);
    case "name":
      return value.name;
    case "unary":
      return `(${value.operator} ${show(value.operand)})`;
    case "binary":
      return `(${show(value.left)} ${value.operator} ${show(value.right)})`;
    case "range":
      return `(${show(value.from)} .. ${show(value.to)})`;
    case "member":
      return `${show(value.object)}.${value.member.name}`;
    case "list":
      return `[${value.items.map(show).join(", ")}]`;
    case "if":
      return `(if ${show(value.condition)} then ${show(value.then)} else ${show(value.else)})`;
    case "call": {
      const list = value.arguments.map(({ name, value: own }) =>
        name ? `${name.name} = ${show(own)}` : show(own),
      );
      return `${show(value.callee)}(${list.join(", ")})`;
    }
    case "comprehension": {
      const names = value.variables.map((variable) => variable.name).join(", ");
      return `{${show(value.body)} for ${names} in ${show(value.iterable)}}`;
    }
  }
}
