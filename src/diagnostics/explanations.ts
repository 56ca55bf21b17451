/** What each error code means, with a wrong and a right example: the text of docs/errors.md, which `mird explain` reads. */
import { axisExplanations } from "./explanations/axes.ts";
import type { Explanation } from "./explanations/explanation.ts";
import { modelExplanations } from "./explanations/models.ts";
import { moduleExplanations } from "./explanations/modules.ts";
import { nameExplanations } from "./explanations/names.ts";
import { runningExplanations } from "./explanations/running.ts";
import { scanExplanations } from "./explanations/scans.ts";
import { stateExplanations } from "./explanations/states.ts";
import { syntaxExplanations } from "./explanations/syntax.ts";

interface Chapter {
  readonly title: string;
  readonly explanations: readonly Explanation[];
}

/** All explanations by subject. */
export const chapters: readonly Chapter[] = [
  { title: "The form of a spec", explanations: syntaxExplanations },
  { title: "Names and calls", explanations: nameExplanations },
  { title: "Axes, sizes and elements", explanations: axisExplanations },
  { title: "Functions, modules, interfaces, lists", explanations: moduleExplanations },
  { title: "Recurrence", explanations: scanExplanations },
  { title: "States", explanations: stateExplanations },
  { title: "Models and training", explanations: modelExplanations },
  { title: "Sizes, data, settings and devices", explanations: runningExplanations },
];

const places = {
  file: "",
  model: "Among the members of a model:",
  train: "In a train block:",
  phase: "In a phase:",
} as const;

/** The page docs/errors.md: a section for every code. */
export function errorPage(): string {
  const parts = [
    "# Error codes",
    "Every message of `mird` has a code. `mird explain CODE` prints its section of this page.",
  ];
  for (const { title, explanations } of chapters) {
    parts.push(`## ${title}`);
    for (const { code, text, example } of [...explanations].sort((a, b) => (a.code < b.code ? -1 : 1))) {
      parts.push(`### \`${code}\``, text);
      if (example === null) continue;
      const place = places[example.within];
      if (place !== "") parts.push(place);
      parts.push(block("// wrong", example.wrong), block("// right", example.right));
    }
  }
  return `${parts.join("\n\n")}\n`;
}

/** An indented block, long lines cut so that the page stays readable. */
function block(head: string, lines: string): string {
  const short = lines.split("\n").map((line) => (line.length > 200 ? `${line.slice(0, 60)} …` : line));
  return [head, ...short].map((line) => (line === "" ? "" : `    ${line}`)).join("\n");
}
