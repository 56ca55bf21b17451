/** The frame of a report page: one file without anything from outside, for screens light and dark, and for paper. */

/** One part of a page with a heading. */
export interface Section {
  readonly id: string;
  readonly title: string;
  /** HTML. */
  readonly body: string;
}

/** Text as HTML. */
export function htmlText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A table; the first row is the header. Cells are text. */
export function table(rows: readonly (readonly string[])[]): string {
  const [header = [], ...body] = rows;
  const line = (cells: readonly string[], tag: "th" | "td") =>
    `<tr>${cells.map((cell) => `<${tag}>${htmlText(cell)}</${tag}>`).join("")}</tr>`;
  const lines = body.map((cells) => line(cells, "td")).join("\n");
  return `<div class="wide"><table><thead>${line(header, "th")}</thead><tbody>\n${lines}\n</tbody></table></div>\n`;
}

/** Names and what they stand for. */
export function facts(pairs: readonly (readonly [string, string])[]): string {
  return `<dl>${pairs.map(([name, value]) => `<dt>${htmlText(name)}</dt><dd>${htmlText(value)}</dd>`).join("")}</dl>`;
}

/** The text of a spec and of the files that it imports; the standard library is left out. */
export function specTexts(spec: string, sources: Readonly<Record<string, string>>): string {
  const others = Object.keys(sources).filter((name) => name !== spec && !name.startsWith("std."));
  return [spec, ...others]
    .map((name) => `<h3>${htmlText(name)}</h3>\n<pre>${htmlText(sources[name] ?? "")}</pre>\n`)
    .join("");
}

/** Charts beside each other, each with a heading. */
export function figures(charts: readonly { readonly title: string; readonly svg: string }[]): string {
  const parts = charts.map(
    ({ title, svg }) => `<figure><figcaption>${htmlText(title)}</figcaption>${svg}</figure>`,
  );
  return `<div class="figures">\n${parts.join("\n")}\n</div>\n`;
}

/** The whole file. */
export function page(title: string, lead: string, sections: readonly Section[]): string {
  const links = sections.map(({ id, title: name }) => `<a href="#${id}">${htmlText(name)}</a>`).join(" ");
  const parts = sections.map(
    ({ id, title: name, body }) => `<section id="${id}">\n<h2>${htmlText(name)}</h2>\n${body}</section>\n`,
  );
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${htmlText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${htmlText(title)}</h1>
${lead}
<nav>${links}</nav>
${parts.join("\n")}</body>
</html>
`;
}

/** What holds on paper comes last, since it replaces what holds on screens. */
const STYLE = `
:root { --ink: #1b1f24; --soft: #59636e; --ground: #ffffff; --line: #d1d9e0; --panel: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9198a1; --ground: #0d1117; --line: #3d444d; --panel: #151b23; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 1080px; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; }
p { margin: .4rem 0; max-width: 46rem; }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1rem; margin: 1rem 0; }
a { color: inherit; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
.wide { overflow-x: auto; margin: .6rem 0; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem 1.2rem; }
figure { margin: 0; }
figcaption { font-weight: 600; font-size: .9rem; }
svg { max-width: 100%; height: auto; }
.key { display: flex; flex-wrap: wrap; gap: 0 .8rem; font-size: .75rem; max-width: 340px; }
.key i { display: inline-block; width: .7rem; height: .7rem; margin-right: .3rem; border-radius: 2px; print-color-adjust: exact; }
rect, circle { print-color-adjust: exact; }
pre { background: var(--panel); border: 1px solid var(--line); padding: .8rem; overflow-x: auto; font-size: .8rem; line-height: 1.4; white-space: pre-wrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.ramp { display: inline-block; width: 8rem; height: .7rem; vertical-align: middle; background: linear-gradient(to right, #440154, #3b528b, #21918c, #5ec962, #fde725); print-color-adjust: exact; }
@media print {
  :root { --ink: #000000; --soft: #444444; --ground: #ffffff; --line: #bbbbbb; --panel: #ffffff; color-scheme: light; }
  nav { display: none; }
  figure svg { max-height: 150px; width: auto; }
  .wide { overflow: visible; }
  table { font-size: 7pt; }
  th, td { padding: .1rem .3rem; }
  figure, tr { break-inside: avoid; }
  h2, h2 + p { break-after: avoid; }
  body { max-width: none; margin: 0; padding: 0; }
}
`;
