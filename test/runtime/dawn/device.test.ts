/** Opening devices in processes of their own: what happens at their end cannot be seen from inside. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const run = promisify(execFile);
const cache = mkdtempSync(join(tmpdir(), "mird-cache-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

const SOURCES = new URL("../../../src/", import.meta.url);

/** Runs statements in a new process that has `openDevice`; fails when it does not end by itself with exit code 0. */
function child(statements: string): Promise<{ stdout: string; stderr: string }> {
  const script = `import { openDevice } from ${JSON.stringify(new URL("runtime/dawn/device.ts", SOURCES).href)};\n${statements}`;
  const args = ["--expose-gc", "--import", "tsx", "--input-type=module", "--eval", script];
  return run(process.execPath, args, { timeout: 60_000, env: { ...process.env, MIRD_CACHE_DIR: cache } });
}

test("two processes may unpack the driver at once, and both end by themselves", async () => {
  const open = `const opened = await openDevice({ software: "only" }); console.log(opened.kind, opened.description);`;
  const [first, second] = await Promise.all([child(`${open} opened.close();`), child(open)]);
  expect(first.stdout).toMatch(/^software .*SwiftShader/);
  expect(second.stdout).toBe(first.stdout);
  const folders = readdirSync(join(cache, "mird"));
  expect(folders).toHaveLength(1);
  expect(readdirSync(join(cache, "mird", folders[0] ?? "")).sort()).toEqual([
    "libvk_swiftshader.so",
    "libvulkan.so.1",
    "vk_swiftshader_icd.json",
  ]);
});

test("a process may end while the device is at work, and after its instance could be collected", async () => {
  const work = `
    const opened = await openDevice({ software: "only" });
    for (let round = 0; round < 5; round++) { globalThis.gc(); await new Promise((resolve) => setTimeout(resolve, 20)); }
    const buffer = opened.device.createBuffer({ size: 256, usage: 0xc });
    for (let write = 0; write < 100; write++) opened.device.queue.writeBuffer(buffer, 0, new Uint8Array(256));
    console.log(opened.reason);`;
  expect((await child(work)).stdout).toContain("The bundled software driver is used.");
  expect((await child(`${work} process.exit(0);`)).stdout).toContain("software driver");
});

test("the loader of the driver stays open, so that Dawn finds it however late", async () => {
  const { stdout } = await child(`
    const { hasSystemLoader, useBundledDriver } = await import(${JSON.stringify(new URL("runtime/dawn/software-adapter.ts", SOURCES).href)});
    await useBundledDriver();
    for (let round = 0; round < 5; round++) { globalThis.gc(); await new Promise((resolve) => setTimeout(resolve, 20)); }
    console.log(hasSystemLoader());`);
  expect(stdout.trim()).toBe("true");
});

test("without a device, the error says what was tried", async () => {
  const { stdout } = await child(`
    const opened = await openDevice({ software: "never" }).catch((error) => error);
    console.log(JSON.stringify({ kind: opened.kind, code: opened.problems?.[0].code, exit: opened.exitCode, text: opened.problems?.[0].text }));`);
  const result: unknown = JSON.parse(stdout);
  // On a machine with a GPU there is nothing to complain about.
  if (typeof result === "object" && result !== null && "kind" in result)
    expect(result.kind).not.toBe("software");
  else
    expect(result).toMatchObject({
      code: "no-adapter",
      exit: 3,
      text: expect.not.stringContaining("software driver was left out"),
    });
});
