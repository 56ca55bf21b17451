/**
 * Builds `dist/`: the library (`index.js`) with its types, the program (`start.js`, which loads `program.cjs`) in one file, the bytecode of what a
 * short training runs, and the standard library as it was read. `--out FOLDER` builds elsewhere in the package.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BuildOptions, Metafile } from "esbuild";
import { build } from "esbuild";
import { byIndex } from "./build-by-index.ts";
import { librarySyntax } from "./src/api/library-syntax.ts";
import { BYTECODE_FILE, loadProgram, PROGRAM_FILE } from "./src/cli/built-program.ts";
import { setEngineFlags } from "./src/cli/engine-flags.ts";
import type { Io, Stream } from "./src/cli/io.ts";

const { values: flags } = parseArgs({ options: { out: { type: "string", default: "dist" } } });
const folder = flags.out;

const shared: BuildOptions = {
  bundle: true,
  platform: "node",
  target: "node20",
  // Packages with native code or files of their own stay where npm has put them.
  external: ["webgpu", "koffi", "@sparticuz/chromium", "h5wasm", "h5wasm-plugins"],
  logLevel: "warning",
  legalComments: "none",
  plugins: [byIndex("tsconfig.build.json")],
};

rmSync(folder, { recursive: true, force: true });
execFileSync(
  process.execPath,
  ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", join(folder, "types")],
  { stdio: "inherit" },
);
const esm: BuildOptions = { ...shared, format: "esm" };
// A library leaves other packages to whoever uses it.
await build({
  ...esm,
  entryPoints: ["src/api/index.ts"],
  outfile: join(folder, "index.js"),
  packages: "external",
});
await build({ ...esm, entryPoints: ["src/cli/start.ts"], outfile: join(folder, "start.js") });
const { metafile, outputFiles } = await build({
  ...shared,
  entryPoints: ["src/cli/program.ts"],
  outfile: join(folder, PROGRAM_FILE),
  format: "cjs",
  // A script that gives a function of what a CommonJS module finds around it: see src/cli/built-program.ts.
  banner: { js: "(function (module, require, importPackage, moduleUrl) {" },
  footer: { js: "})" },
  define: { "import.meta.url": "moduleUrl" },
  metafile: true,
  write: false,
});
// A script that comes from bytecode cannot import: whoever loads it does it for it.
for (const { path, text } of outputFiles) writeFileSync(path, text.replaceAll('import("', 'importPackage("'));
const { name, bytes } = librarySyntax();
writeFileSync(join(folder, name), bytes);
writeFileSync(join(folder, "LICENSES.txt"), licenses(metafile));
writeFileSync(join(folder, BYTECODE_FILE), await bytecodeOfShortRuns());

/** The licences of all packages that became part of the program. */
function licenses({ inputs }: Metafile): string {
  const packages = new Set(
    Object.keys(inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  return [...packages]
    .sort()
    .map((place) => {
      const file = readdirSync(place).find((each) => /^licen[cs]e/i.test(each));
      if (file === undefined) throw new Error(`${place} comes without its licence`);
      return `${place.replace(/^.*node_modules\//, "")}\n\n${readFileSync(join(place, file), "utf8").trim()}\n`;
    })
    .join("\n----\n\n");
}

/** Runs what most people run first, silently, and gives the bytecode of it. */
async function bytecodeOfShortRuns(): Promise<Uint8Array> {
  setEngineFlags();
  // What lies in a cache would not run.
  process.env.MIRD_CACHE = "off";
  const { program, bytecode } = loadProgram(folder);
  const texts: string[] = [];
  const stream: Stream = { write: (text) => texts.push(text), terminal: false, color: false, columns: 80 };
  const io: Io = { out: stream, err: stream, env: {}, command: "mird" };
  const run = join(folder, "run");
  for (const line of [
    "check specs/mird.mird",
    "compile specs/mird.mird --device cpu --times",
    `train examples/quickstart/quickstart.mird --data synth --set epochs=1 --device cpu --out ${run}`,
  ]) {
    const code = await program.run(line.split(" "), io);
    if (code !== 0) throw new Error(`mird ${line} ended with ${code}:\n${texts.join("")}`);
  }
  rmSync(run, { recursive: true });
  return bytecode();
}
