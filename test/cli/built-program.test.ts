/** What `npm run build` makes: the program in one file, its bytecode, the library, and the standard library as it was read. */
import { spawnSync } from "node:child_process";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { version } from "../../src/api/version.ts";
import { BYTECODE_FILE } from "../../src/cli/built-program.ts";
import { runCli } from "../support/cli.ts";

// Inside the package, as `dist` is.
const folder = "dist-test";
const bytecode = join(folder, BYTECODE_FILE);
const CHECK = ["check", "specs/mird.mird"];

/** A Node process of its own, since what is tested is how one starts. */
function node(...args: string[]) {
  const env = { ...process.env, NO_COLOR: "1", MIRD_CACHE: "off" };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    env,
    maxBuffer: 2 ** 26,
  });
  return { code: status, out: stdout, err: stderr };
}

const program = (...args: string[]) => node(join(folder, "start.js"), ...args);

/** Whether the engine takes the bytecode. */
function usesBytecode(): boolean {
  const load = `
    import { loadProgram } from "./src/cli/built-program.ts";
    import { setEngineFlags } from "./src/cli/engine-flags.ts";
    setEngineFlags();
    console.log(loadProgram("${folder}").fromBytecode);`;
  const { out, err } = node("--import", "tsx", "--input-type=module", "--eval", load);
  expect(err).toBe("");
  return out.trim() === "true";
}

beforeAll(() => {
  expect(node("node_modules/tsx/dist/cli.mjs", "build.ts", "--out", folder)).toEqual({
    code: 0,
    out: "",
    err: "",
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("runs as the sources do", async () => {
  const { code, out, err } = await runCli(...CHECK);
  expect(code).toBe(0);
  expect(program(...CHECK)).toEqual({ code, out, err });
  expect(program("--version").out.trim()).toBe(version());
});

it.each(["mird", "misa", "dmd", "mfn", "confede", "mag_bert"])(
  "compiles specs/%s.mird as the sources do",
  async (name) => {
    for (const [stage, device] of [
      ["plan", "cpu"],
      ["wgsl", "webgpu"],
    ] as const) {
      const line = ["compile", `specs/${name}.mird`, "--emit", stage, "--device", device];
      const { code, out, err } = await runCli(...line);
      expect(code).toBe(0);
      expect(program(...line)).toEqual({ code, out, err });
    }
  },
);

it("starts from bytecode, and without it where that is missing or damaged", () => {
  expect(usesBytecode()).toBe(true);
  const good = program(...CHECK);
  const bytes = readFileSync(bytecode);
  for (const damaged of [
    bytes.subarray(0, 1000),
    bytes.map((byte, at) => (at % 997 === 0 ? byte ^ 1 : byte)),
  ]) {
    writeFileSync(bytecode, damaged);
    expect(usesBytecode()).toBe(false);
    expect(program(...CHECK)).toEqual(good);
  }
  rmSync(bytecode);
  expect(usesBytecode()).toBe(false);
  expect(program(...CHECK)).toEqual(good);
  writeFileSync(bytecode, bytes);
});

it("compiles and trains on every device it can open", () => {
  for (const device of ["cpu", "webgpu"]) {
    const out = join(folder, `run-${device}`);
    const spec = "examples/quickstart/quickstart.mird";
    const trained = program(
      "train",
      spec,
      "--data",
      "synth",
      "--set",
      "epochs=1",
      "--device",
      device,
      "--out",
      out,
    );
    expect(trained).toMatchObject({ code: 0, err: expect.stringMatching(/^epoch 1\/1 /) });
  }
});

it("reads the standard library when what was built of it is missing", () => {
  const file = join(folder, "library.syntax");
  const good = program(...CHECK);
  renameSync(file, `${file}.tmp`);
  expect(program(...CHECK)).toEqual(good);
  writeFileSync(file, "damaged");
  expect(program(...CHECK)).toEqual(good);
  renameSync(`${file}.tmp`, file);
});

it("is a library as well", () => {
  const use = `import { check } from "./${folder}/index.js"; console.log(typeof check);`;
  expect(node("--input-type=module", "--eval", use)).toMatchObject({ code: 0, out: "function\n" });
});

it("comes with the licences of what became part of it", () => {
  const text = readFileSync(join(folder, "LICENSES.txt"), "utf8");
  for (const name of ["chevrotain", "commander", "csv-parse"]) expect(text).toContain(`\n${name}\n`);
});
