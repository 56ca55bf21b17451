import { describe, expect, it } from "vitest";
import { chapters } from "../../src/diagnostics/explanations.ts";
import { runCli } from "../support/cli.ts";

describe("mird explain", () => {
  it("prints one section", async () => {
    const { code, out } = await runCli("explain", "run-locked");
    expect(code).toBe(0);
    expect(out).toBe(
      "run-locked\n\nAnother process is writing to this run. A lock whose process has ended is taken over.\n",
    );
  });

  it("lists every code, and no section runs into the next chapter", async () => {
    const { out } = await runCli("explain");
    const codes = out.trim().split("\n");
    expect([...codes].sort()).toEqual(
      chapters.flatMap(({ explanations }) => explanations.map(({ code }) => code)).sort(),
    );
    for (const code of codes) expect((await runCli("explain", code)).out).not.toMatch(/^##/m);
  });

  it("suggests a code", async () => {
    const { code, err } = await runCli("explain", "unbound-sise");
    expect(code).toBe(1);
    expect(err).toBe("There is no error code `unbound-sise`. Did you mean `unbound-size`?\n");
  });
});
