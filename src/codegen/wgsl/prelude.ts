/** Picks from `kernels/prelude.wgsl` the functions that a kernel names, and what those name in turn. */
import { CompilerBug } from "../../base/invariant.ts";

const SCALAR = { V: "", F: "f32", I: "i32", U: "u32", B: "bool" };
const VECTOR = { V: "4", F: "vec4<f32>", I: "vec4<i32>", U: "vec4<u32>", B: "vec4<bool>" };

/** Text that must stand before `code`: prelude functions in the order of the prelude, each in the forms (scalar, vec4) that are used. */
export function preludeFor(code: string, prelude: string): string {
  const forms = functionForms(prelude);
  const chosen = new Set<string>();
  const visit = (text: string) => {
    for (const name of text.match(/[a-z_][a-z0-9_]*(?=\()/g) ?? []) {
      const form = forms.get(name);
      if (form === undefined || chosen.has(name)) continue;
      chosen.add(name);
      visit(form);
    }
  };
  visit(code);
  return [...forms].flatMap(([name, text]) => (chosen.has(name) ? [text] : [])).join("\n");
}

function functionForms(prelude: string): ReadonlyMap<string, string> {
  const forms = new Map<string, string>();
  for (const section of prelude.split(/^\/\/! /m).slice(1)) {
    const end = section.indexOf("\n");
    const name = section.slice(0, end);
    const body = section.slice(end + 1).trimEnd();
    forms.set(name, fillPlaceholders(body, SCALAR));
    if (body.includes("{{F}}")) forms.set(`${name}4`, fillPlaceholders(body, VECTOR));
  }
  return forms;
}

/** Replaces every `{{NAME}}`. A name without a value is a mistake in the template. */
export function fillPlaceholders(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new CompilerBug(`a kernel template names {{${name}}}, which has no value`);
    return String(value);
  });
}

/**
 * Keeps or drops the parts of a template between `//! if NAME`, `//! else` and `//! end` lines. Conditions do not nest.
 */
export function keepConditions(text: string, conditions: Readonly<Record<string, boolean>>): string {
  let keeping = true;
  const kept: string[] = [];
  for (const line of text.split("\n")) {
    const command = /^\s*\/\/! (if (\w+)|else|end)$/.exec(line);
    if (command === null) {
      if (keeping) kept.push(line);
    } else if (command[1] === "else") keeping = !keeping;
    else if (command[1] === "end") keeping = true;
    else {
      const value = conditions[command[2] ?? ""];
      if (value === undefined)
        throw new CompilerBug(`a kernel template asks for ${command[2]}, which nobody decides`);
      keeping = value;
    }
  }
  return kept.join("\n");
}
