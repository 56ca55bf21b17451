/** The layering of src/ (docs/compiler.md): a folder imports only folders of lower layers, and only certain folders touch certain packages. */
import { cruise } from "dependency-cruiser";
import { expect, test } from "vitest";

const LAYERS: readonly (readonly string[])[] = [
  ["base"],
  ["diagnostics", "types"],
  ["syntax", "ir", "data", "statistics"],
  ["ops"],
  ["builtins", "autodiff", "optimize", "fuse"],
  ["check", "codegen", "plan"],
  ["elaborate", "runtime"],
  ["train", "report", "export"],
  ["driver"],
  ["api"],
  ["cli"],
];

/** Packages that only one folder may import. */
const OWNERS: Readonly<Record<string, string>> = {
  webgpu: "src/runtime/dawn",
  koffi: "src/runtime/dawn",
  "@sparticuz/chromium": "src/runtime/dawn",
  chevrotain: "src/syntax",
  h5wasm: "src/data",
  "csv-parse": "src/data",
  pbf: "src/export",
  fflate: "src/export",
  "hyparquet-writer": "src/export",
  commander: "src/cli",
};

/** Folders of one layer see each other only where one is named here, with the reason. */
const BESIDE: readonly (readonly [from: string, to: string])[] = [
  // A size symbol remembers the span that introduced it.
  ["types", "diagnostics"],
  // The report writes what training hands it: events, checkpoints and results.
  ["report", "train"],
];

function layerOf(path: string): number {
  const folder = path.split("/")[1] ?? "";
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

test("folders import only lower layers", async () => {
  const { output } = await cruise(["src"], {
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
  });
  if (typeof output === "string") throw new Error("dependency-cruiser gave text");
  // Some TypeScript versions make dependency-cruiser see nothing and pass silently.
  expect(output.summary.totalCruised).toBeGreaterThan(100);
  const wrong: string[] = [];
  for (const module of output.modules) {
    for (const { resolved } of module.dependencies) {
      if (!module.source.startsWith("src/") || !resolved.startsWith("src/")) continue;
      const [from, to] = [module.source.split("/")[1] ?? "", resolved.split("/")[1] ?? ""];
      const allowed =
        from === to ||
        layerOf(resolved) < layerOf(module.source) ||
        BESIDE.some(([a, b]) => a === from && b === to);
      if (!allowed) wrong.push(`${module.source} -> ${resolved}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("packages are imported only by the folder that owns them", async () => {
  const { output } = await cruise(["src"], {
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
  });
  if (typeof output === "string") throw new Error("dependency-cruiser gave text");
  const wrong: string[] = [];
  for (const module of output.modules)
    for (const { module: name } of module.dependencies) {
      const owner = OWNERS[name];
      if (owner !== undefined && module.source.startsWith("src/") && !module.source.startsWith(owner))
        wrong.push(`${module.source} -> ${name}`);
    }
  expect(wrong).toEqual([]);
});
